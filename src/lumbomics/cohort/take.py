"""Rows of measurement tables into the index: those that are no result are left out and told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from lumbomics.cohort.faults import Fault, compact
from lumbomics.cohort.rows import Batch
from lumbomics.cohort.schema import MEASUREMENTS
from lumbomics.cohort.sql import compose, texts
from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Reason

_NUMBERS: Final = tuple(column for column, kind in MEASUREMENTS.items() if kind == "DOUBLE")
_SAME: Final = "biomarker, method, level, side, posture, series, label_source, rater, definition_version"
"""What tells two measurements of a visit apart."""


def _broken(column: str) -> str:
    return f"({column} IS NOT NULL AND NOT coalesce(isfinite(TRY_CAST({column} AS DOUBLE)), false))"


_CHECKS: Final = (
    (
        "participant_id IS DISTINCT FROM visit_participant OR session_id IS DISTINCT FROM visit_session",
        "row belongs to another visit",
        "participant_id || ' ' || session_id",
    ),
    ("biomarker IS NULL", "row names no biomarker", "NULL"),
    ("coalesce(status, '') NOT IN ('ok', 'absent')", "status is neither ok nor absent", "status"),
    (" OR ".join(map(_broken, _NUMBERS)), "a cell holds no finite number", "NULL"),
    (f"side NOT IN ({texts(Side)})", "unknown side", "side"),
    ("TRY_CAST(se AS DOUBLE) < 0", "standard error is negative", "se"),
    ("status = 'ok' AND value IS NULL AND category IS NULL", "status is ok and there is no value", "NULL"),
    ("status = 'ok' AND value IS NOT NULL AND unit IS NULL", "a value without a unit", "NULL"),
    ("status = 'absent' AND (value IS NOT NULL OR category IS NOT NULL)", "status is absent, a value stands", "NULL"),
    (f"status = 'absent' AND coalesce(reason, '') NOT IN ({texts(Reason)})", "unknown reason of absence", "reason"),
    ("again > 1", "the same measurement stands more than once; none of them is taken", "biomarker"),
)
"""Condition, what it means, and which cell shows it; the first that holds is told."""

_CHECKED = compose(
    """CREATE OR REPLACE TEMP TABLE checked AS
    SELECT *, CASE $problems END AS problem, CASE $shown END AS got FROM (
        SELECT *, count(*) OVER (PARTITION BY visit_participant, visit_session, $same) AS again FROM staged)""",
    problems=" ".join(f"WHEN {condition} THEN '{problem}'" for condition, problem, _ in _CHECKS),
    shown=" ".join(f"WHEN {condition} THEN {cell}" for condition, _, cell in _CHECKS),
    same=_SAME,
)
_INSERT = compose(
    "INSERT INTO measurements SELECT $cells FROM checked WHERE problem IS NULL ORDER BY rowid",
    cells=", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in MEASUREMENTS.items()),
)
_FAULTS = """SELECT visit_participant, visit_session, problem, list(line), list(DISTINCT got)[:3]
    FROM checked WHERE problem IS NOT NULL GROUP BY ALL ORDER BY ALL"""


def take(connection: Any, batch: Batch) -> None:
    """Put a batch into the index: good rows, visits, hashes of their images, faults."""
    connection.register("staged", batch.table)
    connection.execute(_CHECKED)
    connection.execute(_INSERT)
    counts = connection.execute(
        "SELECT visit_participant, visit_session, count(*) FROM checked WHERE problem IS NULL GROUP BY ALL"
    ).fetchall()
    taken = {(participant, session): count for participant, session, count in counts}
    rows = [
        (*read.visit.key, read.visit.file, read.visit.stamp, read.sha256, taken.get(read.visit.key, 0))
        for read in batch.visits
    ]
    unread = [(*visit.key, visit.file, visit.stamp, None, 0) for visit, _ in _unread(batch)]
    insert_rows(connection, "visits", [*rows, *unread])
    insert_rows(
        connection, "images", [(*read.visit.key, digest) for read in batch.visits for digest in set(read.images)]
    )
    insert_faults(connection, [*_row_faults(connection), *((visit.key, fault) for visit, fault in batch.faults)])
    connection.unregister("staged")


def _unread(batch: Batch) -> list[tuple[Any, Fault]]:
    read = {one.visit.key for one in batch.visits}
    return [(visit, fault) for visit, fault in batch.faults if visit.key not in read]


def _row_faults(connection: Any) -> list[tuple[tuple[str, str], Fault]]:
    return [
        (
            (participant, session),
            Fault(
                file=f"{participant}/{session}/{participant}_{session}_measurements.tsv",
                lines=compact(lines),
                problem=f"{problem}; not indexed",
                got=", ".join(str(one) for one in got if one is not None) or None,
                hint="run the visit again",
            ),
        )
        for participant, session, problem, lines, got in connection.execute(_FAULTS).fetchall()
    ]


def insert_faults(connection: Any, faults: list[tuple[tuple[str | None, str | None], Fault]]) -> None:
    """Keep faults in the index, so that those of unchanged visits are told again."""
    rows = [(*key, fault.file, fault.lines, fault.problem, fault.got, fault.hint) for key, fault in faults]
    insert_rows(connection, "faults", rows)


def insert_rows(connection: Any, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert all rows at once; one by one would take longer than reading the tables."""
    if rows:
        columns = [pa.array(cells) for cells in zip(*rows, strict=True)]
        connection.register("incoming", pa.table(columns, names=[f"c{number}" for number in range(len(columns))]))
        connection.execute(compose("INSERT INTO $table SELECT * FROM incoming", table=table))
        connection.unregister("incoming")
