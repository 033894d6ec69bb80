"""Tables to files, by the file's extension."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import csv, parquet

from lumbomics.core.errors import InputError

_EXCEL_ROWS, _EXCEL_COLUMNS = 1_048_575, 16_384
_FORMULA = ("=", "+", "-", "@")


def _csv(table: Any, path: Path) -> None:
    csv.write_csv(_flat(table), str(path))


def _tsv(table: Any, path: Path) -> None:
    filled = pa.table({name: [_cell(value) for value in column.to_pylist()] for name, column in _pairs(_flat(table))})
    options = csv.WriteOptions(delimiter="\t", quoting_style="none", include_header=False)
    with path.open("wb") as stream:
        stream.write(("\t".join(table.column_names) + "\n").encode())
        csv.write_csv(filled, stream, options)


def _parquet(table: Any, path: Path) -> None:
    parquet.write_table(table, str(path))


def _excel(table: Any, path: Path) -> None:
    from openpyxl import Workbook  # noqa: PLC0415  only where a workbook is wanted

    if table.num_rows > _EXCEL_ROWS or table.num_columns > _EXCEL_COLUMNS:
        raise InputError(
            "the table is too large for Excel",
            expected=f"up to {_EXCEL_ROWS} rows and {_EXCEL_COLUMNS} columns",
            got=f"{table.num_rows} rows, {table.num_columns} columns",
            hint="write .parquet or .csv, or choose fewer biomarkers",
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet("cohort")
    sheet.append(table.column_names)
    for row in zip(*(column.to_pylist() for column in _flat(table).columns), strict=True):
        sheet.append([_text_cell(sheet, value) for value in row])
    book.save(path)


def _text_cell(sheet: Any, value: Any) -> Any:
    """Keep a text a text that a spreadsheet would compute (=, +, -, @)."""
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  only where a workbook is wanted

    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    return cell


FORMATS: Final[dict[str, Callable[[Any, Path], None]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".tsv": _tsv,
    ".xlsx": _excel,
}
"""Extension -> writer."""


def check_format(path: Path) -> None:
    """Refuse a file whose extension names no format; InputError."""
    if path.suffix.lower() not in FORMATS:
        raise InputError("unknown kind of file", expected=", ".join(FORMATS), got=repr(path.name))


def write_table(table: Any, path: Path) -> None:
    """Write a pyarrow table; numbers keep all their digits. Empty cells are empty (``n/a`` in .tsv, as BIDS asks)."""
    check_format(path)
    FORMATS[path.suffix.lower()](table, path)


def _flat(table: Any) -> Any:
    """Turn lists and other nested columns into text: a cell of a flat file holds one thing."""
    for number, (name, column) in enumerate(_pairs(table)):
        if pa.types.is_nested(column.type):
            cells = [None if value is None else str(value) for value in column.to_pylist()]
            table = table.set_column(number, name, pa.array(cells, pa.string()))
    return table


def _pairs(table: Any) -> list[tuple[str, Any]]:
    return list(zip(table.column_names, table.columns, strict=True))


def _cell(value: Any) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else " ".join(str(value).split()) or "n/a"
