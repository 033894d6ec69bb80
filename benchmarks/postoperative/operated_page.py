"""The page's part on the operated level: agreement, grades, scar or disc, clumping, and how they decay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, confusion_matrix, roc_auc_score

from lumbomics.catalogue import load_quantities
from lumbomics.core.measurement import Z_95
from lumbomics.measure.postoperative.delamarter import CLASSES as GROUPS
from lumbomics.measure.postoperative.logistic import load_model
from lumbomics.measure.postoperative.scar import grade
from postoperative.operated import DECAY, collect, decay
from postoperative.patients import Condition

Row = dict[str, Any]
DECAYING = {
    "ross_fibrosis_sum|scar_percent_of_epidural": "scar, % of epidural",
    "ross_fibrosis_sum|anterior_epidural_percent": "anterior, %",
    "sac_traction|towards_tissue": "traction, mm",
    "enhancement_ratio|scar": "enhancement of scar, %",
    "enhancement_ratio|disc": "of disc, %",
}
"""Quantities whose decay is shown, and what their columns are called."""


def section(*, seeds: int, folder: Path, decay_seeds: int) -> list[str]:
    """Measure what is not in the folder yet, and return the section's lines."""
    rows = collect(range(seeds), folder / "operated.jsonl")
    worse = collect(range(decay_seeds), folder / "operated_decay.jsonl", decay)
    return page([row for row in rows if row["seed"] < seeds], worse)


def page(rows: Sequence[Row], worse: Sequence[Row]) -> list[str]:
    """Lines of Markdown from collected rows."""
    lines = [
        "## The operated level",
        "",
        f"{len(rows)} operated patients (seeds {rows[0]['seed']} to {rows[-1]['seed']}): ",
    ]
    kinds = {kind: sum(row["kind"] == kind for row in rows) for kind in sorted({row["kind"] for row in rows})}
    lines[-1] += ", ".join(f"{count} {kind}" for kind, count in kinds.items()) + "."
    lines += ["", "### Continuous quantities", "", *continuous(rows)]
    lines += ["", "### Grades of fibrosis", "", *grades(rows)]
    lines += ["", "### Scar or displaced disc", "", *patterns(rows)]
    lines += ["", "### Adherent roots", "", *roots(rows)]
    if worse:
        lines += ["", "### Under worse conditions", "", *decays(worse)]
    return lines


def continuous(rows: Sequence[Row]) -> Iterator[str]:
    """Bias, spread and limits of agreement of every quantity that has a truth."""
    yield "| biomarker | method | unit | n | absent | bias | SD | 95 % limits | r² | coverage % |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    units = {key: quantity.unit for key, quantity in load_quantities().items()}
    names = dict.fromkeys(tuple(key.split("|")[:2]) for row in rows for key in row["truth"])
    for biomarker, method in names:
        found = [_pairs(row, biomarker, method) for row in rows]
        pairs = np.array([pair for part, _ in found for pair in part], dtype=np.float64)
        absent = sum(missing for _, missing in found)
        measured, true, se = pairs.T
        error = measured - true
        low, high = error.mean() + np.array([-Z_95, Z_95]) * error.std(ddof=1)
        r2 = np.corrcoef(measured, true)[0, 1] ** 2
        held = np.abs(error) <= Z_95 * se
        numbers = f"{error.mean():.2f} | {error.std(ddof=1):.2f} | {low:.2f} to {high:.2f} | {r2:.3f}"
        cover = f"{100 * held[np.isfinite(se)].mean():.0f}" if np.isfinite(se).any() else "n/a"
        yield f"| {biomarker} | {method} | {units[biomarker, method]} | {len(pairs)} | {absent} | {numbers} | {cover} |"


def _pairs(row: Row, biomarker: str, method: str) -> tuple[list[tuple[float, float, float]], int]:
    pairs, absent = [], 0
    for key, true in row["truth"].items():
        if key.split("|")[:2] != [biomarker, method]:
            continue
        if key not in row["measured"]:
            absent += 1
            continue
        value, se = row["measured"][key]
        pairs.append((value, true, np.nan if se is None else se))
    return pairs, absent


def grades(rows: Sequence[Row]) -> Iterator[str]:
    """Ross's grade of the pooled share, measured against true, by denominator."""
    for space in ("epidural", "quadrant"):
        pairs = [
            (grade(measured), grade(true if true >= 0.5 else 0.0))
            for row in rows
            for depth in ("anterior", "posterior")
            for measured, true, _ in _pairs(row, "ross_fibrosis_sum", f"{depth}_{space}_percent")[0]
        ]
        measured, true = np.array(pairs).T
        kappa = cohen_kappa_score(measured, true, weights="quadratic")
        yield f"{space.capitalize()} denominator, grade of the share over all slices, {len(pairs)} quadrants:"
        yield f"quadratic weighted kappa {kappa:.3f}, agreement {100 * (measured == true).mean():.1f} %."
        yield ""
        yield from _confusion(true, measured, range(5))
        yield ""
    yield "A grade of 0 for a true 1 is scar below 1.5 mm² in every slice, which is not counted; its standard error"
    yield "says so."


def _confusion(true: NDArray[Any], measured: NDArray[Any], labels: Sequence[Any]) -> Iterator[str]:
    table = confusion_matrix(true, measured, labels=list(labels))
    yield "| true, across: measured | " + " | ".join(str(one) for one in labels) + " |"
    yield "|---|" + "---|" * len(labels)
    for label, counts in zip(labels, table, strict=True):
        yield f"| {label} | " + " | ".join(str(int(count)) for count in counts) + " |"


def patterns(rows: Sequence[Row]) -> Iterator[str]:
    """How well scar and disc are told apart with contrast agent, and without."""
    sides = [side for row in rows for side in row["patterns"] if "truth" in side]
    counts = {kind: sum(side["truth"] == kind for side in sides) for kind in ("scar", "disc", "mixed")}
    yield f"{len(sides)} sides with tissue before the canal's centre: {counts['scar']} scar, {counts['disc']} disc"
    yield f"(each at least 70 % of it), {counts['mixed']} mixed. Models fitted on other patients; how both vary is in"
    yield "[the phantoms' page](../concepts/phantom-postoperative.md). Human readers without contrast agent found"
    yield "every disc and took 29 % of scars for disc (Hueftle et al. 1988, 19 levels)."
    yield ""
    yield (
        "| readings | AUC disc against scar | scars taken for disc where 95 % of discs are found, % | right of three % "
        "| abstains % | right where it does not abstain % |"
    )
    yield "|---|---|---|---|---|---|"
    for name, model in (("with contrast agent", "disc_or_scar"), ("without", "disc_or_scar_precontrast")):
        auc, right, abstains, sure = pattern_figures(sides, model)
        taken = 100 * scars_taken(sides, model)
        yield f"| {name} | {auc:.3f} | {taken:.0f} | {100 * right:.0f} | {100 * abstains:.0f} | {100 * sure:.0f} |"


def pattern_figures(sides: Sequence[Row], name: str) -> tuple[float, float, float, float]:
    """AUC of disc against scar, share right, share abstained, share right of the rest."""
    model = load_model(name)
    chances = [model.probabilities(side) for side in sides]
    truth = np.array([side["truth"] for side in sides])
    pure = np.isin(truth, ("scar", "disc"))
    odds = np.array([one["disc"] - one["scar"] for one in chances])
    right = np.array([max(one, key=lambda kind: one[kind]) for one in chances]) == truth
    held = np.array([model.abstains(side) for side in sides])
    return (
        float(roc_auc_score(truth[pure] == "disc", odds[pure])),
        float(right.mean()),
        float(held.mean()),
        float(right[~held].mean()) if (~held).any() else float("nan"),
    )


def scars_taken(sides: Sequence[Row], name: str, *, found: float = 0.95) -> float:
    """Share of scars above the limit over which a share of the discs lies."""
    model = load_model(name)
    odds = {
        kind: np.array(
            [np.subtract(*(model.probabilities(s)[k] for k in ("disc", "scar"))) for s in sides if s["truth"] == kind]
        )
        for kind in ("disc", "scar")
    }
    return float((odds["scar"] >= np.quantile(odds["disc"], 1 - found)).mean())


def roots(rows: Sequence[Row]) -> Iterator[str]:
    """Adherent roots against others, by the index alone and by the model; and the groups."""
    known = [row for row in rows if row["roots"]]
    truth = np.array([row["group"] for row in known])
    model = load_model("delamarter")
    chances = [model.probabilities(row["roots"]) for row in known]
    anything = np.array([1 - one["none"] for one in chances])
    index = np.array([row["roots"]["component_count"] for row in known])
    yield f"{len(known)} patients, {(truth != 'none').sum()} with arachnoiditis. Told from the others by the clumping"
    yield f"index alone: AUC {roc_auc_score(truth != 'none', index):.3f}; by the model of five readings:"
    yield f"AUC {roc_auc_score(truth != 'none', anything):.3f}."
    yield ""
    likely = np.array([max(one, key=lambda group: one[group]) for one in chances])
    weighted = cohen_kappa_score(truth, likely)
    yield f"Delamarter's groups, most probable one: kappa {weighted:.2f}."
    yield ""
    yield from _confusion(truth, likely, GROUPS)
    yield ""
    yield "The model parts these patterns on exact maps nearly completely, for the groups are drawn as their"
    yield "definitions have them. In people readers hardly agree on the groups (kappa 0.05 to 0.2); nothing here says"
    yield "that the model would do better."


def decays(worse: Sequence[Row]) -> Iterator[str]:
    """The same figures under worse conditions."""
    yield f"{len(worse)} of the patients again. Bias ± SD of quantities, in their units, absent values in"
    yield "brackets; sides that the gate for metal kept from being read; areas under the curve. The maps stay exact:"
    yield "what rests on them alone (scar, traction) decays with slices only; maps drawn from the images are below."
    yield ""
    yield from decay_tables(worse, DECAY, of_metal=True)


def decay_tables(worse: Sequence[Row], conditions: Sequence[Condition], *, of_metal: bool = False) -> Iterator[str]:
    """Quantities, then sides and areas under the curve, one line a condition; ``of_metal`` counts no other absence."""
    yield "| condition | " + " | ".join(DECAYING.values()) + " |"
    yield "|---|" + "---|" * len(DECAYING)
    for condition in conditions:
        cells = [_error(worse, condition.name, *name.split("|")) for name in DECAYING]
        yield f"| {condition.name} | " + " | ".join(cells) + " |"
    yield ""
    absent = "absent for metal" if of_metal else "absent"
    yield f"| condition | sides | {absent} | AUC disc or scar, with contrast | without | AUC adherent roots |"
    yield "|---|---|---|---|---|---|"
    for condition in conditions:
        found = [(row["found"][condition.name], row["group"]) for row in worse]
        sides = [side for one, _ in found for side in one["patterns"] if "truth" in side]
        reasons = [side["absent"] for one, _ in found for side in one["patterns"] if "absent" in side]
        gone = sum(not of_metal or reason == "not_assessable_metal" for reason in reasons)
        cells = [_auc(sides, "disc_or_scar"), _auc(sides, "disc_or_scar_precontrast"), _root_auc(found)]
        yield f"| {condition.name} | {len(sides)} | {gone} | " + " | ".join(cells) + " |"


def _error(worse: Sequence[Row], condition: str, biomarker: str, method: str) -> str:
    rows = [{"truth": row["truth"], "measured": row["found"][condition]["measured"]} for row in worse]
    found = [_pairs(row, biomarker, method) for row in rows]
    errors = np.array([measured - true for part, _ in found for measured, true, _ in part])
    absent = sum(missing for _, missing in found)
    if len(errors) < 3:
        return f"n/a ({absent})"
    return f"{errors.mean():.2f} ± {errors.std(ddof=1):.2f} ({absent})"


def _auc(sides: Sequence[Row], model: str) -> str:
    kinds = {side["truth"] for side in sides}
    return f"{pattern_figures(sides, model)[0]:.3f}" if {"scar", "disc"} <= kinds else "n/a"


def _root_auc(found: Sequence[tuple[Row, str]]) -> str:
    known = [(one["roots"], group) for one, group in found if one["roots"]]
    truth = np.array([group != "none" for _, group in known])
    if len(set(truth.tolist())) < 2:
        return "n/a"
    model = load_model("delamarter")
    return f"{roc_auc_score(truth, [1 - model.probabilities(values)['none'] for values, _ in known]):.3f}"
