"""PubMed (NBIB, MEDLINE) exports, through the nbib library, record by record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import nbib  # type: ignore[import-untyped]  # ships no types
from nbib.exceptions import MalformedLine, UnknownTagFormat  # type: ignore[import-untyped]

from lumbomics.registry._draft import Draft, one_line
from lumbomics.registry.record import Fault
from lumbomics.registry.text import bare_pages, find_doi, find_language, find_year

_LINE = re.compile(r"[ A-Z]{4}[- ] .*")
_EMPTY_VALUE = re.compile(r"[A-Z]{2,4} {0,2}- ?")


def read_nbib(text: str) -> Iterator[Draft | Fault]:
    """Read records and faults of a PubMed export, in the file's order; a record with a broken line is set aside."""
    for line, lines in _split(text):
        broken = next((n for n, one in enumerate(lines) if not _LINE.fullmatch(one)), None)
        if broken is not None:
            yield Fault(line=line + broken, problem=f"no tag and no continuation: {lines[broken][:60]!r}", lost=True)
            continue
        try:
            found = nbib.read("\n".join(lines) + "\n\n")
        except (MalformedLine, UnknownTagFormat, ValueError) as error:
            yield Fault(line=line, problem=f"the record cannot be read: {one_line(error)[:120]}", lost=True)
            continue
        if found:
            yield _draft(line, found[0], lines)


def _split(text: str) -> Iterator[tuple[int, list[str]]]:
    """First line's number and lines of each record; a new PMID begins one even where the blank line is missing."""
    begin = 0
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        starts = line.startswith(("PMID-", "PMID -"))
        if lines and (starts or not line.strip()):
            yield begin, lines
            lines = []
        if line.strip() and not _EMPTY_VALUE.fullmatch(line):
            begin = begin if lines else number
            lines.append(line)
    if lines:
        yield begin, lines


def _draft(line: int, entry: dict[str, Any], lines: list[str]) -> Draft:
    located = next((d for one in lines if one.startswith("LID ") and "[doi]" in one and (d := find_doi(one))), "")
    return Draft(
        line=line,
        title=one_line(entry.get("title")),
        authors=tuple(one_line(a.get("author") or a.get("author_abbreviated")) for a in entry.get("authors", ()))
        or _short_authors(lines),
        year=find_year(str(entry.get("publication_date", ""))),
        journal=one_line(entry.get("journal") or entry.get("journal_abbreviated")),
        volume=one_line(entry.get("journal_volume")),
        start_page=bare_pages(one_line(entry.get("pages"))),
        doi=find_doi(str(entry.get("doi", ""))) or located,
        pmid=str(entry.get("pubmed_id", "")),
        abstract=one_line(entry.get("abstract")),
        language=find_language(str(entry.get("language", ""))),
        kind="; ".join(one_line(t) for t in entry.get("publication_types", ())),
        raw={key: _plain(value) for key, value in entry.items()},
    )


def _short_authors(lines: list[str]) -> tuple[str, ...]:
    """Find the authors of records that carry only the short form."""
    return tuple(one_line(one[6:]) for one in lines if one.startswith("AU  -"))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
