"""Results arranged as tables: one row a level, one column a quantity and side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Absent, Measurement, Result
from lumbomics.report.composition import Composition, Table
from lumbomics.report.ranges import Range, quoted_ranges, remark
from lumbomics.report.text import (
    decimals_of,
    interval_text,
    level_order,
    quantity_name,
    unit_heading,
    value_text,
)

DASH = "\N{EN DASH}"
_SIDES = (Side.LEFT, Side.RIGHT)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell: what is printed, what a pointer shows, and a remark under the value."""

    text: str = ""
    title: str | None = None
    remark: str | None = None
    caution: str | None = None
    is_absent: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """Heading of a column, or of two where the quantity has sides; all its values take the same decimals."""

    heading: str
    unit: str
    biomarker: str
    method: str
    sides: tuple[Side | None, ...]
    decimals: int
    ranges: tuple[Range, ...]


@dataclass(frozen=True, kw_only=True)
class LevelTable:
    """Rows are levels from head to tail."""

    title: str
    note: str | None
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]

    @property
    def has_sides(self) -> bool:
        """Whether a second heading row names sides."""
        return any(column.sides != (None,) for column in self.columns)


@dataclass(frozen=True, kw_only=True)
class ListRow:
    """A value in a list: what, where, the value with unit, its interval, the quoted ranges."""

    name: str
    method: str
    place: str
    cell: Cell
    interval: str | None
    ranges: tuple[Range, ...]


def level_tables(results: Sequence[Result], composition: Composition) -> list[LevelTable]:
    """Arrange values that have a level; tables, rows and columns without any value are left out."""
    found = (_level_table(table, results) for table in composition.tables)
    return [table for table in found if table is not None]


def whole_spine(results: Sequence[Result]) -> list[ListRow]:
    """List values without a level, in the order given."""
    return [list_row(r) for r in results if isinstance(r, Measurement) and r.level is None]


def further(results: Sequence[Result], composition: Composition) -> list[ListRow]:
    """List values with a level that no table has a column for."""
    placed = {(biomarker, method) for table in composition.tables for biomarker, method, _ in table.columns}
    rest = (r for r in results if isinstance(r, Measurement) and r.level and (r.biomarker, r.method) not in placed)
    return [list_row(r) for r in sorted(rest, key=lambda r: level_order(r.level))]


@dataclass(frozen=True, kw_only=True)
class RemarkGroup:
    """Values of one quantity outside its quoted ranges: (place, value, remark) of each."""

    name: str
    ranges: tuple[Range, ...]
    values: tuple[tuple[str, str, str], ...]


def remarks(results: Sequence[Result]) -> list[RemarkGroup]:
    """Gather values with a remark by quantity, in the order given."""
    rows = [list_row(result) for result in results if isinstance(result, Measurement) and remark(result)]
    names = dict.fromkeys(row.name for row in rows)
    return [_remark_group(name, [row for row in rows if row.name == name]) for name in names]


def _remark_group(name: str, rows: Sequence[ListRow]) -> RemarkGroup:
    ranges = tuple(dict.fromkeys(found for row in rows for found in row.ranges))
    values = tuple((row.place, row.cell.text, row.cell.remark or "") for row in rows)
    return RemarkGroup(name=name, ranges=ranges, values=values)


def list_row(measurement: Measurement) -> ListRow:
    """One measurement as a row of a list."""
    cell = _cell(measurement)
    return ListRow(
        name=quantity_name(measurement.biomarker, measurement.method),
        method=measurement.method,
        place=" ".join(part for part in (measurement.level, measurement.side) if part),
        cell=Cell(
            text=value_text(measurement, unit=True),
            title=cell.title,
            remark=cell.remark,
            caution=cell.caution,
        ),
        interval=interval_text(measurement),
        ranges=quoted_ranges(measurement.biomarker, measurement.method, measurement.unit, level=measurement.level),
    )


def _level_table(table: Table, results: Sequence[Result]) -> LevelTable | None:
    wanted = table.columns
    keys = {(biomarker, method) for biomarker, method, _ in wanted}
    mine = [r for r in results if r.level and (r.biomarker, r.method) in keys]
    values = [r for r in mine if isinstance(r, Measurement)]
    columns = [_column(entry, values) for entry in wanted if any((v.biomarker, v.method) == entry[:2] for v in values)]
    levels = sorted({value.level for value in values if value.level}, key=level_order)
    placed = {(r.biomarker, r.method, r.level, r.side): r for r in mine}
    if not columns:
        return None
    rows = tuple(
        (
            level,
            tuple(
                _cell(placed.get((c.biomarker, c.method, level, side)), decimals=c.decimals)
                for c in columns
                for side in c.sides
            ),
        )
        for level in levels
    )
    return LevelTable(title=table.title, note=table.note, columns=tuple(columns), rows=rows)


def _column(entry: tuple[str, str, str], values: Sequence[Measurement]) -> Column:
    biomarker, method, heading = entry
    mine = [value for value in values if (value.biomarker, value.method) == (biomarker, method)]
    unit = mine[0].unit
    return Column(
        heading=heading,
        unit=unit_heading(unit),
        biomarker=biomarker,
        method=method,
        sides=_sides(mine),
        decimals=max(decimals_of(unit, se=value.se) for value in mine),
        ranges=quoted_ranges(biomarker, method, unit, level=None),
    )


def _sides(values: Iterable[Measurement]) -> tuple[Side | None, ...]:
    found = {value.side for value in values}
    return _SIDES if found & set(_SIDES) else tuple(found)


def _cell(result: Result | None, *, decimals: int | None = None) -> Cell:
    if result is None:
        return Cell()
    if isinstance(result, Absent):
        return Cell(text=DASH, title=result.detail, is_absent=True)
    interval = interval_text(result)
    title = f"95 % CI {interval}" if interval else "standard error not known"
    return Cell(text=value_text(result, decimals=decimals), title=title, remark=remark(result), caution=result.caution)
