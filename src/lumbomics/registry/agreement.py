"""Cohen's kappa of two screeners, with its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from lumbomics.core.errors import InputError
from lumbomics.registry.screening import Standing, keeps


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of two screeners on keeping or excluding, before any conflict was resolved.

    Parameters
    ----------
    both_keep, first_only, second_only, both_exclude
        Reports that both keep, only the first or the second screener keeps, both exclude.
    kappa, ci_low, ci_high
        Cohen's kappa and its 95 % interval; ``None`` where it is not defined.
    undefined
        Why there is no kappa or no interval; empty where both stand.
    """

    both_keep: int
    first_only: int
    second_only: int
    both_exclude: int
    kappa: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    undefined: str = ""

    @property
    def n(self) -> int:
        """Reports that both screeners decided on."""
        return self.both_keep + self.first_only + self.second_only + self.both_exclude

    @property
    def observed(self) -> float | None:
        """Share of reports on which both agree."""
        return (self.both_keep + self.both_exclude) / self.n if self.n else None


def agreement_on(standings: Iterable[Standing]) -> Agreement:
    """Agreement over all reports that both screeners decided on."""
    counts = {(first, second): 0 for first in (True, False) for second in (True, False)}
    for one in standings:
        if one.words[0] is not None and one.words[1] is not None:
            counts[keeps(one.words[0]), keeps(one.words[1])] += 1
    return cohen_kappa(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def cohen_kappa(
    both_keep: int, first_only: int, second_only: int, both_exclude: int, *, level: float = 0.95
) -> Agreement:
    """Cohen's kappa of a 2 x 2 table, with a large-sample confidence interval.

    kappa = (po - pe) / (1 - pe) (Cohen, Educ Psychol Meas 1960); its standard error is that of Fleiss, Cohen and
    Everitt (Psychol Bull 1969), for a kappa other than zero. The interval is cut at -1 and 1. It is no test, and with
    rare inclusion kappa is low even where the screeners agree on nearly all reports: read it beside the counts.

    Raises
    ------
    InputError
        If a count is negative or the level lies outside 0 to 1.
    """
    table = (both_keep, first_only, second_only, both_exclude)
    if min(table) < 0 or not 0 < level < 1:
        raise InputError(
            "kappa needs counts and a level", expected="counts >= 0, 0 < level < 1", got=f"{table}, {level}"
        )
    n = sum(table)
    counts: dict[str, Any] = {
        "both_keep": both_keep,
        "first_only": first_only,
        "second_only": second_only,
        "both_exclude": both_exclude,
    }
    if n == 0:
        return Agreement(**counts, undefined="no report was decided by both")
    shares = [count / n for count in table]
    first, second = shares[0] + shares[1], shares[0] + shares[2]
    chance = first * second + (1 - first) * (1 - second)
    if {both_keep + first_only, both_keep + second_only} & {0, n}:
        return Agreement(**counts, undefined="a screener gave all reports the same answer")
    kappa = (shares[0] + shares[3] - chance) / (1 - chance)
    half = NormalDist().inv_cdf(0.5 + level / 2) * _standard_error(shares, first, second, chance, kappa, n)
    if half < 1e-6:
        return Agreement(**counts, kappa=kappa, undefined="no interval: the large-sample error is zero here")
    return Agreement(**counts, kappa=kappa, ci_low=max(-1.0, kappa - half), ci_high=min(1.0, kappa + half))


def _standard_error(shares: list[float], first: float, second: float, chance: float, kappa: float, n: int) -> float:
    keep, only_first, only_second, exclude = shares
    agreeing = keep * (1 - (first + second) * (1 - kappa)) ** 2
    agreeing += exclude * (1 - (2 - first - second) * (1 - kappa)) ** 2
    # Off the diagonal stand the second's margin of the first's category and the first's margin of the second's.
    crossing = only_first * (second + 1 - first) ** 2 + only_second * (1 - second + first) ** 2
    variance = agreeing + (1 - kappa) ** 2 * crossing - (kappa - chance * (1 - kappa)) ** 2
    return math.sqrt(max(0.0, variance)) / ((1 - chance) * math.sqrt(n))
