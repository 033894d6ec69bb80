"""A quantity along the canal, as the report takes it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """Values along the canal's middle line.

    Parameters
    ----------
    name, unit
        What is plotted, in words, and its unit as printed.
    station_mm
        (n,) distance along the canal, ascending, head to foot; n >= 2.
    values
        (n,) finite.
    marks
        (level, station in mm) of the levels to name.
    """

    name: str
    unit: str
    station_mm: NDArray[np.float64] = field(repr=False)
    values: NDArray[np.float64] = field(repr=False)
    marks: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        stations, values = (np.array(a, dtype=np.float64) for a in (self.station_mm, self.values))
        if stations.ndim != 1 or stations.shape != values.shape or len(stations) < 2:
            raise InputError("a profile needs as many values as stations", got=f"{stations.shape}, {values.shape}")
        if not (np.isfinite(stations).all() and np.isfinite(values).all() and (np.diff(stations) > 0).all()):
            raise InputError("a profile needs finite values at ascending stations", where=self.name)
        object.__setattr__(self, "station_mm", stations)
        object.__setattr__(self, "values", values)
