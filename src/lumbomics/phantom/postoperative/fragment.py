"""Disc material in the operated canal, residual or recurrent, with a rim that takes up contrast agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Subregion
from lumbomics.phantom.anatomy import DISPLACED, SAC, SPINE, SUBREGION, Anatomy, Layer
from lumbomics.phantom.cauda import Cauda
from lumbomics.phantom.disc import disc_solid
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.levels import Zone
from lumbomics.phantom.postoperative.place import BONE, Place, stations, within
from lumbomics.phantom.postoperative.tissues import SHELL_MM, SHELLS, Vessels, fragment_numbers
from lumbomics.phantom.shapes import Array, Frame, Solid, boxed, capsule, ellipsoid
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties

FloatArray = NDArray[np.float64]

_OUTWARDS = {Zone.CENTRAL: 0.0, Zone.SUBARTICULAR: 0.62, Zone.FORAMINAL: 1.35, Zone.EXTRAFORAMINAL: 1.95}
_EDGE_MM = {Zone.CENTRAL: 0.0, Zone.SUBARTICULAR: -0.5, Zone.FORAMINAL: 2.5, Zone.EXTRAFORAMINAL: 7.0}
"""Place of the zones: share of the canal's half-width from the midline, and the disc's edge there (as in disc.py)."""


class Displacement(StrEnum):
    """Type of displaced disc material (Fardon et al., Spine J 2014;14:2525)."""

    PROTRUSION = "protrusion"
    EXTRUSION = "extrusion"
    SEQUESTRATION = "sequestration"


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscFragment(Extra):
    """Displaced disc material with a rim of granulation tissue.

    Parameters
    ----------
    level
        Disc it comes from.
    zone, side
        Axial zone; midline for a central one.
    kind
        A protrusion is widest at its base, an extrusion wider than its neck, a sequestrated fragment has no contact.
    size_mm
        How far it reaches behind (or, further out, beside) the disc's edge.
    migration_mm
        Shift along the spine, positive to the head.
    t2_ms
        T2 of its core; about 40 when dry, 110 when fresh.
    t1_ms
        T1 of its core.
    rim_mm
        Thickness of the granulation tissue.
    vessels
        How contrast agent comes into rim and core.
    order
        0 for the first, 1 for the second fragment of a phantom.
    """

    level: str
    zone: Zone = Zone.SUBARTICULAR
    side: Side = Side.LEFT
    kind: Displacement = Displacement.PROTRUSION
    size_mm: float = 6.0
    migration_mm: float = 0.0
    t2_ms: float = 55.0
    t1_ms: float = 1080.0
    rim_mm: float = 0.6
    vessels: Vessels = field(default_factory=Vessels)
    order: int = 0

    def __post_init__(self) -> None:
        if (self.side is Side.MIDLINE) != (self.zone is Zone.CENTRAL):
            raise InputError("zone and side disagree", got=f"{self.zone} {self.side}", where=self.level)
        if not (2 <= self.size_mm <= 14 and abs(self.migration_mm) <= 16 and 0 <= self.rim_mm <= 1.8):
            raise InputError("no such fragment", expected="2-14 mm, shift to 16 mm, rim to 1.8 mm", got=str(self))
        if not 20 <= self.t2_ms <= 250:
            raise InputError("no such T2", expected="20-250 ms", got=str(self.t2_ms), where="t2_ms")
        if not 400 <= self.t1_ms <= 2000:
            raise InputError("no such T1", expected="400-2000 ms", got=str(self.t1_ms), where="t1_ms")
        _ = fragment_numbers(self.order)

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Add the fragment behind its disc and push the roots out of its way."""
        place = Place.of(anatomy, self.level)
        solid = self.solid(place)
        number = DISC_OFFSET + place.upper.number
        values = {SPINE: number, SUBREGION: int(Subregion.DISC), SAC: 0, DISPLACED: 1}
        after = 1 + max(i for i, layer in enumerate(anatomy.fronts) if layer.values.get(SPINE) == number)
        layer = Layer(solid, values, (0, CANAL, CORD))
        fronts = (*anatomy.fronts[:after], layer, *anatomy.fronts[after:])
        return replace(anatomy, fronts=fronts, cauda=pushed_roots(anatomy, solid, place))

    def solid(self, place: Place) -> Solid:
        """Shape of the fragment in the disc's frame."""
        side = {Side.LEFT: -1.0, Side.RIGHT: 1.0}.get(self.side, 0.0)
        # the same share of the bony canal's width for every zone, as the zones are of the pedicles
        across = side * _OUTWARDS[self.zone] * place.upper.norm.canal_width / 2
        edge = place.back + _EDGE_MM[self.zone]
        upright = float(place.frame.to_local(place.upper.middle(superior=False))[2])
        size = self.size_mm
        if self.kind is Displacement.PROTRUSION:
            return _ball(place.frame, (across, edge, self.migration_mm), (2 + 0.6 * size, size, 0.98 * upright))
        half = np.array([0.75 * size + 1.0, 0.5 * size, 0.6 * size + 2.0])
        if self.kind is Displacement.SEQUESTRATION:
            away = 1.0 if self.migration_mm > 0 else -1.0
            height = away * max(abs(self.migration_mm), upright + half[2] + 1.0)
            behind = place.behind(height) + _EDGE_MM[self.zone] - 0.5 * size - 0.8
            return _ball(place.frame, (across, behind, height), half)
        behind = place.behind(self.migration_mm) + _EDGE_MM[self.zone] - 0.5 * size
        centre = np.array([across, behind, self.migration_mm])
        blob = _ball(place.frame, centre, half)
        neck, low, high = capsule((across, edge + 3.0, 0.0), centre, 0.3 * size, 0.3 * size)

        def level(x: Array, y: Array, z: Array) -> Array:
            return np.asarray(np.minimum(blob.level(x, y, z), neck(x, y, z)))

        return boxed(place.frame, level, np.minimum(low, blob.low), np.maximum(high, blob.high))

    def beyond(self, place: Place) -> Solid:
        """Shape of the part beyond the disc's own outline."""
        solid, disc = self.solid(place), disc_solid(place.upper, place.lower)

        def level(x: Array, y: Array, z: Array) -> Array:
            return np.asarray(np.maximum(solid.level(x, y, z), -disc.level(x, y, z)))

        return Solid(place.frame, solid.low, solid.high, level)

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint core and shells; where the fragment leaves its disc there is no rim."""
        place = Place.of(anatomy, self.level)
        core, shells = fragment_numbers(self.order)
        found = within(tissue, self.beyond(place), grid)
        whole = within(tissue, self.solid(place), grid)
        if found is None or whole is None:
            return
        (view, level), (_, depth) = found, whole
        inside = (level <= 0) & ~np.isin(view, BONE)
        layer = np.clip(-depth[inside] / SHELL_MM, 0, SHELLS).astype(int)
        view[inside] = np.array([*shells, core], dtype=np.uint8)[layer]

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Core and shells with uptake by their depth."""
        core, shells = fragment_numbers(self.order)
        inside = self.vessels.uptake(np.inf, self.rim_mm, injection)
        result = {core: Properties(0.70, self.t1_ms, self.t2_ms, 90, 0.06, inside)}
        for index, number in enumerate(shells):
            depth = (index + 0.5) * SHELL_MM
            granulation = depth <= self.rim_mm
            t2_ms, t1_ms = (max(self.t2_ms, 68.0), 1030.0) if granulation else (self.t2_ms, self.t1_ms)
            uptake = self.vessels.uptake(depth, self.rim_mm, injection)
            result[number] = Properties(0.71, t1_ms, t2_ms, 80, 0.06, uptake)
        return result

    def canal(self) -> Mapping[int, CanalTissue]:
        """Displaced disc, rim included."""
        core, shells = fragment_numbers(self.order)
        return dict.fromkeys((core, *shells), CanalTissue.DISC)


def _ball(frame: Frame, centre: ArrayLike, half_sizes: ArrayLike) -> Solid:
    level, half = ellipsoid(centre, half_sizes)
    middle = np.asarray(centre, dtype=np.float64)
    return boxed(frame, level, middle - half, middle + half)


def pushed_roots(anatomy: Anatomy, solid: Solid, place: Place) -> Cauda:
    """Move roots that would run through a solid straight back (away from the disc) or aside until they clear it."""
    canal, s = anatomy.canal, stations(anatomy)
    near = np.flatnonzero(np.abs(s - place.station) < 28.0)
    frames = [canal.frame_at(float(s[i])) for i in near]
    centres = np.array([solid.frame.to_world((np.array(solid.low) + np.array(solid.high)) / 2)])
    roots = []
    for root in anatomy.cauda.roots:
        x, y = root.x.copy(), root.y.copy()
        for index, (centre, _, right, anterior) in zip(near, frames, strict=True):
            if root.radius[index] <= 0:
                continue
            middle = np.array([(centres[0] - centre) @ right, (centres[0] - centre) @ anterior])
            away = np.array([x[index], y[index]]) - middle
            away /= max(float(np.linalg.norm(away)), 1e-6)
            for _ in range(24):
                point = centre + x[index] * right + y[index] * anterior
                if float(solid.at_points(point[None])[0]) > root.radius[index] + 0.4:
                    break
                x[index] += 0.4 * away[0]
                y[index] += 0.4 * away[1]
        roots.append(replace(root, x=x, y=y))
    return Cauda(tuple(roots))
