"""The long measurement table that every analysis reads, and its wide form.

One row is one measurement of one participant at one session. Absent measurements are rows too: their value is empty and
their status says so. Analyses take a checked copy, so that a fault is found once, at the door, with all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import FaultsError, InputError

IDENTITY: Final = ("participant", "session", "biomarker")
"""Columns that no row may leave empty."""
COLUMNS: Final = ("participant", "session", "biomarker", "level", "side", "value", "unit", "se", "status", "method")
"""Columns of every checked table, in this order; further columns follow as they came."""
SOURCES: Final = ("rater", "scanner", "version", "repeat", "posture", "series", "label_source")
"""Columns that tell two measurements of the same thing apart."""
_RENAMED: Final = {"participant_id": "participant", "session_id": "session", "definition_version": "version"}
_NUMBERS: Final = ("value", "se", "months_since_surgery")
_EMPTY: Final = ("", "n/a")
_ROWS_SHOWN = 20


class Status(StrEnum):
    """Whether a row holds a value."""

    OK = "ok"
    ABSENT = "absent"


def long_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Check a long measurement table and bring it into one form.

    The derivatives' names (``participant_id``, ``session_id``, ``definition_version``) are taken as ``participant``,
    ``session`` and ``version``; ``n/a`` and empty text count as empty. Columns ``level``, ``side``, ``unit``, ``se``,
    ``status`` and ``method`` may be missing; a missing status is read off the value. Nothing else is changed, guessed
    or dropped, and ``frame`` itself stays as it is.

    Parameters
    ----------
    frame
        One row a measurement, with at least ``participant``, ``session``, ``biomarker`` and ``value``. Optional:
        ``category``, ``months_since_surgery`` (months, negative before surgery), those of ``SOURCES``, and any other.

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS`` first, others after; rows numbered from 0; ``value`` and ``se`` are float64 (NaN where empty), texts
        are str or None.

    Raises
    ------
    FaultsError
        With every fault of the table: missing columns, empty identifiers, values that are no finite number, unknown
        status or side, negative standard errors, a status that contradicts the value, several units under one
        biomarker and method, the same measurement twice. Rows are counted from 1, header not counted.
    """
    table = frame.rename(columns={old: new for old, new in _RENAMED.items() if new not in frame.columns})
    lacking = [name for name in (*IDENTITY, "value") if name not in table.columns]
    if lacking:
        raise FaultsError(
            [InputError("no long measurement table", expected=f"column {name!r}", got="none") for name in lacking]
        )
    table = _plain(table.reset_index(drop=True))
    numbers = {name: pd.to_numeric(table[name], errors="coerce") for name in _NUMBERS if name in table.columns}
    faults = [*_unreadable(table, numbers)]
    checked = table.assign(**{name: column.astype("float64") for name, column in numbers.items()})
    checked = _completed(checked)
    faults += [*_cell_faults(checked), *_row_faults(checked), *_table_faults(checked)]
    if faults:
        raise FaultsError(faults)
    return checked


def present(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a checked table that hold a number."""
    return table[table["value"].notna()]


def wide_table(table: pd.DataFrame, *, rows: Sequence[str] = ("participant", "session")) -> pd.DataFrame:
    """Spread a checked long table: one row for each combination of ``rows``, one column for each measured thing.

    Parameters
    ----------
    table
        As from ``long_table``.
    rows
        ``participant`` and, where wanted, ``session``, ``level``, ``side`` and any other column.

    Returns
    -------
    pandas.DataFrame
        Index ``rows``; columns ``biomarker/level/side``. Empty parts at the end are left out (``disc_height/L4-L5``,
        ``lordosis``, ``facet_angle//left``), and so is what stands in ``rows`` (``foramen_area/left`` by level). A
        biomarker with more than one method gives ``biomarker:method/level/side``, because two methods are never mixed.
        Absent values are NaN.

    Raises
    ------
    InputError
        If ``rows`` are no columns, or if two measurements fall into one cell (two raters, say).
    """
    unknown = [name for name in rows if name not in table.columns]
    if unknown or not rows:
        raise InputError("rows of the wide table must be columns", expected=", ".join(table.columns), got=str(unknown))
    keys = [table[name] if _is_number(table[name]) else table[name].astype(object).fillna("") for name in rows]
    labels = _column_labels(table, without=frozenset(rows))
    cells = pd.Series(table["value"].to_numpy(), index=pd.MultiIndex.from_arrays([*keys, labels]))
    twice = cells.index.duplicated()
    if twice.any():
        raise InputError(
            "two measurements fall into one cell of the wide table",
            got=f"{int(twice.sum())} of {len(cells)} rows, the first at {cells.index[twice][0]}",
            hint=f"keep one of {', '.join(SOURCES)}, or name the column in rows",
        )
    spread = cells.unstack(level=-1).sort_index()
    spread.index.names, spread.columns.name = list(rows), None
    return spread


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Texts as str or None, whatever type they came in; numbers stay."""
    return table.assign(**{name: _texts(table[name]) for name in table.columns if not _is_number(table[name])})


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column)) and not pd.api.types.is_bool_dtype(column)


def _texts(column: pd.Series) -> pd.Series:
    values = column.astype(object)
    return values.where(values.notna() & ~values.isin(_EMPTY), None)


def _completed(table: pd.DataFrame) -> pd.DataFrame:
    added = {name: None for name in ("level", "side", "unit", "method") if name not in table.columns}
    table = table.assign(**added, **({} if "se" in table.columns else {"se": np.nan}))
    for name in (*IDENTITY, "level", "side", "unit", "method"):
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    has = _has_content(table)
    read = pd.Series(np.where(has, Status.OK, Status.ABSENT), index=table.index, dtype=object).map(str)
    table["status"] = table["status"].where(table["status"].notna(), read) if "status" in table.columns else read
    return table[[*COLUMNS, *(name for name in table.columns if name not in COLUMNS)]]


def _has_content(table: pd.DataFrame) -> pd.Series:
    has: pd.Series = table["value"].notna()
    return has | table["category"].notna() if "category" in table.columns else has


def _unreadable(table: pd.DataFrame, numbers: dict[str, pd.Series]) -> Iterator[InputError]:
    for name, read in numbers.items():
        broken = (table[name].notna() & read.isna()) | np.isinf(read)
        yield from _fault(table, broken, f"column {name!r} holds no finite number", expected="number or empty", of=name)


def _cell_faults(table: pd.DataFrame) -> Iterator[InputError]:
    for name in IDENTITY:
        yield from _fault(table, table[name].isna(), f"column {name!r} is empty", expected="an identifier")
    sides, states = [str(side) for side in Side], [str(state) for state in Status]
    unknown_side = table["side"].notna() & ~table["side"].isin(sides)
    yield from _fault(table, unknown_side, "unknown side", expected=", ".join(sides), of="side")
    unknown_status = ~table["status"].isin(states)
    yield from _fault(table, unknown_status, "unknown status", expected=", ".join(states), of="status")
    yield from _fault(table, table["se"] < 0, "standard error is negative", expected="0 or more", of="se")


def _row_faults(table: pd.DataFrame) -> Iterator[InputError]:
    has = _has_content(table)
    hollow = (table["status"] == Status.OK) & ~has
    yield from _fault(table, hollow, "status is ok and the value is empty", expected="a value, or status absent")
    filled = (table["status"] == Status.ABSENT) & has
    yield from _fault(table, filled, "status is absent and a value stands there", expected="no value, or status ok")
    keys = [*IDENTITY, "level", "side", "method", *(name for name in SOURCES if name in table.columns)]
    again = table.duplicated(keys, keep="first")
    yield from _fault(table, again, "the same measurement stands twice", expected="one row each", hint=_hint_twice())


def _hint_twice() -> str:
    return f"name what differs in one of the columns {', '.join(SOURCES)}, or remove the second row"


def _table_faults(table: pd.DataFrame) -> Iterator[InputError]:
    for (biomarker, method), group in present(table).groupby(["biomarker", "method"], dropna=False):
        found = group["unit"].unique()
        if len(found) > 1:
            yield InputError(
                "several units under one biomarker and method",
                expected="one unit",
                got=", ".join(sorted(str(unit) for unit in found)),
                where=f"{biomarker} ({method})" if isinstance(method, str) else str(biomarker),
                hint="convert to one unit before the analysis",
            )


def _fault(
    table: pd.DataFrame,
    where: pd.Series,
    problem: str,
    *,
    expected: str,
    of: str | None = None,
    hint: str | None = None,
) -> Iterator[InputError]:
    rows = np.flatnonzero(where.to_numpy(dtype=bool))
    if not rows.size:
        return
    shown = ", ".join(str(row + 1) for row in rows[:_ROWS_SHOWN])
    rest = f" and {rows.size - _ROWS_SHOWN} more" if rows.size > _ROWS_SHOWN else ""
    got = (
        None if of is None else ", ".join(repr(value) for value in list(dict.fromkeys(table[of].to_numpy()[rows]))[:5])
    )
    yield InputError(problem, expected=expected, got=got, where=f"row {shown}{rest}", hint=hint)


def _column_labels(table: pd.DataFrame, *, without: frozenset[str]) -> pd.Series:
    methods = table.groupby("biomarker")["method"].nunique(dropna=False)
    several = table["biomarker"].map(methods).to_numpy() > 1
    if "method" in without:
        several[:] = False
    names = table["biomarker"].where(~several, table["biomarker"] + ":" + table["method"].fillna("?"))
    parts = [table[name].fillna("") for name in ("level", "side") if name not in without]
    for part in parts:
        names = names + "/" + part
    return names.str.rstrip("/")
