"""Facet joints: cartilage, narrowing, osteophytes, sclerosis, erosions, cysts and fluid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Subregion
from lumbomics.phantom.anatomy import SPINE, SUBREGION, Anatomy, Layer
from lumbomics.phantom.chain import Vertebra
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.lesions.ranges import require_range
from lumbomics.phantom.lesions.tissues import Lesion
from lumbomics.phantom.paint import Box, index_box, local_coordinates
from lumbomics.phantom.posterior import SIDES, Joint, joint
from lumbomics.phantom.shapes import Array, Frame, Solid, boxed, ellipsoid
from lumbomics.phantom.tissue import Tissue

_HALF_GAP_MM = 1.0
"""Half of the room the plain phantom leaves between the two processes."""
_PLATE_MM = (6.2, 8.2)
"""Half-size of the joint along its tangent and along the spine."""
_FLUID_MM = (4.6, 6.4)
_SOFT = (Tissue.FAT, Tissue.MUSCLE, Tissue.JOINT_FLUID, Tissue.INTERSPINOUS)
NARROW_MM = 2.0
"""Joint space below this is narrowed (Weishaupt et al., Skeletal Radiol 1999;28:215: normal is 2 to 4 mm)."""

_BY_GRADE = {
    0: (2.0, 0.0, 0.0),
    1: (1.4, 1.8, 1.0),
    2: (1.0, 3.2, 2.5),
    3: (0.5, 5.0, 4.0),
}
"""Grade -> joint space, osteophyte and depth of sclerosis, mm."""


@dataclass(frozen=True, kw_only=True)
class FacetState:
    """One facet joint.

    The grade follows as Weishaupt et al. 1999 word it: 0 joint space 2 mm or more and nothing else; 1 narrowing or
    small osteophytes (up to 2 mm); 2 moderate osteophytes (up to 4 mm) or erosions; 3 large osteophytes or cysts. The
    limits in mm of small, moderate and large are set here.

    Parameters
    ----------
    disc, side
        Where.
    space_mm
        Distance between the subchondral bones.
    osteophyte_mm
        How far bone stands out at the joint's margins.
    sclerosis_mm
        Depth of dense bone below the joint surfaces.
    eroded, cysts
        Whether the joint surfaces are eroded, and whether there are subchondral cysts.
    fluid_mm
        Greatest width of the fluid across the joint.
    """

    disc: str
    side: Side
    space_mm: float = 2.0
    osteophyte_mm: float = 0.0
    sclerosis_mm: float = 0.0
    eroded: bool = False
    cysts: bool = False
    fluid_mm: float = 0.5

    def __post_init__(self) -> None:
        where = f"facet {self.disc} {self.side}"
        require_range("space_mm", self.space_mm, 0.3, 2.0, where=where)
        require_range("osteophyte_mm", self.osteophyte_mm, 0.0, 7.0, where=where)
        require_range("sclerosis_mm", self.sclerosis_mm, 0.0, 5.0, where=where)
        require_range("fluid_mm", self.fluid_mm, 0.0, 5.0, where=where)
        if self.side is Side.MIDLINE:
            raise InputError("a facet joint has a side", expected="left or right", got="midline", where=where)

    @property
    def grade(self) -> int:
        """Weishaupt's grade, 0 to 3."""
        if self.osteophyte_mm > 4 or self.cysts:
            return 3
        if self.osteophyte_mm > 2 or self.eroded:
            return 2
        return 1 if self.osteophyte_mm > 0 or self.space_mm < NARROW_MM else 0

    @classmethod
    def of_grade(cls, disc: str, side: Side, grade: int, *, fluid_mm: float = 0.5) -> FacetState:
        """Return a joint of a grade."""
        if grade not in _BY_GRADE:
            raise InputError("no such grade", expected="0 to 3", got=str(grade), where="Weishaupt")
        space, spur, dense = _BY_GRADE[grade]
        return cls(
            disc=disc,
            side=side,
            space_mm=space,
            osteophyte_mm=spur,
            sclerosis_mm=dense,
            eroded=grade >= 2,
            cysts=grade == 3,
            fluid_mm=fluid_mm,
        )


def joint_of(anatomy: Anatomy, disc: str, side: Side) -> tuple[Joint, Vertebra, Vertebra]:
    """Return a facet joint with the vertebrae above and below; InputError if there is no such disc."""
    found = [(u, v) for name, u, v in anatomy.pairs if name == disc]
    if not found:
        raise InputError("the phantom has no such disc", expected=", ".join(anatomy.parameters.discs), got=disc)
    upper, lower = found[0]
    sign = dict(SIDES)[side]
    return joint(upper, lower, anatomy.parameters, side, sign), upper, lower


def joint_frame(place: Joint) -> Frame:
    """Frame of a joint: across it (towards the inferior process of the vertebra above), along it, to the head."""
    local = np.column_stack([place.normal, place.tangent, (0.0, 0.0, 1.0)])
    return Frame(place.frame.rotation @ local, place.frame.origin_mm)


def joint_layers(anatomy: Anatomy, state: FacetState) -> Iterator[Layer]:
    """Yield the joint's new bone: the gap is freed, bone grows into it and at its margins, fluid keeps its place."""
    place, upper, lower = joint_of(anatomy, state.disc, state.side)
    frame = joint_frame(place)
    left = state.side is Side.LEFT
    inferior = Subregion.INFERIOR_ARTICULAR_LEFT if left else Subregion.INFERIOR_ARTICULAR_RIGHT
    superior = Subregion.SUPERIOR_ARTICULAR_LEFT if left else Subregion.SUPERIOR_ARTICULAR_RIGHT
    yield Layer(_slab(frame, -_HALF_GAP_MM, _HALF_GAP_MM), {SPINE: 0, SUBREGION: 0})
    for vertebra, part, outward in ((upper, inferior, 1.0), (lower, superior, -1.0)):
        values = {SPINE: vertebra.number, SUBREGION: int(part)}
        if state.osteophyte_mm > 0:
            for margin in (-1.0, 1.0):
                yield Layer(_spur(frame, outward, margin, state.osteophyte_mm), values, (0,))
        if state.space_mm < 2 * _HALF_GAP_MM:
            ends = sorted((outward * state.space_mm / 2, outward * (_HALF_GAP_MM + 0.3)))
            yield Layer(_slab(frame, *ends), values, (0,))
    half = np.array([state.fluid_mm / 2 + 0.5, 7.0, 9.0])

    def fluid(x: Array, y: Array, z: Array) -> Array:
        return fluid_level(state, x, y, z)

    yield Layer(boxed(frame, fluid, -half, half), {SPINE: 0, SUBREGION: 0})


def _slab(frame: Frame, low: float, high: float) -> Solid:
    """Part of the joint between two distances across it."""

    def level(x: Array, y: Array, z: Array) -> Array:
        across = np.maximum(low - x, x - high)
        return np.asarray(np.maximum(across, (np.sqrt(_plate(y, z)) - 1) * _PLATE_MM[0]))

    corner = np.array([high, *_PLATE_MM])
    return boxed(frame, level, (low, -_PLATE_MM[0], -_PLATE_MM[1]), corner)


def _spur(frame: Frame, outward: float, margin: float, size: float) -> Solid:
    # its tip stands as far beyond the plain process, 7.2 mm from the middle, as the spur is said to be long
    centre = np.array([outward * 3.0, margin * _PLATE_MM[0], 0.0])
    blob, half = ellipsoid(centre, (2.6 + 0.25 * size, 1.0 + size, 4.5 + 0.5 * size))

    def level(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(np.maximum(blob(x, y, z), _HALF_GAP_MM - outward * x))

    return boxed(frame, level, centre - half, centre + half)


def paint_facet(tissue: Numbers, state: FacetState, anatomy: Anatomy, grid: Grid) -> None:
    """Paint cartilage, capsule, dense and eroded bone, cysts and fluid of one joint."""
    place, _, _ = joint_of(anatomy, state.disc, state.side)
    seen = _voxels(place, grid)
    if seen is None:
        return
    box, n, t, z = seen
    view = tissue[box]
    bone = (view == Tissue.CORTEX) | (view == Tissue.MARROW)
    plate = _plate(t, z)
    _paint_dense(view, bone & (plate <= 1.2), state, n, t, z)
    gap = (np.abs(n) <= _HALF_GAP_MM) & ~bone
    view[gap & (plate <= 1.3) & np.isin(view, _SOFT)] = Lesion.CAPSULE
    view[gap & (plate <= 1)] = Lesion.CARTILAGE
    if state.eroded:
        bite = state.space_mm / 2 + 1.1 * np.maximum(np.sin(1.1 * t + 0.7) * np.sin(0.8 * z + 0.5), 0)
        view[bone & (np.abs(n) <= bite) & (plate <= 0.8)] = Lesion.CARTILAGE
    view[fluid_level(state, n, t, z) <= 0] = Tissue.JOINT_FLUID


def fluid_level(state: FacetState, n: Array, t: Array, z: Array) -> Array:
    """Level of the fluid in the joint's coordinates: a lens as wide as stated in its middle, longer the wider."""
    if state.fluid_mm <= 0:
        return np.full(np.shape(n), np.inf)
    stretch = 1 + 0.08 * max(state.fluid_mm - 1.5, 0)
    lens = np.sqrt(np.maximum(1 - (t / (_FLUID_MM[0] * stretch)) ** 4 - (z / (_FLUID_MM[1] * stretch)) ** 4, 0))
    return np.asarray(np.abs(n) - state.fluid_mm / 2 * lens + np.where(lens > 0, 0.0, 1e3))


def _paint_dense(view: Numbers, bone: NDArray[np.bool_], state: FacetState, n: Array, t: Array, z: Array) -> None:
    if state.sclerosis_mm > 0:
        depth = np.abs(n) - _HALF_GAP_MM
        view[bone & (view == Tissue.MARROW) & (depth <= state.sclerosis_mm)] = Lesion.SCLEROSIS
    if state.cysts:
        for at_n, at_t, at_z, radius in ((3.0, 1.5, 2.5, 1.5), (-2.8, -1.0, -2.0, 1.3)):
            ball = (n - at_n) ** 2 + (t - at_t) ** 2 + (z - at_z) ** 2 <= radius**2
            view[bone & ball] = Lesion.CYST


def _plate(t: Array, z: Array) -> Array:
    return np.asarray((t / _PLATE_MM[0]) ** 2 + (z / _PLATE_MM[1]) ** 2)


def _voxels(place: Joint, grid: Grid) -> tuple[Box, Array, Array, Array] | None:
    """Voxels about one joint and their coordinates across it, along it and to the head."""
    frame = joint_frame(place)
    reach = np.array([7.0, 9.0, 11.0])
    corners = frame.to_world(np.array(np.meshgrid(*((-r, r) for r in reach))).reshape(3, -1).T)
    box = index_box(grid, corners)
    if box is None:
        return None
    n, t, z = local_coordinates(grid, box, frame)
    return box, n, t, z
