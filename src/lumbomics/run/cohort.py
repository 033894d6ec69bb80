"""The cohort: an index of all visits of the derivatives, and tables, descriptions and answers from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from lumbomics.clinical.columns import Role, meaning
from lumbomics.cohort import (
    Answer,
    Contents,
    Description,
    Rows,
    Selection,
    ask,
    build_index,
    check_format,
    contents_of,
    long_table,
    open_index,
    plan_build,
    wide_table,
    write_table,
)
from lumbomics.cohort import describe as describe_cohort
from lumbomics.core.errors import InputError, ReadError, did_you_mean
from lumbomics.write import atomic_path, ignore_in_bids

INDEX = "cohort.duckdb"
"""Name of the index in the derivatives folder."""
_PRIVATE = {Role.IDENTIFYING, Role.BIRTH_DATE, Role.DATE}
_LEFT_BEHIND_S = 24 * 3600

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class BuildSummary:
    """What a build did.

    Parameters
    ----------
    index
        The file.
    read, removed
        Visits read because they are new or changed; visits that are gone.
    rebuilt
        Whether the file was written; not where nothing had changed.
    contents
        What the index holds now, and all its faults.
    seconds
        Wall time.
    """

    index: Path
    read: int
    removed: int
    rebuilt: bool
    contents: Contents
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        counts = ("participants", "sessions", "visits", "measurements", "absent", "scores")
        return {
            "index": str(self.index),
            "read": self.read,
            "removed": self.removed,
            "rebuilt": self.rebuilt,
            **{count: getattr(self.contents, count) for count in counts},
            "seconds": round(self.seconds, 2),
            "faults": [fault.as_json() for fault in self.contents.faults],
        }


def build(
    derivatives: Path | str, *, phenotype: Path | str | None = None, progress: Progress | None = None
) -> BuildSummary:
    """Index the measurement tables of all finished visits, and the phenotype tables, as ``cohort.duckdb``.

    Only visits that changed since the last build are read. The new index is written beside the old one and takes its
    place in one step, so that readers never wait and never see a part. What cannot be taken is left out and told.

    Parameters
    ----------
    derivatives
        Folder that ``lumbomics run`` wrote.
    phenotype
        A further folder of phenotype tables, ``participants.tsv`` and ``sessions.tsv``, such as a BIDS dataset.
    progress
        Called as (visits read, visits to read, what is done now).

    Raises
    ------
    ReadError
        If there is no such folder, or it holds neither visits nor phenotype tables.
    OutputError
        If the index cannot be written.
    """
    started = time.perf_counter()
    root, index = _folder(derivatives), index_path(derivatives)
    further = None if phenotype is None else _folder(phenotype)
    plan = plan_build(root, index=index, phenotype=further)
    if not (plan.visits or plan.tables or plan.faults):
        raise ReadError(
            "nothing to index",
            expected="sub-*/ses-* folders of finished visits, or phenotype tables",
            where=str(root),
            hint="give the folder that `lumbomics run` wrote",
        )
    if plan.needed:
        _remove_left_behind(root)
        with atomic_path(index) as temporary:
            build_index(plan, temporary, identifies=_identifies, progress=progress or (lambda *_: None))
        ignore_in_bids(INDEX, root)
    read = {one.key for one in plan.changed}
    return BuildSummary(
        index=index,
        read=len(read),
        removed=len(set(plan.gone) - read),
        rebuilt=plan.needed,
        contents=contents_of(index),
        seconds=time.perf_counter() - started,
    )


def index_path(derivatives: Path | str) -> Path:
    """Where the index of a derivatives folder lies."""
    return Path(derivatives) / INDEX


def query(derivatives: Path | str, sql: str, *, out: Path | str | None = None) -> Answer:
    """Answer one SELECT on the index; it can neither change anything nor reach outside the index.

    Parameters
    ----------
    derivatives
        Folder whose index was built.
    sql
        On measurements, scores, sessions, participants, matched, side_matched, missing, visits, operations, faults.
    out
        Also write the answer: ``.parquet``, ``.csv``, ``.tsv`` or ``.xlsx``.

    Raises
    ------
    ReadError
        If there is no index.
    InputError
        If it is no single SELECT, or cannot be answered.
    """
    _check_out(out)
    with open_index(index_path(derivatives)) as connection:
        answer = ask(connection, sql)
    _written(answer.table, out)
    return answer


def table(
    derivatives: Path | str,
    *,
    out: Path | str | None = None,
    form: str = "long",
    rows: str = "session",
    biomarker: Sequence[str] = (),
    method: Sequence[str] = (),
    level: Sequence[str] = (),
    side: Sequence[str] = (),
    session: Sequence[str] = (),
    posture: Sequence[str] = (),
    series: str | None = None,
    score: Sequence[str] = (),
    covariates: bool = False,
    reasons: bool = False,
) -> Any:
    """Give measurements beside scores and covariates as one table.

    Parameters
    ----------
    derivatives
        Folder whose index was built.
    out
        ``.parquet``, ``.csv``, ``.tsv`` or ``.xlsx``; nothing is written where not given.
    form
        ``long``: one row a measurement, absent ones with their reason; ``wide``: one column a quantity.
    rows
        Of the wide form: ``session``, ``level`` (what has no level stands beside each of the visit's levels) or
        ``side`` (each side of each level, beside the scores of the same side).
    biomarker, method, level, side, session, posture
        Only these; all where empty.
    series
        Only series whose name fits this pattern, such as ``*T2w``.
    score
        Scores to stand beside, such as ``odi``, ``nrs_leg``, ``sf36.pain``.
    covariates
        Also the columns of ``sessions``.
    reasons
        Of the wide form: a column for each quantity that says why it is absent.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    ReadError
        If there is no index.
    FaultsError
        With every name that is not in the cohort.
    InputError
        If two values fall into one cell, units would be mixed, or an option makes no sense.
    """
    _check_out(out)
    chosen = _one_of(form, ("long", "wide"), "form")
    row = Rows(_one_of(rows, tuple(Rows), "rows"))
    selection = _selection(biomarker, method, level, side, session, posture, series)
    with open_index(index_path(derivatives)) as connection:
        if chosen == "long":
            found = long_table(connection, selection, scores=score, covariates=covariates)
        else:
            found = wide_table(connection, selection, rows=row, scores=score, covariates=covariates, reasons=reasons)
    _written(found, out)
    return found


def describe(
    derivatives: Path | str,
    *,
    by: str | None = None,
    biomarker: Sequence[str] = (),
    method: Sequence[str] = (),
    level: Sequence[str] = (),
    side: Sequence[str] = (),
    session: Sequence[str] = (),
    posture: Sequence[str] = (),
    series: str | None = None,
    score: Sequence[str] = (),
    out: Path | str | None = None,
) -> Description:
    """Describe the cohort (Table 1): covariates, scores and measurements, what is missing and why, by group.

    Parameters
    ----------
    derivatives
        Folder whose index was built.
    by
        Column of ``sessions`` that makes the groups, such as ``sex`` or ``site``.
    biomarker, method, level, side, session, posture, series, score
        Only these; all where empty.
    out
        Also write it, one row a characteristic, group and category: ``.parquet``, ``.csv``, ``.tsv`` or ``.xlsx``.

    Raises
    ------
    ReadError
        If there is no index.
    FaultsError
        With every name that is not in the cohort.
    """
    _check_out(out)
    selection = _selection(biomarker, method, level, side, session, posture, series)
    with open_index(index_path(derivatives)) as connection:
        found = describe_cohort(connection, selection, scores=score, by=by)
    _written(found.as_table(), out)
    return found


def _selection(
    biomarker: Sequence[str],
    method: Sequence[str],
    level: Sequence[str],
    side: Sequence[str],
    session: Sequence[str],
    posture: Sequence[str],
    series: str | None,
) -> Selection:
    return Selection(
        biomarkers=tuple(biomarker),
        methods=tuple(method),
        levels=tuple(level),
        sides=tuple(side),
        sessions=tuple(session),
        postures=tuple(posture),
        series=series,
    )


def _folder(path: Path | str) -> Path:
    if not Path(path).is_dir():
        raise ReadError("no such folder", where=str(path))
    return Path(path)


def _identifies(column: str) -> bool:
    return meaning(column).role in _PRIVATE


def _remove_left_behind(root: Path) -> None:
    """Remove what builds that were killed left, once it is old enough to belong to no build that runs."""
    for path in root.glob(f".unfinished-*-{INDEX}*"):
        if time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
            path.unlink(missing_ok=True)


def _check_out(out: Path | str | None) -> None:
    if out is not None:
        check_format(Path(out))


def _written(found: pa.Table, out: Path | str | None) -> None:
    if out is not None:
        with atomic_path(out) as temporary:
            write_table(found, temporary)


def _one_of(word: str, known: Sequence[str], what: str) -> str:
    if word in known:
        return word
    hint = did_you_mean(word, known, most=1)
    raise InputError(f"unknown {what}", expected=", ".join(known), got=repr(word), hint=hint)
