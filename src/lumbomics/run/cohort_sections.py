"""Sections of the cohort report: who is in it, how reliable the numbers are, what is associated."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import pandas as pd

from lumbomics.analyse.association import Associations, associate, forest, match_sides, volcano
from lumbomics.analyse.reliability import ReliabilityStudy, reliability_study
from lumbomics.analyse.tables import wide_table
from lumbomics.core.errors import InputError
from lumbomics.report.cohort import Picture, Section, Table, flow_figure, png_of, reliability_figure, table_one
from lumbomics.run.cohort_tables import CohortView

_RESAMPLES: Final = 300
_FOREST_ROWS: Final = 12
_RETEST: Final = "retest"
_GROUP: Final = "site"
_SHOWN: Final = {
    "biomarker": "biomarker", "score": "score", "n": "n", "effect": "effect_in_sd", "effect_low": "low",
    "effect_high": "high", "beta": "slope", "beta_low": "slope_low", "beta_high": "slope_high", "p": "p",
    "p_adjusted": "p_adjusted", "finding": "finding", "e_value": "e_value", "n_to_confirm": "n_to_confirm",
    "n_to_confirm_limit": "n_to_confirm_at_limit", "label": "label",
}  # fmt: skip


def flow_section(view: CohortView, seed: int) -> Section:
    """Who came, who answered, who came again."""
    del seed
    measured, wide = view.tables.measurements, view.wide
    everybody = measured["participant"].nunique()
    steps = [("Participants with a finished visit", everybody, "")]
    steps.append((f"with measurements at session {view.baseline}", len(wide), f"have no visit {view.baseline}"))
    if view.scores:
        answered = wide[list(view.scores)].notna().any(axis=1)
        steps.append((f"and a score at session {view.baseline}", int(answered.sum()), "without any score"))
        known = answered & wide[list(view.covariates)].notna().all(axis=1)
        steps.append(("and all covariates", int(known.sum()), "with a covariate missing"))
        wide = wide[known]
    if view.followup is not None:
        later = set(measured.loc[measured["session"] == view.followup, "participant"])
        count = int(wide["participant"].isin(later).sum())
        steps.append((f"and a visit at session {view.followup}", count, f"not seen at {view.followup}"))
    rows = pd.DataFrame([{"step": has, "participants": count} for has, count, _ in steps])
    absent = measured[measured["status"] == "absent"]
    lost = absent.groupby(["biomarker", *(["reason"] if "reason" in absent.columns else [])], dropna=False).size()
    tables = [Table(title="Values that could not be measured, by reason", frame=lost.rename("rows").reset_index(),
                    name="absent_values")]  # fmt: skip
    share = 100 * len(absent) / len(measured)
    unfinished = len(view.tables.unfinished)
    return Section(
        key="flow",
        title="Who is in it",
        lead=(
            f"{everybody} participants, {measured.groupby(['participant', 'session']).ngroups} visits, {len(measured)} "
            f"measurements, of which {share:.1f} % are absent with a reason.",
        ),
        pictures=(
            Picture(
                title="From visits to models", png=png_of(flow_figure(steps)), data=rows, name="flow",
                caption="Grey arrows: who is missing in the next box, and why.",
                alt="; ".join(f"{has}: {count}" for has, count, _ in steps),
            ),
        ),
        tables=tuple(tables) if len(absent) else (),
        methods=f"All visits with a complete record of their run were read ({unfinished} unfinished ones were not). "
        f"Analyses use session {view.baseline}"
        + (f", changes compare it with {view.followup}" if view.followup else "")
        + (f"; readings of rater {view.rater}." if view.rater else "."),
    )  # fmt: skip


def people_section(view: CohortView, seed: int) -> Section:
    """Table 1."""
    del seed
    described = [*view.covariates, *view.scores]
    if not described:
        raise InputError("nothing is known of the people", expected="phenotype/covariates.tsv or scores", got="neither")
    group = _GROUP if _GROUP in view.covariates else None
    frame = table_one(view.wide, columns=[name for name in described if name != group], group=group)
    return Section(
        key="people",
        title="Table 1",
        tables=(
            Table(
                title=f"Participants at session {view.baseline}", frame=frame, name="table_1", is_open=True,
                note="No p-values: the groups are not randomised, and they are described, not tested.",
            ),
        ),
        methods="Numbers are means with standard deviations, words are counts with percentages, of those who are not "
        "missing.",
    )  # fmt: skip


def reliability_section(view: CohortView, seed: int) -> Section:
    """Raters against each other, and scans without a change between them."""
    studies = reliability_studies(view, seed)
    if not studies:
        raise InputError(
            "too little was measured twice", expected=f"two raters, or a session {_RETEST}", got="neither, or few",
            hint="let a second rater read some visits, or scan some patients again",
        )  # fmt: skip
    frames = {kind: study.to_frame() for kind, study in studies.items()}
    rows = pd.concat([_reliability_rows(frame, kind) for kind, frame in frames.items()], ignore_index=True)
    weak = rows[rows["icc_low"] < 0.75]["biomarker"].unique()
    biased = _biased(frames["rater"]) if "rater" in frames else []
    lead = [
        f"{len(rows['biomarker'].unique())} biomarkers were measured more than once; the lower limit of the intraclass "
        f"correlation is below 0.75 for {_listed(weak)}."
    ]
    if biased:
        lead.append(f"The raters differ on average in {_listed(biased)}: pool their readings only after correction.")
    return Section(
        key="reliability",
        title="How reliable the numbers are",
        lead=tuple(lead),
        pictures=(
            Picture(
                title="Intraclass correlation and smallest change beyond error", data=rows, name="reliability",
                png=png_of(reliability_figure(rows)),
                caption="Right margin: a change of one patient below it (1.96 √2 times the error of measurement) "
                "may be error alone.",
                alt="Intraclass correlations with intervals of each biomarker.",
            ),
        ),
        tables=tuple(
            Table(title=f"All coefficients, between {kind}s", frame=frame.dropna(axis=1, how="all"),
                  name=f"reliability_{kind}")
            for kind, frame in frames.items()
        ),
        methods="Two-way random-effects intraclass correlation for absolute agreement of single measurements, "
        "ICC(2,1); levels and sides are units within participants, intervals from "
        f"{_RESAMPLES} bootstrap samples of participants (seed {seed}). "
        + " ".join(
            f"Between {kind}s: {', '.join(study.numbers[0].raters)}, at most "
            f"{max(found.participants for found in study.numbers)} participants."
            for kind, study in studies.items()
        ),
    )  # fmt: skip


@lru_cache(maxsize=2)
def reliability_studies(view: CohortView, seed: int) -> dict[str, ReliabilityStudy]:
    """Studies that could be judged: ``rater`` at baseline, ``session`` for scans without a change in between."""
    measured, found = view.tables.measurements, {}
    first = measured[measured["session"] == view.baseline]
    if "rater" in first.columns and first["rater"].nunique() > 1:
        found["rater"] = reliability_study(first, between="rater", resamples=_RESAMPLES, seed=seed)
    again = view.readings[view.readings["session"].isin([view.baseline, _RETEST])]
    if again["session"].nunique() > 1:
        found["session"] = reliability_study(again, between="session", resamples=_RESAMPLES, seed=seed)
    return {kind: study for kind, study in found.items() if study.numbers}


def association_section(view: CohortView, seed: int) -> Section:
    """Every biomarker against every score."""
    if not view.scores:
        raise InputError("no scores", expected="phenotype tables with scores", got="none")
    found = associate(
        view.wide, biomarkers=view.biomarkers, scores=view.scores, adjust=view.covariates, participant="participant",
        seed=seed,
    )  # fmt: skip
    bare = associate(view.wide, biomarkers=view.biomarkers, scores=view.scores, participant="participant", seed=seed)
    gone = _pairs(bare) - _pairs(found)
    lead = [_finding_sentence(found)]
    if view.covariates:
        lead.append(
            f"Without adjustment {len(_pairs(bare))} pairs would be findings; {len(gone)} of them vanish with it."
        )
    return Section(
        key="association",
        title="What is associated",
        lead=tuple(lead),
        pictures=(
            _picture(found, "volcano", "All pairs at once"),
            _picture(found, "forest", "The strongest pairs"),
        ),
        tables=(
            _association_table(found, "Findings, adjusted", "associations_findings", only_findings=True),
            _association_table(found, "Every pair, adjusted", "associations_adjusted"),
            _association_table(bare, "Every pair, not adjusted: for comparison only", "associations_unadjusted"),
        ),
        methods=found.methods(),
    )


def side_section(view: CohortView, seed: int) -> Section:
    """Biomarkers of a side against the score of the same side."""
    stems = [name.removesuffix("_left") for name in view.scores if name.endswith("_left")]
    paired = [stem for stem in stems if f"{stem}_right" in view.scores]
    rows = view.readings[(view.readings["session"] == view.baseline) & view.readings["side"].isin(["left", "right"])]
    if not paired or rows.empty:
        raise InputError("nothing of a side", expected="biomarkers and scores of left and right", got="not both")
    wide = wide_table(rows, rows=("participant", "side"))
    biomarkers = [str(name) for name in wide.columns]
    stem, same = paired[0], f"{paired[0]}_same_side"
    people = view.wide[["participant", f"{stem}_left", f"{stem}_right", *view.covariates]]
    table = match_sides(
        wide.reset_index(), people, left=f"{stem}_left", right=f"{stem}_right", score=same, keys=("participant",)
    )
    found = associate(
        table, biomarkers=biomarkers, scores=[same], adjust=view.covariates, model="gee_exchangeable",
        participant="participant", seed=seed,
    )  # fmt: skip
    return Section(
        key="sides",
        title="Side with side",
        lead=(_finding_sentence(found),),
        pictures=(_picture(found, "forest_sides", "Biomarkers of a side with the score of the same side"),),
        tables=(_association_table(found, "Every biomarker of a side", "associations_sides"),),
        methods=f"Each participant gives two rows, left and right: the biomarker of a side with {stem} of that side. "
        + found.methods(),
    )


def picture_name(name: str) -> str:
    """Biomarker as a reader wants it: ``foraminal dimensions L5-S1 left``."""
    return " ".join(name.replace("/", " ").replace("_", " ").split())


def _reliability_rows(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    judged = frame[frame["status"] == "ok"]
    return pd.DataFrame(
        {
            "biomarker": judged["biomarker"],
            "between": kind,
            "unit": judged["unit"],
            "participants": judged["participants"],
            "icc": judged["icc_agreement"].astype("float64"),
            "icc_low": judged["icc_agreement_ci_low"].astype("float64"),
            "icc_high": judged["icc_agreement_ci_high"].astype("float64"),
            "sem": judged["within_sd"].astype("float64"),
            "mdc95": judged["mdc95"].astype("float64"),
        }
    )


def _biased(frame: pd.DataFrame) -> list[str]:
    """Biomarkers whose interval of the raters' difference leaves out 0."""
    low, high = (frame[name].astype("float64") for name in ("bias_ci_low", "bias_ci_high"))
    return list(frame["biomarker"][(low > 0) | (high < 0)])


def _pairs(found: Associations) -> set[tuple[str, str]]:
    rows = found.findings()
    return set(zip(rows["biomarker"], rows["score"], strict=True))


def _finding_sentence(found: Associations) -> str:
    rows, tests = found.findings(), int((found.table["status"] == "estimated").sum())
    if rows.empty:
        return f"None of {tests} pairs reaches an adjusted p of {found.plan.threshold:g}."
    named = [f"{picture_name(b)} with {picture_name(s)}" for b, s in zip(rows["biomarker"], rows["score"], strict=True)]
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return (
        f"{len(rows)} of {tests} pairs reach an adjusted p of {found.plan.threshold:g}: {'; '.join(named[:5])}{more}."
    )


def _picture(found: Associations, name: str, title: str) -> Picture:
    figure = volcano(found) if name == "volcano" else forest(found, rows=_FOREST_ROWS)
    words = {
        "volcano": "Each mark is one pair; the higher, the less likely by chance; right: more biomarker, more of the "
        "score. Coloured: findings.",
    }.get(name, "Bars: 95 % intervals. Filled: findings. Direction: up and vermilion, more of the score.")
    shown = _shown(found) if name == "volcano" else _shown(found).head(_FOREST_ROWS)
    return Picture(
        title=title, caption=words, alt=_finding_sentence(found), png=png_of(figure), data=shown, name=name
    )  # fmt: skip


def _shown(found: Associations) -> pd.DataFrame:
    return found.to_frame()[list(_SHOWN)].rename(columns=_SHOWN).sort_values("p", kind="stable", ignore_index=True)


def _association_table(found: Associations, title: str, name: str, *, only_findings: bool = False) -> Table:
    rows = _shown(found)
    chosen = rows[rows["finding"]].reset_index(drop=True) if only_findings else rows
    note = "E-value: how strongly something unmeasured would have to go with both to explain the association away."
    return Table(title=title, frame=chosen, name=name, note=note)


def _listed(names: object) -> str:
    words = [picture_name(str(name)) for name in names]  # type: ignore[attr-defined]
    return ", ".join(words) if words else "none"
