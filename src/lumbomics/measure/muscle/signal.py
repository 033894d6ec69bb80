"""Share of fat in muscle from signal between that of muscle and of fat on one slice."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.evenness import Evenness, fit_evenness
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import AxialSlice
from lumbomics.measure.muscle.section import Section

_MARGIN_MM = 18.0
_SAMPLES = 9000
_AIR_SHARE = 0.08
_LEAST_PIXELS = 60
_LEAST_CONTRAST = 1.3
_RESIDUAL = 0.03
"""Relative error of signal that shading and the reference tissues leave; engineering default."""
_SHARED_MM2 = 9.0
"""Area over which neighbouring pixels share one texture."""


@dataclass(frozen=True, eq=False)
class _Signals:
    """Coil shading with the signal of fat, and the signal of lean muscle."""

    evenness: Evenness = field(repr=False)
    muscle: float


def fat_share(section: Section) -> tuple[float, float]:
    """Mean fat share of a muscle's pixels and its standard error, both 0 to 1 (the mean may lie just outside).

    ``(signal - muscle) / (fat - muscle)`` after coil shading is taken out. A proxy: it depends on the sequence.

    Raises
    ------
    NotMeasurableError
        If no fat or no muscle is seen on the slice, or they look alike (fat suppression, T1-poor sequences).
    """
    signals = _signals(section.neighbours)
    cut, clear = section.slice, section.mask & ~section.slice.obscured
    values = cut.signal[clear] / signals.evenness.sensitivity(cut.points_mm[clear])
    fat = signals.evenness.fat
    span = fat - signals.muscle
    mean = float(values.mean())
    independent = max(1.0, len(values) * cut.pixel_mm2 / _SHARED_MM2)
    scatter = float(values.std()) / np.sqrt(independent)
    share = (mean - signals.muscle) / span
    # an error of the muscle's reference moves a lean muscle in full, one of fat's a fat muscle
    reference = _RESIDUAL * np.hypot((1 - share) * signals.muscle, share * fat)
    return share, float(np.sqrt(scatter**2 + reference**2 + (_RESIDUAL * mean) ** 2) / span)


@lru_cache(maxsize=16)
def _signals(slices: tuple[AxialSlice, ...]) -> _Signals:
    """Shading and reference signals from all slices about a level."""
    drawn = [_drawn(cut) for cut in slices]
    near = [_about(cut, of) if of.any() else of.astype(bool) for cut, of in zip(slices, drawn, strict=True)]
    signal = np.concatenate([cut.signal[at] for cut, at in zip(slices, near, strict=True)])
    points = np.concatenate([cut.points_mm[at] for cut, at in zip(slices, near, strict=True)])
    name = slices[0].scan.name
    if not len(signal):
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no muscle is drawn near the level on {name}")
    bright = np.flatnonzero(signal > max(_AIR_SHARE * float(np.percentile(signal, 95)), 0.0))
    chosen = bright[:: max(1, len(bright) // _SAMPLES)]
    frame = slices[len(slices) // 2].frame
    axes = np.array([frame.right, frame.anterior, frame.superior])
    try:
        evenness = fit_evenness(points[chosen], signal[chosen], origin_mm=frame.origin_mm, axes=axes)
    except InputError as fault:
        raise NotMeasurableError(Reason.IMAGE_ARTIFACT, f"{name}: {fault.problem}") from fault
    even = signal / evenness.sensitivity(points)
    muscle = _lean_signal(even[np.concatenate([of[at] for of, at in zip(drawn, near, strict=True)]) > 0], evenness)
    if evenness.fat < _LEAST_CONTRAST * muscle:
        raise NotMeasurableError(Reason.NO_SUITABLE_SERIES, f"muscle and fat look alike on {name}")
    return _Signals(evenness, muscle)


def _drawn(cut: AxialSlice) -> NDArray[np.integer]:
    """Muscle map of a slice, without what metal spoils."""
    if cut.scan.muscle is None:
        return np.zeros(cut.obscured.shape, dtype=np.uint8)
    return np.where(cut.obscured, 0, cut.of(cut.scan.muscle.array))


def _about(cut: AxialSlice, drawn: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Pixels in the rectangle about all muscles, with a margin."""
    inside = ~cut.obscured
    for place, margin in ((cut.local_mm[..., 0], _MARGIN_MM), (cut.local_mm[..., 1], 0.0)):
        # nothing in front of the psoas: saturation bands over the belly are no coil's shading
        own = place[drawn > 0]
        inside = inside & (place > own.min() - _MARGIN_MM) & (place < own.max() + margin)
    return inside


def _lean_signal(values: FloatArray, evenness: Evenness) -> float:
    """Signal of lean muscle: median of the shortest interval that holds half of what is nearer to dark than to fat."""
    ordered = np.sort(values[values < (evenness.dark + evenness.fat) / 2])
    if len(ordered) < _LEAST_PIXELS:
        raise NotMeasurableError(Reason.UNDEFINED, "no lean muscle is left on the slices to compare with")
    half = len(ordered) // 2
    start = int(np.argmin(ordered[half:] - ordered[: len(ordered) - half]))
    return float(np.median(ordered[start : start + half + 1]))
