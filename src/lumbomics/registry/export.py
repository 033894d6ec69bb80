"""Reports out again: a table with where each stands, or RIS for a reference manager."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import rispy  # type: ignore[import-untyped]  # ships no types

from lumbomics.registry.record import Record
from lumbomics.registry.screening import Standing


def columns_of(record: Record, ids: Sequence[str], title_abstract: Standing, full_text: Standing) -> dict[str, str]:
    """One row: the fullest record of a report, the ids of all its records, and where it stands at both stages."""
    return {
        "report": ids[0],
        "records": " ".join(ids),
        "title": record.title,
        "authors": "; ".join(record.authors),
        "year": "" if record.year is None else str(record.year),
        "journal": record.journal,
        "doi": record.doi,
        "pmid": record.pmid,
        "title_abstract": title_abstract.outcome,
        "title_abstract_reason": title_abstract.reason,
        "full_text": full_text.outcome,
        "full_text_reason": full_text.reason,
    }


def to_csv(rows: Sequence[dict[str, str]]) -> str:
    """CSV with a heading; a cell that a spreadsheet would run as a formula gets an apostrophe before it."""
    stream = io.StringIO()
    if rows:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"'{v}" if v[:1] in "=+-@" and v else v for k, v in row.items()} for row in rows)
    return stream.getvalue()


def to_ris(records: Sequence[Record]) -> str:
    """RIS with the fields we compare, the id under ``ID``."""
    return str(rispy.dumps([_entry(record) for record in records]))


def _entry(record: Record) -> dict[str, Any]:
    entry = {
        "type_of_reference": "JOUR",
        "id": record.id,
        "title": record.title,
        "authors": list(record.authors),
        "year": "" if record.year is None else str(record.year),
        "journal_name": record.journal,
        "volume": record.volume,
        "start_page": record.start_page,
        "doi": record.doi,
        "abstract": record.abstract,
        "language": record.language,
        "notes": [f"PMID: {record.pmid}"] if record.pmid else [],
    }
    return {key: value for key, value in entry.items() if value}
