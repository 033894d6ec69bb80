"""BIDS names of the files of a visit."""

from __future__ import annotations

import re
from pathlib import Path

from lumbomics.core.errors import InputError
from lumbomics.core.visit import Visit

_SERIES = re.compile(r"(?:[a-z]+-[A-Za-z0-9]+_)*[A-Za-z0-9]+")
_LABEL = re.compile(r"[A-Za-z0-9]+")
# The order BIDS 1.10 asks for; entities of other datatypes are left out.
_ORDER = ("acq", "ce", "rec", "dir", "run", "echo", "inv", "mod", "part", "space", "res", "den", "seg", "label", "desc")


def visit_folder(root: Path | str, visit: Visit) -> Path:
    """Folder of a visit in a derivatives dataset: ``root/sub-01/ses-03``."""
    return Path(root) / f"sub-{visit.participant}" / f"ses-{visit.session}"


def visit_path(root: Path | str, visit: Visit, suffix: str) -> Path:
    """File of a visit as a whole: ``root/sub-01/ses-03/sub-01_ses-03_measurements.tsv`` for ``measurements.tsv``."""
    return visit_folder(root, visit) / f"{visit.prefix}_{suffix}"


def bids_path(
    root: Path | str,
    visit: Visit,
    series: str,
    *,
    suffix: str = "dseg",
    extension: str = ".nii.gz",
    space: str | None = "orig",
    seg: str | None = None,
    label: str | None = None,
    desc: str | None = None,
) -> Path:
    """Path of an image-like derivative of one series.

    BIDS gives a derivative one suffix, so the source's own (``T2w``) moves into ``acq``: the spine labels of series
    ``acq-sag_T2w`` are ``anat/sub-01_ses-03_acq-sagT2w_space-orig_seg-spine_desc-auto_dseg.nii.gz``.

    Parameters
    ----------
    root
        The derivatives dataset.
    visit, series
        Whose file; ``series`` is the series' BIDS name without subject and session.
    suffix, extension
        What the file is.
    space, seg, label, desc
        BIDS entities; ``None`` leaves one out. ``seg`` names a map of several structures, ``label`` a single one.

    Raises
    ------
    InputError
        If the series' name or an entity is not BIDS.
    """
    entities, source = _parse_series(series)
    entities["acq"] = entities.get("acq", "") + source
    given = {"space": space, "seg": seg, "label": label, "desc": desc}
    entities |= {key: _checked(key, text) for key, text in given.items() if text is not None}
    middle = "_".join(f"{key}-{entities[key]}" for key in _ORDER if key in entities)
    return visit_folder(root, visit) / "anat" / f"{visit.prefix}_{middle}_{suffix}{extension}"


def _parse_series(name: str) -> tuple[dict[str, str], str]:
    if not _SERIES.fullmatch(name):
        raise InputError("series name is no BIDS name", expected="such as acq-sag_T2w", got=repr(name))
    *pairs, suffix = name.split("_")
    entities = dict(pair.split("-", 1) for pair in pairs)
    unknown = sorted(set(entities) - set(_ORDER))
    if unknown:
        raise InputError("series name holds unknown entities", expected=", ".join(_ORDER), got=", ".join(unknown))
    return entities, suffix


def _checked(key: str, text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise InputError(f"entity {key} is no BIDS label", expected="letters and digits", got=repr(text))
    return text
