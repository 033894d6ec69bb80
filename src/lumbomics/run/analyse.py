"""Single analyses of a table: each one call, with its numbers, its pictures and a paragraph that says what was done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lumbomics.analyse.association import associate, forest, volcano
from lumbomics.analyse.change import individual_change, paired_change, pairs_of_sessions
from lumbomics.analyse.harmonise import Harmoniser, site_diagnostics
from lumbomics.analyse.phenotype import find_phenotypes, profile_figure
from lumbomics.analyse.power import (
    StudyPlan,
    plan_binary_prediction,
    plan_correlation,
    plan_icc_width,
    plan_paired_change,
)
from lumbomics.analyse.prediction import calibration_figure, decision_figure, predict
from lumbomics.analyse.reliability import reliability_study
from lumbomics.analyse.tables import long_table
from lumbomics.core.errors import InputError
from lumbomics.run.analysis_files import Analysis, columns_of_numbers, finished, read_table


def analyse_reliability(
    table: Path | str,
    *,
    between: str = "rater",
    session: str | None = None,
    out: Path | str | None = None,
    seed: int = 0,
) -> Analysis:
    """Judge every biomarker of a long table against its repetitions.

    Parameters
    ----------
    table
        Long measurement table, or a derivatives folder.
    between
        Column whose entries are compared: ``rater``, ``scanner``, ``version``, ``repeat``, ``session``.
    session
        Use this session alone; all where not given.
    out
        Folder for ``reliability.csv``, ``pairs.csv`` and ``methods.md``; nothing is written where not given.
    seed
        Of the bootstraps.

    Raises
    ------
    LumbomicsError
        As in ``reliability_study`` and ``read_table``.
    """
    rows = long_table(read_table(table))
    used = rows if session is None else rows[rows["session"] == session]
    study = reliability_study(used, between=between, seed=seed)
    methods = (
        f"Reliability between entries of {between}{f' at session {session}' if session else ''}: intraclass "
        f"correlation ICC(2,1) and ICC(3,1), standard errors of measurement, repeatability coefficient (mdc95), "
        f"Bland-Altman limits; levels and sides as units within participants, intervals by bootstraps of participants "
        f"(seed {seed})."
    )
    return finished({"reliability": study.to_frame(), "pairs": study.pairs_frame()}, {}, methods, out)


def analyse_change(
    table: Path | str, *, before: str, after: str, rater: str | None = None, out: Path | str | None = None
) -> Analysis:
    """Compare two visits: the group, and each participant by the standard errors beside the values.

    Parameters
    ----------
    table
        Long measurement table, or a derivatives folder.
    before, after
        Sessions.
    rater
        Use readings of this rater alone.
    out
        Folder for ``changes.csv``, ``single_changes.csv`` and ``methods.md``.

    Raises
    ------
    LumbomicsError
        As in ``paired_change`` and ``read_table``; or if nobody has both sessions.
    """
    rows = long_table(read_table(table))
    if rater is not None:
        if "rater" not in rows.columns or rater not in set(rows["rater"].dropna()):
            raise InputError("no readings of this rater", got=repr(rater), where="rater")
        rows = rows[rows["rater"] == rater]
    pairs = pairs_of_sessions(rows, before=before, after=after)
    if not pairs:
        expected = ", ".join(sorted(rows["session"].unique()))
        raise InputError("nobody has both sessions", expected=f"two of {expected}", got=f"{before}, {after}")
    group, single = paired_change(rows, pairs), individual_change(rows, pairs, use_own_se=True)
    methods = (
        f"Paired t tests and Wilcoxon tests of {len(group.changes)} changes from {before} to {after} in {len(pairs)} "
        f"participants, complete pairs, Benjamini-Hochberg over all of them. Single changes against 1.96 times the "
        f"root of both squared standard errors. Without a control group no effect of a treatment."
    )
    return finished({"changes": group.to_frame(), "single_changes": single.to_frame()}, {}, methods, out)


def analyse_association(
    table: Path | str,
    *,
    score: Sequence[str],
    biomarker: Sequence[str] = (),
    adjust: Sequence[str] = (),
    model: str = "ols",
    missing: str = "complete_case",
    correction: str = "bh",
    permutations: int = 0,
    participant: str = "participant",
    out: Path | str | None = None,
    seed: int = 0,
) -> Analysis:
    """Regress every score on every biomarker of a wide table; hypothesis-generating.

    Parameters
    ----------
    table
        One row a participant (for nested models one a side, level or visit).
    score, biomarker, adjust
        Columns; all other columns of numbers are biomarkers where none are named.
    model, missing, correction, permutations, participant, seed
        As in ``analyse.association.associate``.
    out
        Folder for ``associations.csv``, ``volcano.png``, ``forest.png`` and ``methods.md``.

    Raises
    ------
    LumbomicsError
        As in ``associate`` and ``read_table``.
    """
    rows = read_table(table)
    found = associate(
        rows,
        biomarkers=biomarker or columns_of_numbers(rows, [*score, *adjust, participant]),
        scores=score,
        adjust=adjust,
        model=model,
        missing=missing,
        correction=correction,
        permutations=permutations,
        participant=participant,
        seed=seed,
    )
    drawn = bool((found.table["status"] == "estimated").any())
    figures = {"volcano": volcano(found), "forest": forest(found)} if drawn else {}
    return finished({"associations": found.to_frame()}, figures, found.methods(), out)


def analyse_harmonise(
    table: Path | str,
    *,
    feature: Sequence[str] = (),
    site: str = "site",
    keep: Sequence[str] = (),
    participant: str = "participant",
    out: Path | str | None = None,
) -> Analysis:
    """Take site effects out of biomarkers (ComBat) and show the sites before and after.

    Parameters
    ----------
    table
        One row a participant, without gaps in what is used.
    feature
        Columns; all numbers but ``keep`` where none are named.
    site, keep, participant
        Column of the site; covariates whose effect stays; column of the participant, no feature.
    out
        Folder for ``harmonised.csv``, ``sites.csv`` and ``methods.md``.

    Raises
    ------
    LumbomicsError
        As in ``Harmoniser`` and ``read_table``.

    Notes
    -----
    For prediction, pass ``harmonise`` there instead: features harmonised before a cross-validation have seen it.
    """
    rows = read_table(table)
    names = list(feature) or columns_of_numbers(rows, [site, *keep, participant])
    made = Harmoniser(names, site=site, keep=tuple(keep)).fit(rows).transform(rows)
    compared = site_diagnostics(rows[names], made, site=rows[site])
    others = rows.drop(columns=names)
    methods = (
        f"ComBat over {len(names)} features and {rows[site].nunique()} values of {site}, effects of "
        f"{', '.join(keep) or 'no covariate'} kept; silhouette of the sites {compared.silhouette_before:.3f} before, "
        f"{compared.silhouette_after:.3f} after, on the rows it was fitted to."
    )
    tables = {"harmonised": pd.concat([others, made], axis=1), "sites": compared.to_frame()}
    return finished(tables, {}, methods, out)


def analyse_prediction(
    table: Path | str,
    *,
    outcome: str,
    feature: Sequence[str],
    event: str | None = None,
    task: str = "binary",
    clinical: Sequence[str] = (),
    site: str | None = None,
    harmonise: Sequence[str] = (),
    learner: str = "elastic_net",
    repeats: int = 5,
    permutations: int = 200,
    participant: str = "participant",
    out: Path | str | None = None,
    seed: int = 0,
) -> Analysis:
    """Predict an outcome in participants never seen, by nested cross-validation.

    Parameters
    ----------
    table
        One row a participant, or several.
    outcome, feature, event, task, clinical, site, harmonise, learner, repeats, permutations, participant, seed
        As in ``analyse.prediction.predict``.
    out
        Folder for ``performance.csv``, ``predictions.csv``, ``calibration.png``, ``decisions.png`` and ``methods.md``.

    Raises
    ------
    LumbomicsError
        As in ``predict`` and ``read_table``.
    """
    found = predict(
        read_table(table),
        outcome=outcome,
        features=feature,
        event=event,
        task=task,
        clinical=clinical,
        site=site,
        harmonise=harmonise,
        learner=learner,
        repeats=repeats,
        permutations=permutations,
        participant=participant,
        seed=seed,
    )
    figures = {"calibration": calibration_figure(found)}
    if found.decisions is not None:
        figures["decisions"] = decision_figure(found)
    return finished({"performance": found.to_frame(), "predictions": found.predictions}, figures, found.methods(), out)


def analyse_phenotype(
    table: Path | str,
    *,
    feature: Sequence[str],
    method: str = "medoids",
    participant: str = "participant",
    out: Path | str | None = None,
    seed: int = 0,
) -> Analysis:
    """Look for kinds of patients, and refuse them where one kind would look the same.

    Parameters
    ----------
    table
        One row a participant.
    feature, method, participant, seed
        As in ``analyse.phenotype.find_phenotypes``.
    out
        Folder for ``trials.csv``, ``members.csv``, ``profile.csv``, ``profile.png`` and ``methods.md``.

    Raises
    ------
    LumbomicsError
        As in ``find_phenotypes`` and ``read_table``.
    """
    found = find_phenotypes(read_table(table), features=feature, method=method, participant=participant, seed=seed)
    tables, figures = {"trials": found.to_frame()}, {}
    if isinstance(found.members, pd.DataFrame) and isinstance(found.profile, pd.DataFrame):
        tables |= {"members": found.members, "profile": found.profile}
        figures["profile"] = profile_figure(found)
    return finished(tables, figures, found.methods(), out)


def analyse_power(
    *,
    correlation: float | None = None,
    covariates: int = 0,
    tests: int = 1,
    icc: float | None = None,
    width: float | None = None,
    change: float | None = None,
    sd: float | None = None,
    repeat_correlation: float | None = None,
    parameters: int | None = None,
    prevalence: float | None = None,
    r2: float | None = None,
    power: float = 0.8,
    dropout: float = 0.0,
) -> StudyPlan:
    """Size a planned study: state what belongs to one of four designs.

    Parameters
    ----------
    correlation, covariates, tests
        Association: the (partial) correlation, covariates, tests corrected for.
    icc, width
        Reliability: expected intraclass correlation, width of its 95 % interval.
    change, sd, repeat_correlation
        Paired change: mean change, standard deviation between participants, correlation of both visits.
    parameters, prevalence, r2
        Prediction of a yes or no: candidate columns, share of events, Cox-Snell R².
    power, dropout
        Wanted power (associations and changes); share expected to be lost.

    Raises
    ------
    InputError
        If no design, several, or parts of one are stated.
    """
    designs = {
        "correlation": (correlation,),
        "icc": (icc, width),
        "change": (change, sd, repeat_correlation),
        "prediction": (parameters, prevalence, r2),
    }
    stated = [name for name, values in designs.items() if any(value is not None for value in values)]
    whole = [name for name in stated if None not in designs[name]]
    if len(stated) != 1 or stated != whole:
        raise InputError(
            "state one whole design",
            expected="correlation; icc and width; change, sd and repeat correlation; or parameters, prevalence and r2",
            got=", ".join(stated) or "none",
        )
    if correlation is not None:
        return plan_correlation(correlation, covariates=covariates, tests=tests, power=power, dropout=dropout)
    if icc is not None and width is not None:
        return plan_icc_width(icc, width=width, dropout=dropout)
    if change is not None and sd is not None and repeat_correlation is not None:
        return plan_paired_change(change, sd=sd, correlation=repeat_correlation, power=power, dropout=dropout)
    return plan_binary_prediction(
        parameters=int(parameters or 0), prevalence=float(prevalence or 0), r2_cox_snell=r2, dropout=dropout
    )
