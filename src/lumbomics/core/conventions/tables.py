"""What every number of every convention means.

Sources, read in the projects' published texts and code: VerSe (Sekuboyina 2021, doi 10.1016/j.media.2021.102166);
TPTBox's vertebra and location numbers; SPINEPS (Moeller 2024, doi 10.1007/s00330-024-11155-y); TotalSpineSeg's list of
classes and its label map (L6 46, disc L5-L6 96); TotalSegmentator (see ``totalsegmentator``); SPIDER (van der Graaf
2024, doi 10.1038/s41597-024-03090-w).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from lumbomics.core.anatomy import (
    CANAL,
    CORD,
    DISC_OFFSET,
    ENDPLATE_OFFSET,
    SACRUM,
    VERTEBRA_NAMES,
    VERTEBRA_NUMBERS,
    Transition,
)
from lumbomics.core.conventions.convention import Convention, Entry
from lumbomics.core.conventions.counted import counted_entries, counted_names, counted_vertebrae
from lumbomics.core.conventions.totalsegmentator import TOTAL, TOTAL_MR, VERTEBRAE_MR
from lumbomics.core.labels import Subregion, spine_name

Table = dict[int, Entry]
_RIB_OFFSET = 32
_WITH_SACRUM = "S1 is not parted from the sacrum in the spine map"
_ENDPLATE = "endplates are held by the semantic map alone, without their level"
_NOT_SPINE = "no structure of the project's maps"
_MUSCLE = "the muscle map holds psoas, multifidus and erector spinae each, and no compound of them"
_PART = "the semantic map has no number for this part"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What must be known beside the numbers to read or write a map.

    Parameters
    ----------
    lowest_vertebra, top_vertebra
        The vertebra that a counting convention calls 1.
    l6, t13
        Whether the spine has a sixth lumbar or a thirteenth thoracic vertebra.
    """

    lowest_vertebra: str | None = None
    top_vertebra: str | None = None
    l6: bool = False
    t13: bool = False

    @classmethod
    def stated(cls, transition: Transition, *, lowest_vertebra: str | None, top_vertebra: str | None) -> Facts:
        """Build the facts from what an operator said."""
        return cls(
            lowest_vertebra=lowest_vertebra,
            top_vertebra=top_vertebra,
            l6=transition is Transition.LUMBARISED_S1,
            t13=transition is Transition.T13,
        )


def entries_of(convention: Convention, facts: Facts) -> Table:
    """Meaning of every number of ``convention``; InputError where a vertebra must be stated and is not."""
    if convention.is_counted:
        # SPIDER counts from below alone
        top = None if convention is Convention.SPIDER else facts.top_vertebra
        order = counted_vertebrae(
            lowest=facts.lowest_vertebra,
            top=top,
            t13=facts.t13,
            l6=facts.l6,
            sacrum=convention is Convention.VERTEBRA_BODIES_ASCENDING,
            where=convention.value,
        )
        return counted_entries(convention, order)
    return _FIXED[convention](facts)


def numbers_of(table: Table, target: Literal["spine", "subregion"]) -> dict[int, int]:
    """Convention's number -> number in one of the project's maps, 0 where that map does not hold it."""
    return {value: int(entry.spine if target == "spine" else entry.subregion) for value, entry in table.items()}


def names_of(
    convention: Convention, *, lowest_vertebra: str | None = None, top_vertebra: str | None = None
) -> Mapping[int, str]:
    """Name of every number of a convention, ascending; what a label map's TSV holds.

    Counting conventions name levels only where the vertebra they call 1 is stated.
    """
    convention = _ordered(convention)
    if convention.is_counted and lowest_vertebra is None and top_vertebra is None:
        return MappingProxyType(counted_names(convention))
    table = entries_of(convention, Facts(lowest_vertebra=lowest_vertebra, top_vertebra=top_vertebra))
    return MappingProxyType({value: table[value].name for value in sorted(table)})


def _ordered(convention: Convention) -> Convention:
    """Bodies in arbitrary order get the numbers of bodies in order, once they are sorted."""
    if convention is Convention.VERTEBRA_BODIES_UNORDERED:
        return Convention.VERTEBRA_BODIES_ASCENDING
    return convention


def _lumbomics(_: Facts) -> Table:
    numbers = [*VERTEBRA_NAMES, CORD, CANAL, *(n + DISC_OFFSET for n in VERTEBRA_NAMES)]
    return {n: Entry(name=spine_name(n) or "", spine=n) for n in sorted(numbers)}


def _verse(_: Facts) -> Table:
    return {n: Entry(name=VERTEBRA_NAMES[n], spine=n) for n in range(1, 29)}


def _spineps(_: Facts) -> Table:
    ribs = {n + _RIB_OFFSET: f"ribs of {VERTEBRA_NAMES[n]}" for n in range(6, 21)} | {53: "ribs of T13"}
    return (
        {n: Entry(name=name, spine=n) for n, name in VERTEBRA_NAMES.items()}
        | {n: Entry(name=name, note=_NOT_SPINE) for n, name in ribs.items()}
        | {n + 100: Entry(name=f"disc below {name}", spine=n + DISC_OFFSET) for n, name in VERTEBRA_NAMES.items()}
        | {n + ENDPLATE_OFFSET: Entry(name=f"endplate of {name}", note=_ENDPLATE) for n, name in VERTEBRA_NAMES.items()}
    )


def _tptbox(_: Facts) -> Table:
    parts = {int(s): Entry(name=s.name.lower(), subregion=s) for s in Subregion}
    lost = {
        51: "dens_axis",
        52: "vertebral_body_endplate_superior",
        53: "vertebral_body_endplate_inferior",
        58: "vertebra_disc_superior",
        59: "vertebra_disc_inferior",
        63: "rib_left",
        64: "rib_right",
        70: "sacral_ala_left",
        71: "sacral_ala_right",
        72: "posterior_sacral_elements",
        73: "sacrum_body",
        74: "sacrum_endplate",
    }
    both = {
        CORD: Entry(name="spinal_cord", spine=CORD, subregion=Subregion.CORD),
        CANAL: Entry(name="spinal_canal", spine=CANAL, subregion=Subregion.CANAL),
        SACRUM: Entry(name="sacrum", spine=SACRUM),
    }
    return parts | both | {n: Entry(name=name, note=_PART) for n, name in lost.items()}


def _totalspineseg(facts: Facts) -> Table:
    levels = {f"C{n}": 10 + n for n in range(1, 8)}
    levels |= {f"T{n}": 20 + n for n in range(1, 13)} | {f"L{n}": 40 + n for n in range(1, 7)}
    table = {value: Entry(name=f"vertebrae_{level}", spine=VERTEBRA_NUMBERS[level]) for level, value in levels.items()}
    table |= {1: Entry(name="spinal_cord", spine=CORD), 2: Entry(name="spinal_canal", spine=CANAL)}
    table |= {47: Entry(name="vertebrae_L7", note="anatomy here ends at L6"), 50: Entry(name="sacrum", spine=SACRUM)}
    # cervical 63-67, thoracic 72-82 and lumbar 92-96 discs follow their vertebra above; 71 and 91 open the next region
    above = {63: 2, 71: 7, 72: 8, 91: 19, 92: 20}
    for first, vertebra, count in ((63, 2, 5), (72, 8, 11), (92, 20, 4 + facts.l6)):
        above |= {first + n: vertebra + n for n in range(count)}
    # 100 is the class of the lumbosacral disc: below L6 where there is one
    above[100] = 25 if facts.l6 else 24
    for value, vertebra in above.items():
        table[value] = Entry(name=_pair_name(vertebra, facts), spine=vertebra + DISC_OFFSET)
    return dict(sorted(table.items()))


def _pair_name(vertebra: int, facts: Facts) -> str:
    under = "S" if vertebra == (25 if facts.l6 else 24) else VERTEBRA_NAMES[vertebra + 1]
    return f"disc_{VERTEBRA_NAMES[vertebra]}_{under}"


def _segmentator_entry(name: str, *, semantic: bool) -> Entry:
    level = name.removeprefix("vertebrae_")
    if level == "S1":
        return Entry(name=name, spine=SACRUM, note=_WITH_SACRUM)
    if level in VERTEBRA_NUMBERS:
        return Entry(name=name, spine=VERTEBRA_NUMBERS[level])
    known = {
        "sacrum": Entry(name=name, spine=SACRUM),
        "spinal_cord": Entry(name=name, spine=CORD, subregion=Subregion.CORD if semantic else 0),
        "vertebrae": Entry(name=name, subregion=Subregion.VERTEBRA),
        "intervertebral_discs": Entry(name=name, subregion=Subregion.DISC),
    }
    is_muscle = name.startswith(("autochthon", "iliopsoas"))
    return known.get(name) or Entry(name=name, note=_MUSCLE if is_muscle else _NOT_SPINE)


def _segmentator(classes: dict[int, str], *, semantic: bool = False) -> Table:
    return {value: _segmentator_entry(name, semantic=semantic) for value, name in classes.items()}


def _spider_semantic(_: Facts) -> Table:
    return {
        1: Entry(name="vertebra", subregion=Subregion.VERTEBRA),
        2: Entry(name="disc", subregion=Subregion.DISC),
        3: Entry(name="spinal canal", spine=CANAL, subregion=Subregion.CANAL),
    }


_FIXED: dict[Convention, Callable[[Facts], Table]] = {
    Convention.LUMBOMICS: _lumbomics,
    Convention.VERSE: _verse,
    Convention.SPINEPS: _spineps,
    Convention.TPTBOX_SUBREGION: _tptbox,
    Convention.TOTALSPINESEG: _totalspineseg,
    Convention.TOTALSEGMENTATOR_TOTAL: lambda _: _segmentator(TOTAL),
    Convention.TOTALSEGMENTATOR_TOTAL_MR: lambda _: _segmentator(TOTAL_MR, semantic=True),
    Convention.TOTALSEGMENTATOR_VERTEBRAE_MR: lambda _: _segmentator(VERTEBRAE_MR),
    Convention.SPIDER_SEMANTIC: _spider_semantic,
}
