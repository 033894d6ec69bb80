"""The record of a run: what is needed to repeat it, and to know that it is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lumbomics.core.errors import OutputError, ReadError
from lumbomics.core.provenance import Decision, Provenance
from lumbomics.write.atomic import write_json_atomic

MANIFEST = "run.json"
"""Name of the record in the visit's folder."""
_FORMAT = "1"


@dataclass(frozen=True, kw_only=True)
class RunManifest:
    """What ``run.json`` says.

    Parameters
    ----------
    provenance
        Software, inputs, decisions, times.
    files
        File written, relative to the visit's folder -> SHA-256 of its bytes.
    options
        Settings that change results, as plain JSON values.
    faults
        What went wrong without stopping the run, in words.
    """

    provenance: Provenance
    files: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    options: MappingProxyType[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    faults: tuple[str, ...] = ()


def hash_file(path: Path | str) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_run_manifest(
    folder: Path | str,
    *,
    provenance: Provenance,
    files: Iterable[Path],
    options: Mapping[str, Any] | None = None,
    faults: Sequence[str] = (),
) -> Path:
    """Write ``run.json`` into a visit's folder: the last file of a run, so that its presence says the visit is done.

    Parameters
    ----------
    folder
        The visit's folder.
    provenance
        Software, inputs, decisions, times.
    files
        All other files of the visit, below ``folder``; hashed here.
    options
        Settings that change results.
    faults
        What went wrong without stopping the run.

    Raises
    ------
    OutputError
        If a file lies outside the folder or is missing, or as in ``atomic_path``.
    """
    root = Path(folder)
    content = {
        "format": _FORMAT,
        **_plain(provenance),
        "options": dict(options or {}),
        "faults": list(faults),
        "files": {_relative(path, root): hash_file(path) for path in sorted(files)},
    }
    return write_json_atomic(content, root / MANIFEST)


def remove_run_manifest(folder: Path | str) -> None:
    """Take a visit's ``run.json`` away before its files change, so that a crash in between leaves no false record.

    Raises
    ------
    OutputError
        If it is there and cannot be removed.
    """
    path = Path(folder) / MANIFEST
    try:
        if path.exists():
            path.unlink()
    except OSError as error:
        raise OutputError(
            "the record of the last run cannot be removed",
            got=error.strerror or str(error),
            where=str(path),
            hint="choose another output folder or change its permissions",
        ) from error


def read_run_manifest(folder: Path | str) -> RunManifest:
    """Read a visit folder's ``run.json``; ReadError if it is missing or not one of ours."""
    path = Path(folder) / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        provenance = Provenance(
            software=MappingProxyType(content["software"]),
            inputs=MappingProxyType(content["inputs"]),
            decisions=tuple(Decision(**decision) for decision in content["decisions"]),
            started=content["started"],
            finished=content["finished"],
        )
        return RunManifest(
            provenance=provenance,
            files=MappingProxyType(content["files"]),
            options=MappingProxyType(content["options"]),
            faults=tuple(content["faults"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReadError("no record of a finished run", got=repr(error), where=str(path)) from error


def is_complete(
    folder: Path | str, *, inputs: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
) -> bool:
    """Tell whether a visit needs no work: ``run.json`` is there and every file it lists has the listed hash.

    Parameters
    ----------
    folder
        The visit's folder.
    inputs
        Input -> SHA-256; where given, they must be those of the record.
    options
        Settings; where given, they must be those of the record.
    """
    root = Path(folder)
    try:
        record = read_run_manifest(root)
    except ReadError:
        return False
    if inputs is not None and dict(inputs) != dict(record.provenance.inputs):
        return False
    if options is not None and dict(options) != dict(record.options):
        return False
    return all((root / name).is_file() and hash_file(root / name) == digest for name, digest in record.files.items())


def _plain(provenance: Provenance) -> dict[str, Any]:
    """Provenance as JSON values."""
    return {
        "software": dict(provenance.software),
        "inputs": dict(provenance.inputs),
        "decisions": [asdict(decision) for decision in provenance.decisions],
        "started": provenance.started,
        "finished": provenance.finished,
    }


def _relative(path: Path, root: Path) -> str:
    try:
        relative = path.relative_to(root).as_posix()
    except ValueError as error:
        raise OutputError("file lies outside the visit's folder", expected=str(root), got=str(path)) from error
    if not path.is_file():
        raise OutputError("file of the run is missing", where=str(path))
    return relative
