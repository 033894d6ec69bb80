"""What a segment of a DICOM segmentation shows, by its codes and its label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from lumbomics.core.anatomy import (
    CANAL,
    CORD,
    CRANIOCAUDAL,
    DISC_OFFSET,
    SACRUM,
    VERTEBRA_NAMES,
    VERTEBRA_NUMBERS,
    below,
)
from lumbomics.core.labels import Muscle, Subregion
from lumbomics.read.dicom.view import value_of

Targets = dict[str, int]
"""Name of one of the project's maps -> number in it."""

_SNOMED = "SCT"
_S1_CODE = "65985001"
_BODY_CODE = "3572006"
# Codes that name a kind of structure and leave the level to the region or the label.
_VERTEBRA_CODES = ("51282000", "420345000")
# A segment of another category (a lesion, an implant, a function) is not the structure whose region or label it bears.
_CATEGORIES = ("123037004", "91723000", "85756007", "309825002")
_LEVEL = r"(c[1-7]|th?(?:1[0-3]|[1-9])|l[1-6]|s[1-5])"
_DISC = r"(?:intervertebral )?dis[ck]|ivd"
_PAIR = _LEVEL + r" ?(c[1-7]|th?(?:1[0-3]|[1-9])|l[1-6]|s1?|\d{1,2})"
_VERTEBRA_TEXT = re.compile(rf"(?:vertebrae? )?{_LEVEL}(?: vertebrae?)?")
_BODY_TEXT = re.compile(
    rf"(?:(?:vertebral body|vertebrae? body|body|corpus)(?: of)? {_LEVEL}|{_LEVEL} (?:vertebral body|body|corpus))"
)
_DISC_TEXT = re.compile(rf"(?:(?:{_DISC}) {_PAIR}|{_PAIR} (?:{_DISC}))")
_DISC_BELOW_TEXT = re.compile(rf"(?:{_DISC}) below {_LEVEL}")
_BETWEEN = r"[_\-\u2013\u2014/\\,.:()]+"
_SIDED = re.compile(r"\b(left|right)\b")
_PLAIN: dict[str, Targets] = {
    "sacrum": {"spine": SACRUM},
    "coccyx": {"spine": VERTEBRA_NUMBERS["Cocc"]},
    "cocc": {"spine": VERTEBRA_NUMBERS["Cocc"]},
    "spinal cord": {"spine": CORD},
    "cord": {"spine": CORD},
    "spinal canal": {"spine": CANAL},
    "vertebral canal": {"spine": CANAL},
    "canal": {"spine": CANAL},
    "dural sac": {"dural_sac": 1},
    "thecal sac": {"dural_sac": 1},
    "vertebral arch": {"subregion": Subregion.ARCH},
    "spinous process": {"subregion": Subregion.SPINOUS_PROCESS},
}
_SIDED_TEXT = {
    "superior articular process": "SUPERIOR_ARTICULAR",
    "inferior articular process": "INFERIOR_ARTICULAR",
    "costal process": "COSTAL_PROCESS",
    "psoas": "PSOAS",
    "psoas major": "PSOAS",
    "multifidus": "MULTIFIDUS",
    "erector spinae": "ERECTOR_SPINAE",
}
_SIDED_CODES = {
    "317665004": "SUPERIOR_ARTICULAR",
    "317766009": "INFERIOR_ARTICULAR",
    "57240007": "PSOAS",
    "44947003": "ERECTOR_SPINAE",
}
_SIDES = {"7771000": "LEFT", "24028007": "RIGHT"}


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a segment shows.

    Parameters
    ----------
    number
        Segment number.
    label
        Its label, shortened; withheld where it repeats what identifies the patient.
    targets
        Numbers in the project's maps; empty where they hold no such structure.
    conflict
        What codes and label say, where they disagree about the level; empty otherwise.
    """

    number: int
    label: str
    targets: Targets
    conflict: str = ""


def meaning_of(segment: Dataset, dataset: Dataset) -> Meaning:
    """Read one item of the segment sequence of ``dataset``."""
    number = int(value_of(segment, "SegmentNumber") or 0)
    label = str(value_of(segment, "SegmentLabel") or "")
    told = _harmless(label, dataset)
    if not _is_structure(segment):
        return Meaning(number=number, label=told, targets={})
    by_code, by_text = _by_code(segment), by_label(label)
    if by_code.get("spine", 0) and by_text.get("spine", 0) and by_code["spine"] != by_text["spine"]:
        conflict = f"coded as {_name(by_code['spine'])}, labelled {_name(by_text['spine'])}"
        return Meaning(number=number, label=told, targets={}, conflict=conflict)
    return Meaning(number=number, label=told, targets=by_text | by_code)


def by_label(label: str) -> Targets:
    """Read a label such as ``L4 vertebra``, ``vertebrae_L4``, ``L4-L5 disc`` or ``spinal canal``.

    The whole label must be understood: ``L4 lesion`` is no vertebra. A disc is told by both its vertebrae, or as
    ``disc below L4``.
    """
    text = " ".join(re.sub(_BETWEEN, " ", label.lower()).split())
    if text in _PLAIN:
        return dict(_PLAIN[text])
    if found := _VERTEBRA_TEXT.fullmatch(text):
        return _vertebra(found[1])
    if found := _BODY_TEXT.fullmatch(text):
        return _vertebra(found[1] or found[2]) | {"subregion": int(Subregion.CORPUS)}
    if found := _DISC_BELOW_TEXT.fullmatch(text):
        return {"spine": _number(found[1]) + DISC_OFFSET}
    if found := _DISC_TEXT.fullmatch(text):
        return _disc(found[1] or found[3], found[2] or found[4])
    return _sided_text(text)


def _vertebra(level: str) -> Targets:
    return {"spine": _number(level)}


def _number(level: str) -> int:
    return VERTEBRA_NUMBERS[level.upper().replace("TH", "T")]


def _disc(above: str, under: str) -> Targets:
    """Disc between two neighbours; nothing where they are none. ``L4 5`` and ``L5 S`` leave something out."""
    upper = _number(above)
    if under == "s":
        lower = SACRUM
    else:
        name = above[:-1].rstrip("0123456789") + under if under.isdigit() else under
        lower = VERTEBRA_NUMBERS.get(name.upper().replace("TH", "T"), 0)
    return {"spine": upper + DISC_OFFSET} if lower and below(upper, {upper, lower}) else {}


def _sided_text(text: str) -> Targets:
    side = _SIDED.search(text)
    if side is None:
        return {}
    rest = " ".join(_SIDED.sub(" ", text).split()).removesuffix(" muscle")
    return _sided(_SIDED_TEXT.get(rest, ""), side[1].upper())


def _sided(structure: str, side: str) -> Targets:
    name = f"{structure}_{side}"
    if name in Muscle.__members__:
        return {"muscle": int(Muscle[name])}
    return {"subregion": int(Subregion[name])} if name in Subregion.__members__ else {}


def _is_structure(segment: Dataset) -> bool:
    stated = list(_codes(segment, "SegmentedPropertyCategoryCodeSequence"))
    return not stated or any(_is(code, known) for code in stated for known in _CATEGORIES)


def _by_code(segment: Dataset) -> Targets:
    for kind in _codes(segment, "SegmentedPropertyTypeCodeSequence"):
        targets = _specific(kind)
        if targets:
            return targets
        sided = next((name for value, name in _SIDED_CODES.items() if _is(kind, value)), "")
        if sided:
            return _sided(sided, _side(segment))
        is_body = _is(kind, _BODY_CODE)
        if is_body or any(_is(kind, value) for value in _VERTEBRA_CODES):
            region = _region(segment)
            return region | ({"subregion": int(Subregion.CORPUS)} if is_body else {})
    return {}


def _region(segment: Dataset) -> Targets:
    """Vertebra that the anatomic region names, for a kind that tells no level."""
    for code in _codes(segment, "AnatomicRegionSequence"):
        targets = _specific(code)
        if targets.get("spine", 0) in VERTEBRA_NAMES:
            return targets
    return {}


def _side(segment: Dataset) -> str:
    modifiers = _codes(segment, "SegmentedPropertyTypeCodeSequence", "SegmentedPropertyTypeModifierCodeSequence")
    return next((side for code in modifiers for value, side in _SIDES.items() if _is(code, value)), "")


def _specific(code: Code) -> Targets:
    """Structure of a code that says all; older SNOMED RT codes are compared through pydicom's own table."""
    return next((dict(targets) for known, targets in _snomed() if _is(code, known)), {})


@cache
def _snomed() -> tuple[tuple[str, Targets], ...]:
    """SNOMED CT identifiers from DICOM's code dictionary, and S1 as TotalSegmentator's published mapping has it."""
    named: dict[str, Targets] = {
        "Sacrum": {"spine": SACRUM},
        "Coccyx": {"spine": VERTEBRA_NUMBERS["Cocc"]},
        "SpinalCord": {"spine": CORD},
        "VertebralCanal": {"spine": CANAL},
        "ArchOfVertebra": {"subregion": int(Subregion.ARCH)},
        "SpinousProcessOfVertebra": {"subregion": int(Subregion.SPINOUS_PROCESS)},
    }
    for number in CRANIOCAUDAL:
        named[f"{VERTEBRA_NAMES[number]}Vertebra"] = {"spine": number}
        for under in CRANIOCAUDAL:
            named[f"{VERTEBRA_NAMES[number]}{VERTEBRA_NAMES[under]}Disc"] = {"spine": number + DISC_OFFSET}
    known = set(codes.SCT.dir())
    table = [(str(getattr(codes.SCT, name).value), targets) for name, targets in named.items() if name in known]
    return (*table, (_S1_CODE, {"spine": SACRUM}))


def _is(code: Code, snomed: str) -> bool:
    return bool(code == Code(snomed, _SNOMED, ""))


def _codes(item: Dataset, *sequences: str) -> Iterator[Code]:
    """Codes in a sequence; with two names, those in the second inside the first's items."""
    for entry in value_of(item, sequences[0]) or ():
        if len(sequences) > 1:
            yield from _codes(entry, *sequences[1:])
            continue
        value, scheme = value_of(entry, "CodeValue"), value_of(entry, "CodingSchemeDesignator")
        if value is not None and scheme is not None:
            # 99SDM is an early name of SNOMED RT in segmentations
            yield Code(str(value), "SRT" if scheme in {"SNM3", "99SDM"} else str(scheme), "")


def _name(value: int) -> str:
    if value > DISC_OFFSET:
        return f"disc below {VERTEBRA_NAMES[value - DISC_OFFSET]}"
    return {CORD: "cord", CANAL: "canal"}.get(value) or VERTEBRA_NAMES[value]


_IDENTIFYING = ("PatientName", "PatientID", "OtherPatientIDs", "AccessionNumber", "PatientBirthDate", "StudyID")
_SHOWN = 40


def _harmless(label: str, dataset: Dataset) -> str:
    """Label for a message; withheld where a part of a name, number or date of the patient stands in it."""
    words = {
        word.lower()
        for keyword in _IDENTIFYING
        for word in re.split(r"[\^=\s,\\]+", str(value_of(dataset, keyword) or ""))
        if len(word) > 2
    }
    if any(word in label.lower() for word in words):
        return "(label withheld)"
    return label[:_SHOWN]
