"""Reliability of every biomarker of a table: between raters, scanners, repeated scans or software versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from lumbomics.analyse.reliability.bland_altman import BlandAltman, bland_altman
from lumbomics.analyse.reliability.estimate import FloatArray, checked_confidence
from lumbomics.analyse.reliability.gwet import GwetAgreement, gwet_ac
from lumbomics.analyse.reliability.intraclass import IntraclassCorrelation, intraclass_correlation
from lumbomics.analyse.reliability.kappa import Kappa, weighted_kappa
from lumbomics.analyse.reliability.krippendorff import KrippendorffAlpha, Scale, krippendorff_alpha
from lumbomics.analyse.reliability.repeatability import Repeatability, repeatability
from lumbomics.analyse.tables import SOURCES, long_table
from lumbomics.core.errors import FaultsError, InputError
from lumbomics.core.measurement import Absent, Reason

_UNIT_COLUMNS = ("participant", "session", "level", "side", "rater", "scanner", "version", "repeat", "posture")
# Series and label source name files: they differ between scans of the same thing, and tell no units apart.


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two raters (scanners, versions, scans) against each other.

    Parameters
    ----------
    first, second
        Their names; differences are first minus second.
    agreement
        Bland-Altman, or kappa for grades.
    """

    first: str
    second: str
    agreement: BlandAltman | Kappa


@dataclass(frozen=True, kw_only=True)
class BiomarkerReliability:
    """Reliability of one numeric biomarker by one method.

    Parameters
    ----------
    biomarker, method, unit
        What was measured.
    between
        Column whose entries are compared, and its entries in ``raters``.
    intraclass
        On units that every rater measured.
    repeatability
        On every unit with two ratings; rater differences count as error.
    pairs
        Bland-Altman of each two raters.
    participants
        People behind the units that two raters or more measured.
    """

    biomarker: str
    method: str | None
    unit: str | None
    between: str
    raters: tuple[str, ...]
    intraclass: IntraclassCorrelation
    repeatability: Repeatability
    pairs: tuple[Pair, ...]
    participants: int

    @property
    def mdc95(self) -> float:
        """Smallest change beyond error, in the biomarker's unit: the repeatability coefficient."""
        return self.repeatability.coefficient.value


@dataclass(frozen=True, kw_only=True)
class GradeReliability:
    """Reliability of one graded biomarker by one method.

    Parameters
    ----------
    biomarker, method
        What was graded.
    between, raters
        As in BiomarkerReliability.
    ac
        Gwet's AC2 (quadratic weights), or AC1 where grades have no order.
    alpha
        Krippendorff's alpha, ordinal or nominal.
    pairs
        Kappa of each two raters, with the same weights as ``ac``.
    participants
        People behind the units.
    """

    biomarker: str
    method: str | None
    between: str
    raters: tuple[str, ...]
    ac: GwetAgreement
    alpha: KrippendorffAlpha
    pairs: tuple[Pair, ...]
    participants: int


@dataclass(frozen=True, kw_only=True)
class ReliabilityStudy:
    """All biomarkers of a study.

    Parameters
    ----------
    numbers, grades
        What could be judged.
    absent
        What could not, and why.
    """

    numbers: tuple[BiomarkerReliability, ...] = ()
    grades: tuple[GradeReliability, ...] = ()
    absent: tuple[Absent, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a numeric biomarker: ICC, errors of measurement, bias of the first pair; absent ones too."""
        rows = [_number_row(found) for found in self.numbers]
        return pd.DataFrame([*rows, *(_absent_row(absent) for absent in self.absent)])

    def grades_frame(self) -> pd.DataFrame:
        """One row a graded biomarker: AC, alpha, mean kappa of the pairs."""
        return pd.DataFrame([_grade_row(found) for found in self.grades])

    def pairs_frame(self) -> pd.DataFrame:
        """One row a biomarker and pair of raters, with bias and limits of agreement or with kappa."""
        judged: tuple[BiomarkerReliability | GradeReliability, ...] = (*self.numbers, *self.grades)
        rows = [
            pair.agreement.to_frame().assign(
                biomarker=found.biomarker, method=found.method, first=pair.first, second=pair.second
            )
            for found in judged
            for pair in found.pairs
        ]
        return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def reliability_study(
    table: pd.DataFrame,
    *,
    between: str,
    grades: Mapping[str, Sequence[Any]] | None = None,
    unordered: frozenset[str] = frozenset(),
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> ReliabilityStudy:
    """Judge each biomarker of a long table against the repetitions in it.

    A unit is what was measured more than once: participant, session, level, side, and rater, scanner, version, repeat
    and posture, without the one that is compared (two raters on two scanners give units for each scanner). With several
    units a person, intervals come from bootstraps over persons.

    Parameters
    ----------
    table
        Long measurement table (``analyse.tables.long_table``) with the column ``between``.
    between
        ``rater``, ``scanner``, ``version``, ``repeat``, ``session`` (scans without any change in between), or another
        column.
    grades
        Graded biomarkers and all their grades from least to most, as they stand in ``category`` (or ``value`` where
        there is no category).
    unordered
        Those of them whose grades have no order.
    confidence, resamples, seed
        Of the intervals.

    Raises
    ------
    InputError
        If the column ``between`` is missing or names fewer than two entries.
    FaultsError
        As in ``long_table``; or if ``grades`` names biomarkers that the table lacks.
    """
    checked_confidence(confidence)
    checked = long_table(table)
    if between not in checked.columns or checked[between].nunique() < 2:
        raise InputError(
            f"column {between!r} does not name two or more to compare",
            expected=f"one of {', '.join((*SOURCES, 'session'))} with two entries",
            got=f"columns {', '.join(checked.columns)}",
        )
    graded = dict(grades or {})
    strange = sorted((set(graded) | unordered) - set(checked["biomarker"]))
    if strange:
        raise FaultsError([InputError("graded biomarker is not in the table", got=name) for name in strange])
    options = {"confidence": confidence, "resamples": resamples, "seed": seed}
    numbers, levels, absent = [], [], []
    for part in _parts(checked):
        name = str(part["biomarker"].iloc[0])
        try:
            if name in graded:
                levels.append(_judge_grades(part, between, graded[name], name in unordered, options))
            else:
                numbers.append(_judge_numbers(part, between, options))
        except InputError as error:
            method = part["method"].iloc[0]
            absent.append(Absent(biomarker=name, method=method, reason=Reason.UNDEFINED, detail=str(error)))
    return ReliabilityStudy(numbers=tuple(numbers), grades=tuple(levels), absent=tuple(absent))


def ratings_table(table: pd.DataFrame, *, between: str, column: str = "value") -> pd.DataFrame:
    """Spread one biomarker of a checked table: one row a unit, one column a rater.

    Parameters
    ----------
    table
        Rows of one biomarker and method.
    between
        Column that becomes the columns.
    column
        Column that becomes the cells.

    Raises
    ------
    InputError
        If a rater rated a unit twice.
    """
    keys = [name for name in _UNIT_COLUMNS if name in table.columns and name != between]
    filled = table[[*keys, between]].astype(object).fillna("")
    if filled.duplicated().any():
        raise InputError(
            f"one {between} measured a unit twice",
            got=str(filled[filled.duplicated()].iloc[0].to_dict()),
            hint=f"tell the two apart in one of {', '.join(SOURCES)}",
        )
    indexed = pd.Series(table[column].to_numpy(), index=pd.MultiIndex.from_frame(filled))
    return indexed.unstack(level=-1)


def _parts(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for _, part in table.groupby(["biomarker", "method"], dropna=False, sort=True):
        yield part


def _people(units: pd.DataFrame) -> np.ndarray:
    return units.index.get_level_values("participant").to_numpy()


def _judge_numbers(part: pd.DataFrame, between: str, options: dict[str, Any]) -> BiomarkerReliability:
    units = ratings_table(part, between=between)
    values: FloatArray = units.to_numpy(dtype=np.float64)
    people = _people(units)
    names = tuple(str(name) for name in units.columns)
    return BiomarkerReliability(
        biomarker=str(part["biomarker"].iloc[0]),
        method=part["method"].iloc[0],
        unit=part["unit"].dropna().iloc[0] if part["unit"].notna().any() else None,
        between=between,
        raters=names,
        intraclass=intraclass_correlation(values, clusters=people, **options),
        repeatability=repeatability(values, confidence=options["confidence"]),
        pairs=tuple(
            Pair(
                first=names[i],
                second=names[j],
                agreement=bland_altman(values[:, i], values[:, j], clusters=people, **options),
            )
            for i, j in _pairable(values)
        ),
        participants=_participants(people, values),
    )


def _judge_grades(
    part: pd.DataFrame, between: str, listed: Sequence[Any], nominal: bool, options: dict[str, Any]
) -> GradeReliability:
    column = "category" if "category" in part.columns and part["category"].notna().any() else "value"
    units = ratings_table(part, between=between, column=column)
    cells, people = units.to_numpy(dtype=object), _people(units)
    names = tuple(str(name) for name in units.columns)
    weighting = "unweighted" if nominal else "quadratic"
    rank = {grade: position for position, grade in enumerate(listed)}
    ranks = np.array([[np.nan if pd.isna(c) else rank.get(c, np.inf) for c in row] for row in cells], dtype=np.float64)
    shared: dict[str, Any] = {"categories": listed, "weighting": weighting, "clusters": people}
    return GradeReliability(
        biomarker=str(part["biomarker"].iloc[0]),
        method=part["method"].iloc[0],
        between=between,
        raters=names,
        ac=gwet_ac(cells, confidence=options["confidence"], **shared),
        alpha=krippendorff_alpha(ranks, scale=Scale.NOMINAL if nominal else Scale.ORDINAL, clusters=people, **options),
        pairs=tuple(
            Pair(
                first=names[i], second=names[j], agreement=weighted_kappa(cells[:, i], cells[:, j], **shared, **options)
            )
            for i, j in _pairable(ranks)
        ),
        participants=_participants(people, ranks),
    )


def _pairable(values: FloatArray) -> list[tuple[int, int]]:
    """Pairs of raters with three units or more in common; with fewer, nothing can be said on a pair."""
    there = ~np.isnan(values)
    return [(i, j) for i, j in combinations(range(values.shape[1]), 2) if (there[:, i] & there[:, j]).sum() >= 3]


def _participants(people: np.ndarray, values: FloatArray) -> int:
    return len(set(people[(~np.isnan(values)).sum(axis=1) >= 2]))


def _number_row(found: BiomarkerReliability) -> dict[str, Any]:
    icc, spread = found.intraclass, found.repeatability
    first = found.pairs[0].agreement if found.pairs else None
    return {
        "biomarker": found.biomarker,
        "method": found.method,
        "unit": found.unit,
        "between": found.between,
        "raters": len(found.raters),
        "participants": found.participants,
        "units": icc.n,
        "units_dropped": icc.dropped,
        **icc.form("ICC(2,1)").columns("icc_agreement"),
        **icc.form("ICC(3,1)").columns("icc_consistency"),
        **icc.sem_agreement.columns("sem_agreement"),
        **icc.sem_consistency.columns("sem_consistency"),
        **spread.within_sd.columns("within_sd"),
        **spread.coefficient.columns("mdc95"),
        **(first.bias.columns("bias") if isinstance(first, BlandAltman) else {}),
        "proportional_p": first.proportional_p if isinstance(first, BlandAltman) else None,
        "interval": icc.interval,
        "status": "ok",
        "detail": None,
    }


def _grade_row(found: GradeReliability) -> dict[str, Any]:
    kappas = [pair.agreement.kappa.value for pair in found.pairs if isinstance(pair.agreement, Kappa)]
    return {
        "biomarker": found.biomarker,
        "method": found.method,
        "between": found.between,
        "raters": len(found.raters),
        "participants": found.participants,
        "units": found.ac.n_pairable,
        **found.ac.coefficient.columns("ac"),
        **found.alpha.alpha.columns("alpha"),
        "kappa_mean": float(np.mean(kappas)) if kappas else None,
        "weighting": str(found.ac.weighting),
    }


def _absent_row(absent: Absent) -> dict[str, Any]:
    return {"biomarker": absent.biomarker, "method": absent.method, "status": "absent", "detail": absent.detail}
