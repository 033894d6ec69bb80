"""The neighbourhood of one disc in one sagittal slice, turned upright: what worn discs are described from.

A single mid-sagittal slice is enough: nothing here needs a third dimension.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, SACRUM, VERTEBRA_NAMES, disc_level, disc_levels
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Reason
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError

STEP_MM = 0.5
_BACK_MM, _FRONT_MM, _HALF_HEIGHT_MM = 50.0, 35.0, 36.0
_LEAST_DISC_MM2 = 40.0
_LEAST_COLUMNS = 16
_ROUNDS = 3
_OFF_PLANE_MM = 6.0
_NEIGHBOUR_MM = 40.0
_RIM_MM = 3.0
_LAST = ("L5", "L6")
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class DiscPatch:
    """Labels about one disc on an upright raster in its sagittal plane.

    Parameters
    ----------
    level
        ``L4-L5``.
    upper, lower
        Instance numbers of the neighbours.
    frame
        Origin in the middle of the disc; right is the slice's normal, anterior runs along the disc, superior across it.
    labels
        Spine map (rows, columns): rows run to the head, columns to the front.
    """

    level: str
    upper: int
    lower: int
    frame: Frame = field(repr=False)
    labels: NDArray[np.integer] = field(repr=False)

    @property
    def along_mm(self) -> FloatArray:
        """Position of the columns along the disc, forwards positive."""
        return _axis(-_BACK_MM, _FRONT_MM)

    @property
    def across_mm(self) -> FloatArray:
        """Position of the rows across the disc, headwards positive."""
        return _axis(-_HALF_HEIGHT_MM, _HALF_HEIGHT_MM)

    @cached_property
    def points_mm(self) -> FloatArray:
        """World points (rows, columns, 3)."""
        across, along = np.meshgrid(self.across_mm, self.along_mm, indexing="ij")
        return self.frame.to_world(np.stack([np.zeros_like(along), along, across], axis=-1))

    @property
    def disc(self) -> Mask:
        """Pixels of the disc."""
        return np.asarray(self.labels == self.upper + DISC_OFFSET)

    @property
    def closed(self) -> bool:
        """Whether the lower vertebra is drawn; where not, the disc's own border stands for its endplate."""
        return bool((self.labels == self.lower).any())

    @property
    def canal(self) -> Mask:
        """Pixels of canal and cord."""
        return np.isin(self.labels, (CANAL, CORD))

    def signal(self, image: Image) -> FloatArray:
        """Image values (rows, columns); NaN beyond the image.

        A single slice is read where it is, as long as the patch lies within half its thickness or 6 mm of it.
        """
        return sample_linear(image.array, image.grid, _onto_slice(image, self.points_mm))

    @cached_property
    def edges_mm(self) -> tuple[FloatArray, FloatArray]:
        """Lower edge of the upper and upper edge of the lower vertebra in every column; NaN where either is missing."""
        middle = len(self.across_mm) // 2
        above = _first(self.labels[middle:] == self.upper, self.across_mm[middle:])
        if self.closed:
            below = _first(self.labels[middle::-1] == self.lower, self.across_mm[middle::-1]) + STEP_MM / 2
        else:
            below = _first(self.disc, self.across_mm) - STEP_MM / 2
        return above - STEP_MM / 2, below

    @cached_property
    def corners_mm(self) -> FloatArray:
        """Hindmost and foremost point of the upper (row 0) and lower (row 1) vertebra near the disc, along it.

        Median over the rows 1 to 5 mm from the endplate of where the bone ends that is met in the disc's middle. Where
        the lower vertebra is not drawn, the ends of the disc's lowest 3 mm.
        """
        lower = self._extent(self.lower, -1) if self.closed else self._disc_extent()
        return np.array([self._extent(self.upper, 1), lower])

    def extent_mm(self, number: int, rows: Mask) -> FloatArray:
        """Hindmost and foremost point of a structure in rows (n, 2), from the disc's middle; NaN where not met."""
        bone = self.labels[rows] == number
        start = int(np.argmin(np.abs(self.along_mm)))
        back = _run(bone[:, start::-1])
        front = _run(bone[:, start:])
        ends = np.stack([-back, front], axis=1) * STEP_MM + self.along_mm[start]
        ends[~bone[:, start]] = np.nan
        return np.asarray(ends, dtype=np.float64)

    def _extent(self, number: int, sign: int) -> FloatArray:
        edge = self.edges_mm[0 if sign > 0 else 1]
        near = np.abs(self.along_mm) < 6.0
        if not np.isfinite(edge[near]).any():
            raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"an endplate of {self.level} could not be followed")
        depth = sign * (self.across_mm - float(np.nanmedian(edge[near])))
        return self._middle_extent(number, (depth >= 1.0) & (depth <= 5.0))

    def _disc_extent(self) -> FloatArray:
        edge = self.edges_mm[1]
        height = self.across_mm - float(np.nanmedian(edge[np.abs(self.along_mm) < 6.0]))
        return self._middle_extent(self.upper + DISC_OFFSET, (height >= 0.0) & (height <= _RIM_MM))

    def _middle_extent(self, number: int, rows: Mask) -> FloatArray:
        ends = self.extent_mm(number, rows)
        if not np.isfinite(ends).any(axis=0).all():
            raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"the corners beside {self.level} could not be found")
        return np.asarray(np.nanmedian(ends, axis=0), dtype=np.float64)


def parallel_patches(patch: DiscPatch, labels: Labels, *, half_width_mm: float) -> tuple[DiscPatch, ...]:
    """Cut the same frame out of the sagittal slices beside a patch, left to right, where the disc is still drawn.

    Parameters
    ----------
    patch
        Mid-sagittal patch.
    labels
        The spine map it was cut from; a single slice gives the patch alone.
    half_width_mm
        How far to go to either side.
    """
    across, normal = _sagittal_axis(labels)
    step = float(abs(labels.grid.affine[:3, across] @ normal))
    count = int(half_width_mm / step) if labels.grid.shape[across] > 1 else 0
    found = []
    for number in range(-count, count + 1):
        frame = patch.frame.at(patch.frame.origin_mm + number * step * patch.frame.right)
        beside = patch if number == 0 else _cut(labels, frame, patch.upper, patch.lower, patch.level)
        if beside.disc.any():
            found.append(beside)
    return tuple(found)


def slice_spacing_mm(labels: Labels) -> float | None:
    """Distance between sagittal slices; ``None`` for a single one."""
    across, normal = _sagittal_axis(labels)
    if labels.grid.shape[across] == 1:
        return None
    return float(abs(labels.grid.affine[:3, across] @ normal))


def disc_patches(labels: Labels) -> Mapping[str, DiscPatch | NotMeasurableError]:
    """Cut an upright patch about every disc between two neighbouring vertebrae of a spine map.

    Parameters
    ----------
    labels
        Spine map; one sagittal slice is enough. Of several, the slice through the canal's middle at the disc is taken.

    Returns
    -------
    Level -> patch, head to tail; or the obstacle. A disc drawn below the last lumbar vertebra has a patch also where
    the sacrum is not drawn.
    """
    found: dict[str, DiscPatch | NotMeasurableError] = {}
    for upper, lower, level in drawn_levels(labels):
        try:
            found[level] = _patch(labels, upper, lower, level)
        except NotMeasurableError as obstacle:
            found[level] = obstacle
    return found


def drawn_levels(labels: Labels) -> list[tuple[int, int, str]]:
    """List the levels (above, below, name) of a map head to tail; the last disc's too where the sacrum is not drawn."""
    levels = disc_levels(labels.vertebrae)
    lowest = labels.vertebrae[-1] if labels.vertebrae else 0
    if VERTEBRA_NAMES.get(lowest) in _LAST and lowest + DISC_OFFSET in labels.boxes:
        levels.append((lowest, SACRUM, disc_level(lowest, SACRUM)))
    return levels


def _patch(labels: Labels, upper: int, lower: int, level: str) -> DiscPatch:
    disc = labels.points_mm(upper + DISC_OFFSET)
    if not len(disc):
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"the disc {level} is not in the labels")
    across, normal = _sagittal_axis(labels)
    plane = _slice_position(labels, disc, across)
    disc = disc[np.abs(np.rint(labels.grid.to_index(disc)[:, across]) - plane) < 0.5]
    if len(disc) * labels.grid.voxel_volume_mm3 / labels.grid.spacing_mm[across] < _LEAST_DISC_MM2:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"too little of the disc {level} lies in its sagittal slice")
    frame = _first_frame(labels, disc, normal, VERTEBRA_NAMES[upper], upper)
    for _ in range(_ROUNDS):
        patch = _cut(labels, frame, upper, lower, level)
        frame = _straightened(patch)
    return _cut(labels, frame, upper, lower, level)


def _sagittal_axis(labels: Labels) -> tuple[int, FloatArray]:
    """Storage axis across sagittal slices, and the direction to the patient's right at right angles to the others."""
    across = int(np.argmax(np.abs(labels.grid.axes[0])))
    first, second = (labels.grid.axes[:, axis] for axis in range(3) if axis != across)
    normal = np.cross(first, second)
    normal = normal / np.linalg.norm(normal)
    return across, np.asarray(normal if normal[0] > 0 else -normal)


def _slice_position(labels: Labels, disc: FloatArray, across: int) -> int:
    """Slice through the middle of the canal behind a disc, or through the disc's middle where no canal is drawn."""
    if labels.grid.shape[across] == 1:
        return 0
    centre = disc.mean(axis=0)
    canal = np.concatenate([labels.points_mm(value) for value in (CANAL, CORD)])
    near = canal[np.abs(canal[:, 2] - centre[2]) < 12.0]
    middle = near.mean(axis=0) if len(near) else centre
    wanted = round(float(labels.grid.to_index(middle)[across]))
    present = np.unique(np.rint(labels.grid.to_index(disc)[:, across]).astype(int))
    return int(present[np.argmin(np.abs(present - wanted))])


def _first_frame(labels: Labels, disc: FloatArray, normal: FloatArray, name: str, upper: int) -> Frame:
    """Frame along the disc's longest extent in the slice; superior points towards the vertebra above."""
    centre = disc.mean(axis=0)
    inside = (disc - centre) - np.outer((disc - centre) @ normal, normal)
    _, _, directions = np.linalg.svd(inside, full_matrices=False)
    bone = labels.points_mm(upper)
    near = bone[np.linalg.norm(bone - centre, axis=1) < _NEIGHBOUR_MM]
    if not len(near):
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"{name} does not border on its disc")
    towards = np.median(near, axis=0) - centre
    superior = np.cross(normal, directions[0])
    if abs(superior @ np.array([0.0, 0.0, 1.0])) < 0.5:
        # a disc drawn higher than deep: its neighbour tells where up is
        superior = towards - (towards @ normal) * normal
    superior = superior / np.linalg.norm(superior) * (1 if superior[2] > 0 else -1)
    if superior @ towards < 0:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"{name} does not lie above its disc")
    return Frame.from_right(centre, normal, superior)


def _cut(labels: Labels, frame: Frame, upper: int, lower: int, level: str) -> DiscPatch:
    empty = DiscPatch(level, upper, lower, frame, np.zeros((0, 0), dtype=np.int64))
    sampled = sample_nearest(labels.array, labels.grid, empty.points_mm)
    return DiscPatch(level, upper, lower, frame, sampled)


def _straightened(patch: DiscPatch) -> Frame:
    """Turn the frame to the mean direction of both endplates and put its origin midway between them."""
    columns = patch.disc.any(axis=0)
    above, below = patch.edges_mm
    use = columns & np.isfinite(above) & np.isfinite(below)
    if use.sum() < _LEAST_COLUMNS:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"the endplates of {patch.level} could not be followed")
    along = patch.along_mm[use]
    slopes = [float(theilslopes(edge[use], along)[0]) for edge in (above, below)]
    turn = float(np.mean(np.arctan(slopes)))
    middle = np.array([0.0, (along.min() + along.max()) / 2, float(np.median(above[use] + below[use]) / 2)])
    old = patch.frame
    superior = np.cos(turn) * old.superior - np.sin(turn) * old.anterior
    return Frame.from_right(old.to_world(middle), old.right, superior)


def _onto_slice(image: Image, points: FloatArray) -> FloatArray:
    """Points moved onto the plane of an image of one slice; left as they are for a volume."""
    thin = [axis for axis, size in enumerate(image.grid.shape) if size == 1]
    if len(thin) != 1:
        return points
    index = image.grid.to_index(points)
    spacing = float(image.grid.spacing_mm[thin[0]])
    reach = max(_OFF_PLANE_MM / spacing, 0.5)
    near = np.abs(index[..., thin[0]]) <= reach
    index[..., thin[0]] = np.where(near, 0.0, index[..., thin[0]])
    return image.grid.to_world(index)


def _axis(low: float, high: float) -> FloatArray:
    return np.arange(low, high + STEP_MM / 2, STEP_MM)


def _first(mask: Mask, rows: FloatArray) -> FloatArray:
    """Position of the first row that is set, by column; NaN where none is."""
    return np.where(mask.any(axis=0), rows[np.argmax(mask, axis=0)], np.nan)


def _run(mask: Mask) -> FloatArray:
    """Count the steps from the first column for which a row stays set."""
    ended = ~mask
    length = np.where(ended.any(axis=1), np.argmax(ended, axis=1), mask.shape[1])
    return np.asarray(length - 0.5, dtype=np.float64)
