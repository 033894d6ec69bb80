"""Phenotype tables, participants and sessions: scores where scored, else columns as they come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from lumbomics.cohort.delimited import parse
from lumbomics.cohort.faults import Fault, compact
from lumbomics.cohort.schema import SCORES
from lumbomics.cohort.sql import compose, name

_ID = re.compile(r"(?:sub-|ses-)?([A-Za-z0-9]+)")
_KEYS = {
    "participants": ("participant_id",),
    "sessions": ("participant_id", "session_id"),
    "covariates": ("participant_id", "session_id"),
    "operations": (),
    "scores": ("participant_id", "session_id", "instrument", "subscale", "side"),
}
"""Tables we know, and the columns that name one row each; other tables may repeat."""
_MERGED = ("participants", "sessions")
"""A run lists all labels itself; tables that say more may stand beside its own, and are joined with them."""
_PREFIX = {"participant_id": "sub-", "session_id": "ses-"}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Table:
    """A table as text: which of ours it is, where it came from, its columns and whole rows with their lines."""

    kind: str
    file: str
    columns: dict[str, list[str | None]]
    lines: list[int]


def phenotype_files(root: Path, folder: Path | None) -> dict[Path, str]:
    """Tables to read, each with the name it is told by: those of the derivatives, then those of ``folder``."""
    found: dict[Path, str] = {}
    for base in (root, *([] if folder is None else [folder])):
        shallow = [base / "participants.tsv", base / "sessions.tsv"] if base == root else sorted(base.glob("*.tsv"))
        tables = [*shallow, *sorted(base.glob("phenotype/*.tsv")), *sorted(base.glob("sub-*/sub-*_sessions.tsv"))]
        found |= {path: path.relative_to(base).as_posix() for path in tables if path.is_file()}
    return found


def load_phenotype(connection: Any, files: dict[Path, str], identifies: Callable[[str], bool]) -> list[Fault]:
    """Put all tables into the index, anew; the faults tell what was left out.

    Parameters
    ----------
    connection
        The index, open for writing.
    files
        As from ``phenotype_files``.
    identifies
        Whether a column's name says that it identifies a person; such columns are not read.
    """
    faults: list[Fault] = []
    tables = [table for path, file in files.items() for table in _read(path, file, identifies, faults)]
    for kind in dict.fromkeys([*_KEYS, *(table.kind for table in tables)]):
        _load(connection, kind, [table for table in tables if table.kind == kind], faults)
    return faults


def _read(path: Path, file: str, identifies: Callable[[str], bool], faults: list[Fault]) -> Iterator[_Table]:
    try:
        header, _, body = path.read_bytes().removeprefix(b"\xef\xbb\xbf").partition(b"\n")
        names = header.decode("utf-8").rstrip("\r").split("\t")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(file=file, problem="cannot be read", got=type(error).__name__, hint="save it as UTF-8"))
        return
    problem = _header_problem(names, path)
    if problem is not None:
        faults.append(Fault(file=file, problem=f"{problem}; not read", hint="give tables as BIDS asks (TSV)"))
        return
    parsed = parse(body if body.endswith(b"\n") or not body else body + b"\n", names)
    if parsed.problem is not None:
        faults.append(Fault(file=file, problem=parsed.problem))
        return
    if parsed.broken:
        lines = compact([number + 1 for number in parsed.broken])
        problem = f"row is cut short or too long, expected {len(names)} cells; not indexed"
        faults.append(Fault(file=file, lines=lines, problem=problem))
    private = [column for column in names if identifies(column)]
    if private:
        told = f"column(s) {', '.join(map(repr, private))} may identify a person; not indexed"
        faults.append(Fault(file=file, problem=told, hint="take them out of the shared folder"))
    columns = {column: parsed.table[column].to_pylist() for column in names if column not in private}
    lines_of = [number + 1 for number in parsed.whole]
    table = _Table(kind=_kind(path, names), file=file, columns=columns, lines=lines_of)
    yield _with_identity(table, path, faults)


def _header_problem(names: Sequence[str], path: Path) -> str | None:
    if len(set(names)) < len(names):
        return "a column's name stands twice"
    if "participant_id" not in names and not _is_session_list(path):
        return "no column participant_id"
    return None


def _is_session_list(path: Path) -> bool:
    return path.name.startswith("sub-") and path.name.endswith("_sessions.tsv")


def _kind(path: Path, names: Sequence[str]) -> str:
    if set(SCORES) <= set(names):
        return "scores"
    if _is_session_list(path):
        return "sessions"
    stem = path.stem
    return stem if stem in _KEYS and stem != "scores" else f"phenotype_{stem}"


def _with_identity(table: _Table, path: Path, faults: list[Fault]) -> _Table:
    """Prefixed labels; rows whose label is none are left out, and not quoted: it may be a name."""
    columns = dict(table.columns)
    if "participant_id" not in columns:
        columns = {"participant_id": [path.parent.name] * len(table.lines), **columns}
    keep = [True] * len(table.lines)
    for column, prefix in _PREFIX.items():
        if column in columns:
            columns[column] = [_label(cell, prefix) for cell in columns[column]]
            needed = column == "participant_id"
            raw = table.columns.get(column, columns[column])
            bad = [new is None and (needed or old is not None) for new, old in zip(columns[column], raw, strict=True)]
            lines = [line for line, wrong in zip(table.lines, bad, strict=True) if wrong]
            if lines:
                problem = f"{column} is no label of letters and digits; not indexed"
                faults.append(Fault(file=table.file, lines=compact(lines), problem=problem))
            keep = [kept and not wrong for kept, wrong in zip(keep, bad, strict=True)]
    kept = [index for index, good in enumerate(keep) if good]
    return _Table(
        kind=table.kind,
        file=table.file,
        columns={column: [cells[index] for index in kept] for column, cells in columns.items()},
        lines=[table.lines[index] for index in kept],
    )


def _label(cell: str | None, prefix: str) -> str | None:
    match = None if cell is None else _ID.fullmatch(cell)
    return None if match is None else prefix + match[1]


def _load(connection: Any, kind: str, tables: Sequence[_Table], faults: list[Fault]) -> None:
    """One table of the index from all files of its kind."""
    staged = _staged(kind, tables)
    connection.register("staged", staged)
    keys = [key for key in _KEYS.get(kind, ()) if key in staged.column_names]
    columns = [column for column in staged.column_names if column not in ("file", "line")]
    again = _again(kind, keys, [column for column in columns if column not in keys])
    statement = """CREATE OR REPLACE TEMP TABLE checked AS
        SELECT *, $problem AS problem FROM (SELECT *, $again AS again FROM staged)"""
    connection.execute(compose(statement, again=again, problem=_problem(kind)))
    faults += _told(connection)
    if kind == "scores":
        cells = ", ".join(f"TRY_CAST({column} AS {type_}) AS {column}" for column, type_ in SCORES.items())
        connection.execute("DELETE FROM scores")
        connection.execute(compose("INSERT INTO scores SELECT $cells FROM checked WHERE problem IS NULL", cells=cells))
    else:
        statement = "CREATE TABLE $target AS SELECT $cells FROM ($rows)"
        cells = ", ".join(_typed(connection, column) for column in columns)
        target = name(f"{kind}_file" if kind in _MERGED else kind)
        connection.execute(compose(statement, target=target, cells=cells, rows=_rows(kind, keys, columns)))
    connection.unregister("staged")


def _again(kind: str, keys: Sequence[str], others: Sequence[str]) -> str:
    """Whether another row has the same keys; in lists that several files hold, only with other contents."""
    if not keys or (kind in _MERGED and not others):
        return "false"
    part = f"OVER (PARTITION BY {', '.join(keys)}) > 1"
    if kind in _MERGED:
        return " OR ".join(f"count(DISTINCT {name(column)}) {part}" for column in others)
    return f"count(*) {part}"


def _rows(kind: str, keys: Sequence[str], columns: Sequence[str]) -> str:
    if kind not in _MERGED:
        return "SELECT * FROM checked WHERE problem IS NULL"
    cells = ", ".join(c if c in keys else f"any_value({name(c)}) AS {name(c)}" for c in columns)
    return compose("SELECT $cells FROM checked WHERE problem IS NULL GROUP BY $keys", cells=cells, keys=", ".join(keys))


def _staged(kind: str, tables: Sequence[_Table]) -> Any:
    columns = list(dict.fromkeys([*_least(kind), *(column for table in tables for column in table.columns)]))
    parts = [
        pa.table(
            {
                **{c: pa.array(table.columns.get(c, [None] * len(table.lines)), pa.string()) for c in columns},
                "file": pa.array([table.file] * len(table.lines), pa.string()),
                "line": pa.array(table.lines, pa.int64()),
            }
        )
        for table in tables
    ]
    schema = pa.schema([*((c, pa.string()) for c in (*columns, "file")), ("line", pa.int64())])
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _least(kind: str) -> Sequence[str]:
    if kind == "scores":
        return tuple(SCORES)
    if kind == "operations":
        return ("participant_id", "session_id", "level", "side")
    return _KEYS.get(kind) or ("participant_id",)


def _problem(kind: str) -> str:
    twice = "WHEN again THEN 'the same row stands more than once; none of them is taken'"
    if kind != "scores":
        return f"CASE {twice} END"
    return f"""CASE WHEN instrument IS NULL OR subscale IS NULL OR status IS NULL THEN 'row is no score'
        WHEN session_id IS NULL THEN 'row names no session'
        WHEN value IS NOT NULL AND NOT coalesce(isfinite(TRY_CAST(value AS DOUBLE)), false) THEN 'value is no number'
        WHEN status = 'absent' AND value IS NOT NULL THEN 'status is absent, a value stands'
        WHEN status <> 'absent' AND value IS NULL AND category IS NULL THEN 'no value, and status is not absent'
        WHEN coalesce(side, 'left') NOT IN ('left', 'right', 'midline') THEN 'unknown side' {twice} END"""


def _told(connection: Any) -> list[Fault]:
    found = connection.execute(
        "SELECT file, problem, list(line) FROM checked WHERE problem IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [Fault(file=file, lines=compact(lines), problem=f"{problem}; not indexed") for file, problem, lines in found]


def _typed(connection: Any, column: str) -> str:
    """Read a column of numbers as numbers; labels, and words of any kind, stay words."""
    quoted = name(column)
    if column in _PREFIX or column.endswith("_id"):
        return quoted
    filled, read = connection.execute(
        compose("SELECT count($c), count(TRY_CAST($c AS DOUBLE)) FROM checked WHERE problem IS NULL", c=quoted)
    ).fetchone()
    return compose("CAST($c AS DOUBLE) AS $c", c=quoted) if filled and filled == read else quoted
