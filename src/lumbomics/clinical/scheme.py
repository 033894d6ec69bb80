"""How an instrument's items become its scores: the records of ``schemes.yaml``, checked and typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_SPAN = re.compile(r"(\d+)-(\d+)")
Rule = Literal[
    "value", "sum", "mean", "percent", "max", "count_chosen", "worse_side", "state", "value_set", "choice", "slr_sign",
    "entered", "derived",
]  # fmt: skip


def _spread(ids: Any) -> Any:
    """Item ids with spans such as ``1-10`` written out."""
    return tuple(one for text in ids for one in _span(str(text))) if isinstance(ids, list) else ids


def _span(text: str) -> Iterator[str]:
    found = _SPAN.fullmatch(text)
    if found is None:
        yield text
    else:
        yield from (str(number) for number in range(int(found[1]), int(found[2]) + 1))


Ids = Annotated[tuple[str, ...], BeforeValidator(_spread)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(_Record):
    """One item: its permitted codes and what they count.

    ``points`` gives the points of the codes ``low``, ``low + 1`` … where they differ from the codes themselves.
    """

    id: str
    names: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    whole: bool = True
    values: tuple[float, ...] = ()
    points: tuple[float, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    pattern: str | None = None
    text: bool = False
    sided: bool = False
    unit: str | None = None

    @property
    def is_number(self) -> bool:
        """Whether answers are numbers; else they are words of a list, a pattern or free text."""
        return not (self.choices or self.pattern or self.text)

    @property
    def permitted(self) -> str:
        """The permitted answers in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.values:
            return "one of " + ", ".join(f"{value:g}" for value in self.values)
        if not self.is_number:
            return "five digits 1-5" if self.pattern else "text"
        kind = "a whole number" if self.whole else "a number"
        low = f"{self.low:g}" if self.low is not None else "…"
        return f"{kind} {low} to {f'{self.high:g}' if self.high is not None else '…'}"

    def counts(self, code: float) -> float:
        """Points of a permitted code."""
        return self.points[round(code - (self.low or 0))] if self.points else code


class _Group(_Record):
    """Items written together in the file."""

    ids: Ids
    names: tuple[str, ...] = ()
    low: float | None = None
    high: float | tuple[float, ...] | None = None
    whole: bool = True
    values: tuple[float, ...] = ()
    recode: tuple[float, ...] = ()
    recodes: Mapping[str, tuple[float, ...]] = Field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    pattern: str | None = None
    text: bool = False
    sided: bool = False
    unit: str | None = None

    def items(self) -> Iterator[Item]:
        shared = self.model_dump(exclude={"ids", "names", "high", "recode", "recodes"})
        for number, one in enumerate(self.ids):
            yield Item(
                id=one,
                names=self.names[number : number + 1],
                high=self.high[number] if isinstance(self.high, tuple) else self.high,
                points=self.recodes.get(one, self.recode),
                **shared,
            )


class Scale(_Record):
    """One score of an instrument: which items, which rule, how many must be answered, which bands."""

    id: str
    rule: Rule
    of: Ids = ()
    least: Annotated[int, Field(ge=1)] | None = None
    low: float | None = None
    high: float | None = None
    unit: str = "1"
    bands: tuple[tuple[str | None, float], ...] = ()
    missing: str | None = None
    source: str
    names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _bands_rise(self) -> Self:
        starts = [start for _, start in self.bands]
        if starts != sorted(set(starts)):
            raise ValueError("bands must begin at rising values")
        return self

    def band(self, value: float) -> str | None:
        """Name of the band that ``value`` lies in; a band begins at its published lower end."""
        inside = [label for label, start in self.bands if value >= start]
        return inside[-1] if inside else None


class Scheme(_Record):
    """Items and scales of one instrument."""

    id: str
    aliases: tuple[str, ...] = ()
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]

    @model_validator(mode="after")
    def _scales_use_known_items(self) -> Self:
        known = {item.id for item in self.items} | {f"@{scale.id}" for scale in self.scales}
        unknown = sorted({one for scale in self.scales for one in scale.of} - known)
        if unknown:
            raise ValueError(f"scales use unknown items {unknown}")
        return self

    def item(self, one: str) -> Item:
        """Item of an id."""
        return next(item for item in self.items if item.id == one)

    def scale(self, one: str) -> Scale:
        """Scale of an id."""
        return next(scale for scale in self.scales if scale.id == one)


@cache
def load_schemes() -> Mapping[str, Scheme]:
    """All schemes by instrument id, read once per process."""
    text = files("lumbomics.clinical").joinpath("schemes.yaml").read_text(encoding="utf-8")
    plain: dict[str, dict[str, Any]] = yaml.safe_load(text)["schemes"]
    return MappingProxyType({name: _scheme(name, record) for name, record in plain.items()})


def _scheme(name: str, record: dict[str, Any]) -> Scheme:
    items = tuple(item for group in record["items"] for item in _Group.model_validate(group).items())
    return Scheme.model_validate({**record, "id": name, "items": items})
