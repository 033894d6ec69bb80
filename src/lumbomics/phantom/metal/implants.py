"""Implants as rods and balls in world space: pedicle screws with their rods, interbody cages, stimulator leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.chain import Vertebra, disc_frame
from lumbomics.phantom.posterior import SIDES, pedicle

FloatArray = NDArray[np.float64]

TISSUE_PPM = -9.05
"""Volume susceptibility of soft tissue, taken as that of water (Schenck, Med Phys 1996;23:815)."""


class Material(StrEnum):
    """What an implant is made of."""

    TITANIUM = "titanium"
    COBALT_CHROME = "cobalt_chrome"
    STEEL = "stainless_steel"
    PLATINUM = "platinum_iridium"
    POLYMER = "polymer"


SUSCEPTIBILITY_PPM = MappingProxyType(
    {
        Material.TITANIUM: 182.0,
        Material.COBALT_CHROME: 900.0,
        Material.STEEL: 4000.0,
        Material.PLATINUM: 250.0,
        Material.POLYMER: TISSUE_PPM,
    }
)
"""Volume susceptibility, SI ppm. Titanium, cobalt-chrome, non-magnetic stainless steel (3520 to 6700, here 4000) and
platinum (279; with a tenth of iridium, 37, about 250) after Schenck, Med Phys 1996;23:815. A polymer (PEEK,
polyurethane)
differs from tissue by less than 1 ppm and only lacks signal."""


class Kind(StrEnum):
    """Which implant a part belongs to."""

    SCREW = "screw"
    ROD = "rod"
    CAGE = "cage"
    LEAD = "lead"
    CONTACT = "contact"


@dataclass(frozen=True, kw_only=True, eq=False)
class Rod:
    """A straight cylinder with round ends.

    Parameters
    ----------
    start_mm, end_mm
        (3,) RAS+ mm, ends of the axis.
    radius_mm
        Of the cylinder.
    material, kind
        What it is made of and which implant it is.
    """

    start_mm: FloatArray = field(repr=False)
    end_mm: FloatArray = field(repr=False)
    radius_mm: float
    material: Material
    kind: Kind

    def __post_init__(self) -> None:
        if self.radius_mm <= 0 or not np.linalg.norm(self.end_mm - self.start_mm) > 0:
            raise InputError("a rod has length and thickness", got=f"radius {self.radius_mm} mm", where=str(self.kind))

    @property
    def length_mm(self) -> float:
        """Length of the axis."""
        return float(np.linalg.norm(self.end_mm - self.start_mm))

    @property
    def excess_ppm(self) -> float:
        """Susceptibility above that of tissue."""
        return SUSCEPTIBILITY_PPM[self.material] - TISSUE_PPM


@dataclass(frozen=True, kw_only=True, eq=False)
class Ball:
    """A ball; a row of them stands for a cage.

    Parameters
    ----------
    centre_mm
        (3,) RAS+ mm.
    radius_mm
        Of the ball.
    material, kind
        As in :class:`Rod`.
    fill
        Share of the ball that is metal; the rest is bone graft.
    """

    centre_mm: FloatArray = field(repr=False)
    radius_mm: float
    material: Material
    kind: Kind
    fill: float = 1.0

    def __post_init__(self) -> None:
        if self.radius_mm <= 0 or not 0 < self.fill <= 1:
            raise InputError("a ball has size and metal", got=f"{self.radius_mm} mm, {self.fill}", where=str(self.kind))

    @property
    def excess_ppm(self) -> float:
        """Mean susceptibility of the ball above that of tissue."""
        return self.fill * (SUSCEPTIBILITY_PPM[self.material] - TISSUE_PPM)


Part = Rod | Ball


@dataclass(frozen=True, kw_only=True)
class Screws:
    """Pedicle screws of a fusion, joined by a rod on each side.

    Parameters
    ----------
    vertebrae
        Instrumented vertebrae from the head (``("L4", "L5")``).
    material
        Of screws and rods.
    sides
        Instrumented sides.
    length_mm, diameter_mm
        Of the thread.
    convergence_deg
        How far the tips turn to the midline.
    """

    vertebrae: tuple[str, ...]
    material: Material = Material.TITANIUM
    sides: tuple[Side, ...] = (Side.LEFT, Side.RIGHT)
    length_mm: float = 45.0
    diameter_mm: float = 6.5
    convergence_deg: float = 12.0

    def __post_init__(self) -> None:
        if not self.vertebrae or not self.sides or Side.MIDLINE in self.sides:
            raise InputError("screws need vertebrae and sides", got=f"{self.vertebrae} {self.sides}", where="screws")
        _in_range("length_mm", self.length_mm, 25.0, 60.0)
        _in_range("diameter_mm", self.diameter_mm, 4.0, 9.0)
        _in_range("convergence_deg", self.convergence_deg, -5.0, 30.0)

    def parts(self, anatomy: Anatomy) -> list[Part]:
        """Lay the screws along the pedicles, their heads behind the joints, a rod through the heads."""
        parts: list[Part] = []
        for side, sign in SIDES:
            if side not in self.sides:
                continue
            ends = [self._axis(_vertebra(anatomy, name), sign) for name in self.vertebrae]
            for head, tip in ends:
                parts += [self._rod(head, tip, self.diameter_mm / 2, Kind.SCREW)]
                parts += [Ball(centre_mm=head, radius_mm=6.5, material=self.material, kind=Kind.SCREW)]
            parts += [self._rod(a[0], b[0], 2.75, Kind.ROD) for a, b in pairwise(ends)]
        return parts

    def _axis(self, vertebra: Vertebra, sign: float) -> tuple[FloatArray, FloatArray]:
        """Centre of the head and tip of one screw, (3,) RAS+ mm; the axis meets the pedicle's middle."""
        place = pedicle(vertebra, sign)
        turn = np.deg2rad(self.convergence_deg)
        along = np.array([-sign * np.sin(turn), np.cos(turn), 0.0])
        middle = np.array([place.x, place.y, place.z])
        entry = middle - along * 14.0
        tip = entry + along * self.length_mm
        return vertebra.frame.to_world(entry - along * 7.0), vertebra.frame.to_world(tip)

    def _rod(self, start: FloatArray, end: FloatArray, radius_mm: float, kind: Kind) -> Rod:
        return Rod(start_mm=start, end_mm=end, radius_mm=radius_mm, material=self.material, kind=kind)


@dataclass(frozen=True, kw_only=True)
class Cage:
    """An interbody cage: a row of balls across the disc space.

    Parameters
    ----------
    disc
        Where (``L4-L5``).
    material
        Titanium, cobalt-chrome or polymer.
    width_mm
        From left to right.
    fill
        Share of metal; the rest is graft.
    """

    disc: str
    material: Material = Material.TITANIUM
    width_mm: float = 26.0
    fill: float = 0.4

    def __post_init__(self) -> None:
        _in_range("width_mm", self.width_mm, 8.0, 45.0)
        _in_range("fill", self.fill, 0.05, 1.0)

    def parts(self, anatomy: Anatomy) -> list[Part]:
        """Lay the row through the disc's middle, as high as the disc and at least 8 mm."""
        upper, lower = next(((u, v) for name, u, v in anatomy.pairs if name == self.disc), (None, None))
        if upper is None or lower is None:
            raise InputError("no such disc", expected=", ".join(anatomy.parameters.discs), got=self.disc, where="cage")
        frame = disc_frame(upper, lower)
        radius = max(anatomy.parameters.disc_height_mm[self.disc], 8.0) / 2
        count = max(round(self.width_mm / (2 * radius)), 1)
        places = (np.arange(count) - (count - 1) / 2) * 2 * radius
        return [
            Ball(
                centre_mm=frame.to_world((x, 0.0, 0.0)),
                radius_mm=radius,
                material=self.material,
                kind=Kind.CAGE,
                fill=self.fill,
            )
            for x in places
        ]


@dataclass(frozen=True, kw_only=True)
class Lead:
    """A cylindrical spinal cord stimulator lead behind the sac.

    Parameters
    ----------
    top
        Vertebra at whose middle the topmost contact lies.
    contacts
        Number of platinum contacts, 3 mm long, 4 mm apart.
    side_mm
        Place of the lead beside the midline, right positive.
    length_mm
        Of the lead in the canal.
    """

    top: str = "T10"
    contacts: int = 8
    side_mm: float = 0.0
    length_mm: float = 140.0

    def __post_init__(self) -> None:
        _in_range("contacts", self.contacts, 1, 16)
        _in_range("side_mm", self.side_mm, -5.0, 5.0)
        _in_range("length_mm", self.length_mm, 60.0, 250.0)

    def parts(self, anatomy: Anatomy) -> list[Part]:
        """Lay the lead along the canal's back wall."""
        start = anatomy.canal.stations.get(self.top)
        if start is None:
            known = ", ".join(name for name in anatomy.canal.stations if "-" not in name)
            raise InputError("the canal has no such level", expected=known, got=self.top, where="lead")
        stations = np.arange(start, start + self.length_mm, 7.0)
        points = [self._behind(anatomy, float(s)) for s in stations]
        body = [_lead_rod(a, b, Material.POLYMER, Kind.LEAD) for a, b in pairwise(points)]
        ends = [start + 7.0 * n for n in range(self.contacts)]
        metal = [
            _lead_rod(self._behind(anatomy, s), self._behind(anatomy, s + 3.0), Material.PLATINUM, Kind.CONTACT)
            for s in ends
        ]
        return [*body, *metal]

    def _behind(self, anatomy: Anatomy, station: float) -> FloatArray:
        canal = anatomy.canal
        centre, _, right, anterior = canal.frame_at(station)
        back = float(canal.at(canal.half_depth, np.array([station]))[0]) - 1.2
        return np.asarray(centre + right * self.side_mm - anterior * back)


Implant = Screws | Cage | Lead


def build_parts(implants: Sequence[Implant], anatomy: Anatomy) -> tuple[Part, ...]:
    """Lay all implants into a spine."""
    return tuple(part for implant in implants for part in implant.parts(anatomy))


def _lead_rod(start: FloatArray, end: FloatArray, material: Material, kind: Kind) -> Rod:
    return Rod(start_mm=start, end_mm=end, radius_mm=0.65, material=material, kind=kind)


def _vertebra(anatomy: Anatomy, name: str) -> Vertebra:
    known = [v.name for v in anatomy.chain]
    if name not in known:
        raise InputError("no such vertebra", expected=", ".join(known), got=name, where="screws")
    return anatomy.vertebra(name)


def _in_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError("value outside what can be built", expected=f"{low} to {high}", got=str(value), where=name)
