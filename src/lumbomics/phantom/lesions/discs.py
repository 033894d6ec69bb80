"""Worn discs: what makes which grade of Pfirrmann, and the high-intensity zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET, Side
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import SPINE, Anatomy
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.lesions.ranges import require_range
from lumbomics.phantom.lesions.tissues import Lesion, border_of
from lumbomics.phantom.paint import index_box, local_coordinates
from lumbomics.phantom.shapes import Array, Solid
from lumbomics.phantom.tissue import Tissue, annulus_of, nucleus_of
from lumbomics.phantom.tissuemap import NUCLEUS_MARGIN_MM, nucleus_radius

COLLAPSED, BORDER_LOST, BORDER_UNCLEAR = 0.5, 0.25, 0.75
"""Height share and border sharpness below which a disc is collapsed, its border lost or unclear."""
_INHOMOGENEOUS = 0.88

_BY_GRADE = {
    1: ((0.92, 1.00), (0.95, 1.00), (0.95, 1.05)),
    2: ((0.62, 0.86), (0.80, 0.95), (0.92, 1.02)),
    3: ((0.32, 0.50), (0.35, 0.65), (0.80, 0.98)),
    4: ((0.07, 0.20), (0.00, 0.20), (0.60, 0.85)),
    5: ((0.00, 0.05), (0.00, 0.10), (0.25, 0.45)),
}
"""Grade -> ranges of signal, border and height share to draw from."""


@dataclass(frozen=True, kw_only=True)
class DiscState:
    """Signal, inner border and height of one disc.

    The grade follows from them as Pfirrmann et al., Spine 2001;26:1873, word it:

    - I: homogeneous, bright, height normal: signal 0.88 and more, no cleft;
    - II: inhomogeneous, with or without a horizontal band, border clear (0.75 and more), height normal;
    - III: grey, border unclear (below 0.75), height normal to slightly less;
    - IV: grey to black, border lost (below 0.25), height normal to moderately less;
    - V: black, border lost, disc space collapsed (height below half of normal).

    Parameters
    ----------
    signal
        Of the nucleus, from black (0) to that of a young disc (1); 1 - degeneration of the plain phantom.
    border
        Sharpness of the border between nucleus and annulus, 1 sharp, 0 none: a zone of middle signal that widens.
    height_share
        Height of the disc over its normal one.
    cleft
        Dark horizontal band in the nucleus.
    """

    signal: float = 1.0
    border: float = 1.0
    height_share: float = 1.0
    cleft: bool = False

    def __post_init__(self) -> None:
        for name in ("signal", "border"):
            require_range(name, getattr(self, name), 0.0, 1.0, where="disc state")
        require_range("height_share", self.height_share, 0.25, 1.3, where="disc state")
        if self.cleft and self.border < BORDER_LOST:
            raise InputError(
                "a cleft needs a nucleus with a border", expected=f">= {BORDER_LOST}", got=str(self.border)
            )

    @property
    def grade(self) -> int:
        """Pfirrmann's grade, 1 to 5."""
        if self.height_share < COLLAPSED:
            return 5
        if self.border < BORDER_LOST:
            return 4
        if self.border < BORDER_UNCLEAR:
            return 3
        return 2 if self.cleft or self.signal < _INHOMOGENEOUS else 1

    @classmethod
    def of_grade(cls, grade: int, *, rng: np.random.Generator | None = None) -> DiscState:
        """Return a disc of a grade: in the middle of its ranges, or drawn from them."""
        if grade not in _BY_GRADE:
            raise InputError("no such grade", expected="1 to 5", got=str(grade), where="Pfirrmann")
        ranges = _BY_GRADE[grade]
        values = [float(np.mean(ends)) if rng is None else float(rng.uniform(*ends)) for ends in ranges]
        cleft = grade == 2 and (rng is None or rng.random() < 0.7)
        return cls(signal=values[0], border=values[1], height_share=values[2], cleft=cleft)


@dataclass(frozen=True, kw_only=True)
class HighIntensityZone:
    """A bright focus in the posterior annulus, apart from the nucleus.

    Parameters
    ----------
    disc, side
        Where; the sides lie half-way to the disc's border.
    height_mm, width_mm, depth_mm
        Its axes along the spine, along the annulus and through it.
    """

    disc: str
    side: Side = Side.MIDLINE
    height_mm: float = 3.0
    width_mm: float = 6.0
    depth_mm: float = 1.8

    def __post_init__(self) -> None:
        require_range("height_mm", self.height_mm, 1.0, 6.0, where=f"high-intensity zone {self.disc}")
        require_range("width_mm", self.width_mm, 1.0, 12.0, where=f"high-intensity zone {self.disc}")
        require_range("depth_mm", self.depth_mm, 0.8, 3.0, where=f"high-intensity zone {self.disc}")

    @property
    def volume_mm3(self) -> float:
        """Volume of the ellipsoid."""
        return float(np.pi / 6 * self.height_mm * self.width_mm * self.depth_mm)


def disc_solid_of(anatomy: Anatomy, disc: str) -> Solid:
    """Return the solid of a disc without its herniations; InputError if there is none."""
    numbers = [upper.number for name, upper, _ in anatomy.pairs if name == disc]
    if not numbers:
        raise InputError("the phantom has no such disc", expected=", ".join(anatomy.parameters.discs), got=disc)
    return next(layer.solid for layer in anatomy.fronts if layer.values.get(SPINE) == DISC_OFFSET + numbers[0])


def paint_disc_state(tissue: Numbers, disc: str, state: DiscState, anatomy: Anatomy, grid: Grid) -> None:
    """Paint the unclear border and the cleft of one disc; the nucleus' signal is its degeneration's."""
    solid = disc_solid_of(anatomy, disc)
    box = index_box(grid, solid.corners_mm)
    if box is None:
        return
    x, y, z = local_coordinates(grid, box, solid.frame)
    level, radius = solid.level(x, y, z), np.sqrt(nucleus_radius(solid, x, y))
    index = anatomy.parameters.discs.index(disc)
    view = tissue[box]
    own = np.isin(view, (nucleus_of(index), annulus_of(index))) & (level <= -NUCLEUS_MARGIN_MM)
    half = 0.42 * (1 - state.border)
    view[own & (np.abs(radius - 1) < half)] = border_of(index)
    if state.cleft:
        height = state.height_share * 0.5 + 0.25
        wave = 0.5 * np.sin(0.35 * y) + 0.4 * np.sin(0.27 * x + 1.0)
        view[own & (radius < 0.85) & (np.abs(z - wave) < height)] = Lesion.CLEFT


def zone_place(zone: HighIntensityZone, anatomy: Anatomy) -> tuple[float, float]:
    """Place (x, y) of a zone's middle in the disc's frame: inside the back of the annulus, mm."""
    solid = disc_solid_of(anatomy, zone.disc)
    sign = {Side.LEFT: -1.0, Side.RIGHT: 1.0, Side.MIDLINE: 0.0}[zone.side]
    x = sign * 0.42 * solid.high[0]
    y = np.linspace(solid.low[1], 0.0, 2000)
    level = solid.level(np.full_like(y, x), y, np.zeros_like(y))
    back = float(y[np.argmax(level <= 0)])
    return x, back + 0.7 + zone.depth_mm / 2


def paint_zone(tissue: Numbers, zone: HighIntensityZone, anatomy: Anatomy, grid: Grid) -> None:
    """Paint one high-intensity zone over annulus."""
    solid = disc_solid_of(anatomy, zone.disc)
    box = index_box(grid, solid.corners_mm)
    if box is None:
        return
    x, y, z = local_coordinates(grid, box, solid.frame)
    at_x, at_y = zone_place(zone, anatomy)
    index = anatomy.parameters.discs.index(zone.disc)
    view = tissue[box]
    annulus = np.isin(view, (annulus_of(index), Tissue.LIGAMENT, border_of(index)))
    view[annulus & (_ellipsoid(x - at_x, y - at_y, z, zone) <= 1)] = Lesion.HIGH_INTENSITY_ZONE


def _ellipsoid(x: Array, y: Array, z: Array, zone: HighIntensityZone) -> Array:
    return np.asarray((2 * x / zone.width_mm) ** 2 + (2 * y / zone.depth_mm) ** 2 + (2 * z / zone.height_mm) ** 2)
