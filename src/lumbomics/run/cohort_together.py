"""Sections of the cohort report that take all biomarkers together: kinds of patients, prediction of improvement."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from lumbomics.analyse.change import pairs_of_sessions
from lumbomics.analyse.phenotype import NoClusters, Phenotypes, find_phenotypes, profile_figure, relate
from lumbomics.analyse.prediction import Prediction, calibration_figure, decision_figure, predict
from lumbomics.core.errors import InputError
from lumbomics.report.cohort import Picture, Section, Table, png_of
from lumbomics.run.cohort_change import important_changes
from lumbomics.run.cohort_sections import picture_name
from lumbomics.run.cohort_tables import CohortView

_NULLS, _BOOTSTRAP, _CLUSTERS = 59, 50, (2, 3, 4, 5)
_REPEATS, _PERMUTATIONS, _SAMPLES = 1, 19, 200
_SITE: Final = "site"
_CLINICAL: Final = ("age_years", "sex", "bmi")
_AVERAGED: Final = "Each biomarker is the mean over its levels and sides, so that one with many levels counts no more."


def phenotype_section(view: CohortView, seed: int) -> Section:
    """Clusters of patients by their biomarkers, and what else differs between them."""
    table, names = averaged(view)
    centred, how = _centred(table, names)
    rows = centred.dropna(subset=names, how="all")
    found = find_phenotypes(rows, features=names, clusters=_CLUSTERS, nulls=_NULLS, bootstrap=_BOOTSTRAP, seed=seed)
    tried = Table(title="Every number of clusters that was tried", frame=found.to_frame(), name="phenotype_trials")
    methods = f"{_AVERAGED} {how} {found.methods()}"
    if isinstance(found.members, NoClusters) or isinstance(found.profile, NoClusters):
        lead = "No groups: one kind of patient would look the same, or the groups do not come back."
        return Section(key="phenotypes", title="Kinds of patients", lead=(lead,), tables=(tried,), methods=methods)
    related = _related(view, found, rows)
    return Section(
        key="phenotypes",
        title="Kinds of patients",
        lead=(_phenotype_sentence(found), *_relation_sentences(related)),
        pictures=(
            Picture(
                title="What makes each group", png=png_of(profile_figure(found)), data=found.profile,
                name="phenotype_profile",
                caption="Filled: half a standard deviation or more from the others. Jaccard: how well a group comes "
                "back when the study is repeated with drawn patients.",
                alt=_phenotype_sentence(found),
            ),
        ),
        tables=(
            *([Table(title="Symptoms and response by group", frame=related, name="phenotype_relations", is_open=True)]
              if related is not None else []),
            tried,
            Table(title="Group of each participant", frame=found.members, name="phenotype_members"),
        ),
        methods=methods,
    )  # fmt: skip


def prediction_section(view: CohortView, seed: int) -> Section:
    """Whether improvement can be told beforehand."""
    outcome = improvement(view)
    table, names = averaged(view)
    clinical = [name for name in _CLINICAL if name in view.covariates]
    start = [name for name in view.scores if name.startswith(str(outcome.name))]
    joined = table.merge(outcome.rename("improved"), left_on="participant", right_index=True, how="left")
    joined = joined.merge(view.wide[["participant", *clinical, *start]], on="participant")
    # The site enters as a fact of the patient: the model learns its offset in the training rows.
    known = [*clinical, *start, *([_SITE] if _SITE in joined.columns else [])]
    found = predict(
        joined, outcome="improved", features=[*names, *known], clinical=known, repeats=_REPEATS, bootstrap=_SAMPLES,
        permutations=_PERMUTATIONS, seed=seed,
    )  # fmt: skip
    what = f"an important improvement of {picture_name(str(outcome.name))} at {view.followup}"
    return Section(
        key="prediction",
        title="What can be predicted",
        lead=_prediction_sentences(found, what),
        pictures=(
            Picture(
                title="Calibration", png=png_of(calibration_figure(found)), data=found.calibration, name="calibration",
                caption="Predicted risk against what happened; on the diagonal a risk of 30 % happens in 30 %.",
                alt="Calibration curve of the model.",
            ),
            *([Picture(
                title="Decision curve", png=png_of(decision_figure(found)), data=found.decisions, name="decisions",
                caption="Net benefit of acting on the model, against acting on all and on nobody.",
                alt="Decision curve of the model.",
            )] if found.decisions is not None else []),
        ),
        tables=(Table(title="Performance", frame=found.to_frame(), name="performance", is_open=True),),
        methods=f"The outcome is {what}, on the side that hurt more before. {_AVERAGED} " + found.methods(),
    )  # fmt: skip


def averaged(view: CohortView) -> tuple[pd.DataFrame, list[str]]:
    """One row a participant, one column a biomarker: mean over levels and sides, and the site where known."""
    stems: dict[str, list[str]] = {}
    for name in view.biomarkers:
        stems.setdefault(name.split("/")[0], []).append(name)
    made = {stem: view.wide[columns].mean(axis=1) for stem, columns in stems.items()}
    table = pd.DataFrame({"participant": view.wide["participant"], **made})
    if _SITE in view.covariates:
        table[_SITE] = view.wide[_SITE]
    return table, list(made)


def improvement(view: CohortView) -> pd.Series:
    """Tell of each participant whether leg pain (or the first score known) improved by what patients call important.

    1 or 0, of the side that hurt more before.

    Raises
    ------
    InputError
        If there is no later visit, or no score with a known important difference.
    """
    if view.followup is None:
        raise InputError("no later visit", expected="two sessions", got="one")
    pairs = pairs_of_sessions(view.readings, before=view.baseline, after=view.followup)
    clinical = important_changes(view, pairs)
    if clinical is None or clinical.frame.empty:
        raise InputError("no outcome to predict", expected="a score with a known important difference", got="none")
    names = sorted(clinical.frame["biomarker"].unique())
    chosen = "nrs_leg" if "nrs_leg" in names else names[0]
    rows = clinical.frame[(clinical.frame["biomarker"] == chosen) & (clinical.frame["importance"] != "not_assessable")]
    worst = rows.sort_values(["participant", "before"], kind="stable").groupby("participant").tail(1)
    improved = (worst.set_index("participant")["importance"] == "improved").astype(float)
    return improved.rename(chosen)


def _centred(table: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, str]:
    """Take the mean of each site out, so that clusters are no scanners."""
    if _SITE not in table.columns:
        return table, ""
    means = table.groupby(_SITE)[names].transform("mean")
    return table.assign(**{name: table[name] - means[name] + table[name].mean() for name in names}), (
        "The mean of each site was taken out of each biomarker first, so that groups are not scanners."
    )


def _related(view: CohortView, found: Phenotypes, rows: pd.DataFrame) -> pd.DataFrame | None:
    outcomes = list(view.scores)
    table = rows[["participant"]].merge(view.wide[["participant", *outcomes]], on="participant")
    try:
        outcome = improvement(view)
    except InputError:
        pass  # no later visit: the groups are related to symptoms alone
    else:
        name = f"improved_{outcome.name}"
        table = table.merge(outcome.rename(name), left_on="participant", right_index=True, how="left")
        outcomes.append(name)
    return relate(found, table, outcomes=outcomes).to_frame() if outcomes else None


def _phenotype_sentence(found: Phenotypes) -> str:
    sizes = found.labels().value_counts().sort_index()
    stated = ", ".join(f"{size}" for size in sizes)
    worst = min(found.jaccard)
    return (
        f"{found.clusters} groups of {stated} participants; the least stable comes back with a Jaccard of {worst:.2f}."
    )


def _relation_sentences(related: pd.DataFrame | None) -> tuple[str, ...]:
    if related is None:
        return ()
    apart = related[related["p_adjusted"] <= 0.05]
    if apart.empty:
        return ("They do not differ in any symptom or response at an adjusted p of 0.05.",)
    told = [
        f"group {row['cluster']}: {picture_name(row['outcome'])} {row['value']:.2g} against {row['others']:.2g}"
        for row in apart.sort_values("p_adjusted", kind="stable").head(4).to_dict("records")
    ]
    return (f"They differ in what did not make them: {'; '.join(told)}.",)


def _prediction_sentences(found: Prediction, what: str) -> tuple[str, ...]:
    metric = found.permutation.metric if found.permutation is not None else "auc"
    value, low, high = found.estimate(metric)
    said = {"auc": "AUC", "r2": "R²"}.get(metric, metric)
    sentences = [f"{what[0].upper()}{what[1:]}: {said} {value:.2f} [{low:.2f}, {high:.2f}] in patients never seen."]
    if found.permutation is not None:
        p = found.permutation
        beyond = "beyond" if p.p <= 0.05 else "not beyond"
        sentences.append(f"That is {beyond} chance ({said} {p.chance:.2f} with permuted outcomes, p {p.p:.2g}).")
    models = set(found.performance["model"])
    if "difference" in models:
        more, least, most = found.estimate(metric, model="difference")
        helps = "adds to" if least > 0 else "is not shown to add to"
        sentences.append(
            f"Imaging {helps} what is known without it: {said} {more:+.2f} [{least:+.2f}, {most:+.2f}].".replace(
                "-", "\N{MINUS SIGN}"
            )
        )
    return tuple(sentences) if np.isfinite(value) else ("The model could not be judged.",)
