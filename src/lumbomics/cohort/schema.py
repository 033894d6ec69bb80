"""Tables of the index: what every index has, whatever the study."""

from __future__ import annotations

from typing import Any, Final

FORMAT: Final = "1"
"""Version of the index; one of another version is built anew."""

MEASUREMENTS: Final = {
    "participant_id": "VARCHAR",
    "session_id": "VARCHAR",
    "biomarker": "VARCHAR",
    "level": "VARCHAR",
    "side": "VARCHAR",
    "value": "DOUBLE",
    "category": "VARCHAR",
    "unit": "VARCHAR",
    "se": "DOUBLE",
    "ci_low": "DOUBLE",
    "ci_high": "DOUBLE",
    "status": "VARCHAR",
    "reason": "VARCHAR",
    "method": "VARCHAR",
    "posture": "VARCHAR",
    "series": "VARCHAR",
    "label_source": "VARCHAR",
    "rater": "VARCHAR",
    "definition_version": "VARCHAR",
    "months_since_surgery": "DOUBLE",
    "research_only": "BOOLEAN",
    "detail": "VARCHAR",
}
"""Columns of ``measurements.tsv``, in its order, with their types."""

SCORES: Final = {
    "participant_id": "VARCHAR",
    "session_id": "VARCHAR",
    "instrument": "VARCHAR",
    "subscale": "VARCHAR",
    "side": "VARCHAR",
    "value": "DOUBLE",
    "category": "VARCHAR",
    "unit": "VARCHAR",
    "status": "VARCHAR",
    "reason": "VARCHAR",
    "items_answered": "INTEGER",
    "items": "INTEGER",
    "missing_items": "VARCHAR",
    "higher_is_worse": "BOOLEAN",
    "detail": "VARCHAR",
}
"""Columns of a scored phenotype table, with their types."""

_BASE: Final = {
    "measurements": MEASUREMENTS,
    "scores": SCORES,
    "visits": {
        "participant_id": "VARCHAR",
        "session_id": "VARCHAR",
        "file": "VARCHAR",
        "stamp": "VARCHAR",
        "sha256": "VARCHAR",
        "rows": "INTEGER",
    },
    "images": {"participant_id": "VARCHAR", "session_id": "VARCHAR", "sha256": "VARCHAR"},
    "faults": {
        "participant_id": "VARCHAR",
        "session_id": "VARCHAR",
        "file": "VARCHAR",
        "lines": "VARCHAR",
        "problem": "VARCHAR",
        "got": "VARCHAR",
        "hint": "VARCHAR",
    },
    "sources": {"file": "VARCHAR", "stamp": "VARCHAR"},
    "index_info": {"format": "VARCHAR", "lumbomics": "VARCHAR"},
}


def create_tables(connection: Any) -> None:
    """Make the empty tables that every index has."""
    for table, columns in _BASE.items():
        described = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {table} ({described})")
