"""Tissues of an operated canal: their numbers, relaxation times and uptake of contrast agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.special import erfc

from lumbomics.core.errors import InputError
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.tissue import Properties

SHELLS = 7
SHELL_MM = 0.3
DIFFUSION_MM2_S = 2.0e-4
"""Diffusion of a small gadolinium agent into fibrous cartilage, of the order of 1 to 3 in 10 000 mm²/s."""
VASCULAR_MMOL_L = 0.30
_STRONGEST_UNTIL_MONTHS, _FADING_MONTHS, _LASTING = 9.0, 18.0, 0.55


class Number(IntEnum):
    """Tissue numbers of the operated canal."""

    SCAR = 64
    DEFECT_SCAR = 65
    DEFECT_FAT = 66
    TRACT = 67
    COLLECTION = 68
    COLLECTION_WALL = 69
    HAEMATOMA = 70
    HAEMATOMA_WALL = 71
    PERINEURAL = 72
    SWOLLEN_ROOT = 73
    ARACHNOID_MASS = 74
    FACET_CAPSULE = 75
    FATTY_FILUM = 76
    ROOT_IN_SAC = 77
    """A swollen or enhancing root inside the dural sac."""
    FRAGMENT_CORE = 80
    """Of the first fragment; its shells from the surface inwards and the second fragment follow."""


def fragment_numbers(order: int) -> tuple[int, tuple[int, ...]]:
    """Numbers of the core and the shells (surface first) of the n-th fragment; there is room for two."""
    if order not in (0, 1):
        raise InputError("the phantom has room for two fragments", expected="0 or 1", got=str(order))
    first = int(Number.FRAGMENT_CORE) + order * (SHELLS + 1)
    return first, tuple(range(first + 1, first + 1 + SHELLS))


@dataclass(frozen=True, kw_only=True)
class ScarTissue:
    """How scar looks at a time after surgery.

    Parameters
    ----------
    months
        Since the operation.
    uptake_mmol_l
        Gadolinium 5 minutes after 0.1 mmol/kg at full vascularity.
    t1_ms
        T1 before contrast.
    wetness
        Its T2 over what is usual at its age.
    """

    months: float = 12.0
    uptake_mmol_l: float = VASCULAR_MMOL_L
    t1_ms: float = 980.0
    wetness: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.months <= 600 and 0 <= self.uptake_mmol_l <= 1):
            raise InputError("no such scar", expected="0-600 months, 0-1 mmol/L", got=str(self))
        if not (400 <= self.t1_ms <= 2000 and 0.4 <= self.wetness <= 2.5):
            raise InputError("no such scar", expected="T1 400-2000 ms, wetness 0.4-2.5", got=str(self))

    @property
    def vascularity(self) -> float:
        """Share of full enhancement: full to 9 months, then fading to 55 % with a time constant of 18 months.

        After Nguyen et al., Skeletal Radiol 1993 (strongest up to 9 months); how it fades is an engineering choice.
        """
        late = max(self.months - _STRONGEST_UNTIL_MONTHS, 0.0)
        return float(_LASTING + (1 - _LASTING) * np.exp(-late / _FADING_MONTHS))

    def properties(self, injection: Injection | None) -> Properties:
        """Young scar is wet and brighter on T2, old scar fibrous."""
        t2_ms = self.wetness * (56.0 + 26.0 * float(np.exp(-self.months / 6.0)))
        uptake = self.uptake_mmol_l * self.vascularity * arrival(injection)
        return Properties(0.74, self.t1_ms, t2_ms, 60, 0.05, uptake)


def arrival(injection: Injection | None) -> float:
    """Uptake of vascular tissue at a delay as a share of that at 5 minutes: fast in, slowly out."""
    if injection is None:
        return 0.0
    return _course(injection.delay_min) / _course(5.0)


def _course(minutes: float) -> float:
    return float((1 - np.exp(-minutes / 1.5)) * np.exp(-minutes / 80.0))


@dataclass(frozen=True, kw_only=True)
class Vessels:
    """How contrast agent comes into displaced disc.

    Parameters
    ----------
    uptake_mmol_l
        Gadolinium in the granulation tissue of the rim 5 minutes after 0.1 mmol/kg.
    core_share
        Uptake of the core by vessels of its own, share of the rim's; 0 in a fresh fragment.
    diffusion_mm2_s
        How fast the agent comes into what has no vessels.
    """

    uptake_mmol_l: float = VASCULAR_MMOL_L
    core_share: float = 0.0
    diffusion_mm2_s: float = DIFFUSION_MM2_S

    def __post_init__(self) -> None:
        if not (0 <= self.uptake_mmol_l <= 1 and 0 <= self.core_share <= 1 and 0 < self.diffusion_mm2_s <= 5e-3):
            raise InputError(
                "no such vessels", expected="0-1 mmol/L, share 0-1, diffusion to 0.005 mm²/s", got=str(self)
            )

    def uptake(self, depth_mm: float, rim_mm: float, injection: Injection | None) -> float:
        """Gadolinium (mmol/L) at a depth below a fragment's surface.

        Granulation tissue as thick as ``rim_mm`` takes it up; below, it diffuses into the disc, so that the bright rim
        thickens with the delay: C = C_rim (v + (1 - v) erfc(depth / (2 sqrt(D t)))), v the core's share of vessels.
        """
        if injection is None:
            return 0.0
        front = 2 * np.sqrt(self.diffusion_mm2_s * 60 * max(injection.delay_min, 0.01))
        reached = 1.0 if depth_mm <= rim_mm else float(erfc((depth_mm - rim_mm) / front))
        share = self.core_share + (1 - self.core_share) * reached
        return self.uptake_mmol_l * arrival(injection) * share


def soft_properties(
    *numbers: Number, injection: Injection | None, scar: ScarTissue | None = None
) -> Mapping[int, Properties]:
    """Properties of soft tissues by their numbers; ``scar`` gives the age of what is scar."""
    known = _soft(scar or ScarTissue(), injection)
    return {int(number): known[number] for number in numbers}


def _soft(scar: ScarTissue, injection: Injection | None) -> Mapping[Number, Properties]:
    vascular = VASCULAR_MMOL_L * arrival(injection)
    fresh = scar.properties(injection)
    return {
        Number.SCAR: fresh,
        Number.DEFECT_SCAR: Properties(0.70, 950, fresh.t2_ms, 60, 0.10, fresh.uptake_mmol_l),
        Number.DEFECT_FAT: Properties(0.93, 300, 118, -90, 0.06, 0.01, 0.95),
        Number.TRACT: Properties(0.55, 900, 48, 60, 0.10, 0.6 * fresh.uptake_mmol_l),
        Number.PERINEURAL: Properties(0.72, 900, 70, 50, 0.05, vascular),
        Number.SWOLLEN_ROOT: Properties(0.78, 1050, 92, 38, 0.03, 0.4 * vascular),
        Number.ROOT_IN_SAC: Properties(0.78, 1050, 92, 38, 0.03, 0.4 * vascular),
        Number.ARACHNOID_MASS: Properties(0.74, 1000, 78, 40, 0.05, 0.15 * vascular),
        Number.FACET_CAPSULE: Properties(0.55, 900, 55, 70, 0.05, 0.8 * vascular),
        Number.FATTY_FILUM: Properties(0.93, 290, 118, -90, 0.03, 0.0, 0.95),
    }
