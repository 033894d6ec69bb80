"""Exports into a registry, each a batch with its hash, its search and its faults."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lumbomics.core.errors import InputError, LumbomicsError, ReadError
from lumbomics.registry.decision import now
from lumbomics.registry.parse import parse
from lumbomics.registry.record import Batch, Search
from lumbomics.run import registry_files as files
from lumbomics.run.registry_state import open_registry


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of one file.

    Parameters
    ----------
    batch
        The batch, with its count and faults.
    already
        True where the same file was there before and nothing was written.
    """

    batch: Batch
    already: bool = False


def import_export(
    folder: Path | str,
    path: Path | str,
    search: Search,
    *,
    file_format: str | None = None,
    encoding: str | None = None,
    supersedes: str = "",
    check_only: bool = False,
) -> Imported:
    """Import one export as a batch of its own; the same file twice changes nothing.

    Parameters
    ----------
    path
        The export: RIS, PubMed NBIB, BibTeX or a table.
    search
        How it was found; recorded, never applied.
    file_format, encoding
        Where they are not to be found from the content.
    supersedes
        Id of a batch that this export replaces (the same search, exported again or repaired).
    check_only
        Read and report; write nothing.

    Raises
    ------
    ReadError
        If not one record could be read.
    InputError
        If the file was imported before under another search, or the search lies in the future.
    """
    registry, source = open_registry(folder), Path(path)
    content = read_content(source)
    today = datetime.now(tz=UTC).astimezone().date()
    search.require_not_after(today)
    sha256 = hashlib.sha256(content).hexdigest()
    known = files.read_batches(registry.folder)
    before = _imported_before(known, sha256, search, source)
    if before is not None:
        return Imported(batch=before, already=True)
    if supersedes and supersedes not in {batch.id for batch in registry.batches}:
        raise InputError("no such batch to replace", expected=_names(registry.batches), got=supersedes)
    name = f"{_slug(search.database)}-{sha256[:6]}"
    if name in {batch.id for batch in known}:
        raise InputError(
            "two files' hashes begin alike", got=name, hint="add an empty line to the file and import again"
        )
    try:
        parsed = parse(content, batch=name, today=today, file_format=file_format, encoding=encoding)
    except ReadError as error:
        raise ReadError(
            error.problem, expected=error.expected, got=error.got, where=source.name, hint=error.hint
        ) from None
    batch = Batch(
        id=name,
        sha256=sha256,
        file=source.name,
        format=parsed.format,
        encoding=parsed.encoding,
        imported=now(),
        records=len(parsed.records),
        search=search,
        faults=parsed.faults,
        supersedes=supersedes,
    )
    if not check_only:
        files.write_batch(registry.folder, batch, parsed.records)
    return Imported(batch=batch)


def import_exports(
    folder: Path | str, paths: Iterable[Path | str], search: Search, **options: bool | str | None
) -> tuple[list[Imported], list[LumbomicsError]]:
    """Import several exports of one search; a file that cannot be read stops none of the others."""
    done: list[Imported] = []
    faults: list[LumbomicsError] = []
    for path in paths:
        try:
            done.append(import_export(folder, path, search, **options))  # type: ignore[arg-type]
        except InputError as error:
            faults.append(error)
    return done, faults


def read_content(path: Path) -> bytes:
    """Read a file's bytes; ReadError if that cannot be done."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReadError("the file cannot be read", got=error.strerror or str(error), where=str(path)) from None


def _imported_before(known: Iterable[Batch], sha256: str, search: Search, path: Path) -> Batch | None:
    for batch in known:
        if batch.sha256 != sha256:
            continue
        if batch.search != search:
            raise InputError(
                f"the file was imported before as {batch.id}, with other words about its search",
                expected=str(batch.search.to_dict()),
                got=str(search.to_dict()),
                where=path.name,
            )
        return batch
    return None


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:24] or "source"


def _names(batches: Iterable[Batch]) -> str:
    return ", ".join(batch.id for batch in batches) or "none imported yet"
