"""RIS exports, through rispy, record by record so that one broken record costs no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import rispy  # type: ignore[import-untyped]  # ships no types

from lumbomics.registry._draft import Draft, one_line
from lumbomics.registry.record import Fault
from lumbomics.registry.text import bare_pages, find_doi, find_language, find_pmid, find_year

_TAG = re.compile(r"^\s?([A-Z][A-Z0-9]) {1,2}-(?: (.*)|)$")
_NUMBERED = re.compile(r"\d+\.\s*")
"""Some exports number the records on a line of their own."""


def read_ris(text: str) -> Iterator[Draft | Fault]:
    """Read records and faults of a RIS export, in the file's order.

    A record that does not end with ``ER`` is set aside: the file was cut or edited there.
    """
    for line, lines, ended in _split(text):
        if not lines[0].startswith("TY"):
            yield Fault(line=line, problem=f"text outside a record: {lines[0][:60]!r}")
        elif not ended:
            yield Fault(line=line, problem="the record has no end (ER)", lost=True)
        else:
            yield _draft(line, rispy.loads("\n".join(lines))[0])


def _split(text: str) -> Iterator[tuple[int, list[str], bool]]:
    """First line's number, lines in rispy's spelling, and whether ER was met, of each record or stray text."""
    begin, inside = 0, False
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        tag = _TAG.match(line)
        if tag and tag[1] == "TY":
            if lines:
                yield begin, lines, False
            begin, lines, inside = number, [], True
        if not inside and (not line.strip() or _NUMBERED.fullmatch(line.strip())):
            continue
        begin = begin if lines else number
        lines.append(f"{tag[1]}  - {tag[2] or ''}" if tag else line)
        if inside and tag and tag[1] == "ER":
            yield begin, lines, True
            lines, inside = [], False
        elif not inside:
            yield begin, lines, False
            lines = []
    if lines:
        yield begin, lines, False


def _draft(line: int, entry: dict[str, Any]) -> Draft:
    loose = [
        *entry.get("urls", ()),
        *entry.get("notes", ()),
        entry.get("type_of_work", ""),
        entry.get("file_attachments2", ""),
    ]
    return Draft(
        line=line,
        title=_first(entry, "title", "primary_title"),
        authors=tuple(one_line(a) for a in entry.get("authors") or entry.get("first_authors") or () if a.strip()),
        year=find_year(_first(entry, "year", "publication_year", "date")),
        journal=_first(
            entry, "secondary_title", "alternate_title3", "journal_name", "alternate_title2", "alternate_title1"
        ),
        volume=_first(entry, "volume"),
        start_page=bare_pages(_first(entry, "start_page")),
        doi=find_doi(_first(entry, "doi")) or next((d for d in map(find_doi, map(str, loose)) if d), ""),
        pmid=_pmid(entry),
        abstract=_first(entry, "abstract", "notes_abstract"),
        language=find_language(_first(entry, "language")),
        kind="; ".join(filter(None, (_first(entry, "type_of_reference"), _first(entry, "type_of_work")[:80]))),
        raw=_plain(entry),
    )


def _first(entry: dict[str, Any], *names: str) -> str:
    return next((one_line(entry[name]) for name in names if entry.get(name)), "")


def _pmid(entry: dict[str, Any]) -> str:
    """PMID of its own tag, of a note that says so, or the accession number where the database is PubMed's."""
    unknown = entry.get("unknown_tag", {})
    for text in (*unknown.get("PM", ()), *(n for n in entry.get("notes", ()) if n.lower().startswith("pmid"))):
        if found := find_pmid(text):
            return found
    database = _first(entry, "name_of_database", "database_provider").lower()
    if "pubmed" in database or "medline" in database:
        return find_pmid(_first(entry, "accession_number"))
    return ""


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if key == "unknown_tag" else value for key, value in entry.items()}
