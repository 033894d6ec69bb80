"""How like each tissue a pixel's signals are: normal distributions about signals relative to fluid and fat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lumbomics.segment.axial.patch import Patch

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """Signal of a tissue: T2 relative to fluid, T1 relative to fat, each with a standard deviation."""

    t2: float
    t2_sd: float
    t1: float
    t1_sd: float


_LEAST_FLUID = 1.1

LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "fluid": Look(0.97, 0.10, 0.20, 0.10),
        "root": Look(0.45, 0.17, 0.34, 0.10),
        "fat": Look(0.78, 0.09, 0.97, 0.15),
        "soft": Look(0.35, 0.15, 0.37, 0.12),
        "dark": Look(0.05, 0.09, 0.10, 0.10),
        "marrow": Look(0.48, 0.12, 0.62, 0.15),
    }
)
"""Engineering defaults: spin-echo signals at 1.5 T of relaxation times from the literature, with the spread of partial
volume and of scanners. They are ratios, so receiver gain and coil shading are out of them."""


def likeness(patch: Patch, fluid: float, names: Iterable[str]) -> dict[str, FloatArray]:
    """Density (rows, columns) of a patch's signals under each tissue.

    Parameters
    ----------
    patch
        With ``t2`` and, where there is one, ``t1`` signals.
    fluid
        T2 signal of fluid relative to fat.
    names
        Tissues wanted.
    """
    t2 = patch.signals["t2"] / fluid
    t1 = patch.signals.get("t1")
    found = {}
    for name in names:
        look = LOOKS[name]
        density = _normal(np.minimum(t2, 1.15) if name == "fluid" else t2, look.t2, look.t2_sd)
        if t1 is not None:
            density = density * np.where(np.isfinite(t1), _normal(np.nan_to_num(t1), look.t1, look.t1_sd), 1.0)
        found[name] = density + 1e-4
    return found


def _normal(values: FloatArray, mean: float, sd: float) -> FloatArray:
    return np.asarray(np.exp(-0.5 * ((values - mean) / sd) ** 2) / sd)


def mixture(densities: Mapping[str, FloatArray], shares: Mapping[str, float]) -> FloatArray:
    """Density of a mixture of tissues."""
    return np.asarray(sum(share * densities[name] for name, share in shares.items()))


def fluid_level(patches: Iterable[Patch]) -> dict[int, float]:
    """T2 signal of fluid relative to fat in each slice: the bright end inside the canal, held near the stack's own.

    A slice whose canal holds no fluid would else take its roots for fluid.
    """
    bright = {}
    for patch in patches:
        inside = patch.signals["t2"][(patch.canal > 0.6) & ~patch.obscured]
        if inside.size > 20:
            bright[patch.place.index] = float(np.percentile(inside, 88))
    if not bright:
        return {}
    # fluid is brighter than fat on every T2; a stack that shows none has no level of its own
    common = max(float(np.percentile(list(bright.values()), 65)), _LEAST_FLUID)
    return {index: float(np.clip(value, 0.88 * common, 1.15 * common)) for index, value in bright.items()}
