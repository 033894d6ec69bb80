"""What the room hands on: answers as they were given, and scores with how they came about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError

Value = float | str
Key = tuple[str, Side | None]
"""An item or scale and the side it was asked for."""


class ScoreStatus(StrEnum):
    """How a score came about."""

    OK = "ok"
    """From all items."""
    PRORATED = "prorated"
    """Items were missing, within the instrument's rule."""
    ENTERED = "entered"
    """The table held the score itself; only its range could be checked."""
    ABSENT = "absent"


class NoScore(StrEnum):
    """Why there is no score."""

    MISSING_ITEMS = "missing_items"
    NOT_ANSWERED = "not_answered"
    NO_VALUE_SET = "no_value_set"
    NO_BASELINE = "no_baseline"
    UNDEFINED = "undefined"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something stands: file, row as a spreadsheet counts it (the header is row 1), column."""

    file: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row is not None else ""
        return f"{self.file}{row}" + (f", column {self.column}" if self.column is not None else "")


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """One filled instrument of one participant at one session.

    Parameters
    ----------
    values
        (item, side) -> permitted answer; a missing answer is left out.
    entered
        (scale, side) -> score that the table itself held.
    asked
        Items that the table had a column for.
    place
        The row it stands in.
    """

    participant: str
    session: str
    instrument: str
    values: Mapping[Key, Value] = field(default_factory=lambda: MappingProxyType({}))
    entered: Mapping[Key, float] = field(default_factory=lambda: MappingProxyType({}))
    asked: frozenset[Key] = frozenset()
    place: Place


@dataclass(frozen=True, kw_only=True)
class Score:
    """One score of one instrument, or the reason why there is none.

    Parameters
    ----------
    participant, session
        BIDS labels without ``sub-`` and ``ses-``.
    instrument
        Catalogue id.
    subscale
        Scale of the instrument, ``total`` for its main score.
    side
        The patient's side where the instrument asks for it.
    value
        Finite number in ``unit``; ``None`` for a pure category or an absent score.
    category
        Band or word.
    status, reason
        How it came about; why it is absent.
    answered, items
        How many items were answered, of how many.
    missing_items
        Ids of the items that were not.
    detail
        What the reader must know (value set, span of sessions).
    higher_is_worse
        Direction; ``None`` where the scale has none.
    """

    participant: str
    session: str
    instrument: str
    subscale: str
    side: Side | None = None
    value: float | None = None
    category: str | None = None
    unit: str = "1"
    status: ScoreStatus = ScoreStatus.OK
    reason: NoScore | None = None
    answered: int | None = None
    items: int | None = None
    missing_items: tuple[str, ...] = ()
    detail: str | None = None
    higher_is_worse: bool | None = None

    def __post_init__(self) -> None:
        where = f"{self.instrument} {self.subscale}"
        if self.value is not None and not math.isfinite(self.value):
            raise InputError("score is not finite", got=str(self.value), where=where, hint="use status absent")
        empty = self.value is None and self.category is None
        if empty != (self.status is ScoreStatus.ABSENT) or empty != (self.reason is not None):
            raise InputError("a score has a value or category, or is absent with a reason", where=where)
