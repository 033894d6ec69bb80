"""What the pages of operated levels say, read from YAML and checked."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Measurement, Result


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Band(_Record):
    """Words for values below a bound; the last band of a phrase has none."""

    below: float | None = None
    text: str


class Phrase(_Record):
    """How one quantity is told in a sentence.

    Parameters
    ----------
    biomarker, method
        Quantity; the method may hold ``*``.
    label
        Name before the value where no other words are given.
    text
        Words for any category, with ``{value}`` and ``{category}``.
    categories
        Category -> words; ``{value}`` in them is filled in.
    bands
        Words by value, used where the category has none.
    probability
        Method of the same biomarker that holds the probability of the category.
    notable_above
        A value above it is a finding, for which a level of unknown operations gets a page.
    notable
        Categories that are findings.
    optional
        Whether it is no news that it could not be measured, as with a technique few examinations have.
    """

    biomarker: str
    method: str = "*"
    label: str = ""
    text: str = ""
    categories: dict[str, str] = {}
    bands: tuple[Band, ...] = ()
    probability: str = ""
    notable_above: float | None = None
    notable: tuple[str, ...] = ()
    optional: bool = False

    def tells(self, result: Result) -> bool:
        """Whether the phrase is about a result."""
        return result.biomarker == self.biomarker and fnmatchcase(result.method or "", self.method)

    def finds(self, result: Result) -> bool:
        """Whether a result is a finding."""
        if not isinstance(result, Measurement) or not self.tells(result):
            return False
        above = self.notable_above is not None and result.value is not None and result.value > self.notable_above
        return above or result.category in self.notable


class Doubt(_Record):
    """A second quantity that does not bear a finding out where it lies beyond a value, on every side that has it.

    Parameters
    ----------
    biomarker, method
        The second quantity, at the same level.
    below, above
        Values between which it bears the finding out; configuration, no diagnostic cut-off.
    text
        Words with ``{value}``, the value nearest to bearing it out.
    """

    biomarker: str
    method: str
    below: float = -math.inf
    above: float = math.inf
    text: str

    def against(self, results: Iterable[Result]) -> Measurement | None:
        """Return the result nearest to bearing the finding out, if none of a level does."""
        asked = [
            (max(self.below - result.value, result.value - self.above), result)
            for result in results
            if isinstance(result, Measurement)
            and (result.biomarker, result.method) == (self.biomarker, self.method)
            and result.value is not None
        ]
        beyond, nearest = min(asked, key=itemgetter(0), default=(0.0, None))
        return nearest if beyond > 0 else None


class Line(_Record):
    """One line of the summary: what it is about, the phrases it is made of, and what may speak against a finding."""

    name: str
    doubts: tuple[Doubt, ...] = ()
    phrases: Annotated[tuple[Phrase, ...], Field(min_length=1)]


class Topic(_Record):
    """Lines under one heading."""

    title: str
    lines: Annotated[tuple[Line, ...], Field(min_length=1)]


class Picture(_Record):
    """Words of a picture; ``{…}`` in them is filled in."""

    title: str
    caption: str
    alt: str


class Wheel(_Record):
    """One wheel: the quantity that colours a quadrant and one beside it; ``{half}`` in a method is filled in."""

    title: str
    grade: tuple[str, str]
    grade_text: str
    more: tuple[str, str]
    more_text: str


class Words(_Record):
    """Everything the pages say."""

    title: str
    intro: str
    not_told: str
    nothing_found: str
    notice: str
    operated: str
    kinds: dict[str, str]
    months: str
    unknown_time: str
    unknown_operation: str
    assessable: str
    not_assessable: str
    findings: str
    no_findings: str
    all_assessable: str
    before_use: str
    within_error: str
    probability: str
    unsure: str
    unconfirmed: str
    in_part: str
    at: str
    sides: dict[str, str]
    headings: dict[str, str]
    notes: dict[str, str]
    pictures: dict[str, Picture]
    wheels: tuple[Wheel, ...]
    root_values: tuple[Phrase, ...]
    foramen_values: tuple[Phrase, ...]
    fat_values: tuple[Phrase, ...]
    general: Topic
    summary: tuple[Topic, ...]
    changes_title: str
    change_note: str
    change_beyond: str
    change_within: str
    change_unknown: str

    def side(self, side: Side | None) -> str:
        """Name of a side in a sentence, empty for none."""
        return self.sides.get(str(side), "") if side else ""


@cache
def load_words() -> Words:
    """Read the shipped words, once per process."""
    text = files("lumbomics.report.postoperative").joinpath("postoperative.yaml").read_text(encoding="utf-8")
    return Words.model_validate(yaml.safe_load(text))
