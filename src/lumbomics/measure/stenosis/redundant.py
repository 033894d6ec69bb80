"""Redundant nerve roots: how winding the roots run in the sac above the narrowest level, on sagittal T2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.examination import Scan
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import attempt
from lumbomics.measure.dural_sac import SAC_VALUE, levelled_sac
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.stations import LevelledTube
from lumbomics.measure.stenosis.conus import conus_tip
from lumbomics.measure.stenosis.grading import Estimate, Place, Values

REDUNDANT = "redundant_nerve_roots"
WINDING = 1.2
"""Path over chord above which a root is redundant (the record's engineering default)."""
WINDOW_MM = 30.0
REACH_MM, CLEAR_MM, LEAST_MM = 70.0, 6.0, 36.0
"""Stretch looked at: from 6 mm above the narrowest level up to 70 mm, below the conus; 36 mm at least."""
COARSEST_MM = 1.3
"""Largest pixel in which a root of 1.5 mm is followed."""
STEP_MM = 0.5
"""Raster along and across the sac."""
STEEPEST = 4
"""A strand moves aside by at most so many raster steps a step: 76 degrees."""
DARK = 0.35
"""Mean darkness (0 fluid, 1 no signal) of what counts as a strand."""
STRANDS = 2
"""Strands followed in each slice."""
TORTUOSITY_SE = 0.02
"""Standard error of a straight strand's tortuosity in noise, beyond the scatter between ways to follow it."""
_HALF_DEPTH_MM = 12.0
_RIM_MM = 1.0
_APART_MM = 2.0
_SMOOTH_MM = 1.0
_WAYS = ((0.1, 0.0), (0.15, 0.0), (0.2, 0.0), (0.15, 0.1), (0.15, -0.1))
"""Cost of a step aside, and shift of the darkness, of the ways in which a strand is followed; the second counts."""
_METHODS = ("tortuosity", "redundant_length", "bend_radius", "present", "presence_probability")


@dataclass(frozen=True, eq=False)
class _Straightened:
    """One sagittal slice of the sac laid out along its centreline.

    Parameters
    ----------
    darkness
        (stations, offsets): 0 as bright as fluid, 1 without signal; NaN outside the sac.
    points_mm
        (stations, offsets, 3) RAS+ mm.
    """

    darkness: FloatArray = field(repr=False)
    points_mm: FloatArray = field(repr=False)


@examines(REDUNDANT)
def redundant_nerve_roots(examined: ExaminedSpine) -> list[Result]:
    """Path over chord of the most winding strand in the sac above its narrowest disc, on sagittal T2.

    Each sagittal slice of the sac is straightened along the sac's centreline; the two darkest strands that run all the
    way are followed by dynamic programming, and the largest ratio of path to chord over 30 mm is stated. Vessels and
    pulsation wind too; only what bends within the slice is seen, so a root that winds sideways looks straighter.
    """
    return attempt(REDUNDANT, _METHODS, partial(_redundant, examined))


def _redundant(examined: ExaminedSpine) -> Iterator[Measurement]:
    scan = examined.scan(*T2_CONTRASTS, plane=Plane.SAGITTAL)
    fine = np.sort(scan.image.grid.spacing_mm)[:2].max()
    if fine > COARSEST_MM:
        raise NotMeasurableError(
            Reason.RESOLUTION_TOO_COARSE, f"pixels of {fine:.1f} mm; a root needs {COARSEST_MM} mm or less"
        )
    sac = levelled_sac(examined.spine)
    first, last, level = _stretch(examined, sac)
    slices = list(_slices(examined, sac, scan, first, last))
    if not slices:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"no slice of {scan.name} shows the sac above {level}")
    strands = [(one, *_strand(one, n)) for one in slices for n in range(STRANDS)]
    strands = [strand for strand in strands if strand[2] >= DARK]
    if not strands:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"no root can be followed through the sac above {level} on {scan.name}"
        )
    image, path, _ = max(strands, key=lambda strand: _values(strand[0], strand[1])["tortuosity"])
    estimate = _estimate(image, path).with_error(tortuosity=TORTUOSITY_SE)
    line = Drawing(Shape.POLYLINE, _world(image, path)[::4], f"most winding strand above {level}")
    place = Place(biomarker=REDUNDANT, series=scan.name, drawings=(line,))
    units = {"tortuosity": "1", "redundant_length": "mm", "bend_radius": "mm"}
    yield from place.numbers(estimate, units)
    present = estimate.values["tortuosity"] > WINDING
    yield place.category("present", "{flag}", "present" if present else "absent", float(present))
    likely = estimate.probability(lambda values: values["tortuosity"] > WINDING)
    yield place.number("presence_probability", "1", likely)


def _stretch(examined: ExaminedSpine, sac: LevelledTube) -> tuple[float, float, str]:
    """Stations between which strands are followed, and the narrowest disc."""
    found: dict[str, tuple[float, float]] = {}
    for upper, lower in examined.spine.disc_pairs[1:-1]:
        with suppress(NotMeasurableError):
            station = sac.at_disc(upper, lower)[0]
            found[f"{upper}-{lower}"] = (sac.section(station).area_mm2, station)
    if not found:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, "the sac cannot be measured at any lumbar disc")
    level = min(found, key=lambda name: found[name][0])
    first = found[level][1] + CLEAR_MM
    last = min(first + REACH_MM, sac.tube.centreline.extent_mm[1])
    with suppress(NotMeasurableError):
        tip = conus_tip(examined)
        point = tip.canal.tube.centreline.at(tip.station_mm)
        last = min(last, float(sac.tube.centreline.station_of(point)))
    if last - first < LEAST_MM:
        raise NotMeasurableError(
            Reason.UNDEFINED,
            f"only {max(last - first, 0):.0f} mm of cauda equina lie above the narrowest disc, {level}",
        )
    return first, last, level


def _slices(
    examined: ExaminedSpine, sac: LevelledTube, scan: Scan, first: float, last: float
) -> Iterator[_Straightened]:
    """Lay the sac out along its centreline on every slice that shows it all the way."""
    labels = examined.spine.segmentation.dural_sac
    if labels is None:
        return
    stations = np.arange(first, last, STEP_MM)
    offsets = np.arange(-_HALF_DEPTH_MM, _HALF_DEPTH_MM + STEP_MM / 2, STEP_MM)
    front = examined.spine.common_frame("L1", "L5").anterior
    frames = [sac.tube.centreline.frame(float(station), front) for station in stations]
    origins = np.array([frame.origin_mm for frame in frames])
    anterior = np.array([frame.anterior for frame in frames])
    points = origins[:, None] + offsets[None, :, None] * anterior[:, None]
    grid = scan.image.grid
    through = int(np.argmax(np.abs(grid.axes.T @ frames[len(frames) // 2].right)))
    index = grid.to_index(points)
    for number in range(grid.shape[through]):
        index[..., through] = number
        world = grid.to_world(index)
        inside = sample_nearest(labels.array, labels.grid, world) == SAC_VALUE
        if (inside.sum(axis=1) * STEP_MM > 3 * _RIM_MM).mean() < 1:
            continue
        if scan.obscured is not None:
            examined.require_clear(
                sample_nearest(scan.obscured.array, scan.obscured.grid, world)[inside] > 0, "the dural sac"
            )
        signal = sample_linear(scan.image.array, grid, world)
        yield _Straightened(_darkness(signal, inside), world)


def _darkness(signal: FloatArray, inside: NDArray[np.bool_]) -> FloatArray:
    """Darkness against the fluid of the same stretch, the sac's blurred rim left out."""
    steps = round(_RIM_MM / STEP_MM)
    core = ndimage.binary_erosion(inside, np.ones((1, 3), dtype=bool), iterations=steps, border_value=1) & np.isfinite(
        signal
    )
    if not core.any():
        return np.full(signal.shape, np.nan)
    wet = np.where(inside & np.isfinite(signal), signal, np.nan)
    height = max(1, round(WINDOW_MM / STEP_MM))
    rows = np.nanpercentile(np.where(np.isfinite(wet).any(axis=1, keepdims=True), wet, 0.0), 90, axis=1)
    fluid = ndimage.maximum_filter1d(rows, height)[:, None]
    return np.asarray(np.where(core, np.clip(1 - signal / np.maximum(fluid, 1e-9), 0, 1), np.nan))


def _strand(image: _Straightened, number: int) -> tuple[NDArray[np.intp], float]:
    """Follow the ``number``-th darkest strand: its column in every row, and its mean darkness."""
    darkness = image.darkness.copy()
    columns = np.arange(darkness.shape[1])
    path = np.zeros(len(darkness), dtype=np.intp)
    for _ in range(number + 1):
        path = _darkest_path(darkness, _WAYS[1][0])
        mean = float(np.nanmean(image.darkness[np.arange(len(path)), path]))
        near = np.abs(columns - path[:, None]) * STEP_MM <= _APART_MM
        darkness[near & np.isfinite(darkness)] = 0.0
    return path, mean if np.isfinite(mean) else 0.0


def _darkest_path(darkness: FloatArray, aside_cost: float) -> NDArray[np.intp]:
    """Path (rows,) from the first row to the last of greatest darkness less the cost of every step aside."""
    gain = np.where(np.isfinite(darkness), darkness, -10.0)
    total = gain[0].copy()
    came = np.zeros(gain.shape, dtype=np.intp)
    moves = np.arange(-STEEPEST, STEEPEST + 1)
    for row in range(1, len(gain)):
        padded = np.pad(total, STEEPEST, constant_values=-np.inf)
        options = np.array([padded[STEEPEST + m : STEEPEST + m + len(total)] - aside_cost * abs(m) for m in moves])
        options = options + gain[row]
        best = np.argmax(options, axis=0)
        came[row] = np.arange(len(total)) + moves[best]
        total = options[best, np.arange(len(total))]
    path = np.zeros(len(gain), dtype=np.intp)
    path[-1] = int(np.argmax(total))
    for row in range(len(gain) - 1, 0, -1):
        path[row - 1] = came[row, path[row]]
    return path


def _estimate(image: _Straightened, path: NDArray[np.intp]) -> Estimate:
    """Measure a strand, and again when it is followed in other ways near its place."""
    columns = np.arange(image.darkness.shape[1])
    near = np.abs(columns - path[:, None]) * STEP_MM <= 2 * _APART_MM
    again = []
    for cost, shift in _WAYS:
        moved = np.where(near, np.clip(image.darkness + shift, 0, 1), np.nan)
        again.append(_values(image, _darkest_path(moved, cost)))
    return Estimate.of(_values(image, path), again)


def _world(image: _Straightened, path: NDArray[np.intp]) -> FloatArray:
    """Course of a path in space (rows, 3), below the raster's step and smoothed over 1 mm."""
    columns = np.arange(image.darkness.shape[1])
    near = np.abs(columns - path[:, None]) * STEP_MM <= 1.0
    weight = np.where(near, np.nan_to_num(image.darkness), 0.0) + 1e-6 * (columns == path[:, None])
    centre = (weight * columns).sum(axis=1) / weight.sum(axis=1)
    centre = ndimage.gaussian_filter1d(centre, _SMOOTH_MM / STEP_MM, mode="nearest")
    low = np.clip(np.floor(centre).astype(np.intp), 0, len(columns) - 2)
    share = (centre - low)[:, None]
    rows = np.arange(len(path))
    return np.asarray(image.points_mm[rows, low] * (1 - share) + image.points_mm[rows, low + 1] * share)


def _values(image: _Straightened, path: NDArray[np.intp]) -> Values:
    course = _world(image, path)
    lengths = np.linalg.norm(np.diff(course, axis=0), axis=1)
    arc = np.r_[0.0, np.cumsum(lengths)]
    window = min(round(WINDOW_MM / STEP_MM), len(course) - 1)
    chord = np.linalg.norm(course[window:] - course[:-window], axis=1)
    ratio = (arc[window:] - arc[:-window]) / np.maximum(chord, 1.0)
    winding = np.zeros(len(course), dtype=bool)
    for start in np.flatnonzero(ratio > WINDING):
        winding[start : start + window + 1] = True
    return {
        "tortuosity": float(ratio.max()),
        "redundant_length": float(np.count_nonzero(winding)) * STEP_MM,
        "bend_radius": _bend_radius(course),
    }


def _bend_radius(course: FloatArray) -> float:
    """Radius of the 95th percentile of a course's curvature |r' x r''| / |r'|^3, mm."""
    first = np.gradient(course, axis=0)
    second = np.gradient(first, axis=0)
    curvature = np.linalg.norm(np.cross(first, second), axis=1) / np.linalg.norm(first, axis=1) ** 3
    return float(1 / max(np.percentile(curvature, 95), 1e-3))
