"""Signals that tissues are told by: T2 relative to fluid, T1 relative to fat, and uptake of contrast agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.segment.axial.patch import Patch

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

_FAT_T1, _FAT_T2 = 0.66, 0.58
"""Least signal of fat between soft tissue and fat: T1 relative to fat, T2 relative to fluid."""
_SMOOTH_MM = 0.35
_LEAST_T1 = 0.12
_SUPPRESSED = 0.6
_SOFT_T1, _LOST = 0.4, 0.3
"""T1 of soft tissue relative to fat; share of a pixel's fat that must be gone to be suppressed fat and not blood."""
_LEAST_PIXELS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class Signals:
    """Signals of a slice that tissues are told by.

    Parameters
    ----------
    t2
        T2 relative to fluid.
    t1
        T1 relative to fat; ``None`` without such a series here.
    uptake
        Relative gain of T1 signal by contrast agent; ``None`` without such a series here.
    """

    t2: FloatArray = field(repr=False)
    t1: FloatArray | None = field(default=None, repr=False)
    uptake: FloatArray | None = field(default=None, repr=False)

    @property
    def fat(self) -> Mask:
        """Pixels as bright as fat."""
        return np.asarray(self.t2 > _FAT_T2 if self.t1 is None else self.t1 > _FAT_T1)

    @property
    def wetness(self) -> FloatArray:
        """T2 less what fat sends there: about 0.8 in fluid and 0.1 in fat, however both mix with dark tissue."""
        return np.asarray(self.t2 - 0.72 * self.t1 if self.t1 is not None else 2.2 * (self.t2 - 0.7))

    @property
    def water(self) -> Mask:
        """Pixels as bright as fluid and unlike fat."""
        if self.t1 is None:
            return np.asarray(self.t2 > 0.9)
        return np.asarray((self.t2 > 0.78) & (self.t1 < 0.5))


@dataclass(frozen=True)
class Gain:
    """Signal after over signal before contrast agent in tissue that takes up none.

    Parameters
    ----------
    ratio
        The gain.
    suppressed
        Whether fat is suppressed in the series after contrast agent and not in the one before.
    """

    ratio: float
    suppressed: bool = False


def signals_of(patch: Patch, fluid: float, gain: Gain | None) -> Signals:
    """Relate the signals of a patch to fluid and fat.

    Parameters
    ----------
    patch
        One slice.
    fluid
        T2 signal of fluid relative to fat.
    gain
        See :func:`contrast_gain`; ``None`` where there is no such series.
    """
    t2 = patch.signals["t2"] / fluid
    t1, post = patch.signals.get("t1"), patch.signals.get("post")
    if t1 is None or not np.isfinite(t1).all():
        return Signals(t2=t2)
    if post is None or gain is None or not np.isfinite(post).all():
        return Signals(t2=t2, t1=t1)
    sd = _SMOOTH_MM / patch.pixel_mm
    before, after = gaussian_filter(t1, sd), gaussian_filter(post, sd) / gain.ratio
    if gain.suppressed:
        after = after + _suppressed_fat(before, after)
    return Signals(t2=t2, t1=t1, uptake=after / np.maximum(before, _LEAST_T1) - 1)


def _suppressed_fat(before: FloatArray, after: FloatArray) -> FloatArray:
    """Return what fat would send without suppression: by its share of the pixel, where as much signal is gone.

    Pixels half fat, half scar lose and gain at once, and look as if they took up nothing. Methaemoglobin is as bright
    as fat before, and nothing of it is gone after.
    """
    fat = np.clip((before - _SOFT_T1) / (1 - _SOFT_T1), 0, 1)
    gone = np.clip((before - after) / np.maximum(_LOST * fat, 1e-3), 0, 1)
    return np.asarray(gone * fat)


def contrast_gain(patches: Sequence[Patch], fluid: Mapping[int, float]) -> Gain | None:
    """Signal after over that before contrast agent without uptake: in fat, or in fluid where fat is suppressed.

    ``None`` where either series is missing or holds too little of both.
    """
    fat: list[FloatArray] = []
    water: list[FloatArray] = []
    for patch in patches:
        t1, post, level = patch.signals.get("t1"), patch.signals.get("post"), fluid.get(patch.place.index)
        if t1 is None or post is None or level is None:
            continue
        usable = np.isfinite(t1) & np.isfinite(post) & ~patch.obscured & (np.nan_to_num(t1) > 0.02)
        ratio = np.divide(post, t1, out=np.ones_like(t1), where=usable)
        fat.append(ratio[usable & (t1 > 0.8)])
        water.append(ratio[usable & (patch.signals["t2"] / level > 0.9) & (patch.canal > 0.6)])
    by_fat, by_water = _median(fat), _median(water)
    if by_water is not None and (by_fat is None or by_fat < _SUPPRESSED * by_water):
        return Gain(by_water, suppressed=by_fat is not None)
    return None if by_fat is None else Gain(by_fat)


def _median(parts: list[FloatArray]) -> float | None:
    values = np.concatenate(parts) if parts else np.empty(0)
    return float(np.median(values)) if len(values) >= _LEAST_PIXELS else None
