"""EQ-5D-5L utilities of one country, supplied by the user; none is included."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType

from lumbomics.clinical.delimited import decode_table, separator_of
from lumbomics.core.errors import FaultsError, InputError, LumbomicsError, ReadError

STATES = tuple("".join(levels) for levels in product("12345", repeat=5))
"""All 3125 health states."""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, kw_only=True)
class ValueSet:
    """Utilities of all 3125 health states.

    Parameters
    ----------
    name
        Country and publication; written beside every utility, since values of different sets must not be pooled.
    utilities
        State -> utility; ``11111`` is 1.
    """

    name: str
    utilities: Mapping[str, float]

    def __post_init__(self) -> None:
        lacking = [state for state in STATES if state not in self.utilities]
        if lacking or len(self.utilities) != len(STATES):
            got = f"{len(self.utilities)} states" + (f", without {', '.join(lacking[:3])} …" if lacking else "")
            raise InputError("a value set needs every health state", expected="3125 states", got=got, where=self.name)
        if self.utilities["11111"] != 1 or max(self.utilities.values()) > 1:
            raise InputError(
                "full health must be worth 1, and nothing more",
                got=f"11111 = {self.utilities['11111']:g}, highest {max(self.utilities.values()):g}",
                where=self.name,
                hint="give utilities, not the decrements that lead to them",
            )
        object.__setattr__(self, "utilities", MappingProxyType(dict(self.utilities)))


def read_value_set(path: Path | str, *, name: str) -> ValueSet:
    """Read a value set: a table with one row a state, columns ``state`` and ``utility``.

    Parameters
    ----------
    path
        CSV or TSV with a decimal point; further columns are not read.
    name
        Country and publication.

    Raises
    ------
    FaultsError
        Every row that is no state with a utility.
    ReadError
        If the file cannot be read or lacks a column.
    InputError
        If states are missing.
    """
    place = Path(path)
    text, _ = decode_table(place)
    rows = csv.DictReader(io.StringIO(text), delimiter=separator_of(text))
    columns = {(heading or "").strip().lower(): heading for heading in rows.fieldnames or ()}
    if not {"state", "utility"} <= set(columns):
        raise ReadError("no value set", expected="columns state, utility", got=", ".join(columns), where=place.name)
    utilities: dict[str, float] = {}
    faults: list[LumbomicsError] = []
    for number, row in enumerate(rows, start=2):
        state, utility = (row[columns[one]] or "" for one in ("state", "utility"))
        problem = _problem(state.strip(), utility.strip(), utilities)
        if problem:
            faults.append(InputError(problem, got=f"{state!r}, {utility!r}", where=f"{place.name}, row {number}"))
        else:
            utilities[state.strip()] = float(utility)
    if faults:
        raise FaultsError(faults)
    return ValueSet(name=name, utilities=utilities)


def _problem(state: str, utility: str, known: Mapping[str, float]) -> str | None:
    if re.fullmatch("[1-5]{5}", state) is None:
        return "no EQ-5D-5L state (five digits 1-5)"
    if _NUMBER.fullmatch(utility) is None:
        return "utility is no number with a decimal point"
    return "state occurs twice" if state in known else None
