"""Which predicted label map belongs to which reference, by file names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lumbomics.core.errors import InputError
from lumbomics.read.bids import entities, is_label_map
from lumbomics.read.nifti import is_nifti, stem

_OF_LABELS = frozenset({"space", "label", "seg", "desc", "res", "den", "hemi"})
_SPINE_MAPS = frozenset({"spine", "vert"})
_LABEL_WORDS = re.compile(r"[-_. ](?:dseg|seg|mask|msk|labels?|pred|prediction|gt|ref|reference|manual|auto)$", re.I)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A reference and the prediction for it.

    Parameters
    ----------
    case
        Name of the case: the reference's file name without its ending, with its folder where it lies in one.
    participant, session
        Labels of the patient and visit: from a BIDS name, else the case is its own patient.
    reference
        The file.
    prediction
        The file; ``None`` where there is none, and then ``problem`` says so.
    problem
        Why the pair cannot be compared.
    """

    case: str
    participant: str
    session: str | None
    reference: Path
    prediction: Path | None = None
    problem: str | None = None


def find_pairs(prediction: Path, reference: Path) -> tuple[tuple[Pair, ...], tuple[Path, ...]]:
    """Pair two files, or all files of two folders.

    BIDS names belong together where subject, session and every other entity that both carry agree; entities of label
    maps (``seg``, ``desc`` …) do not count. Other names belong together where they are the same but for words like
    ``_seg`` at the end.

    Returns
    -------
    tuple
        Pairs, one for each reference; and the predictions that belong to none.

    Raises
    ------
    InputError
        If one is a file and the other one a folder, or a folder holds no label map.
    """
    if prediction.is_file() and reference.is_file():
        return (_pair(reference, reference.parent, [prediction]),), ()
    for path, what in ((prediction, "prediction"), (reference, "reference")):
        if not path.is_dir():
            expected = "two files or two folders that exist"
            raise InputError(f"the {what} is no folder", expected=expected, got=path.name, hint="check both paths")
    predicted = _label_maps(prediction)
    pairs = [
        _pair(path, reference, _partners(path, reference, predicted, prediction)) for path in _label_maps(reference)
    ]
    used = [pair.prediction for pair in pairs if pair.prediction is not None]
    shared = {path for path in used if used.count(path) > 1}
    checked = tuple(_refused(pair) if pair.prediction in shared else pair for pair in pairs)
    return checked, tuple(path for path in predicted if path not in used)


def _label_maps(folder: Path) -> list[Path]:
    """Label maps of a folder, images left out: BIDS names tell them, others have their mask beside them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and is_nifti(path))
    files = [path for path in files if not path.name.startswith(".")]
    masks = {_plain(path, folder) for path in files if _says_label_map(path)}
    maps = [path for path in files if _says_label_map(path) or _may_be_label_map(path, masks, folder)]
    kept = [path for path in maps if _is_spine_map(path)]
    if not kept:
        raise InputError("the folder holds no label map", expected="NIfTI files", where=folder.name)
    return kept


def _says_label_map(path: Path) -> bool:
    return is_label_map(path) or (not entities(path)[0] and _LABEL_WORDS.search(stem(path)) is not None)


def _may_be_label_map(path: Path, masks: set[str], folder: Path) -> bool:
    return not entities(path)[0] and _plain(path, folder) not in masks


def _is_spine_map(path: Path) -> bool:
    found, _ = entities(path)
    kinds = {found[key] for key in ("seg", "label") if key in found}
    return not kinds or not kinds.isdisjoint(_SPINE_MAPS)


def _pair(reference: Path, root: Path, partners: Sequence[Path]) -> Pair:
    found, _ = entities(reference)
    case = reference.relative_to(root).with_name(stem(reference)).as_posix()
    problem = None
    if not partners:
        problem = "no prediction belongs to this reference"
    elif len(partners) > 1:
        problem = f"several predictions fit this reference: {', '.join(sorted(p.name for p in partners))}"
    return Pair(
        case=case,
        participant=found.get("sub", case),
        session=found.get("ses"),
        reference=reference,
        prediction=partners[0] if len(partners) == 1 else None,
        problem=problem,
    )


def _refused(pair: Pair) -> Pair:
    name = "" if pair.prediction is None else pair.prediction.name
    return Pair(
        case=pair.case,
        participant=pair.participant,
        session=pair.session,
        reference=pair.reference,
        problem=f"the same prediction fits several references: {name}",
    )


def _partners(reference: Path, root: Path, predicted: Sequence[Path], prediction: Path) -> list[Path]:
    own, _ = entities(reference)
    if not own:
        key = _plain(reference, root)
        return [path for path in predicted if _plain(path, prediction) == key]
    fits = [path for path in predicted if _agree(own, entities(path)[0])]
    words = [path for path in fits if _words(path) == _words(reference)] or fits
    shared = {path: _shared(own, entities(path)[0]) for path in words}
    return [path for path, count in shared.items() if count == max(shared.values())]


def _agree(own: Mapping[str, str], other: Mapping[str, str]) -> bool:
    common = (own.keys() & other.keys()) - _OF_LABELS
    return "sub" in common and all(own[key] == other[key] for key in common)


def _shared(own: Mapping[str, str], other: Mapping[str, str]) -> int:
    return len((own.keys() & other.keys()) - _OF_LABELS)


def _words(path: Path) -> frozenset[str]:
    """Words of a name that are no entity, such as the kind of image."""
    return frozenset(token for token in stem(path).split("_")[:-1] if "-" not in token)


def _plain(path: Path, root: Path) -> str:
    """Name within its folder, without words that say that it is a label map."""
    name = path.relative_to(root).with_name(stem(path)).as_posix()
    while (shorter := _LABEL_WORDS.sub("", name)) != name:
        name = shorter
    return name.casefold()
