"""Signal of marrow and muscle in one series, coil shading taken out, as standard scores."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Reason
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.core.visit import Plane
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once
from lumbomics.measure.geometry.shading import Shading
from lumbomics.measure.postoperative.contrast import MUSCLES

_DEEP_MM = 2.0
_LEAST = 200
_LEAST_REFERENCES = 3
_BRIGHTER, _SIMPLER = 0.25, 0.5


@dataclass(frozen=True, eq=False)
class Marrow:
    """What marrow without oedema looks like in a series.

    Parameters
    ----------
    scan
        The series.
    shading
        Its coil shading, from all vertebral bodies.
    middle, spread
        Median of the bodies' shading-free signal, and 1.4826 x its median absolute deviation.
    """

    scan: Scan = field(repr=False)
    shading: Shading = field(repr=False)
    middle: float
    spread: float

    def scores(self, points_mm: FloatArray) -> FloatArray:
        """Return standard scores (n,) against all bodies' marrow; NaN beyond the image and where metal spoils it."""
        return np.asarray((self.even(points_mm) - self.middle) / self.spread)

    def even(self, points_mm: FloatArray) -> FloatArray:
        """Signal (n,) without coil shading; NaN beyond the image and where metal spoils it."""
        return _even(self.scan, self.shading, points_mm)


def water_scan(examined: ExaminedSpine) -> Scan:
    """Return the series that shows water and no fat: STIR, else T2 with fat suppression; sagittal first."""
    scans = [
        *examined.examination.of([Contrast.STIR]),
        *examined.examination.of(T2_CONTRASTS, fat_suppressed=True),
    ]
    if not scans:
        raise NotMeasurableError(
            Reason.NO_SUITABLE_SERIES, "oedema needs STIR or T2 with fat suppression, the examination has neither"
        )
    return sorted(scans, key=lambda scan: scan.plane is not Plane.SAGITTAL)[0]


@once
def describe_marrow(examined: ExaminedSpine, scan: Scan) -> Marrow:
    """Describe the marrow of all vertebral bodies in a series.

    Body by body the median is taken first, so that one diseased body does not become the reference. A body, or two
    neighbours, that are bright all through would pass for coil shading: they are left out of its estimate where the
    others are much more alike without them. Back muscle, where it is labelled, takes part in the estimate.
    """
    spine = examined.spine
    bodies = [points for level in spine.vertebra_levels if (points := body_points(examined, level)) is not None]
    if not bodies:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "no vertebral body to compare with")
    frame = spine.vertebra(_first_described(examined)).frame
    sample = float(scan.image.grid.voxel_volume_mm3)
    seen = [_seen(scan, points) for points in bodies]
    seen = [part for part in seen if len(part[1]) >= _LEAST // 4]
    muscle = _back_muscle(examined, scan, sum(len(signal) for _, signal in seen))
    shading = _shading(seen, muscle, frame, sample)
    parts = [_even(scan, shading, points) for points in bodies]
    parts = [part[np.isfinite(part)] for part in parts]
    parts = [part for part in parts if len(part) >= _LEAST // 4]
    if not parts:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"no vertebral body lies in {scan.name}")
    middle = float(np.median([np.median(part) for part in parts]))
    spread = float(np.median([1.4826 * np.median(np.abs(part - np.median(part))) for part in parts]))
    if spread <= 0:
        raise NotMeasurableError(Reason.IMAGE_ARTIFACT, f"the marrow of {scan.name} holds one value only")
    return Marrow(scan, shading, middle, spread)


_Part = tuple[FloatArray, FloatArray]


def _seen(scan: Scan, points: FloatArray) -> _Part:
    """Points where a series has signal, and the signal."""
    signal = sample_linear(scan.image.array, scan.image.grid, points)
    usable = np.nan_to_num(signal) > 0
    return points[usable], signal[usable]


def _shading(bodies: list[_Part], muscle: list[_Part], frame: Frame, sample_mm3: float) -> Shading:
    """Coil shading from bodies and muscle, without bodies that are bright all through."""

    def fitted(parts: list[_Part]) -> Shading:
        every = (np.concatenate([p for p, _ in parts]), np.concatenate([s for _, s in parts]))
        return Shading.from_tissues([every, *muscle], frame, sample_mm3=sample_mm3)

    def levels(shading: Shading) -> FloatArray:
        return np.array([np.median(np.log(signal / shading.at(points))) for points, signal in bodies])

    if not bodies:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, "no vertebral body lies in the series")
    best, spread = fitted(bodies), np.inf
    for out in [{i, i + step} for step in (0, 1) for i in range(len(bodies) - step)]:
        rest = [i for i in range(len(bodies)) if i not in out]
        if len(rest) < _LEAST_REFERENCES:
            continue
        if np.isinf(spread):
            spread = _SIMPLER * float(np.ptp(levels(best)))
        candidate = fitted([bodies[i] for i in rest])
        found = levels(candidate)
        brighter = float(found[list(out)].min() - np.median(found[rest]))
        if np.ptp(found[rest]) < spread and brighter > _BRIGHTER:
            best, spread = candidate, float(np.ptp(found[rest]))
    return best


def _back_muscle(examined: ExaminedSpine, scan: Scan, most: int) -> list[_Part]:
    """Points and signals of labelled back muscle, ``most`` at most; nothing where there is next to none."""
    labels = examined.spine.segmentation.muscle
    if labels is None:
        return []
    points = np.concatenate([labels.points_mm(kind) for kinds in MUSCLES.values() for kind in kinds])
    points = points[:: max(1, len(points) // max(most, 1))]
    signal = sample_linear(scan.image.array, scan.image.grid, points)
    usable = np.nan_to_num(signal) > 0
    return [(points[usable], signal[usable])] if usable.sum() >= _LEAST else []


def body_points(examined: ExaminedSpine, level: str) -> FloatArray | None:
    """Points (n, 3) 2 mm and more inside a vertebral body, ``None`` where it cannot be described."""
    try:
        return examined.spine.vertebra(level).body.deep_points_mm(_DEEP_MM)
    except NotMeasurableError:
        return None


def _first_described(examined: ExaminedSpine) -> str:
    levels = [level for level in examined.spine.vertebra_levels if body_points(examined, level) is not None]
    return levels[-1]


def _even(scan: Scan, shading: Shading, points_mm: FloatArray) -> FloatArray:
    signal = sample_linear(scan.image.array, scan.image.grid, points_mm)
    brightness = shading.at(points_mm)
    if scan.obscured is not None:
        signal[sample_nearest(scan.obscured.array, scan.obscured.grid, points_mm) > 0] = np.nan
    return np.asarray(signal / brightness)
