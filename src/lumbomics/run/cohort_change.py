"""Section of the cohort report: what changed between two visits, in the group and in single patients."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from lumbomics.analyse.change import (
    ClinicalChanges,
    ImportantDifference,
    IndividualChanges,
    MeasurementError,
    PairedChanges,
    VisitPair,
    clinical_change,
    important_difference,
    individual_change,
    paired_change,
    pairs_of_sessions,
    patient_timeline,
)
from lumbomics.analyse.tables import present
from lumbomics.catalogue import UNITS
from lumbomics.core.errors import InputError
from lumbomics.report.cohort import Picture, Section, Table, change_figure, png_of
from lumbomics.run.cohort_sections import picture_name, reliability_studies
from lumbomics.run.cohort_tables import CohortView

_MOST_ROWS, _MOST_LINES = 24, 3


def change_section(view: CohortView, seed: int) -> Section:
    """Mean changes, changes of single patients beyond error, changes that matter to patients, one patient's course."""
    pairs = _pairs(view)
    readings, answers = view.readings, scores_as_long(view)
    errors = measurement_errors(view, seed)
    everything = pd.concat([readings, answers], ignore_index=True) if len(answers) else readings
    group = paired_change(everything, pairs)
    single = individual_change(readings, pairs, errors=errors)
    clinical = important_changes(view, pairs)
    rows = _drawn(group)
    return Section(
        key="change",
        title="What changed",
        lead=_lead(rows, clinical, pairs, view),
        pictures=(
            Picture(
                title=f"Mean change from {view.baseline} to {view.followup}", data=rows, name="mean_change",
                png=png_of(change_figure(rows)),
                caption="Right of the middle: more after than before. Without a control group this is no effect of "
                "treatment.",
                alt="; ".join(f"{row.name}: {row.text}" for row in rows.itertuples(index=False)),
            ),
            *_timeline(view, everything, pairs, rows, errors),
        ),
        tables=(
            Table(title="Mean changes", frame=group.to_frame().dropna(axis=1, how="all"), name="mean_changes"),
            Table(
                title="Patients whose change exceeds the error of measurement", frame=single.counts(),
                name="changes_beyond_error",
                note="5 % of unchanged values exceed it by chance.",
            ),
            *(
                [Table(title="Changes that matter to patients", frame=clinical.responders(), name="important_changes",
                       is_open=True)]
                if clinical is not None else []
            ),
        ),
        methods=_methods(view, group, single, clinical, errors),
    )  # fmt: skip


def scores_as_long(view: CohortView) -> pd.DataFrame:
    """Scores as rows of a long table, the instrument as biomarker, with the clock of their session."""
    scores = view.tables.scores
    rows = scores[["participant", "session", "side", "value", "unit"]].assign(biomarker=scores["instrument"])
    rows["unit"] = rows["unit"].where(rows["unit"] != "1", None)  # points have no unit to show
    if "months_since_surgery" in view.readings.columns:
        clock = view.readings.groupby(["participant", "session"])["months_since_surgery"].first()
        keys = pd.MultiIndex.from_frame(rows[["participant", "session"]])
        rows["months_since_surgery"] = clock.reindex(keys).to_numpy()
    return rows


def measurement_errors(view: CohortView, seed: int) -> dict[str, MeasurementError]:
    """Error of one measurement of each biomarker: from scans without a change, else from raters."""
    studies = reliability_studies(view, seed)
    words = {"session": "repeated scans of this cohort", "rater": "two raters of this cohort"}
    found: dict[str, MeasurementError] = {}
    for kind in ("session", "rater"):
        for one in studies[kind].numbers if kind in studies else ():
            sem = one.repeatability.within_sd.value
            if one.biomarker not in found and sem > 0:
                found[one.biomarker] = MeasurementError(sem=sem, source=words[kind])
    return found


def important_changes(view: CohortView, pairs: tuple[VisitPair, ...]) -> ClinicalChanges | None:
    """Judge the changes of the scores whose important difference the catalogue knows; ``None`` where there are none."""
    answers = scores_as_long(view)
    known: dict[str, ImportantDifference] = {}
    for name in sorted(answers["biomarker"].unique()):
        try:
            known[name] = important_difference(name)
        except InputError:
            continue  # an instrument without such a record is not judged
    if not known:
        return None
    return clinical_change(individual_change(answers, pairs), known)


def _pairs(view: CohortView) -> tuple[VisitPair, ...]:
    if view.followup is None:
        raise InputError("no later visit", expected="a second session of three participants or more", got="none")
    return pairs_of_sessions(view.readings, before=view.baseline, after=view.followup)


def _drawn(group: PairedChanges) -> pd.DataFrame:
    """Take the changes of the smallest p, largest first."""
    rows = []
    for one in group.changes:
        if one.response_mean is None or one.change.ci_low is None or one.change.ci_high is None or not one.change.value:
            continue
        scale = one.response_mean / one.change.value
        unit = "" if one.unit in (None, "1") else f" {UNITS.get(one.unit, one.unit)}"
        rows.append(
            {
                "name": " ".join(part for part in (picture_name(one.biomarker), one.level, one.side) if part),
                "biomarker": one.biomarker, "response_mean": one.response_mean, "low": one.change.ci_low * scale,
                "high": one.change.ci_high * scale, "change": one.change.value, "change_low": one.change.ci_low,
                "change_high": one.change.ci_high, "unit": one.unit, "n": one.n, "p_t": one.p_t, "p_fdr": one.p_fdr,
                "text": f"{one.change.value:+.2g}{unit} (n {one.n})".replace("-", "\N{MINUS SIGN}"),
            }
        )  # fmt: skip
    if not rows:
        raise InputError("no change can be judged", expected="three participants with both values", got="fewer")
    frame = pd.DataFrame(rows).sort_values("p_fdr", kind="stable").head(_MOST_ROWS)
    return frame.sort_values("response_mean", key=lambda column: -column.abs(), ignore_index=True)


def _lead(
    rows: pd.DataFrame, clinical: ClinicalChanges | None, pairs: tuple[VisitPair, ...], view: CohortView
) -> tuple[str, ...]:
    moved = rows[rows["p_fdr"] <= 0.05]
    named = "; ".join(f"{row.name} {row.text}" for row in moved.itertuples(index=False)) or "none"
    lead = [f"{len(pairs)} participants have {view.baseline} and {view.followup}. Changed on average: {named}."]
    if clinical is not None:
        told = [_share(row) for row in clinical.responders().to_dict("records") if row["n"]]
        lead.append(f"Improved by at least the important difference: {'; '.join(told)}.")
    return tuple(lead)


def _share(row: Mapping[Hashable, Any]) -> str:
    side = f" {row['side']}" if isinstance(row["side"], str) else ""
    share = 100 * row["improved"] / row["n"]
    return f"{picture_name(row['score'])}{side} {row['improved']} of {row['n']} ({share:.0f} %)"


def _timeline(
    view: CohortView,
    everything: pd.DataFrame,
    pairs: tuple[VisitPair, ...],
    rows: pd.DataFrame,
    errors: dict[str, MeasurementError],
) -> list[Picture]:
    """Course of the patient who has most values, in the most changed biomarker and scores with few lines."""
    if "months_since_surgery" not in everything.columns:
        return []
    held = present(everything).dropna(subset=["months_since_surgery"])
    held = held[held["participant"].isin([pair.participant for pair in pairs])]
    if held.empty:
        return []
    who = str(held.groupby("participant").size().sort_values(kind="stable").index[-1])
    own = held[held["participant"] == who]
    lines = own.drop_duplicates(["biomarker", "level", "side"]).groupby("biomarker").size()
    few = set(lines[lines <= _MOST_LINES].index)
    answers = set(view.tables.scores["instrument"])
    ordered = [name for name in dict.fromkeys(rows["biomarker"]) if name in few]
    measured = [name for name in ordered if name not in answers][:2]
    panels = [*measured, *[name for name in ordered if name in answers][:2]]
    if not panels:
        return []
    shown = {name: error for name, error in errors.items() if name in panels}
    png = patient_timeline(everything, participant=who, biomarkers=panels, errors=shown, kind="png")
    data = own[own["biomarker"].isin(panels)][
        ["participant", "session", "months_since_surgery", "biomarker", "level", "side", "value", "unit"]
    ]
    return [
        Picture(
            title=f"Course of one participant, {who}", png=png, data=data.reset_index(drop=True), name=f"course_{who}",
            caption="The participant with the most values. Bars: 95 % intervals from the error of measurement.",
            alt=f"Course of {', '.join(picture_name(name) for name in panels)}.",
        )
    ]  # fmt: skip


def _methods(
    view: CohortView,
    group: PairedChanges,
    single: IndividualChanges,
    clinical: ClinicalChanges | None,
    errors: dict[str, MeasurementError],
) -> str:
    judged = ", ".join(f"{picture_name(name)} by {error.source}" for name, error in errors.items())
    sentences = [
        f"Paired t tests of {len(group.changes)} changes from {view.baseline} to {view.followup} on complete pairs "
        f"({len(group.absent)} could not be judged), Benjamini-Hochberg over all of them, at 0.05.",
        "Single changes are called beyond error above 1.96 √2 times the standard error of measurement: "
        f"{judged}." if judged else "Single changes are shown and not judged: no error of measurement is known.",
    ]  # fmt: skip
    if clinical is not None:
        sources = dict.fromkeys(
            f"{picture_name(row['biomarker'])}: {row['importance_source']}" for row in clinical.frame.to_dict("records")
        )
        sentences.append(f"Important differences, {'; '.join(sources)}.")
    return " ".join(sentences)
