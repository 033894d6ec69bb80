"""The index, made from the derivatives: visits that did not change are not read again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from lumbomics import __version__
from lumbomics.cohort.faults import Fault
from lumbomics.cohort.phenotype import load_phenotype, phenotype_files
from lumbomics.cohort.rows import read_batch
from lumbomics.cohort.schema import FORMAT, create_tables
from lumbomics.cohort.sql import name
from lumbomics.cohort.take import insert_faults, insert_rows, take
from lumbomics.cohort.views import create_views
from lumbomics.cohort.visits import VisitFile, find_visit_files

_BATCH = 500
"""Visits read at a time: some tens of megabytes."""
_OWN_TABLES = ("measurements", "scores", "visits", "images", "faults", "sources", "index_info")
_SCAN = "scan"
"""Mark of faults that the next build finds again by itself."""

Progress = Callable[[int, int, str], None]
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What must be done to bring an index up to date.

    Parameters
    ----------
    previous
        An index of this version to start from; ``None``: from nothing.
    visits
        Number of finished visits in the folder.
    changed
        Visits to read.
    gone
        Visits that are indexed and no more there, or changed.
    tables
        Phenotype tables, each with the name it is told by.
    stamps
        Size and time of each of them.
    faults
        What stood in the place of a finished visit.
    needed
        Whether anything differs from ``previous``.
    """

    previous: Path | None
    visits: int
    changed: tuple[VisitFile, ...]
    gone: tuple[Key, ...]
    tables: dict[Path, str] = field(repr=False)
    stamps: dict[str, str] = field(repr=False)
    faults: tuple[Fault, ...] = field(repr=False)
    needed: bool


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What an index holds, and the faults it was built with."""

    participants: int
    sessions: int
    visits: int
    measurements: int
    absent: int
    scores: int
    faults: tuple[Fault, ...]


def plan_build(root: Path, *, index: Path, phenotype: Path | None = None) -> Plan:
    """Compare the folder with the index.

    Parameters
    ----------
    root
        The derivatives.
    index
        An index to start from; may be missing, broken or of another version: all is read then.
    phenotype
        A further folder of phenotype tables.
    """
    known, sources, told = _known(index)
    found, faults = find_visit_files(root)
    changed = tuple(one for one in found if known.get(one.key) != one.stamp)
    gone = (known.keys() - {one.key for one in found}) | {one.key for one in changed if one.key in known}
    tables = phenotype_files(root, phenotype)
    stamps = {file: _stamp(path) for path, file in _unique(tables).items()}
    usable = index if sources is not None else None
    same = usable is not None and not changed and not gone and stamps == sources and set(faults) == told
    return Plan(
        previous=usable,
        visits=len(found),
        changed=changed,
        gone=tuple(sorted(gone)),
        tables=_unique(tables),
        stamps=stamps,
        faults=tuple(faults),
        needed=not same,
    )


def build_index(plan: Plan, target: Path, *, identifies: Callable[[str], bool], progress: Progress) -> None:
    """Write the index that ``plan`` asks for.

    Parameters
    ----------
    plan
        As from ``plan_build``.
    target
        Where; nothing may stand there.
    identifies
        Whether a column's name says that it identifies a person; such columns are not indexed.
    progress
        Called as (visits read, visits to read, what is done now).
    """
    if plan.previous is not None:
        progress(0, len(plan.changed), "copying the index")
        shutil.copyfile(plan.previous, target)
    with duckdb.connect(str(target)) as connection:
        _prepare(connection, plan)
        for start in range(0, len(plan.changed), _BATCH):
            progress(start, len(plan.changed), "reading visits")
            take(connection, read_batch(plan.changed[start : start + _BATCH]))
        progress(len(plan.changed), len(plan.changed), "questionnaires and views")
        faults = load_phenotype(connection, plan.tables, identifies)
        create_views(connection)
        insert_faults(connection, [((None, _SCAN), fault) for fault in plan.faults])
        insert_faults(connection, [((None, None), fault) for fault in [*faults, *_same(connection)]])
        connection.execute("CHECKPOINT")


def contents_of(index: Path) -> Contents:
    """Count what an index holds, and read its faults."""
    with duckdb.connect(str(index), read_only=True) as connection:
        count: Callable[[str], int] = lambda sql: connection.execute(sql).fetchone()[0]  # noqa: E731
        return Contents(
            participants=count("SELECT count(*) FROM participants"),
            sessions=count("SELECT count(*) FROM sessions"),
            visits=count("SELECT count(*) FROM visits WHERE sha256 IS NOT NULL"),
            measurements=count("SELECT count(*) FROM measurements WHERE status = 'ok'"),
            absent=count("SELECT count(*) FROM measurements WHERE status = 'absent'"),
            scores=count("SELECT count(*) FROM scores"),
            faults=_faults(connection, "true"),
        )


def _known(index: Path) -> tuple[dict[Key, str], dict[str, str] | None, set[Fault]]:
    """Stamps of visits and tables in an index, and the faults of its scan; ``None`` where it cannot be used."""
    if not index.is_file():
        return {}, None, set()
    try:
        with duckdb.connect(str(index), read_only=True) as connection:
            if connection.execute("SELECT format, lumbomics FROM index_info").fetchall() != [(FORMAT, __version__)]:
                return {}, None, set()
            visits = connection.execute("SELECT participant_id, session_id, stamp FROM visits").fetchall()
            sources = dict(connection.execute("SELECT file, stamp FROM sources").fetchall())
            told = set(_faults(connection, f"session_id = '{_SCAN}'"))
    except duckdb.Error:  # no index, an older DuckDB's or a broken one: the folder has all that is needed
        return {}, None, set()
    return {(participant, session): stamp for participant, session, stamp in visits}, sources, told


def _faults(connection: Any, condition: str) -> tuple[Fault, ...]:
    rows = connection.execute(
        f"SELECT file, lines, problem, got, hint FROM faults WHERE {condition} ORDER BY ALL"  # noqa: S608  ours
    ).fetchall()
    return tuple(Fault(file=f, lines=lines, problem=p, got=got, hint=hint) for f, lines, p, got, hint in rows)


def _unique(tables: dict[Path, str]) -> dict[Path, str]:
    """Tables by names that occur once: what has the same name in two folders takes its folder's name along."""
    names = list(tables.values())
    return {path: file if names.count(file) == 1 else f"{path.parent.name}/{file}" for path, file in tables.items()}


def _stamp(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _prepare(connection: Any, plan: Plan) -> None:
    """Make or clean the tables: what changed, and all that is read anew each time, goes."""
    if plan.previous is None:
        create_tables(connection)
    for kind, table in connection.execute(
        "SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = 'main'"
    ).fetchall():
        if kind == "VIEW":
            connection.execute(f"DROP VIEW {name(table)}")
        elif table not in _OWN_TABLES:
            connection.execute(f"DROP TABLE {name(table)}")
    connection.execute("DELETE FROM faults WHERE participant_id IS NULL")
    connection.execute("DELETE FROM sources")
    connection.execute("DELETE FROM index_info")
    connection.execute("INSERT INTO index_info VALUES (?, ?)", [FORMAT, __version__])
    insert_rows(connection, "sources", list(plan.stamps.items()))
    _forget(connection, plan.gone)


def _forget(connection: Any, gone: tuple[Key, ...]) -> None:
    if not gone:
        return
    connection.execute("CREATE TEMP TABLE gone (participant_id VARCHAR, session_id VARCHAR)")
    insert_rows(connection, "gone", list(gone))
    for table in ("measurements", "visits", "images", "faults"):
        connection.execute(f"DELETE FROM {table} WHERE (participant_id, session_id) IN (FROM gone)")  # noqa: S608  ours


def _same(connection: Any) -> list[Fault]:
    """Visits that were measured on the same image: one scan under two labels."""
    pairs = connection.execute(
        """SELECT visits, count(*) FROM (
            SELECT sha256, string_agg(participant_id || '/' || session_id, ', ' ORDER BY ALL) AS visits
            FROM images GROUP BY sha256 HAVING count(*) > 1) GROUP BY visits ORDER BY visits"""
    ).fetchall()
    hint = "one scan under two labels? remove one of the visits"
    return [
        Fault(file=visits, problem=f"visits share {count} image(s); all of them are indexed", hint=hint)
        for visits, count in pairs
    ]
