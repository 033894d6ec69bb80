"""The named parameters of a phantom spine, valid by construction, and their random draw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import numpy as np

from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.errors import FaultsError, InputError, LumbomicsError
from lumbomics.phantom.draw import draw_values
from lumbomics.phantom.levels import Herniation, Zone, discs_of, vertebrae_of
from lumbomics.phantom.norms import DISC_ANGLE_DEG, DISC_HEIGHT_MM, LORDOSIS_MEAN_DEG, VERTEBRAE

_LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "size": (0.8, 1.2),
        "sacral_slope_deg": (-5.0, 70.0),
        "disc_angle_deg": (-15.0, 28.0),
        "disc_height_mm": (2.5, 16.0),
        "wedge_deg": (-30.0, 18.0),
        "body_height_mm": (12.0, 36.0),
        "slip_mm": (-12.0, 22.0),
        "lateral_listhesis_mm": (-10.0, 10.0),
        "degeneration": (0.0, 1.0),
        "canal_narrowing": (0.0, 0.75),
        "foraminal_narrowing": (0.0, 0.7),
        "coronal_cobb_deg": (0.0, 50.0),
        "apical_rotation_deg": (0.0, 30.0),
        "endplate_concavity_mm": (0.0, 4.0),
        "endplate_asymmetry_mm": (-4.0, 4.0),
        "fat_mm": (5.0, 60.0),
        "herniation size_mm": (1.0, 14.0),
        "herniation migration_mm": (-12.0, 12.0),
    }
)
"""What the geometry can build without its parts crossing."""

_SCALARS = (
    "size",
    "sacral_slope_deg",
    "coronal_cobb_deg",
    "apical_rotation_deg",
    "endplate_concavity_mm",
    "endplate_asymmetry_mm",
    "fat_mm",
)
_BY_DISC = ("disc_angle_deg", "disc_height_mm", "slip_mm", "lateral_listhesis_mm", "degeneration", "canal_narrowing")
_BY_BODY = ("wedge_deg", "body_height_mm")
_APICES = ("T12", "T13", "L1", "L2", "L3")


@dataclass(frozen=True, kw_only=True)
class PhantomParameters:
    """Everything that shapes one phantom spine (T10 to sacrum).

    Use :meth:`typical` for a normal spine with a few changes, or :meth:`random`. Mappings are by disc (``L4-L5``) or by
    vertebra (``L4``); what they leave out takes the normal value.

    Parameters
    ----------
    transition
        Transitional anatomy; decides which levels exist.
    size
        Overall scale of bones and canal, 1 for the mean adult.
    sacral_slope_deg
        Slope of the superior endplate of S1, positive when it falls to the front.
    disc_angle_deg, wedge_deg
        Sagittal angle of each disc and wedge of each body, lordosis (taller in front) positive.
    disc_height_mm
        Mean height over the central 80 % of each disc.
    body_height_mm
        Body height between the rims.
    slip_mm
        Forward slip of the upper on the lower vertebra, by disc.
    lateral_listhesis_mm
        Shift of the upper vertebra to the patient's left, by disc.
    degeneration
        0 (bright nucleus) to 1 (black disc), by disc.
    canal_narrowing
        Share of the canal's area lost at each disc.
    foraminal_narrowing
        Share of the foramen's depth lost to the superior articular process, by (disc, side).
    herniations
        Disc herniations.
    coronal_cobb_deg, coronal_apex, coronal_side, apical_rotation_deg
        Size of the coronal curve, its apical vertebra, the side of its convexity, and how far the apex turns to that
        side.
    endplate_concavity_mm
        Depth of the endplates in their middle.
    endplate_asymmetry_mm
        Shift of the deepest point to the front.
    fat_mm
        Subcutaneous fat behind the lumbar spine.

    Raises
    ------
    FaultsError
        If levels are unknown or values lie outside what the geometry can build; all faults together.
    """

    transition: Transition = Transition.NONE
    size: float = 1.0
    sacral_slope_deg: float = 39.0
    disc_angle_deg: Mapping[str, float] = field(default_factory=dict)
    wedge_deg: Mapping[str, float] = field(default_factory=dict)
    disc_height_mm: Mapping[str, float] = field(default_factory=dict)
    body_height_mm: Mapping[str, float] = field(default_factory=dict)
    slip_mm: Mapping[str, float] = field(default_factory=dict)
    lateral_listhesis_mm: Mapping[str, float] = field(default_factory=dict)
    degeneration: Mapping[str, float] = field(default_factory=dict)
    canal_narrowing: Mapping[str, float] = field(default_factory=dict)
    foraminal_narrowing: Mapping[tuple[str, Side], float] = field(default_factory=dict)
    herniations: tuple[Herniation, ...] = ()
    coronal_cobb_deg: float = 0.0
    coronal_apex: str = "L2"
    coronal_side: Side = Side.RIGHT
    apical_rotation_deg: float = 0.0
    endplate_concavity_mm: float = 2.0
    endplate_asymmetry_mm: float = 0.0
    fat_mm: float = 22.0

    def __post_init__(self) -> None:
        faults = [*self._level_faults(), *self._range_faults(), *self._choice_faults()]
        if faults:
            raise FaultsError(faults)
        for name in (*_BY_DISC, *_BY_BODY):
            object.__setattr__(self, name, MappingProxyType(self._completed(name)))
        object.__setattr__(self, "foraminal_narrowing", MappingProxyType(dict(self.foraminal_narrowing)))

    @classmethod
    def typical(
        cls, *, lordosis_l1_s1_deg: float = LORDOSIS_MEAN_DEG, transition: Transition = Transition.NONE
    ) -> Self:
        """Build a normal spine of a given L1-S1 lordosis (deg), spread over the discs in the normal proportion."""
        base = cls(transition=transition)
        lumbar = [name for name in discs_of(transition) if name.startswith("L")]
        missing = lordosis_l1_s1_deg - base.lordosis_l1_s1_deg
        weight = {name: 3.0 + max(base.disc_angle_deg[name], 0.0) for name in lumbar}
        share = {name: missing * weight[name] / sum(weight.values()) for name in lumbar}
        return cls(
            transition=transition, disc_angle_deg={name: base.disc_angle_deg[name] + share[name] for name in lumbar}
        )

    @classmethod
    def random(cls, seed: int, *, transition: Transition | None = None, healthy: bool = False) -> Self:
        """Draw an anatomically plausible spine; the same seed gives the same spine.

        Parameters
        ----------
        seed
            Any whole number >= 0.
        transition
            Fixes the transitional anatomy; drawn where not given.
        healthy
            Leave out slips, herniations, narrowing, scoliosis and degeneration.
        """
        if seed < 0:
            raise InputError("a seed is a whole number", expected=">= 0", got=str(seed), where="seed")
        values = draw_values(np.random.default_rng(seed), transition=transition, healthy=healthy)
        return cls(
            transition=values.transition,
            size=values.size,
            sacral_slope_deg=values.sacral_slope_deg,
            disc_angle_deg=values.disc_angle_deg,
            wedge_deg=values.wedge_deg,
            disc_height_mm=values.disc_height_mm,
            body_height_mm=values.body_height_mm,
            slip_mm=values.slip_mm,
            lateral_listhesis_mm=values.lateral_listhesis_mm,
            degeneration=values.degeneration,
            canal_narrowing=values.canal_narrowing,
            foraminal_narrowing=values.foraminal_narrowing,
            herniations=values.herniations,
            coronal_cobb_deg=values.coronal_cobb_deg,
            coronal_apex=values.coronal_apex,
            coronal_side=values.coronal_side,
            apical_rotation_deg=values.apical_rotation_deg,
            endplate_concavity_mm=values.endplate_concavity_mm,
            fat_mm=values.fat_mm,
        )

    @property
    def vertebrae(self) -> tuple[str, ...]:
        """Vertebrae present, T10 to S1."""
        return vertebrae_of(self.transition)

    @property
    def discs(self) -> tuple[str, ...]:
        """Discs present, T10-T11 to the sacrum."""
        return discs_of(self.transition)

    @property
    def lordosis_l1_s1_deg(self) -> float:
        """Sum of the disc angles and wedges from L1 to S1; the projected truth departs from it only in a scoliosis."""
        discs = sum(self.disc_angle_deg[name] for name in self.discs if name.startswith("L"))
        return discs + sum(self.wedge_deg[name] for name in self.vertebrae if name.startswith("L"))

    def _completed(self, name: str) -> dict[str, float]:
        given: Mapping[str, float] = getattr(self, name)
        levels = self.discs if name in _BY_DISC else self.vertebrae[:-1]
        return {level: float(given.get(level, self._normal(name, level))) for level in levels}

    def _normal(self, name: str, level: str) -> float:
        upper = level.partition("-")[0]
        if name == "disc_height_mm" and self.transition is Transition.SACRALISED_L5 and upper == "L5":
            return 4.5
        if name == "disc_angle_deg" and self.transition is Transition.SACRALISED_L5 and upper == "L5":
            return 5.0
        if name == "wedge_deg" and self.transition is Transition.LUMBARISED_S1 and upper == "L5":
            return 3.0
        tables = {
            "disc_angle_deg": DISC_ANGLE_DEG[upper],
            "disc_height_mm": DISC_HEIGHT_MM[upper] * self.size,
            "wedge_deg": VERTEBRAE[upper].wedge,
            "body_height_mm": VERTEBRAE[upper].height * self.size,
        }
        return tables.get(name, 0.0)

    def _level_faults(self) -> list[LumbomicsError]:
        faults: list[LumbomicsError] = []
        for name in (*_BY_DISC, *_BY_BODY):
            known = self.discs if name in _BY_DISC else self.vertebrae[:-1]
            faults += [_unknown_level(level, name, known) for level in getattr(self, name) if level not in known]
        faults += [
            _unknown_level(lv, "foraminal_narrowing", self.discs)
            for lv, _ in self.foraminal_narrowing
            if lv not in self.discs
        ]
        faults += [
            _unknown_level(h.level, "herniations", self.discs) for h in self.herniations if h.level not in self.discs
        ]
        return faults

    def _range_faults(self) -> list[LumbomicsError]:
        values = [(name, "", getattr(self, name)) for name in _SCALARS]
        for name in (*_BY_DISC, *_BY_BODY):
            values += [(name, f"[{level}]", value) for level, value in getattr(self, name).items()]
        values += [
            ("foraminal_narrowing", f"[{lv} {side}]", value) for (lv, side), value in self.foraminal_narrowing.items()
        ]
        for item in self.herniations:
            values += [("herniation size_mm", f"[{item.level}]", item.size_mm)]
            values += [("herniation migration_mm", f"[{item.level}]", item.migration_mm)]
        return [fault for name, at, value in values if (fault := _range_fault(name, at, value)) is not None]

    def _choice_faults(self) -> list[LumbomicsError]:
        faults: list[LumbomicsError] = []
        if self.coronal_apex not in _APICES or self.coronal_apex not in self.vertebrae:
            faults.append(
                InputError("no apex can lie there", expected="T12 to L3", got=self.coronal_apex, where="coronal_apex")
            )
        if self.coronal_side is Side.MIDLINE:
            faults.append(
                InputError("a curve has a side", expected="left or right", got="midline", where="coronal_side")
            )
        if self.transition is Transition.UNKNOWN:
            faults.append(InputError("a phantom's anatomy is known", got="unknown", where="transition"))
        if any(side is Side.MIDLINE for _, side in self.foraminal_narrowing):
            faults.append(InputError("a foramen has a side", expected="left or right", where="foraminal_narrowing"))
        lateral = [h for h in self.herniations if (h.side is Side.MIDLINE) != (h.zone is Zone.CENTRAL)]
        faults += [
            InputError("zone and side of a herniation disagree", got=f"{h.zone} {h.side}", where=h.level)
            for h in lateral
        ]
        return faults


def _unknown_level(level: str, name: str, known: tuple[str, ...]) -> InputError:
    return InputError("the phantom has no such level", expected=", ".join(known), got=level, where=name)


def _range_fault(name: str, at: str, value: float) -> InputError | None:
    low, high = _LIMITS[name]
    if math.isfinite(value) and low <= value <= high:
        return None
    return InputError(
        "value outside what the phantom can build", expected=f"{low} to {high}", got=str(value), where=name + at
    )
