"""Where the spine lies in each slice of an axial stack: canal, front and level, from the labels of another series."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, disc_levels
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels

FloatArray = NDArray[np.float64]

_LEAST_POINTS = 12
_HALF_SLAB_MM = 2.5
_FRONT_MM = (11.0, 45.0)
_SIDE_MM = 32.0
_THICK = 1.5
"""Slice distance over pixel size from which a lattice tells its own slices."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """The spine in one slice.

    Parameters
    ----------
    index
        Position along the slice axis.
    axis
        Storage axis across the slices.
    centre_mm
        (3,) middle of the canal in the slice.
    right, anterior
        (3,) unit vectors in the slice, at right angles; the patient's right.
    level
        The nearest disc (``L4-L5``).
    """

    index: int
    axis: int
    centre_mm: FloatArray = field(repr=False)
    right: FloatArray = field(repr=False)
    anterior: FloatArray = field(repr=False)
    level: str

    def local(self, points_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Coordinates to the right and to the front of the canal's middle, mm, of world points (..., 3)."""
        relative = points_mm - self.centre_mm
        return np.asarray(relative @ self.right), np.asarray(relative @ self.anterior)


def find_places(grid: Grid, spine: Labels) -> tuple[Place, ...]:
    """Find the spine in every slice of an axial stack that the labelled canal passes.

    Parameters
    ----------
    grid
        The axial stack.
    spine
        Spine map of another series in the same space, with canal and discs.

    Returns
    -------
    One place a slice, in storage order; slices beyond the labelled canal or discs have none.
    """
    canal = np.concatenate([spine.points_mm(CANAL), spine.points_mm(CORD)])
    discs = {name: spine.points_mm(above + DISC_OFFSET) for above, _, name in disc_levels(spine.vertebrae)}
    middles = {name: points.mean(axis=0) for name, points in discs.items() if len(points)}
    if not len(canal) or not middles:
        return ()
    front = np.concatenate([spine.points_mm(n) for n in (*spine.discs, *spine.vertebrae)])
    axis = slice_axis(grid, canal)
    normal = _normal(grid, axis)
    half = max(_HALF_SLAB_MM, 0.5 * float(grid.spacing_mm[axis]))
    corners = grid.to_world(np.eye(3)[axis] * np.arange(grid.shape[axis])[:, None])
    found = []
    for index, height in enumerate(corners @ normal):
        inside = canal[np.abs(canal @ normal - height) < half]
        if len(inside) < _LEAST_POINTS:
            continue
        ahead = _forward(inside, front[np.abs(front @ normal - height) < half], normal)
        centre = _middle(inside, ahead, np.cross(ahead, normal))
        centre = centre + (height - centre @ normal) * normal
        level = min(middles, key=lambda name: float(np.linalg.norm(middles[name] - centre)))
        place = Place(
            index=index, axis=axis, centre_mm=centre, right=np.cross(ahead, normal), anterior=ahead, level=level
        )
        found.append(place)
    return tuple(found)


def slice_axis(grid: Grid, canal: FloatArray) -> int:
    """Storage axis that runs along the canal: across thick slices; else by the labelled canal's course.

    Stacks through a steep sacrum lie across the canal there, and not across its course as a whole.
    """
    spacing = np.sort(grid.spacing_mm)
    if spacing[2] > _THICK * spacing[1]:
        return int(np.argmax(grid.spacing_mm))
    spread = canal - canal.mean(axis=0)
    along = np.linalg.svd(spread[:: max(1, len(spread) // 2000)], full_matrices=False)[2][0]
    return int(np.argmax(np.abs(grid.axes.T @ along)))


def _normal(grid: Grid, axis: int) -> FloatArray:
    """Return the unit normal of the slices, to the head."""
    normal = np.cross(grid.axes[:, (axis + 1) % 3], grid.axes[:, (axis + 2) % 3])
    return np.asarray(normal / np.linalg.norm(normal) * (1.0 if normal[2] >= 0 else -1.0))


def _forward(canal: FloatArray, bone: FloatArray, normal: FloatArray) -> FloatArray:
    """Find the front in a slice: from the canal to the body or disc before it; else the world's front."""
    middle = canal.mean(axis=0)
    ahead = _in_plane(np.array([0.0, 1.0, 0.0]), normal)
    aside = np.cross(ahead, normal)
    forward, sideways = (bone - middle) @ ahead, (bone - middle) @ aside
    body = bone[(forward > _FRONT_MM[0]) & (forward < _FRONT_MM[1]) & (np.abs(sideways) < _SIDE_MM)]
    if len(body) < _LEAST_POINTS:
        return ahead
    return _in_plane(_middle(body, ahead, aside) - _middle(canal, ahead, aside), normal)


def _middle(points: FloatArray, ahead: FloatArray, aside: FloatArray) -> FloatArray:
    """Middle of the extent along both directions; fewer points on one side do not pull it."""
    middle = points.mean(axis=0)
    for direction in (ahead, aside):
        along = (points - middle) @ direction
        low, high = np.percentile(along, [3, 97])
        middle = middle + (low + high) / 2 * direction
    return np.asarray(middle, dtype=np.float64)


def _in_plane(vector: FloatArray, normal: FloatArray) -> FloatArray:
    flat = vector - (vector @ normal) * normal
    return np.asarray(flat / np.linalg.norm(flat), dtype=np.float64)
