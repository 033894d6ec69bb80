"""BIDS: which files make a visit, what their names and sidecars say."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumbomics.core.errors import ReadError
from lumbomics.read.nifti import is_nifti, stem
from lumbomics.read.patterns import normalised

_NAME = re.compile(r"sub-[A-Za-z0-9]+_(?:(?:[a-z]+-)?[A-Za-z0-9]+_)*[A-Za-z0-9]+")
_IMAGE_FOLDERS = frozenset({"anat", "ct", "dwi", "pet", "dx", "nm", "xray"})
_LABEL_SUFFIXES = frozenset({"dseg", "msk", "mask", "seg", "label", "labels"})
_OF_LABELS = frozenset({"space", "label", "desc", "seg", "res", "den"})


@dataclass(frozen=True, kw_only=True)
class LabelCandidate:
    """A label map found beside the images.

    Parameters
    ----------
    path
        The file.
    series
        Name of the series it was made on, where the names leave one choice; else ``None``.
    """

    path: Path
    series: str | None


@dataclass(frozen=True, kw_only=True)
class VisitFiles:
    """The files of one visit."""

    participant: str | None
    session: str | None
    images: tuple[Path, ...]
    label_maps: tuple[LabelCandidate, ...]


def entities(path: Path) -> tuple[dict[str, str], str]:
    """Entities and suffix of a BIDS file name; none and an empty suffix where the name is not BIDS.

    Words between entities (``acq-sag_T2w_desc-auto_dseg``) are allowed and passed over.
    """
    name = stem(path)
    return _parts(name) if _NAME.fullmatch(name) else ({}, "")


def _parts(name: str) -> tuple[dict[str, str], str]:
    *tokens, suffix = name.split("_")
    return dict(token.split("-", 1) for token in tokens if "-" in token), suffix


def series_stem(path: Path) -> str | None:
    """BIDS name without subject and session; ``None`` where the file name is not BIDS."""
    found, suffix = entities(path)
    if not found:
        return None
    kept = [f"{key}-{value}_" for key, value in found.items() if key not in {"sub", "ses"}]
    return "".join(kept) + suffix


def is_dataset(folder: Path) -> bool:
    """Tell whether a folder looks like a BIDS data set: a description, or subject folders with NIfTI images."""
    if (folder / "dataset_description.json").is_file():
        return True
    return any(True for subject in folder.glob("sub-*") if subject.is_dir() for _ in subject.rglob("*.nii*"))


def visits_of(root: Path) -> tuple[VisitFiles, ...]:
    """Visits of a raw data set, by subject and session."""
    files: dict[tuple[str, str], list[Path]] = defaultdict(list)
    places = [
        *root.glob("sub-*/*/*.nii*"),
        *root.glob("sub-*/ses-*/*/*.nii*"),
        *root.glob("derivatives/*/sub-*/**/*.nii*"),
    ]
    for path in sorted(set(places)):
        found, _ = entities(path)
        if is_nifti(path) and "sub" in found:
            files[found["sub"], found.get("ses", "")].append(path)
    usable = (_usable(paths, derivatives=root / "derivatives") for _, paths in sorted(files.items()))
    return tuple(visit_files(paths) for paths in usable if not all(map(is_label_map, paths)))


def _usable(paths: Iterable[Path], *, derivatives: Path) -> list[Path]:
    """Everything in the raw image folders, and the label maps among the derivatives."""
    return [
        path
        for path in paths
        if (is_label_map(path) if path.is_relative_to(derivatives) else path.parent.name in _IMAGE_FOLDERS)
    ]


def visit_files(paths: Iterable[Path]) -> VisitFiles:
    """Sort files of one visit into images and label maps."""
    listed = list(paths)
    images = tuple(path for path in listed if not is_label_map(path)) or tuple(listed)
    found, _ = entities(images[0])
    return VisitFiles(
        participant=found.get("sub"),
        session=found.get("ses"),
        images=images,
        label_maps=tuple(
            LabelCandidate(path=path, series=_made_on(path, images)) for path in listed if path not in images
        ),
    )


def is_label_map(path: Path) -> bool:
    """Tell label maps by the BIDS suffix, or by any word of a name that is not BIDS."""
    found, suffix = entities(path)
    if found:
        return suffix in _LABEL_SUFFIXES
    return not _LABEL_SUFFIXES.isdisjoint(normalised(stem(path)).split())


def _made_on(label_map: Path, images: Iterable[Path]) -> str | None:
    """Name of the one image whose entities the label map repeats, the most specific first."""
    own = set(entities(label_map)[0].items())
    fits = [path for path in images if _image_entities(path) <= own]
    named = [path for path in fits if entities(path)[1] in stem(label_map).split("_")]
    for choice in (named, fits):
        longest = max((len(_image_entities(path)) for path in choice), default=0)
        best = [path for path in choice if len(_image_entities(path)) == longest]
        if len(best) == 1:
            return series_stem(best[0])
    return None


def _image_entities(path: Path) -> set[tuple[str, str]]:
    return {pair for pair in entities(path)[0].items() if pair[0] not in _OF_LABELS}


def sidecar(image: Path, *, root: Path | None) -> Mapping[str, Any]:
    """Header facts of an image from its JSON sidecars, those nearer to the image winning (BIDS inheritance).

    Raises
    ------
    ReadError
        If a sidecar is no JSON object.
    """
    own, suffix = entities(image)
    folders = [image.parent]
    while root is not None and folders[-1] != root and root in folders[-1].parents:
        folders.append(folders[-1].parent)
    facts: dict[str, Any] = {}
    for folder in reversed(folders):
        for path in sorted(folder.glob("*.json"), key=lambda file: len(_parts(file.stem)[0])):
            if path.stem == stem(image) or (suffix and _applies(path, own, suffix)):
                facts |= _object(path)
    return facts


def _applies(path: Path, own: Mapping[str, str], suffix: str) -> bool:
    found, its_suffix = _parts(path.stem)
    return its_suffix == suffix and found.items() <= own.items()


def _object(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReadError("the sidecar is no JSON", expected="a JSON object", where=path.name) from error
    if not isinstance(loaded, dict):
        raise ReadError("the sidecar is no JSON object", got=type(loaded).__name__, where=path.name)
    return loaded
