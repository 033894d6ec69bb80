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
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once
from lumbomics.measure.geometry.shading import Shading
from lumbomics.measure.postoperative.contrast import MUSCLES

_DEEP_MM = 2.0
_LEAST = 200


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

    Body by body the median is taken first, so that one diseased body does not become the reference. Back muscle, where
    it is labelled, takes part in the estimate of coil shading: two bodies bright all through would else pass for it.
    """
    spine = examined.spine
    bodies = [points for level in spine.vertebra_levels if (points := body_points(examined, level)) is not None]
    if not bodies:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "no vertebral body to compare with")
    every = np.concatenate(bodies)
    signal = sample_linear(scan.image.array, scan.image.grid, every)
    usable = np.nan_to_num(signal) > 0
    frame = spine.vertebra(_first_described(examined)).frame
    sample = float(scan.image.grid.voxel_volume_mm3)
    tissues = [(every[usable], signal[usable]), *_back_muscle(examined, scan, int(usable.sum()))]
    shading = Shading.from_tissues(tissues, frame, sample_mm3=sample)
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


def _back_muscle(examined: ExaminedSpine, scan: Scan, most: int) -> list[tuple[FloatArray, FloatArray]]:
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
