"""Tab-parted text to columns of text, with the rows that are cut short or too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import csv

_EMPTY = ["n/a", ""]


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """Rows as columns of text.

    Parameters
    ----------
    table
        The whole rows; null where a cell is empty or ``n/a``.
    broken
        Numbers of the rows left out, from 1.
    whole
        Numbers of the rows taken, from 1.
    problem
        Why nothing could be read, else ``None``.
    """

    table: Any
    broken: tuple[int, ...] = ()
    whole: tuple[int, ...] = ()
    problem: str | None = None

    @staticmethod
    def empty(columns: Sequence[str]) -> Any:
        """Make a table without rows."""
        return pa.table({name: pa.array([], pa.string()) for name in columns})


def parse(body: bytes, columns: Sequence[str]) -> Parsed:
    """Read tab-parted rows without a header; nothing is quoted, every cell stays text.

    Parameters
    ----------
    body
        UTF-8 text, every row ending in a line feed.
    columns
        Names, one for each cell of a row.
    """
    cells = [line.count(b"\t") for line in body.split(b"\n")[:-1]]
    broken = [number for number, tabs in enumerate(cells, start=1) if tabs != len(columns) - 1]
    whole = [number for number, tabs in enumerate(cells, start=1) if tabs == len(columns) - 1]
    if broken:
        lines = body.split(b"\n")
        body = b"".join(lines[number - 1] + b"\n" for number in whole)
    if not body:
        return Parsed(table=Parsed.empty(columns), broken=tuple(broken))
    try:
        table = csv.read_csv(
            pa.py_buffer(body),
            read_options=csv.ReadOptions(column_names=list(columns)),
            parse_options=csv.ParseOptions(
                delimiter="\t", quote_char=False, double_quote=False, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), null_values=_EMPTY, strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        return Parsed(table=Parsed.empty(columns), problem=f"cannot be read as text ({error})")
    if table.num_rows != len(whole):
        return Parsed(table=Parsed.empty(columns), problem="cannot be read: carriage returns inside rows")
    return Parsed(table=table, broken=tuple(broken), whole=tuple(whole))
