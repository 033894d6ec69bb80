"""BibTeX exports, through bibtexparser 2, which keeps what it cannot read and says where it stood."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware
from bibtexparser.model import Entry, ImplicitComment, ParsingFailedBlock

from lumbomics.registry._draft import Draft, one_line
from lumbomics.registry.record import Fault
from lumbomics.registry.text import bare_pages, find_doi, find_language, find_pmid, find_year

_KEY = re.compile(r"^(\s*@\w+\s*[{(]\s*)([^\s,={}\"]*)(\s*,)", re.MULTILINE)


def read_bibtex(text: str) -> Iterator[Draft | Fault]:
    """Read records and faults of a BibTeX export, in the file's order.

    Keys given twice are no fault: exports of several libraries repeat them for different papers.
    """
    with _silent():
        library = parse_string(
            _distinct_keys(text), append_middleware=[LatexDecodingMiddleware(allow_inplace_modification=True)]
        )
    for block in library.blocks:
        line = (block.start_line or 0) + 1
        if isinstance(block, Entry):
            yield _draft(line, block)
        elif isinstance(block, ParsingFailedBlock):
            yield Fault(line=line, problem=f"the entry cannot be read: {_reason(block)}", lost=True)
        elif isinstance(block, ImplicitComment) and "@" in block.comment:
            yield Fault(line=line, problem=f"text outside an entry: {one_line(block.comment)[:60]!r}")


@contextmanager
def _silent() -> Iterator[None]:
    """Quieten the parser's log: we report each fault ourselves."""
    log = logging.getLogger("bibtexparser")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _distinct_keys(text: str) -> str:
    """Make each entry's key unique without moving a line; the parser sets repeated keys aside otherwise."""
    seen: Counter[str] = Counter()

    def numbered(match: re.Match[str]) -> str:
        seen[match[2]] += 1
        return match[0] if seen[match[2]] == 1 else f"{match[1]}{match[2]}~{seen[match[2]]}{match[3]}"

    return _KEY.sub(numbered, text)


def _reason(block: ParsingFailedBlock) -> str:
    reason = getattr(block.error, "abort_reason", "") or str(block.error)
    return one_line(reason).split(" Note:")[0][:160]


def _draft(line: int, entry: Entry) -> Draft:
    fields = {field.key.lower(): one_line(field.value) for field in entry.fields}
    field = fields.get
    return Draft(
        line=line,
        title=_unbraced(field("title", "")),
        authors=tuple(_unbraced(a) for a in re.split(r"\s+and\s+", field("author", "")) if a.strip() and a != "others"),
        year=find_year(field("year", "") or field("date", "")),
        journal=_unbraced(field("journal", "") or field("journaltitle", "") or field("booktitle", "")),
        volume=field("volume", ""),
        start_page=bare_pages(field("pages", "")),
        doi=find_doi(field("doi", "")) or find_doi(field("url", "")),
        pmid=find_pmid(field("pmid", ""))
        or (find_pmid(field("eprint", "")) if field("eprinttype") == "pubmed" else ""),
        abstract=_unbraced(field("abstract", "")),
        language=find_language(field("language", "") or field("langid", "")),
        kind=entry.entry_type,
        raw={"key": entry.key, **fields},
    )


def _unbraced(text: str) -> str:
    return one_line(text.replace("{", "").replace("}", ""))
