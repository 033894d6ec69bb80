"""Table 1: who and what was measured, by group, with what is missing and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from lumbomics.cohort.balance import largest, of_means, of_shares, pairs_of
from lumbomics.cohort.characteristics import OVERALL, stage
from lumbomics.cohort.select import Selection
from lumbomics.core.errors import InputError

_MOST_GROUPS = 12
_MOST_CATEGORIES = 20


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One characteristic in one group.

    Parameters
    ----------
    n
        Values.
    visits, participants
        From how many visits of how many participants.
    mean, sd, q1, median, q3
        Of the numbers, in the characteristic's unit; ``None`` where there is no number.
    counts
        Category -> how many.
    missing
        Reason -> visits without a value.
    """

    n: int = 0
    visits: int = 0
    participants: int = 0
    mean: float | None = None
    sd: float | None = None
    q1: float | None = None
    median: float | None = None
    q3: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Characteristic:
    """One row of Table 1.

    Parameters
    ----------
    kind
        ``covariate``, ``score`` or ``biomarker``.
    name
        Column, score or ``biomarker:method/level/side``.
    unit
        UCUM code; ``None`` for categories, and for covariates whose table states none.
    cells
        Group -> what is there.
    difference
        Standardised difference, the largest between any two groups; ``None`` with one group or where it has no scale.
    """

    kind: str
    name: str
    unit: str | None
    cells: Mapping[str, Cell]
    difference: float | None


@dataclass(frozen=True, kw_only=True)
class Description:
    """Table 1.

    Parameters
    ----------
    by
        Column that makes the groups; ``None`` without.
    groups
        Group -> visits and participants; ``overall`` first.
    rows
        The characteristics.
    """

    by: str | None
    groups: Mapping[str, tuple[int, int]]
    rows: tuple[Characteristic, ...]

    def as_table(self) -> Any:
        """One row a characteristic, group and category, for machines (pyarrow.Table)."""
        rows = [line for one in self.rows for group in self.groups for line in _lines(one, group)]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    def as_text(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Header and rows for people: n, unit and what is missing in every cell."""
        several = len(self.groups) > 1
        heads = [f"{group} ({visits} visits, {people} people)" for group, (visits, people) in self.groups.items()]
        header = ("characteristic", *heads, *(["difference"] if several else []))
        return header, [_text_row(one, tuple(self.groups), several) for one in self.rows]


_TEXT: Final = ("kind", "characteristic", "unit", "group", "category")
_COUNTS: Final = ("n", "visits", "participants")
_NUMBERS: Final = ("mean", "sd", "q1", "median", "q3", "share")
_SCHEMA: Final = pa.schema(
    [
        *((column, pa.string()) for column in _TEXT),
        *((column, pa.int64()) for column in _COUNTS),
        *((column, pa.float64()) for column in _NUMBERS),
        ("missing", pa.int64()),
        ("reasons", pa.string()),
        ("difference", pa.float64()),
    ]
)


def describe(
    connection: Any, selection: Selection, *, scores: Sequence[str] = (), by: str | None = None
) -> Description:
    """Describe the cohort: covariates, scores and measurements, overall and by group.

    Parameters
    ----------
    connection
        From ``open_index``.
    selection
        Which measurements and sessions; without a session, people with several visits count with each (the number of
        people stands beside the number of visits).
    scores
        Which scores; all where empty.
    by
        Column of ``sessions`` that makes the groups, such as ``sex`` or ``site``; visits without it are a group.

    Raises
    ------
    FaultsError
        With every name that is not in the cohort.
    InputError
        If ``by`` is no column, or has too many values to be groups.
    """
    groups = stage(connection, selection, scores, by)
    if len(groups) > _MOST_GROUPS + 1:
        raise InputError("too many groups", expected=f"up to {_MOST_GROUPS}", got=str(len(groups) - 1), where=str(by))
    numbers, counts, missing = _numbers(connection), _counts(connection), _missing(connection)
    rows = [
        _characteristic(key, tuple(groups), numbers.get(key, {}), counts.get(key, {}), missing.get(key, {}))
        for key in sorted({*numbers, *counts, *missing}, key=_order)
    ]
    return Description(by=by, groups=groups, rows=tuple(rows))


_KINDS: Final = ("covariate", "score", "biomarker")
_Key = tuple[str, str, str | None]


def _order(key: _Key) -> tuple[int, str, str]:
    return _KINDS.index(key[0]), key[1], key[2] or ""


def _numbers(connection: Any) -> dict[_Key, dict[str, tuple[Any, ...]]]:
    rows = connection.execute(
        """SELECT kind, name, unit, grp, count(*), count(DISTINCT visit), count(DISTINCT participant_id), avg(value),
            stddev_samp(value), quantile_cont(value, [0.25, 0.5, 0.75])
        FROM entries WHERE value IS NOT NULL GROUP BY ALL"""
    ).fetchall()
    found: dict[_Key, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for kind, name, unit, group, *numbers in rows:
        found[kind, name, unit][group] = tuple(numbers)
    return found


def _counts(connection: Any) -> dict[_Key, dict[str, dict[str, tuple[int, int, int]]]]:
    rows = connection.execute(
        """SELECT kind, name, unit, grp, category, count(*), count(DISTINCT visit), count(DISTINCT participant_id)
        FROM entries WHERE value IS NULL GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    found: dict[_Key, dict[str, dict[str, tuple[int, int, int]]]] = defaultdict(lambda: defaultdict(dict))
    for kind, name, unit, group, category, *numbers in rows:
        found[kind, name, unit][group][category] = tuple(numbers)
    return found


def _missing(connection: Any) -> dict[_Key, dict[str, dict[str, int]]]:
    rows = connection.execute("SELECT kind, name, unit, grp, reason, n FROM lacks ORDER BY ALL").fetchall()
    found: dict[_Key, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for kind, name, unit, group, reason, n in rows:
        found[kind, name, unit][group][reason] = n
    return found


def _characteristic(
    key: _Key,
    groups: Sequence[str],
    numbers: Mapping[str, tuple[Any, ...]],
    counts: Mapping[str, Mapping[str, tuple[int, int, int]]],
    missing: Mapping[str, Mapping[str, int]],
) -> Characteristic:
    cells = {g: _cell(numbers.get(g), counts.get(g, {}), missing.get(g, {})) for g in groups}
    kind, name, unit = key
    return Characteristic(kind=kind, name=name, unit=unit, cells=cells, difference=_difference(cells))


def _cell(numbers: tuple[Any, ...] | None, counts: Mapping[str, Any], missing: Mapping[str, int]) -> Cell:
    if numbers is not None:
        n, visits, participants, mean, sd, (q1, median, q3) = numbers
        own = {"mean": mean, "sd": sd, "q1": q1, "median": median, "q3": q3}
        return Cell(n=n, visits=visits, participants=participants, **own, missing=missing)
    totals = [sum(row[position] for row in counts.values()) for position in range(3)]
    shares = {category: row[0] for category, row in counts.items()}
    return Cell(n=totals[0], visits=totals[1], participants=totals[2], counts=shares, missing=missing)


def _difference(cells: Mapping[str, Cell]) -> float | None:
    groups = [group for group in cells if group != OVERALL]
    if len(groups) < 2:
        return None
    return largest([_between(cells[one], cells[other]) for one, other in pairs_of(groups)])


def _between(one: Cell, other: Cell) -> float | None:
    if one.counts or other.counts:
        return of_shares(one.counts, other.counts)
    if one.mean is None or other.mean is None or one.sd is None or other.sd is None:
        return None
    return of_means(one.mean, one.sd, other.mean, other.sd)


def _lines(one: Characteristic, group: str) -> Iterator[dict[str, Any]]:
    cell = one.cells[group]
    reasons = ", ".join(f"{reason} {n}" for reason, n in cell.missing.items()) or None
    shared: dict[str, Any] = {"kind": one.kind, "characteristic": one.name, "unit": one.unit, "group": group}
    shared |= {"missing": sum(cell.missing.values()), "reasons": reasons, "difference": one.difference}
    if not cell.counts:
        yield {**shared, **{column: getattr(cell, column) for column in (*_COUNTS, *_NUMBERS[:-1])}}
    for category, n in cell.counts.items():
        yield {**shared, "category": category, "n": n, "share": n / cell.n}


def _text_row(one: Characteristic, groups: Sequence[str], several: bool) -> tuple[str, ...]:
    unit = "" if one.unit in (None, "1") else f", {one.unit}"
    cells = [_text(one, one.cells[group]) for group in groups]
    difference = [] if not several else ["" if one.difference is None else f"{one.difference:.2f}"]
    return (f"{one.name}{unit}", *cells, *difference)


def _text(one: Characteristic, cell: Cell) -> str:
    unit = "" if one.unit in (None, "1") else f" {one.unit}"
    parts = [f"n {cell.n}"]
    if cell.counts:
        shown = sorted(cell.counts.items(), key=lambda item: (-item[1], item[0]))
        parts += [f"{category}: {n} ({100 * n / cell.n:.0f} %)" for category, n in shown[:_MOST_CATEGORIES]]
        parts += [f"and {len(shown) - _MOST_CATEGORIES} more"] if len(shown) > _MOST_CATEGORIES else []
    elif cell.mean is not None:
        spread = "" if cell.sd is None else f" ± {cell.sd:.3g}"
        parts.append(f"{cell.mean:.4g}{spread}{unit}")
        parts.append(f"median {cell.median:.4g} [{cell.q1:.4g}, {cell.q3:.4g}]{unit}")
    parts += [f"missing {reason} {n}" for reason, n in cell.missing.items()]
    return "; ".join(parts)
