"""One pass over the column: middle line, discs, bodies, arches; then numbers on all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, SACRUM
from lumbomics.core.grid import FloatArray
from lumbomics.core.prediction import Tissue
from lumbomics.core.provenance import Decision
from lumbomics.segment.instances.column import (
    ColumnVoxels,
    Interval,
    intervals,
    usual_pitch_mm,
    with_fused_split,
    with_sacral_border,
    without_doubles,
)
from lumbomics.segment.instances.curve import Curve, Places, first_line, refined_line
from lumbomics.segment.instances.discs import Plane, find_discs, pieces
from lumbomics.segment.instances.lattice import DROPPED, BoolArray, IntArray, Lattice
from lumbomics.segment.instances.level import Level, rays_of
from lumbomics.segment.instances.numbering import Junction, disc_values, sacral_disc_values, vertebra_values
from lumbomics.segment.instances.posterior import assign_posterior
from lumbomics.segment.instances.wall import Wall, find_wall

_LEAST_VOXELS = 30
_LEAST_BODY = 0.12
_FAR_MM = 40.0
_CANAL_FRAGMENT = 0.02
_USUAL_CANAL_MM = 15.0
_SLENDER_HEIGHT = 0.5
_SLENDER_DEPTH = 0.7
_SACRAL_DISC_DEPTH = 0.6


@dataclass(frozen=True, eq=False)
class Assembly:
    """Working labels by class, and what is known of them.

    Parameters
    ----------
    labels
        Class -> working labels: instance numbers, ``DROPPED``, 0 outside the class.
    junction
        What anchors the numbers.
    levels
        Vertebrae head to tail, without the sacrum.
    supposed
        Values one of whose borders was not seen.
    decisions
        Splits and what was left out.
    """

    labels: dict[Tissue, NDArray[np.uint8]]
    junction: Junction
    levels: list[Level]
    supposed: tuple[int, ...]
    decisions: tuple[Decision, ...] = field(default=())


@dataclass(frozen=True, eq=False)
class _Class:
    index: IntArray
    points: FloatArray
    places: Places


def assemble(lattice: Lattice) -> Assembly | None:
    """Split the working classes; ``None`` where there is neither disc nor vertebra to speak of."""
    curve, wall = _middle_line(lattice)
    if curve is None or wall is None:
        return None
    return _Builder(lattice, curve, wall).build()


def _middle_line(lattice: Lattice) -> tuple[Curve | None, Wall | None]:
    discs, bone, canal = (lattice.world(_main(lattice, t)) for t in (Tissue.DISC, Tissue.VERTEBRA, Tissue.CANAL))
    if len(discs) + len(bone) < _LEAST_VOXELS:
        return None, None
    column = np.vstack([discs, bone]) if len(discs) else _in_front_by_height(bone, canal)
    curve = first_line(discs, column, canal)
    solid = np.vstack([discs, bone])
    for _ in range(3):
        wall = find_wall(curve.locate(canal), curve.locate(discs))
        places = curve.locate(solid)
        inside = wall.in_front(places) & (places.front < _FAR_MM) & (np.abs(places.right) < _FAR_MM)
        if inside.sum() < _LEAST_VOXELS:
            break
        refined = refined_line(curve, solid[inside], canal)
        if not refined.rises:  # a line that turns back would put two levels at one height
            break
        curve = refined
    return curve, find_wall(curve.locate(canal), curve.locate(discs))


def _main(lattice: Lattice, tissue: Tissue) -> IntArray:
    """Voxels of a class without its smallest islands (under 2 % of the largest piece), thinned to some 20 000."""
    index = lattice.where(tissue)
    if len(index) < 2:
        return index
    piece = pieces(lattice.classes == tissue)[tuple(index.T)]
    size = np.bincount(piece)
    index = index[size[piece] >= _CANAL_FRAGMENT * size.max()]
    return np.asarray(index[:: max(1, len(index) // 20000)])


def _in_front_by_height(bone: FloatArray, canal: FloatArray) -> FloatArray:
    """Bone in front of the canal, row by row of the image's own height, for maps that hold no disc."""
    if len(canal) < _LEAST_VOXELS:
        return bone
    fit = np.polyfit(canal[:, 2], canal[:, 1], 2 if np.ptp(canal[:, 2]) > 60 else 0)
    ahead = bone[bone[:, 1] > np.polyval(fit, np.clip(bone[:, 2], canal[:, 2].min(), canal[:, 2].max())) + 6]
    return ahead if len(ahead) > _LEAST_VOXELS else bone


class _Builder:
    """Holds the voxel lists of one map while its structures are told apart."""

    def __init__(self, lattice: Lattice, curve: Curve, wall: Wall) -> None:
        self.lattice, self.curve, self.wall = lattice, curve, wall
        self.disc, self.bone, self.sacrum, self.canal = (
            self._listed(t) for t in (Tissue.DISC, Tissue.VERTEBRA, Tissue.SACRUM, Tissue.CANAL)
        )
        wide = np.abs(self.disc.places.right)
        self.half_width_mm = float(np.percentile(wide, 98)) + 3 if len(wide) else _FAR_MM
        self.decisions: list[Decision] = []

    def _listed(self, tissue: Tissue) -> _Class:
        index = self.lattice.where(tissue)
        points = self.lattice.world(index)
        return _Class(index, points, self.curve.locate(points))

    def build(self) -> Assembly:
        found = find_discs(self.lattice, self.disc.index, self.disc.points, self.disc.places, self.curve)
        column, ahead = self._column()
        planes = without_doubles(column, found.planes)
        planes = with_sacral_border(column, planes, self.curve)
        planes = with_fused_split(column, planes, self.curve)
        cut = intervals(column, planes)
        sacral_from = self._first_sacral(cut)
        bodies = self._bodies(cut[:sacral_from], sacral_from < len(cut))
        junction = self._junction(planes, bodies, sacral_from < len(cut), cut)
        labels = {t: np.zeros(self.lattice.classes.shape, np.uint8) for t in list(Tissue)[1:]}
        values = vertebra_values(len(bodies))
        levels = self._levels([cut[b] for b in bodies], values)
        self._write_column(labels, ahead, cut, dict(zip(bodies, values, strict=True)), sacral_from)
        names = self._plane_values(planes, bodies, sacral_from < len(cut))
        self._write_discs(labels[Tissue.DISC], planes, names, found.rejected)
        self._write_posterior(labels[Tissue.VERTEBRA], ahead, levels)
        self._write_canal(labels[Tissue.CANAL])
        supposed = [v for b, v in zip(bodies, values, strict=True) if cut[b].supposed]
        return Assembly(labels, junction, levels, tuple(supposed), tuple(self.decisions))

    def _column(self) -> tuple[ColumnVoxels, BoolArray]:
        """Voxels of bone and sacrum in front of the canal; also which of the bone's voxels these are."""
        ahead = self._in_column(self.bone.places)
        sacral = self._in_column(self.sacrum.places)
        points = np.vstack([self.bone.points[ahead], self.sacrum.points[sacral]])
        height = np.concatenate([self.bone.places.height[ahead], self.sacrum.places.height[sacral]])
        right = np.concatenate([self.bone.places.right[ahead], self.sacrum.places.right[sacral]])
        is_sacrum = np.arange(len(points)) >= ahead.sum()
        return ColumnVoxels(points, height, right, is_sacrum), ahead

    def _in_column(self, places: Places) -> BoolArray:
        near = (places.front < _FAR_MM) & (np.abs(places.right) < self.half_width_mm)
        return np.asarray(self.wall.in_front(places) & near)

    @staticmethod
    def _first_sacral(cut: list[Interval]) -> int:
        """Index of the first stretch that is more sacrum than vertebra; past the end where there is none."""
        sizes = [len(i.bone) for i in cut if len(i.bone) > _LEAST_VOXELS]
        least = 0.15 * float(np.median(sizes)) if sizes else _LEAST_VOXELS
        for number, interval in enumerate(cut):
            if len(interval.sacrum) > max(len(interval.bone), least):
                return number
        return len(cut)

    def _bodies(self, cut: list[Interval], has_sacrum: bool) -> list[int]:
        """Stretches that hold a body: all between two discs, and the outermost where they hold enough bone."""
        sizes = [len(i.bone) for i in cut]
        inner = [s for i, s in zip(cut, sizes, strict=True) if i.above and i.below] or sizes
        least = _LEAST_BODY * float(np.median(inner)) if inner else 0
        bodies = [n for n, size in enumerate(sizes) if size >= max(least, 5)]
        if not bodies:
            return []
        last = bodies[-1]
        if not has_sacrum and cut[last].below is None and cut[last].above is not None and self._stub(cut, last, sizes):
            bodies.remove(last)
        return list(range(bodies[0], bodies[-1] + 1)) if bodies else []

    def _stub(self, cut: list[Interval], last: int, sizes: list[int]) -> bool:
        """Bone under the lowest disc too short for a body, in an image that goes on: a bit of the sacrum."""
        short = cut[last].length_mm < 0.45 * usual_pitch_mm([i.below for i in cut if i.below is not None])
        return short and sizes[last] < 0.4 * float(np.median(sizes)) and self._free_mm(cut[last].above) >= 35

    def _junction(self, planes: list[Plane], bodies: list[int], sacrum: bool, cut: list[Interval]) -> Junction:
        lowest = bodies[-1] if bodies else -1
        below = cut[lowest].below if bodies else None
        inside = [p for p in planes[lowest + 1 :] if p.drawn] if bodies and sacrum else []
        deep = [p for p in inside if self._disc_depth(p) > _SACRAL_DISC_DEPTH * self._usual_depth(planes)]
        return Junction(
            sacrum=sacrum and bool(bodies),
            ends_with_disc=below is not None and below.drawn,
            free_mm=self._free_mm(below) if below is not None else self._free_mm_under(cut, lowest),
            sacral_discs=len(deep),
            slender_disc=below is not None and below.drawn and self._is_slender(planes, below),
            supposed=sum(not plane.drawn for plane in planes[bodies[0] : lowest + 1]) if bodies else 0,
        )

    def _free_mm_under(self, cut: list[Interval], lowest: int) -> float:
        if lowest < 0:
            return 0.0
        base = cut[lowest].above
        height = (base.height_mm - cut[lowest].length_mm) if base else float(np.percentile(self.bone.places.height, 2))
        sample = self.curve.at(height)
        return self._room_mm(self.curve.centre[sample], -self.curve.up[sample])

    def _free_mm(self, plane: Plane | None) -> float:
        return 0.0 if plane is None else self._room_mm(plane.centre, -plane.up)

    def _room_mm(self, start: FloatArray, way: FloatArray) -> float:
        """How far one can go before leaving the image, sideways borders not counted."""
        return self.lattice.room_mm(start, way)

    def _disc_depth(self, plane: Plane) -> float:
        """Extent (5 to 95 %) along the disc's own longest direction in the sagittal plane, mm."""
        if len(plane.voxels) < 3:
            return 0.0
        places = self.disc.places
        flat = np.stack([places.front[plane.voxels], places.height[plane.voxels]], axis=1)
        longest = np.linalg.eigh(np.cov(flat.T))[1][:, -1]
        return float(np.diff(np.percentile(flat @ longest, (5, 95)))[0])

    def _usual_depth(self, planes: list[Plane]) -> float:
        return float(np.median([self._disc_depth(p) for p in planes if p.drawn]))

    def _is_slender(self, planes: list[Plane], lowest: Plane) -> bool:
        """Tell a rudimentary disc: under half of the next three's height and under 0.7 of their depth."""
        drawn = [p for p in planes if p.drawn and p.height_mm > lowest.height_mm][-3:]
        if len(drawn) < 2:
            return False
        depth = [self._disc_depth(p) for p in drawn]
        tall = [len(p.voxels) / max(d, 1.0) for p, d in zip(drawn, depth, strict=True)]
        own = self._disc_depth(lowest)
        flat = len(lowest.voxels) / max(own, 1.0) < _SLENDER_HEIGHT * float(np.median(tall))
        return flat and own < _SLENDER_DEPTH * float(np.median(depth))

    def _levels(self, cut: list[Interval], values: list[int]) -> list[Level]:
        pitch = usual_pitch_mm([i.below for i in cut if i.below is not None])
        return [self._level(interval, value, pitch) for interval, value in zip(cut, values, strict=True)]

    def _level(self, interval: Interval, value: int, pitch_mm: float) -> Level:
        """Describe a body between its planes; one that is cut is taken for as high as the others."""
        above, below = interval.above, interval.below
        if above is not None and below is not None:
            height, length = (above.height_mm + below.height_mm) / 2, interval.length_mm
        elif below is not None:
            height, length = below.height_mm + pitch_mm / 2, pitch_mm
        elif above is not None:
            height, length = above.height_mm - pitch_mm / 2, pitch_mm
        else:
            height, length = float(np.median(self.bone.places.height)), interval.length_mm
        normals = [plane.up for plane in (above, below) if plane is not None]
        return self._level_at(height, length, normals, value)

    def _level_at(self, height: float, length: float, normals: list[FloatArray], value: int) -> Level:
        sample = self.curve.at(height)
        up = np.sum(normals, axis=0) if normals else self.curve.up[sample]
        up = up / np.linalg.norm(up)
        front = self.curve.front[sample] - (self.curve.front[sample] @ up) * up
        front /= np.linalg.norm(front)
        beside = self.canal.places[np.abs(self.canal.places.height - height) < 8.0]
        depth, width = _USUAL_CANAL_MM, 0.75 * _USUAL_CANAL_MM
        if len(beside.front) > 10:
            depth = float(np.diff(np.percentile(beside.front, (4, 96)))[0])
            width = float(np.diff(np.percentile(beside.right, (4, 96)))[0]) / 2
        wall = -float(self.wall.at(np.array([height]))[0])
        return Level(value, self.curve.centre[sample], up, front, np.cross(front, up), wall, depth, width, length)

    def _write_column(
        self,
        labels: dict[Tissue, NDArray[np.uint8]],
        ahead: BoolArray,
        cut: list[Interval],
        values: dict[int, int],
        sacral_from: int,
    ) -> None:
        """Bodies take their number, whichever of the two bone classes a voxel has; the sacrum is one."""
        bone, sacrum = labels[Tissue.VERTEBRA], labels[Tissue.SACRUM]
        bone_index = self.bone.index[ahead]
        sacral_index = self.sacrum.index[self._in_column(self.sacrum.places)]
        sacrum[tuple(self.sacrum.index.T)] = SACRUM if sacral_from < len(cut) else DROPPED
        for number, interval in enumerate(cut):
            value = SACRUM if number >= sacral_from else values.get(number, DROPPED)
            bone[tuple(bone_index[interval.bone].T)] = value
            if number < sacral_from:
                sacrum[tuple(sacral_index[interval.sacrum - len(bone_index)].T)] = value

    @staticmethod
    def _plane_values(planes: list[Plane], bodies: list[int], sacral: bool) -> list[int]:
        """Disc number of every plane, head to tail; 0 for one that cannot have a name."""
        lowest = bodies[-1] if bodies else len(planes) - 1
        presacral = disc_values(vertebra_values(min(lowest + 1, len(planes))))
        below = len(planes) - len(presacral)
        return presacral + (sacral_disc_values(below) if sacral else [0] * below)

    def _write_discs(self, out: NDArray[np.uint8], planes: list[Plane], names: list[int], rejected: IntArray) -> None:
        out[tuple(self.disc.index.T)] = DROPPED
        for plane, name in zip(planes, names, strict=True):
            if name:
                out[tuple(self.disc.index[plane.voxels].T)] = name
        if len(rejected):
            because = "too small or too shallow against the other discs, or apart from theirs"
            self._note("disc fragments", f"left out: {self._volume(len(rejected)):.0f} mm3", because)

    def _write_posterior(self, out: NDArray[np.uint8], ahead: BoolArray, levels: list[Level]) -> None:
        behind = ~ahead
        reachable = self.bone.places[behind].front < _FAR_MM
        index, points = self.bone.index[behind], self.bone.points[behind]
        out[tuple(index.T)] = DROPPED
        rays = rays_of(self._with_one_above(levels))
        assign_posterior(self.lattice, out, index[reachable], points[reachable], rays)
        lost = int((out[tuple(index.T)] == DROPPED).sum())
        if lost:
            because = "no body is joined to it and no process is expected there"
            self._note("bone fragments", f"left out: {self._volume(lost):.0f} mm3", because)

    def _with_one_above(self, levels: list[Level]) -> list[Level]:
        """Add the level above the highest: its processes may hang into the image though its body does not."""
        if not levels or levels[0].value == 1:
            return levels
        top = levels[0]
        height = float(self.curve.locate(top.middle[None]).height[0]) + top.height_mm
        above = vertebra_values(len(levels), also_above=1)[0]
        return [self._level_at(height, top.height_mm, [top.up], above), *levels]

    def _write_canal(self, out: NDArray[np.uint8]) -> None:
        if not len(self.canal.index):
            return
        piece = pieces(self.lattice.classes == Tissue.CANAL)[tuple(self.canal.index.T)]
        size = np.bincount(piece)
        behind = self.canal.places.front < self.wall.at(self.canal.places.height) + 8
        kept = (size[piece] >= _CANAL_FRAGMENT * size.max()) & behind
        out[tuple(self.canal.index.T)] = np.where(kept, CANAL, DROPPED)
        if not kept.all():
            self._note(
                "canal fragments", f"left out: {self._volume(int((~kept).sum())):.0f} mm3", "apart from the canal"
            )

    def _volume(self, voxels: int) -> float:
        return voxels * self.lattice.grid.voxel_volume_mm3

    def _note(self, what: str, choice: str, because: str) -> None:
        self.decisions.append(Decision(what=what, choice=choice, because=because))
