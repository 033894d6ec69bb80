"""Fat around the root in the foramen, direction by direction, as a sagittal image shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import DISC_OFFSET, Side, vertebra_number
from lumbomics.core.examination import Scan
from lumbomics.core.measurement import Reason
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.measure.attempt import pair_level
from lumbomics.measure.examined import ExaminedSpine
from lumbomics.measure.foramen import foramen_plane
from lumbomics.measure.geometry.foramen import RASTER_MM, ForamenPlane, Rows
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.stenosis.grading import Estimate, Values

DIRECTIONS = ("superior", "posterior", "inferior", "anterior")
"""In the order of Sartoretti's digits 1 to 4."""
THIN_MM = 0.5
"""Fat thinner than this is obliterated (the record's)."""
FAT = 0.5
"""Signal from which on a point is fat: midway between disc (0) and fat (1)."""
DRAWS = 24
FAT_SD, PLACE_SD_MM, WALL_SD_MM = 0.06, 0.4, 0.4
"""What the limit of fat, the root's middle and the foramen's walls may be off by; engineering defaults."""
_SEED = 576
_RAYS = 72
_STEP_MM = 0.25
_FARTHEST_MM = 10.0
_ROOT_MM = 6.0
"""A root reaches no farther than this from its middle."""
_DISC_NEAR_MM = 15.0
_LEAST_DISC = 20
_FAT_PERCENTILE = 95.0
_BESIDE_MM, _ABOUT_MM = 10.0, 12.0
_DEPTHS_MM, _ASIDE_MM = (2.5, 8.0), 3.5
"""Where the root's middle is looked for: so far below the upper pedicle, and in front of and behind its middle."""
_CORE_MM = 2.0
_PULL = 0.01
_ROUNDS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Perineural:
    """A foramen with the fat that an image shows in it.

    Parameters
    ----------
    plane, rows
        The foramen and its outline.
    scan
        The series.
    level, side
        Where.
    disc_signal, fat_signal
        What counts as 0 and as 1.
    """

    plane: ForamenPlane = field(repr=False)
    rows: Rows = field(repr=False)
    scan: Scan = field(repr=False)
    level: str
    side: Side
    disc_signal: float
    fat_signal: float

    @classmethod
    def of(cls, examined: ExaminedSpine, scan: Scan, upper: str, lower: str, side: Side) -> Perineural:
        """Find a foramen on a sagittal series.

        Raises
        ------
        NotMeasurableError
            If the foramen cannot be found, lies outside the series, metal spoils it, or fat and disc look alike.
        """
        level = pair_level(upper, lower)
        plane = foramen_plane(examined.spine, upper, lower, side)
        rows = plane.rows(with_disc=True)
        inside = plane.world(rows.polygon_mm)
        if scan.obscured is not None:
            examined.require_clear(
                sample_nearest(scan.obscured.array, scan.obscured.grid, inside) > 0, f"the {side} foramen of {level}"
            )
        if np.isnan(sample_linear(scan.image.array, scan.image.grid, inside)).any():
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the {side} foramen of {level} lies outside {scan.name}")
        disc, fat = _disc_signal(examined, scan, plane, upper, lower), _fat_signal(examined, scan, plane, rows, side)
        if fat < 1.5 * disc:
            raise NotMeasurableError(
                Reason.IMAGE_ARTIFACT, f"fat and disc are equally bright around the {side} foramen of {level}"
            )
        return cls(plane=plane, rows=rows, scan=scan, level=level, side=side, disc_signal=disc, fat_signal=fat)

    def fat(self, plane_mm: FloatArray, blend: float = 0.0) -> FloatArray:
        """Signal (...) at in-plane points (..., 2), 0 as in disc and 1 as in fat.

        Read from the slice nearest to the plane's middle (``blend`` 0), or in that middle, between slices (1).
        """
        grid = self.scan.image.grid
        through = int(np.argmax(np.abs(grid.axes.T @ self.plane.frame.right)))
        index = grid.to_index(self.plane.world(plane_mm))
        exact = float(grid.to_index(self.plane.frame.origin_mm)[through])
        nearest = np.clip(np.rint(exact), 0, grid.shape[through] - 1)
        index[..., through] = nearest + blend * (exact - nearest)
        signal = sample_linear(self.scan.image.array, grid, grid.to_world(index), outside=self.disc_signal)
        return np.asarray((signal - self.disc_signal) / (self.fat_signal - self.disc_signal), dtype=np.float64)

    def inside(self, plane_mm: FloatArray, grown_mm: float = 0.0) -> NDArray[np.bool_]:
        """Whether in-plane points (..., 2) lie in the foramen, its walls moved outwards by ``grown_mm``."""
        heights = self.rows.heights_mm
        front = np.interp(plane_mm[..., 1], heights, self.rows.front_mm) + grown_mm
        back = np.interp(plane_mm[..., 1], heights, self.rows.back_mm) - grown_mm
        within = (plane_mm[..., 1] >= heights[0] - grown_mm) & (plane_mm[..., 1] <= heights[-1] + grown_mm)
        return np.asarray(within & (plane_mm[..., 0] <= front) & (plane_mm[..., 0] >= back))

    def estimate(self) -> tuple[Estimate, FloatArray]:
        """Measure fat and root, with error; also the root's outline (n, 2) in the plane."""
        middle = self._middle()
        values, outline = self._profile(middle, FAT, 0.0, 0.0)
        rng = np.random.default_rng(_SEED)
        again = []
        for _ in range(DRAWS):
            moved = middle + rng.normal(0, PLACE_SD_MM, 2)
            limit, wall, blend = rng.normal(FAT, FAT_SD), rng.normal(0, WALL_SD_MM), rng.uniform(0, 1)
            again.append(self._profile(moved, limit, wall, blend)[0])
        return Estimate.of(values, again), outline

    def _middle(self) -> FloatArray:
        """Middle of the root: the darkest place under the upper pedicle, then the middle of what fat surrounds."""
        top = self.plane.borders()[0]
        aside = np.arange(-_ASIDE_MM, _ASIDE_MM + 0.1, RASTER_MM)
        depth = np.arange(_DEPTHS_MM[0], _DEPTHS_MM[1] + 0.1, RASTER_MM)
        shift, down = np.meshgrid(aside, depth)
        height = top[1] - down
        walls = [np.interp(height, self.rows.heights_mm, end) for end in (self.rows.back_mm, self.rows.front_mm)]
        centres = np.stack([np.mean(walls, axis=0) + shift, height], axis=-1)
        turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        core = np.vstack([np.zeros((1, 2)), *(r * np.c_[np.cos(turn), np.sin(turn)] for r in (_CORE_MM / 2, _CORE_MM))])
        points = centres[..., None, :] + core
        seen = np.where(self.inside(points), np.clip(self.fat(points), 0, 1), FAT).mean(axis=-1)
        expected = np.hypot(shift, down - 4.0)
        row, column = np.unravel_index(int(np.argmin(seen + _PULL * expected)), seen.shape)
        if seen[row, column] >= FAT:
            raise NotMeasurableError(
                Reason.STRUCTURE_NOT_LABELLED, f"no root is seen in the {self.side} foramen of {self.level}"
            )
        middle = centres[row, column]
        for _ in range(_ROUNDS):
            middle = (middle + _centroid(self._profile(middle, FAT, 0.0, 0.0)[1])) / 2
        return np.asarray(middle)

    def _profile(self, middle: FloatArray, limit: float, grown_mm: float, blend: float) -> tuple[Values, FloatArray]:
        """Share of directions with fat in each quarter, area and shape of the root, and its outline."""
        turn = np.arange(_RAYS) * 2 * np.pi / _RAYS
        away = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        reach = np.arange(0.0, _FARTHEST_MM, _STEP_MM)
        points = middle + reach[None, :, None] * away[:, None, :]
        open_space = np.logical_and.accumulate(self.inside(points, grown_mm), axis=1)
        fat = open_space & (self.fat(points, blend) >= limit)
        thickness = fat.sum(axis=1) * _STEP_MM
        met = fat | ~open_space
        edge = np.where(met.any(axis=1), np.argmax(met, axis=1) * _STEP_MM, _FARTHEST_MM)
        outline = middle + np.minimum(edge, _ROOT_MM)[:, None] * away
        size = np.ptp(outline, axis=0)
        values = {f"fat_{name}": _share(thickness, turn, at) for name, at in zip(DIRECTIONS, _QUARTERS, strict=True)}
        return {
            **values,
            "root_area": _area(outline),
            "root_axis_ratio": float(size[0] / max(size[1], _STEP_MM)),
        }, outline


_QUARTERS = (np.pi / 2, np.pi, 3 * np.pi / 2, 0.0)
"""Directions in the plane, from anterior towards superior, of the quarters in the order of ``DIRECTIONS``."""


def _share(thickness: FloatArray, turn: FloatArray, at: float) -> float:
    """Share of the directions of a quarter in which fat is no thinner than ``THIN_MM``."""
    apart = np.abs((turn - at + np.pi) % (2 * np.pi) - np.pi)
    return float(np.mean(thickness[apart <= np.pi / 4 + 1e-9] >= THIN_MM))


def _area(outline: FloatArray) -> float:
    following = np.roll(outline, -1, axis=0)
    return float(abs(np.sum(outline[:, 0] * following[:, 1] - outline[:, 1] * following[:, 0])) / 2)


def _centroid(outline: FloatArray) -> FloatArray:
    following = np.roll(outline, -1, axis=0)
    cross = outline[:, 0] * following[:, 1] - outline[:, 1] * following[:, 0]
    total = cross.sum() / 2
    if abs(total) < 1e-6:
        return np.asarray(outline.mean(axis=0))
    return np.asarray(((outline + following) * cross[:, None]).sum(axis=0) / (6 * total))


def _disc_signal(examined: ExaminedSpine, scan: Scan, plane: ForamenPlane, upper: str, lower: str) -> float:
    points = examined.spine.structure(vertebra_number(upper) + DISC_OFFSET).points_mm
    near = points[np.abs(plane.frame.to_local(points)[:, 0]) < _DISC_NEAR_MM]
    signal = sample_linear(scan.image.array, scan.image.grid, near)
    signal = signal[np.isfinite(signal)]
    if len(signal) < _LEAST_DISC:
        raise NotMeasurableError(
            Reason.FIELD_OF_VIEW, f"the disc beside the foramen of {upper}-{lower} is not in the image"
        )
    return float(np.median(signal))


def _fat_signal(examined: ExaminedSpine, scan: Scan, plane: ForamenPlane, rows: Rows, side: Side) -> float:
    """Signal of fat: the 95th percentile outside bone and disc in and beside the foramen.

    Looked at are its own depth, which the coil lights alike, 12 mm up and down, and 10 mm outwards.
    """
    outwards = np.arange(0.0, _BESIDE_MM + 0.1, 2.0) * (1.0 if side is Side.RIGHT else -1.0)
    depth = np.arange(rows.back_mm.min() - 2.0, rows.front_mm.max() + 2.0, 2 * RASTER_MM)
    height = rows.heights_mm.mean() + np.arange(-_ABOUT_MM, _ABOUT_MM + 0.1, 2 * RASTER_MM)
    points = plane.frame.to_world(np.stack(np.meshgrid(outwards, depth, height), axis=-1).reshape(-1, 3))
    labels = examined.spine.labels
    signal = sample_linear(scan.image.array, scan.image.grid, points)
    signal = signal[np.isfinite(signal) & (sample_nearest(labels.array, labels.grid, points) == 0)]
    if not len(signal):
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the foramen lies outside {scan.name}")
    return float(np.percentile(signal, _FAT_PERCENTILE))
