"""Text of an export to records: format found, good records kept, every fault told with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from lumbomics.core.errors import InputError, ReadError
from lumbomics.registry._draft import Draft
from lumbomics.registry.bibtex import read_bibtex
from lumbomics.registry.decode import decode
from lumbomics.registry.nbib import read_nbib
from lumbomics.registry.record import Fault, Record
from lumbomics.registry.ris import read_ris
from lumbomics.registry.table import read_table

_READERS: dict[str, Callable[[str], Iterator[Draft | Fault]]] = {
    "ris": read_ris,
    "nbib": read_nbib,
    "bibtex": read_bibtex,
    "csv": read_table,
}
FORMATS = tuple(_READERS)
"""Formats that can be imported."""
_SIGNS = (
    ("ris", re.compile(r"^\s*TY {1,2}- ", re.MULTILINE)),
    ("nbib", re.compile(r"^PMID ?- ", re.MULTILINE)),
    ("bibtex", re.compile(r"^\s*@\w+\s*[{(]", re.MULTILINE)),
)


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """Records of one file, with how it was read and what was wrong."""

    records: tuple[Record, ...]
    format: str
    encoding: str
    faults: tuple[Fault, ...]


def parse(
    content: bytes,
    *,
    batch: str,
    today: date,
    file_format: str | None = None,
    encoding: str | None = None,
) -> Parsed:
    """Read the records of an export.

    Parameters
    ----------
    content
        The file's bytes.
    batch
        Id of the batch; record ids begin with it and end with the record's place in the file.
    today
        Publication years after next year's are reported.
    file_format
        One of ``FORMATS``; found from the content where not stated.
    encoding
        Where the user knows it.

    Raises
    ------
    ReadError
        If the encoding or format is not understood, or not one record could be read.
    """
    decoded = decode(content, encoding=encoding)
    chosen = file_format or find_format(decoded.text)
    if chosen not in _READERS:
        raise ReadError("unknown format", expected=", ".join(FORMATS), got=chosen)
    records: list[Record] = []
    faults = list(decoded.faults)
    place = 0
    for found in _READERS[chosen](decoded.text):
        place += isinstance(found, Draft) or found.lost
        if isinstance(found, Fault):
            faults.append(found)
            continue
        try:
            records.append(_record(found, f"{batch}-{place:04d}", batch))
        except InputError as error:
            faults.append(Fault(line=found.line, problem=error.problem, lost=True))
            continue
        faults.extend(_doubts(records[-1], today))
    if not records:
        raise ReadError(
            f"no record could be read as {chosen}",
            got="; ".join(map(str, faults[:5])) or "no records",
            hint="state the format, or export the file again",
        )
    ordered = tuple(sorted(faults, key=lambda fault: fault.line))
    return Parsed(records=tuple(records), format=chosen, encoding=decoded.encoding, faults=ordered)


def find_format(text: str) -> str:
    """Format of an export from its first signs; a table where none shows."""
    found = [(match.start(), name) for name, sign in _SIGNS if (match := sign.search(text)) is not None]
    return min(found)[1] if found else "csv"


def _record(draft: Draft, record_id: str, batch: str) -> Record:
    parts = {name: getattr(draft, name) for name in draft.__dataclass_fields__ if name not in {"line", "raw"}}
    raw: dict[str, Any] = draft.raw
    return Record(id=record_id, batch=batch, line=draft.line, raw=MappingProxyType(raw), **parts)


def _doubts(record: Record, today: date) -> Iterator[Fault]:
    if not record.title:
        yield Fault(line=record.line, problem="the record has no title")
    if record.year is not None and record.year > today.year + 1:
        yield Fault(line=record.line, problem=f"the publication year {record.year} lies in the future")
