"""One colour a vertebral level, tissue or muscle, the same in every picture and lookup table."""

from __future__ import annotations

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, VERTEBRA_NAMES, rank
from lumbomics.core.examination import CanalTissue
from lumbomics.core.labels import Muscle

# Six hues that stay apart in red-green and blue-yellow blindness, after Okabe and Ito, "Color Universal Design" (2008).
# Neighbouring levels always differ; the seventh level meets the first again, far away in the picture.
_CYCLE = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")
_OTHERS = {CORD: "#ffffff", CANAL: "#0072b2"}
NEUTRAL = "#9e9e9e"
"""Colour of what belongs to no level."""

# Told apart without hue too: from the dark blue of the roots to the yellow of fluid, lightness differs as well.
_TISSUE = {
    CanalTissue.FLUID: "#56b4e9",
    CanalTissue.ROOT: "#0072b2",
    CanalTissue.CORD: "#ffffff",
    CanalTissue.EPIDURAL_FAT: "#b3b3b3",
    CanalTissue.FLAVUM: "#8c6d31",
    CanalTissue.SCAR: "#e69f00",
    CanalTissue.DISC: "#cc79a7",
    CanalTissue.COLLECTION: "#f0e442",
    CanalTissue.HAEMATOMA: "#d55e00",
    CanalTissue.EPIDURAL_TISSUE: "#009e73",
    CanalTissue.FACET_FLUID: "#8dd3c7",
    CanalTissue.DEFECT: "#bdb76b",
}
_MUSCLE = ("#d55e00", "#56b4e9", "#f0e442")


def level_colour(number: int) -> str:
    """Colour, ``#rrggbb``, of a vertebra's instance number."""
    return _CYCLE[rank(number) % len(_CYCLE)]


def spine_colour(value: int) -> str:
    """Colour, ``#rrggbb``, of a value in the spine map; a disc is a pale tint of the vertebra above it."""
    if value in VERTEBRA_NAMES:
        return level_colour(value)
    if value - DISC_OFFSET in VERTEBRA_NAMES:
        return _paler(level_colour(value - DISC_OFFSET))
    return _OTHERS.get(value, NEUTRAL)


def tissue_colour(kind: int) -> str:
    """Colour, ``#rrggbb``, of a value in the map of the canal's tissues."""
    return _TISSUE[CanalTissue(kind)] if kind in set(CanalTissue) else NEUTRAL


def muscle_colour(muscle: int) -> str:
    """Colour, ``#rrggbb``, of a value in the muscle map; both sides of a muscle share it."""
    return _MUSCLE[(muscle - 1) // 2] if muscle in set(Muscle) else NEUTRAL


def _paler(colour: str, *, share: float = 0.5) -> str:
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + share * (255 - part)):02x}" for part in parts)
