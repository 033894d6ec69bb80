"""Named points in world coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Named points in one frame of reference.

    Parameters
    ----------
    points_mm
        Name -> (3,) RAS+ mm, finite.
    frame
        Frame of reference UID; ``None`` where unknown.
    source
        Who or what placed them.
    """

    points_mm: Mapping[str, NDArray[np.float64]] = field(repr=False)
    frame: str | None = None
    source: str = "unknown"

    def __post_init__(self) -> None:
        checked: dict[str, NDArray[np.float64]] = {}
        for name, point in self.points_mm.items():
            array = np.array(point, dtype=np.float64)
            if array.shape != (3,) or not np.isfinite(array).all():
                raise InputError("a landmark is a finite point", expected="(3,) mm", got=str(point), where=name)
            array.flags.writeable = False
            checked[name] = array
        object.__setattr__(self, "points_mm", MappingProxyType(checked))
