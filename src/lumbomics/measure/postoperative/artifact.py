"""What metal spoils in an MR series: void, distortion, and how much of canal and foramina it hides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from lumbomics.core.anatomy import vertebra_number
from lumbomics.core.examination import Obscured, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Context, Drawing, Measurement, Reason, Result, Shape
from lumbomics.core.sampling import sample_nearest
from lumbomics.core.visit import MetalTechnique, Plane
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import AxialSlice
from lumbomics.measure.postoperative.view import at_levels

BIOMARKER = "mri_metal_artifact"
TECHNIQUES = {
    "plain": (MetalTechnique.NONE,),
    "corrected": (MetalTechnique.MAVRIC, MetalTechnique.SEMAC, MetalTechnique.VAT),
}
_WHAT = (
    ("void_area", "mm2"),
    ("void_extent_in_plane", "mm"),
    ("void_extent_through_plane", "mm"),
    ("distortion_extent_in_plane", "mm"),
    ("distortion_extent_through_plane", "mm"),
    ("canal_obscured_length", "mm"),
    ("canal_obscured", "%"),
    ("foramina_obscured", "%"),
)
METHODS = tuple(f"{group}_{what}" for group in TECHNIQUES for what, _ in _WHAT)
_CONTRASTS = (Contrast.T2, Contrast.T1, Contrast.STIR, Contrast.PD, Contrast.T2_SPACE, Contrast.T1_POST)
_AREA_SLICES = 3
_HALF_LEVEL_MM = 18.0
_STEP_MM = 1.0
_HIDDEN = 0.5

_Reading = Callable[[ExaminedSpine, list[Scan], str, str], tuple[float, float | None, Scan, tuple[Drawing, ...]]]


@examines(BIOMARKER)
def mri_metal_artifact(examined: ExaminedSpine) -> list[Result]:
    """Extent of what metal spoils at a level, for plain series and for those with a metal technique.

    Read from the series' maps of signal void and displaced signal; of several series of a group the first that shows
    the level, T2 before T1, MAVRIC before SEMAC before VAT; the category names the technique. It is a property of the
    picture, not of the implant.
    """
    return at_levels(examined, BIOMARKER, METHODS, _artifact)


def _artifact(examined: ExaminedSpine, upper: str, lower: str) -> Iterator[Result]:
    readings: dict[str, _Reading] = {
        "void_area": _void_area,
        "void_extent_in_plane": partial(_extent, kinds=(Obscured.VOID,), through=False),
        "void_extent_through_plane": partial(_extent, kinds=(Obscured.VOID,), through=True),
        "distortion_extent_in_plane": partial(_extent, kinds=tuple(Obscured), through=False),
        "distortion_extent_through_plane": partial(_extent, kinds=tuple(Obscured), through=True),
        "canal_obscured_length": _canal_length,
        "canal_obscured": _canal_share,
        "foramina_obscured": _foramina_share,
    }
    for group in TECHNIQUES:
        for what, unit in _WHAT:
            compute = partial(_row, examined, group, what, unit, readings[what], upper, lower)
            yield from attempt(BIOMARKER, [f"{group}_{what}"], compute, level=pair_level(upper, lower))


def _row(
    examined: ExaminedSpine, group: str, what: str, unit: str, read: _Reading, upper: str, lower: str
) -> Iterator[Result]:
    value, se, scan, drawings = read(examined, _scans(examined, group), upper, lower)
    yield Measurement(
        biomarker=BIOMARKER,
        method=f"{group}_{what}",
        unit=unit,
        level=pair_level(upper, lower),
        value=value,
        se=se,
        category="plain" if scan.metal_technique is MetalTechnique.NONE else scan.metal_technique.value,
        drawings=drawings,
        context=Context(series=scan.name),
    )


def _scans(examined: ExaminedSpine, group: str) -> list[Scan]:
    """Return the scans of a group of techniques on which metal was looked for, best technique first."""
    of_group = [s for s in examined.examination.of(_CONTRASTS) if s.metal_technique in TECHNIQUES[group]]
    if not of_group:
        raise NotMeasurableError(Reason.NO_SUITABLE_SERIES, f"the examination has no {group} MR series")
    searched = [scan for scan in of_group if scan.obscured is not None]
    if not searched:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"nobody looked for what metal spoils in the {group} series"
        )
    return sorted(searched, key=lambda scan: TECHNIQUES[group].index(scan.metal_technique))


def _void_area(
    examined: ExaminedSpine, scans: list[Scan], upper: str, lower: str
) -> tuple[float, float | None, Scan, tuple[Drawing, ...]]:
    """Area of void summed over the three axial slices nearest to the disc's middle."""
    across = [scan for scan in scans if scan.plane not in (Plane.SAGITTAL, Plane.CORONAL)]
    for scan in across:
        cuts = _try_slices(examined, scan, upper, lower)
        nearest = sorted(cuts, key=lambda cut: abs(cut.height_mm))[:_AREA_SLICES]
        if len(nearest) == _AREA_SLICES:
            masks = [cut.of(_map(scan).array) == Obscured.VOID for cut in nearest]
            area = sum(float(mask.sum()) * cut.pixel_mm2 for cut, mask in zip(nearest, masks, strict=True))
            points = np.concatenate([cut.points_mm[mask] for cut, mask in zip(nearest, masks, strict=True)])
            return area, None, scan, _drawn(points)
    raise NotMeasurableError(Reason.FIELD_OF_VIEW, "no axial series has three slices at the level")


def _try_slices(examined: ExaminedSpine, scan: Scan, upper: str, lower: str) -> tuple[AxialSlice, ...]:
    try:
        return examined.slices(scan, upper, lower)
    except NotMeasurableError:
        return ()


def _extent(
    examined: ExaminedSpine,
    scans: list[Scan],
    upper: str,
    lower: str,
    *,
    kinds: tuple[Obscured, ...],
    through: bool,
) -> tuple[float, float | None, Scan, tuple[Drawing, ...]]:
    """Largest extent of spoilt voxels at a level within a slice, or across slices; 0 where there are none."""
    segment = examined.spine.segment(upper, lower).at(examined.spine.disc(upper, lower).points_mm.mean(axis=0))
    for scan in scans:
        grid = scan.image.grid
        if not _inside(scan, segment.origin_mm[None]).any():
            continue
        spoilt = np.argwhere(np.isin(_map(scan).array, kinds))
        here = np.abs((grid.to_world(spoilt) - segment.origin_mm) @ segment.superior) <= _HALF_LEVEL_MM
        index = spoilt[here]
        axis = int(np.argmax(grid.spacing_mm))
        step = float(grid.spacing_mm[axis])
        drawn = _drawn(grid.to_world(index))
        if through:
            slices = np.unique(index[:, axis])
            return float(len(slices)) * step, step / np.sqrt(6), scan, drawn
        widest = max((_widest(grid.to_world(index[index[:, axis] == n])) for n in np.unique(index[:, axis])), default=0)
        return float(widest), float(np.delete(grid.spacing_mm, axis).max() / np.sqrt(6)), scan, drawn
    raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"no series shows {pair_level(upper, lower)}")


def _widest(points: FloatArray) -> float:
    """Largest distance between points of one slice."""
    if len(points) < 2:
        return 0.0
    flat = points - points[0]
    _, _, axes = np.linalg.svd(flat[:: max(1, len(flat) // 2000)], full_matrices=False)
    plane = flat @ axes[:2].T
    try:
        plane = plane[ConvexHull(plane).vertices]
    except (QhullError, ValueError):
        plane = plane[[int(plane[:, 0].argmin()), int(plane[:, 0].argmax())]]
    return float(pdist(plane).max())


def _canal_length(
    examined: ExaminedSpine, scans: list[Scan], upper: str, lower: str
) -> tuple[float, float | None, Scan, tuple[Drawing, ...]]:
    """Length of canal, within 18 mm of the disc, of whose middle slab more than half is spoilt on a sagittal series."""
    points, heights = _canal_points(examined, upper, lower)
    scan, hidden = _first_showing([s for s in scans if s.plane is Plane.SAGITTAL] or scans, points, upper, lower)
    steps = np.floor(heights / _STEP_MM).astype(int)
    steps -= steps.min()
    share = np.bincount(steps, weights=hidden) / np.maximum(np.bincount(steps), 1)
    length = float((share > _HIDDEN).sum()) * _STEP_MM
    return length, _STEP_MM / np.sqrt(6), scan, _drawn(points[hidden])


def _canal_share(
    examined: ExaminedSpine, scans: list[Scan], upper: str, lower: str
) -> tuple[float, float | None, Scan, tuple[Drawing, ...]]:
    points, _ = _canal_points(examined, upper, lower)
    scan, hidden = _first_showing(scans, points, upper, lower)
    return 100 * float(hidden.mean()), None, scan, _drawn(points[hidden])


def _foramina_share(
    examined: ExaminedSpine, scans: list[Scan], upper: str, lower: str
) -> tuple[float, float | None, Scan, tuple[Drawing, ...]]:
    """Share spoilt of the worse of both foramina."""
    labels = examined.spine.segmentation.foramina
    first = 2 * vertebra_number(upper)  # the map numbers a foramen 2 x (disc - 100), that + 1 on the right
    sides = [] if labels is None else [labels.points_mm(value) for value in (first, first + 1)]
    if len(sides) < 2 or not all(len(points) for points in sides):
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"the foramina of {pair_level(upper, lower)} are not both labelled"
        )
    scan, hidden = _first_showing(scans, np.concatenate(sides), upper, lower)
    parts = np.split(hidden, [len(sides[0])])
    worst = max(float(part.mean()) for part in parts)
    return 100 * worst, None, scan, _drawn(np.concatenate(sides)[hidden])


def _canal_points(examined: ExaminedSpine, upper: str, lower: str) -> tuple[FloatArray, FloatArray]:
    """Points of the canal within 18 mm of the disc's plane, and their heights above it."""
    frame = examined.spine.segment(upper, lower).at(examined.spine.disc(upper, lower).points_mm.mean(axis=0))
    canal = examined.spine.canal_points_mm
    heights = (canal - frame.origin_mm) @ frame.superior
    near = np.abs(heights) <= _HALF_LEVEL_MM
    if not near.any():
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"the canal at {pair_level(upper, lower)} is not in the labels"
        )
    return np.asarray(canal[near]), np.asarray(heights[near])


def _first_showing(scans: list[Scan], points: FloatArray, upper: str, lower: str) -> tuple[Scan, NDArray[np.bool_]]:
    for scan in scans:
        if _inside(scan, points).mean() > 0.95:
            labels = _map(scan)
            return scan, np.asarray(sample_nearest(labels.array, labels.grid, points) > 0)
    raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"no series shows all of {pair_level(upper, lower)}")


def _inside(scan: Scan, points: FloatArray) -> NDArray[np.bool_]:
    index = scan.image.grid.to_index(points)
    return np.asarray(((index >= -0.5) & (index <= np.array(scan.image.grid.shape) - 0.5)).all(axis=1))


def _map(scan: Scan) -> Labels:
    if scan.obscured is None:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"nobody looked for metal in {scan.name}")
    return scan.obscured


def _drawn(points: FloatArray) -> tuple[Drawing, ...]:
    if not len(points):
        return ()
    return (Drawing(Shape.POINTS, points[:: max(1, len(points) // 120)], "spoilt by metal"),)
