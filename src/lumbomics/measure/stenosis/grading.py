"""Several quantities of one place with their common error, and the grade that follows with its probability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Context, Drawing, Measurement
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.stenosis.canal_map import CanalMap

Values = Mapping[str, float]
"""Quantities of one place by name."""
Rule = Callable[[Values], int]
"""Grade, as an index, that a set of quantities means."""
GRADE, PROBABILITY = "grade", "grade_probability"


@dataclass(frozen=True, eq=False)
class Estimate:
    """Quantities of one place and how they scatter together.

    Parameters
    ----------
    values
        The quantities.
    draws
        (n, k) what they would be under the error of drawing, about the values, in their order.
    """

    values: Values
    draws: FloatArray = field(repr=False)

    @classmethod
    def of_map(cls, drawn: CanalMap, compute: Callable[[CanalMap], Values]) -> Self:
        """Compute quantities on a slice, and again on its redrawn maps."""
        return cls.of(compute(drawn), [compute(one) for one in drawn.redrawn])

    @classmethod
    def of(cls, values: Values, again: Sequence[Values]) -> Self:
        """Take quantities and their repetitions; what all repetitions are off by alike is no scatter."""
        centre = np.array(list(values.values()))
        if not again:
            return cls(values, centre[None])
        draws = np.array([[one[name] for name in values] for one in again])
        return cls(values, centre + draws - draws.mean(axis=0))

    def with_error(self, **extra_se: float) -> Self:
        """Add independent error to some quantities: each takes its turn, scaled so that variances add up."""
        names = [name for name in self.values if extra_se.get(name, 0.0) > 0]
        if not names:
            return self
        turns = []
        for name in names:
            own = np.array([np.sqrt(len(names)) * extra_se[name] * (name == other) for other in self.values])
            turns += [self.draws + own, self.draws - own]
        return type(self)(self.values, np.concatenate(turns))

    def se(self, name: str) -> float:
        """Return the standard error of a quantity."""
        return float(self.draws[:, list(self.values).index(name)].std())

    def graded(self, rule: Rule) -> Graded:
        """Grade the values, and every draw for the grade's probability."""
        indices = np.array([rule(dict(zip(self.values, draw, strict=True))) for draw in self.draws])
        return Graded(rule(self.values), indices.astype(np.float64))

    def probability(self, holds: Callable[[Values], bool]) -> float:
        """Share of draws for which something holds."""
        return float(np.mean([holds(dict(zip(self.values, draw, strict=True))) for draw in self.draws]))


@dataclass(frozen=True, eq=False)
class Graded:
    """A grade and the grades of its draws."""

    index: int
    drawn: FloatArray = field(repr=False)

    @property
    def probability(self) -> float:
        """Share of draws with the same grade, the grade itself counted as one more."""
        return float((np.count_nonzero(self.drawn == self.index) + 1) / (len(self.drawn) + 1))

    @property
    def se(self) -> float:
        """Root mean square distance of the draws' grades."""
        return float(np.sqrt(np.mean((self.drawn - self.index) ** 2)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """What all results of one biomarker at one place share."""

    biomarker: str
    level: str | None = None
    side: Side | None = None
    series: str | None = None
    caution: str | None = None
    drawings: tuple[Drawing, ...] = field(default=(), repr=False)

    def number(self, method: str, unit: str, value: float, se: float | None = None) -> Measurement:
        """State a number."""
        return self._row(method, unit, value, se, None)

    def category(
        self, method: str, unit: str, category: str, value: float | None = None, se: float | None = None
    ) -> Measurement:
        """State a category."""
        return self._row(method, unit, value, se, category)

    def numbers(self, estimate: Estimate, units: Mapping[str, str]) -> Iterator[Measurement]:
        """State the quantities of an estimate that have a unit."""
        for method, unit in units.items():
            yield self.number(method, unit, estimate.values[method], estimate.se(method))

    def grade(
        self, graded: Graded, names: Sequence[str], steps: Sequence[float] | None = None
    ) -> Iterator[Measurement]:
        """State a grade by name, as a number where ``steps`` give one, and its probability."""
        value = float(graded.index) if steps is None else steps[graded.index]
        drawn = graded.drawn if steps is None else np.array(steps)[graded.drawn.astype(int)]
        se = float(np.sqrt(np.mean((drawn - value) ** 2)))
        yield self.category(GRADE, "{grade}", names[graded.index], value, se)
        yield self.number(PROBABILITY, "1", graded.probability)

    def _row(self, method: str, unit: str, value: float | None, se: float | None, category: str | None) -> Measurement:
        return Measurement(
            biomarker=self.biomarker,
            method=method,
            unit=unit,
            level=self.level,
            side=self.side,
            value=None if value is None else float(value),
            se=None if se is None else float(se),
            category=category,
            caution=self.caution,
            drawings=self.drawings,
            context=Context(series=self.series),
        )
