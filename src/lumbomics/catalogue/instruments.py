"""Questionnaires, scores and logs that stand beside the imaging; item wordings are not shipped."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from lumbomics.catalogue._record import Identifier, Record, Text
from lumbomics.catalogue.marks import SourceMark, is_unverified


class ScoreRange(Record):
    """Lowest and highest possible score of a scale; ``None`` for an open end."""

    scale: Text
    low: float | None
    high: float | None
    note: Text | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must lie below high")
        return self


class Category(Record):
    """A named class of scores."""

    label: Text
    rule: Text


class ImportantChange(Record):
    """Smallest change that patients call important: one number (low = high) or the span found in the literature."""

    low: float
    high: float
    unit: Text
    context: Text | None = None
    source: SourceMark

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self

    @property
    def is_unverified(self) -> bool:
        """Whether the number was recalled and not checked against its source."""
        return is_unverified(self.source)


class Instrument(Record):
    """One questionnaire, score, sign or log: ranges, scoring, important change, licence."""

    id: Identifier
    name: Text
    domain: Identifier
    items: Annotated[int, Field(ge=1)] | None
    response: Text
    scoring: Text
    missing: Text | None = None
    ranges: tuple[ScoreRange, ...]
    higher_is_worse: bool | None
    categories: tuple[Category, ...]
    important_change: tuple[ImportantChange, ...]
    important_change_note: Text | None
    codes: tuple[Text, ...]
    licence: Text
    caveats: tuple[Text, ...]
    sources: Annotated[tuple[SourceMark, ...], Field(min_length=1)]
    review_term: Text
