"""Measurements, scores and facts of a whole cohort, read from its derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from lumbomics.analyse.tables import long_table, wide_table
from lumbomics.core.errors import FaultsError, InputError, ReadError
from lumbomics.write import is_complete

COVARIATES: Final = ("age_years", "sex", "bmi", "site")
"""Facts that models are adjusted for where they are known."""
_NUMBERS: Final = ("age_years", "bmi", "months_since_surgery")
_FEWEST, _LARGEST_GAP = 10, 0.2
_DERIVED: Final = "worse_side"
"""Subscale that says again what the scores of both sides say."""
_SCORE_COLUMNS: Final = ("participant_id", "session_id", "instrument", "subscale", "side", "value", "unit")


@dataclass(frozen=True, kw_only=True, eq=False)
class CohortTables:
    """What the derivatives hold.

    Parameters
    ----------
    measurements
        Checked long table of all finished visits.
    scores
        One row a score with a value: ``participant``, ``session``, ``score`` (``odi``, ``nrs_leg_left``),
        ``instrument``, ``side``, ``value``, ``unit``.
    facts
        One row a visit: ``participant``, ``session`` and what the covariates table holds.
    unfinished
        Visits without a valid record of their run; they are left out.
    """

    measurements: pd.DataFrame = field(repr=False)
    scores: pd.DataFrame = field(repr=False)
    facts: pd.DataFrame = field(repr=False)
    unfinished: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class CohortView:
    """One visit of everybody, ready for models.

    Parameters
    ----------
    tables
        What it was taken from.
    baseline, followup
        Sessions; ``followup`` is ``None`` where there is no later one.
    rater
        Whose readings are analysed; ``None`` where readings name nobody.
    wide
        One row a participant at ``baseline``: biomarkers, scores, covariates.
    biomarkers, scores, covariates
        Its columns.
    """

    tables: CohortTables
    baseline: str
    followup: str | None
    rater: str | None
    wide: pd.DataFrame = field(repr=False)
    biomarkers: tuple[str, ...]
    scores: tuple[str, ...]
    covariates: tuple[str, ...]

    @property
    def readings(self) -> pd.DataFrame:
        """Measurements of the analysed rater, all sessions."""
        return _of_rater(self.tables.measurements, self.rater)


def read_cohort(derivatives: Path | str) -> CohortTables:
    """Read every finished visit and the phenotype tables of a derivatives folder.

    Parameters
    ----------
    derivatives
        Folder with ``sub-*/ses-*/*_measurements.tsv`` and, where there are questionnaires, ``phenotype/*.tsv``.

    Raises
    ------
    InputError
        If there is no finished visit.
    FaultsError
        With every fault of the tables.
    """
    root = Path(derivatives)
    tables = sorted(root.glob("sub-*/ses-*/*_measurements.tsv"))
    done = [path for path in tables if is_complete(path.parent)]
    if not done:
        raise InputError(
            "no finished visit", expected="sub-*/ses-*/*_measurements.tsv with run.json", got=f"{len(tables)} tables",
            where=str(root), hint="give the derivatives folder of a run",
        )  # fmt: skip
    frames, faults = [], []
    for path in done:
        try:
            frames.append(_read_tsv(path))
        except ReadError as error:
            faults.append(error)
    if faults:
        raise FaultsError(faults)
    scores = [_scores(_read_tsv(path)) for path in _score_files(root / "phenotype")]
    facts = root / "phenotype" / "covariates.tsv"
    return CohortTables(
        measurements=long_table(_without_prefixes(pd.concat(frames, ignore_index=True))),
        scores=pd.concat(scores, ignore_index=True) if scores else _scores(pd.DataFrame(columns=[*_SCORE_COLUMNS])),
        facts=_facts(_read_tsv(facts)) if facts.is_file() else pd.DataFrame(columns=["participant", "session"]),
        unfinished=tuple(path.parent.relative_to(root).as_posix() for path in tables if path not in set(done)),
    )


def cohort_view(tables: CohortTables, *, baseline: str | None = None, followup: str | None = None) -> CohortView:
    """Choose visits and spread them: one row a participant.

    Parameters
    ----------
    tables
        As from ``read_cohort``.
    baseline, followup
        Sessions; where not given, the session that most participants have, and the later one (by months since surgery)
        that most of the others have.

    Raises
    ------
    FaultsError
        If a session that was asked for is not there.
    InputError
        If the follow-up is the baseline.
    """
    measured = tables.measurements
    known = sorted(measured["session"].unique())
    faults = [
        InputError("no such session", expected=", ".join(known), got=repr(name), where=role)
        for role, name in (("baseline", baseline), ("followup", followup))
        if name is not None and name not in known
    ]
    if faults:
        raise FaultsError(faults)
    first = baseline or _commonest(measured)
    later = followup or _later(measured, first)
    if later == first:
        raise InputError("a change needs two visits", got=f"{first} twice", hint="choose another followup")
    raters = measured["rater"].dropna() if "rater" in measured.columns else pd.Series(dtype=object)
    rater = None if raters.empty else str(raters.mode().iloc[0])
    rows = _of_rater(measured, rater)
    wide = wide_table(rows[rows["session"] == first], rows=("participant",))
    wide = wide.loc[:, wide.notna().sum() >= _FEWEST]
    answers = _wide_scores(tables.scores, first)
    facts = tables.facts[tables.facts["session"] == first].drop(columns="session").set_index("participant")
    joined = wide.join(answers, how="left").join(facts, how="left").reset_index()
    return CohortView(
        tables=tables,
        baseline=first,
        followup=later,
        rater=rater,
        wide=joined,
        biomarkers=tuple(map(str, wide.columns)),
        scores=tuple(map(str, answers.columns)),
        covariates=tuple(name for name in COVARIATES if name in facts.columns and _usable(joined[name])),
    )


def _read_tsv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quoting=3)
    except (OSError, ValueError) as error:
        raise ReadError("table cannot be read", got=str(error), where=path.name) from error


def _without_prefixes(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        participant_id=table["participant_id"].str.removeprefix("sub-"),
        session_id=table["session_id"].str.removeprefix("ses-"),
    )


def _score_files(folder: Path) -> Iterator[Path]:
    """Tables of scores: those whose header says so."""
    for path in sorted(folder.glob("*.tsv")):
        with path.open(encoding="utf-8") as stream:
            header = stream.readline().rstrip("\n").split("\t")
        if set(_SCORE_COLUMNS) <= set(header):
            yield path


def _scores(table: pd.DataFrame) -> pd.DataFrame:
    named = _without_prefixes(table.astype(object)).rename(
        columns={"participant_id": "participant", "session_id": "session"}
    )
    named = named.assign(value=pd.to_numeric(named["value"].replace("n/a", None), errors="coerce"))
    main = named["subscale"].isin(["total", ""])
    sided = named["side"].isin(["left", "right"])
    whole = named["instrument"].where(main, named["instrument"] + "." + named["subscale"])
    named["instrument"] = whole
    named["score"] = whole.where(~sided, whole + "_" + named["side"])
    named["side"] = named["side"].where(sided, None)
    named = named[named["subscale"] != _DERIVED]
    kept = named[["participant", "session", "score", "instrument", "side", "value", "unit"]]
    return kept[kept["value"].notna()].reset_index(drop=True)


def _facts(table: pd.DataFrame) -> pd.DataFrame:
    named = _without_prefixes(table).rename(columns={"participant_id": "participant", "session_id": "session"})
    named = named.astype(object).where(named != "n/a", None)
    return named.assign(**{name: pd.to_numeric(named[name]) for name in _NUMBERS if name in named.columns})


def _commonest(table: pd.DataFrame) -> str:
    """Session of most participants; of several, the first in time, then in the alphabet."""
    counted = table.groupby("session")["participant"].nunique()
    months = _months(table)
    return str(min(counted.index, key=lambda name: (-counted[name], months.get(name, 0.0), name)))


def _later(table: pd.DataFrame, first: str) -> str | None:
    counted = table.groupby("session")["participant"].nunique()
    months = _months(table)
    after = [
        name
        for name in counted.index
        if name != first and months.get(name, float("inf")) > months.get(first, float("-inf")) and counted[name] >= 3
    ]
    return str(max(after, key=lambda name: (counted[name], name))) if after else None


def _months(table: pd.DataFrame) -> dict[str, float]:
    """Median months of each session."""
    if "months_since_surgery" not in table.columns:
        return {}
    middle = table.dropna(subset=["months_since_surgery"]).groupby("session")["months_since_surgery"].median()
    return {str(name): float(months) for name, months in middle.items()}


def _of_rater(table: pd.DataFrame, rater: str | None) -> pd.DataFrame:
    if rater is None:
        return table
    return table[table["rater"].isna() | (table["rater"] == rater)]


def _wide_scores(scores: pd.DataFrame, session: str) -> pd.DataFrame:
    own = scores[scores["session"] == session]
    twice = own.duplicated(["participant", "score"])
    if twice.any():
        raise InputError(
            "a participant has a score twice at one session", got=f"{int(twice.sum())} row(s) too many",
            where=str(own[twice]["score"].iloc[0]),
        )  # fmt: skip
    spread = own.pivot(index="participant", columns="score", values="value")
    return spread.loc[:, spread.notna().sum() >= _FEWEST]


def _usable(column: pd.Series) -> bool:
    """Whether a covariate varies and is known for most."""
    return bool(column.nunique() > 1 and column.isna().mean() <= _LARGEST_GAP)
