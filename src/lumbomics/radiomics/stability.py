"""Which features stay what they are when image and mask are disturbed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.measurement import Measurement, Result

LEAST = 0.75
"""Lower end of the interval from which a feature is kept: an engineering default, the usual mark of good agreement."""
Agreement = Callable[[NDArray[np.float64], Sequence[str]], tuple[float, float | None]]
"""(units, repetitions) and whose each unit is -> coefficient and the lower end of its interval; InputError if none."""
_Unit = tuple[str, str, str]
_FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class FeatureStability:
    """How far a feature of one structure can be trusted.

    Parameters
    ----------
    biomarker, method
        As in the measurements.
    units
        Regions that were measured in every repetition.
    owners
        Patients they belong to.
    repetitions
        Times each was measured, the undisturbed image included.
    value, low
        Agreement and the lower end of its interval; ``None`` where it could not be computed.
    kept
        Whether ``low`` reaches the limit.
    detail
        Why there is no number.
    """

    biomarker: str
    method: str
    units: int
    owners: int
    repetitions: int
    value: float | None = None
    low: float | None = None
    kept: bool = False
    detail: str | None = None


def judge_stability(
    repeated: Mapping[str, Sequence[Sequence[Result]]], *, agreement: Agreement, least: float = LEAST
) -> tuple[FeatureStability, ...]:
    """Judge every feature by its agreement over repetitions.

    Parameters
    ----------
    repeated
        Patient -> results of each repetition, the undisturbed image first; every patient equally often.
    agreement
        Intraclass correlation for absolute agreement, with the lower end of its interval.
    least
        A feature is kept from this lower end on.

    Raises
    ------
    InputError
        If there are fewer than two repetitions, or patients have different numbers of them.
    """
    counts = {len(runs) for runs in repeated.values()}
    if len(counts) != 1 or min(counts) < 2:
        raise InputError(
            "stability needs the same repetitions of every patient",
            expected="2 or more, equally many",
            got=", ".join(map(str, sorted(counts))) or "no patient",
        )
    repetitions = counts.pop()
    tables = _tables(repeated, repetitions)
    return tuple(_judged(key, units, repetitions, agreement, least) for key, units in tables.items())


def _tables(
    repeated: Mapping[str, Sequence[Sequence[Result]]], repetitions: int
) -> dict[tuple[str, str], dict[_Unit, NDArray[np.float64]]]:
    """Spread values by feature and structure: unit -> its values, NaN where absent."""
    tables: dict[tuple[str, str], dict[_Unit, NDArray[np.float64]]] = {}
    for owner, runs in repeated.items():
        for number, results in enumerate(runs):
            for result in results:
                units = tables.setdefault((result.biomarker, result.method or ""), {})
                unit = (owner, result.level or "", result.side or "")
                row = units.setdefault(unit, np.full(repetitions, math.nan))
                if isinstance(result, Measurement) and result.value is not None:
                    row[number] = result.value
    return tables


def _judged(
    key: tuple[str, str],
    units: Mapping[_Unit, NDArray[np.float64]],
    repetitions: int,
    agreement: Agreement,
    least: float,
) -> FeatureStability:
    whole = {unit: row for unit, row in units.items() if np.isfinite(row).all()}
    owners = [unit[0] for unit in whole]
    value, low, detail = None, None, None
    try:
        _require_enough(len(whole))
        value, low = agreement(np.array(list(whole.values())).reshape(len(whole), repetitions), owners)
    except InputError as error:
        detail = str(error)
    return FeatureStability(
        biomarker=key[0],
        method=key[1],
        units=len(whole),
        owners=len(set(owners)),
        repetitions=repetitions,
        value=value,
        low=low,
        kept=low is not None and low >= least,
        detail=detail,
    )


def _require_enough(units: int) -> None:
    if units < _FEWEST:
        raise InputError(
            "too few regions with a value in every repetition", expected=f"{_FEWEST} or more", got=str(units)
        )
