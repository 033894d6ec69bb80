"""What a registry is set up with: its question, its two screeners, its closed lists of reasons, its stated limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lumbomics.core.errors import FaultsError, InputError
from lumbomics.registry.decision import Stage
from lumbomics.registry.record import Record

_PERSON = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_REASON = re.compile(r"[a-z][a-z0-9_]{0,59}")
_STANDARD = {
    "population": "Wrong population",
    "index_test": "Wrong imaging or intervention",
    "outcome": "Wrong outcome",
    "design": "Wrong study design",
    "publication_type": "Wrong publication type",
}


class Limits(BaseModel):
    """Limits of the review by language and year; they mark records, they remove none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: tuple[str, ...] = ()
    from_year: int | None = None
    to_year: int | None = None


class Settings(BaseModel):
    """Content of ``registry.yaml``.

    Parameters
    ----------
    title
        The review's question in words.
    screeners
        The two people who screen independently.
    title_abstract_reasons, full_text_reasons
        Closed lists: reason id -> words of the flow diagram.
    limits
        Languages (three-letter codes) and years the review is limited to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, Field(min_length=1)]
    screeners: tuple[str, str]
    title_abstract_reasons: dict[str, str] = Field(default_factory=lambda: dict(_STANDARD))
    full_text_reasons: dict[str, str] = Field(default_factory=lambda: dict(_STANDARD))
    limits: Limits = Limits()

    def reasons_at(self, stage: Stage) -> dict[str, str]:
        """Give the closed list of a stage: reason id -> words."""
        return self.full_text_reasons if stage is Stage.FULL_TEXT else self.title_abstract_reasons

    @field_validator("screeners")
    @classmethod
    def _two_people(cls, screeners: tuple[str, str]) -> tuple[str, str]:
        first, second = (person(name) for name in screeners)
        if first == second:
            raise ValueError("two different screeners are needed")
        return first, second

    @field_validator("title_abstract_reasons", "full_text_reasons")
    @classmethod
    def _plain_ids(cls, reasons: dict[str, str]) -> dict[str, str]:
        if wrong := [one for one in reasons if not _REASON.fullmatch(one)]:
            raise ValueError(f"reason ids are lower case words with underscores, not {', '.join(wrong)}")
        return reasons


def settings_from(plain: object, *, where: str) -> Settings:
    """Build the settings from the content of ``registry.yaml``; FaultsError with every fault."""
    try:
        return Settings.model_validate(plain)
    except ValidationError as error:
        faults = [
            InputError(
                one["msg"], where=f"{where}, {'.'.join(map(str, one['loc'])) or 'file'}", got=str(one["input"])[:80]
            )
            for one in error.errors()
        ]
        raise FaultsError(faults) from None


def settings_to_dict(settings: Settings) -> dict[str, Any]:
    """Plain form for YAML."""
    return settings.model_dump(mode="json")


def person(name: str) -> str:
    """Check a person's short name, which also names files; InputError if it is none."""
    if not _PERSON.fullmatch(name):
        raise InputError(
            "a person's short name cannot be used", expected="lower case letters, digits, . _ -", got=repr(name)
        )
    return name


def outside_limits(records: Iterable[Record], limits: Limits, lead: Mapping[str, str]) -> dict[str, str]:
    """Find the reports that lie outside the limits, or may: first record's id -> why, in words.

    A report lies outside when all its records that state a language (a year) state one outside; where none states it,
    it is named as unknown, for a person to look.
    """
    members: dict[str, list[Record]] = {}
    for record in records:
        members.setdefault(lead[record.id], []).append(record)
    told = {name: " and ".join(_outside(group, limits)) for name, group in sorted(members.items())}
    return {name: why for name, why in told.items() if why}


def _outside(group: list[Record], limits: Limits) -> Iterable[str]:
    languages, years = {r.language for r in group if r.language}, {r.year for r in group if r.year is not None}
    if limits.languages and not languages & set(limits.languages):
        yield f"language {', '.join(sorted(languages)) or 'unknown'}"
    if limits.from_year is None and limits.to_year is None:
        return
    low, high = limits.from_year or 0, limits.to_year or 9999
    if not any(low <= year <= high for year in years):
        yield f"year {', '.join(str(y) for y in sorted(years)) or 'unknown'}"
