"""Questions in SQL: reading only, one statement, nothing outside the index."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, Final

import duckdb

from lumbomics import __version__
from lumbomics.cohort.schema import FORMAT
from lumbomics.core.errors import InputError, ReadError

_LOCKED: Final = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}
"""No files, no network, no extensions, no variables of the program; and no statement can change that."""
_BUILD = "build it: lumbomics cohort build DERIVATIVES"


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """Rows of an answer.

    Parameters
    ----------
    table
        pyarrow.Table.
    """

    table: Any

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.table.column_names)

    def rows(self) -> list[tuple[Any, ...]]:
        """Rows as plain values."""
        columns = [[_plain(cell) for cell in column.to_pylist()] for column in self.table.columns]
        return list(zip(*columns, strict=True))

    def as_json(self) -> list[list[Any]]:
        """Rows as values that JSON knows: what is no finite number is null, dates are text."""
        return [[_json(cell) for cell in row] for row in self.rows()]


def open_index(index: Path) -> Any:
    """Open an index for reading, locked; the caller closes it.

    Raises
    ------
    ReadError
        If there is none, or it is of another version.
    """
    if not index.is_file():
        raise ReadError("no index of the cohort", where=str(index), hint=_BUILD)
    try:
        connection = duckdb.connect(str(index), read_only=True, config=_LOCKED)
        made = connection.execute("SELECT format, lumbomics FROM index_info").fetchall()
    except duckdb.Error as error:
        raise ReadError(
            "no index of a cohort", got=str(error).splitlines()[0], where=str(index), hint=_BUILD
        ) from error
    if made != [(FORMAT, __version__)]:
        connection.close()
        raise ReadError("the index is of another version", expected=__version__, got=str(made), hint=_BUILD)
    return connection


def ask(connection: Any, sql: str) -> Answer:
    """Answer one SELECT.

    Raises
    ------
    InputError
        If it is no SQL, more than one statement, or anything but a SELECT.
    """
    try:
        statements = connection.extract_statements(sql)
        kinds = [statement.type.name for statement in statements]
        if kinds != ["SELECT"]:
            raise InputError("a question is one SELECT", expected="SELECT", got=", ".join(kinds) or "nothing")
        return Answer(table=connection.sql(sql).to_arrow_table())
    except duckdb.Error as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        hint = "`SHOW TABLES` names the tables, `DESCRIBE measurements` a table's columns"
        raise InputError("the question cannot be answered", got=" ".join(lines[:2]), hint=hint) from error


def _json(cell: Any) -> Any:
    if cell is None or isinstance(cell, (str, bool, int)):
        return cell
    if isinstance(cell, float):
        return cell if isfinite(cell) else None
    return [_json(one) for one in cell] if isinstance(cell, list) else str(cell)


def _plain(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return cell
