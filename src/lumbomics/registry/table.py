"""Tables (CSV, semicolons, tabs) as databases export them; columns are known by their usual headings."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from lumbomics.core.errors import ReadError
from lumbomics.registry._draft import Draft, one_line
from lumbomics.registry.record import Fault
from lumbomics.registry.text import bare_pages, find_doi, find_language, find_pmid, find_year, fold

_HEADINGS: dict[str, tuple[str, ...]] = {
    "title": ("title", "article title", "document title", "primary title", "ti"),
    "authors": ("authors", "author", "author s", "author names", "author full names", "au"),
    "year": ("year", "publication year", "pub year", "date", "publication date", "py"),
    "journal": ("journal", "source title", "journal book", "journal title", "publication title", "source", "so"),
    "volume": ("volume", "vl"),
    "start_page": ("page start", "start page", "first page", "pages", "page", "bp"),
    "doi": ("doi", "di", "doi link", "link", "url"),
    "pmid": ("pmid", "pubmed id", "medline pmid", "pm"),
    "abstract": ("abstract", "ab"),
    "language": ("language", "language of original document", "la"),
    "kind": ("document type", "publication type", "item type", "type", "dt"),
}
_SHORT_NAME = re.compile(r"[^,]*\s[A-Z](?:[.\-\s]{0,2}[A-Z]){0,3}\.?")


def read_table(text: str) -> Iterator[Draft | Fault]:
    """Read records and faults of a table, in the file's order; a row with too many or too few cells is set aside.

    Raises
    ------
    ReadError
        If no column of the heading is a title, DOI or PMID.
    """
    lines = text.split("\n")
    separator = max(",;\t", key=lines[0].count)
    heading_end, heading = next(_rows(lines, 0, separator), (0, []))
    columns = _columns(heading)
    if not {"title", "doi", "pmid"} & columns.keys():
        raise ReadError(
            "the table has no known column",
            expected="a heading line with Title, DOI or PMID",
            got=", ".join(heading)[:120],
        )
    for line, row in _whole_rows(lines, heading_end, separator, len(heading)):
        if len(row) != len(heading):
            yield Fault(line=line, problem=f"the row has {len(row)} cells, the heading {len(heading)}", lost=True)
        elif any(cell.strip() for cell in row):
            yield _draft(
                line, {name: one_line(row[i]) for name, i in columns.items()}, dict(zip(heading, row, strict=True))
            )


def _whole_rows(lines: list[str], start: int, separator: str, cells: int) -> Iterator[tuple[int, list[str]]]:
    """First line's number and cells of each row.

    A quotation mark left open would swallow all rows after it: where a row of several lines has the wrong number of
    cells, only its first line is given up and reading starts again on the next.
    """
    while start < len(lines):
        begin = start
        for end, row in _rows(lines, start, separator):
            if len(row) != cells and end > begin + 1:
                yield begin + 1, row
                start = begin + 1
                break
            if row:
                yield begin + 1, row
            begin = end
        else:
            return


def _rows(lines: list[str], start: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines used up after each row, and its cells; a field beyond csv's limit ends as one faulty row."""
    reader = csv.reader((line + "\n" for line in lines[start:]), delimiter=separator)
    try:
        for row in reader:
            yield start + reader.line_num, row
    except csv.Error:
        yield len(lines) + 1, []


def _columns(heading: list[str]) -> dict[str, int]:
    """Place of each known column; where several headings fit, the one named first in our list."""
    folded = [fold(cell) for cell in heading]
    found = {}
    for name, spellings in _HEADINGS.items():
        place = next((folded.index(s) for s in spellings if s in folded), None)
        if place is not None:
            found[name] = place
    return found


def _draft(line: int, cells: dict[str, str], raw: dict[str, str]) -> Draft:
    cell = cells.get
    return Draft(
        line=line,
        title=cell("title", ""),
        authors=_authors(cell("authors", "")),
        year=find_year(cell("year", "")),
        journal=cell("journal", ""),
        volume=cell("volume", ""),
        start_page=bare_pages(cell("start_page", "")),
        doi=find_doi(cell("doi", "")),
        pmid=find_pmid(cell("pmid", "")),
        abstract=cell("abstract", ""),
        language=find_language(cell("language", "")),
        kind=cell("kind", ""),
        raw={key: value for key, value in raw.items() if value},
    )


def _authors(text: str) -> tuple[str, ...]:
    """Split the authors of one cell at semicolons, at ``and``, or at commas where every part ends with initials."""
    bare = re.sub(r"\s*\(\d+\)", "", text.strip().rstrip("."))
    if ";" in bare:
        parts = bare.split(";")
    elif " and " in bare:
        parts = bare.split(" and ")
    else:
        by_comma = bare.split(",")
        parts = by_comma if all(_SHORT_NAME.fullmatch(p) for p in by_comma) else [bare]
    return tuple(p.strip() for p in parts if p.strip())
