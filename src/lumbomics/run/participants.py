"""The dataset's tables of patients and visits, made anew from its folders."""

from __future__ import annotations

from pathlib import Path

from lumbomics.write import write_json_atomic, write_text_atomic

_COLUMNS = {
    name: {name: {"Description": text}}
    for name, text in (
        ("participant_id", "Label of the patient in this dataset; says nothing about the person"),
        ("session_id", "Label of the visit in this dataset"),
    )
}


def write_participants(root: Path) -> tuple[Path, ...]:
    """Write ``participants.tsv`` from the ``sub-*`` folders and a ``sub-*_sessions.tsv`` into each.

    Both are derived from what is there, so that runs that share a folder cannot lose each other's rows.

    Parameters
    ----------
    root
        The derivatives dataset.

    Raises
    ------
    OutputError
        If a table cannot be written.
    """
    written = [write_json_atomic(_COLUMNS["participant_id"], root / "participants.json")]
    subjects = [folder for folder in sorted(root.glob("sub-*")) if folder.is_dir()]
    written.append(_table(root / "participants.tsv", "participant_id", [s.name for s in subjects]))
    for subject in subjects:
        sessions = [folder.name for folder in sorted(subject.glob("ses-*")) if folder.is_dir()]
        stem = f"{subject.name}_sessions"
        written.append(write_json_atomic(_COLUMNS["session_id"], subject / f"{stem}.json"))
        written.append(_table(subject / f"{stem}.tsv", "session_id", sessions))
    return tuple(written)


def _table(path: Path, column: str, values: list[str]) -> Path:
    return write_text_atomic("\n".join([column, *values]) + "\n", path)
