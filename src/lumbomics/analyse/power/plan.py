"""A planned study: how many participants, under which assumptions, for which reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from lumbomics.core.errors import FaultsError, InputError


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One demand on the sample.

    Parameters
    ----------
    name
        What it demands, in words.
    n
        Participants it needs.
    """

    name: str
    n: int


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """Participants needed, and why.

    Parameters
    ----------
    design
        What is planned, in words.
    n
        Participants with complete data: the largest of the criteria.
    criteria
        What was demanded, at least one.
    assumptions
        Every number that went in.
    source
        Paper of the formula.
    invited
        Participants to invite where a share of ``dropout`` is lost; equal to ``n`` without loss.
    """

    design: str
    n: int
    criteria: tuple[Criterion, ...]
    assumptions: Mapping[str, float]
    source: str
    invited: int
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.criteria or self.n != max(criterion.n for criterion in self.criteria):
            raise InputError("a plan needs the largest of its criteria", got=f"{self.n} of {self.criteria}")
        object.__setattr__(self, "assumptions", MappingProxyType(dict(self.assumptions)))

    def to_frame(self) -> pd.DataFrame:
        """One row a criterion; the one that decides is marked."""
        return pd.DataFrame(
            [
                {"design": self.design, "criterion": c.name, "n": c.n, "decides": c.n == self.n, **self.assumptions}
                for c in self.criteria
            ]
        )


def plan(
    design: str,
    criteria: Mapping[str, int],
    *,
    assumptions: Mapping[str, float],
    source: str,
    dropout: float,
    notes: tuple[str, ...] = (),
) -> StudyPlan:
    """Assemble a plan from its criteria; the number invited is n / (1 - dropout), rounded up."""
    n = max(criteria.values())
    return StudyPlan(
        design=design,
        n=n,
        criteria=tuple(Criterion(name=name, n=number) for name, number in criteria.items()),
        assumptions={**assumptions, "dropout": dropout},
        source=source,
        invited=-int(-n // (1 - dropout)),
        notes=notes,
    )


def check(**ranges: tuple[float, float, float]) -> None:
    """Refuse arguments outside their open range, all at once.

    Parameters
    ----------
    ranges
        Name of the argument = (value, low, high); the value must lie strictly between.
    """
    faults = [
        InputError(f"{name} out of range", expected=f"above {low:g} and below {high:g}", got=str(value))
        for name, (value, low, high) in ranges.items()
        if not low < value < high
    ]
    if faults:
        raise FaultsError(faults)


def check_common(*, alpha: float, power: float, dropout: float) -> None:
    """Refuse error rates and losses that cannot be meant."""
    check(alpha=(alpha, 0.0, 0.5), power=(power, 0.05, 1.0), dropout=(dropout, -1e-12, 0.95))
