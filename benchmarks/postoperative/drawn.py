"""The same quantities on maps drawn from the images, as a user has them, beside those on exact maps.

Series are laid onto the T2 of their stack, then the canal's tissue and the back muscles are drawn on it by
``segment.axial`` with the T1 pair, from labels of the
spine whose boundaries are off by 0.5 mm (SD), as ``lumbomics measure`` does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from lumbomics.core.anatomy import DISC_OFFSET, vertebra_number
from lumbomics.core.examination import Examination
from lumbomics.core.measurement import Z_95
from lumbomics.measure import ExaminedSpine, NotMeasurableError, describe_spine
from lumbomics.measure.postoperative.contrast import enhancement_at
from lumbomics.measure.postoperative.logistic import load_model
from lumbomics.measure.postoperative.pattern import contrast_features, shape_features, tissue_in_question
from lumbomics.measure.postoperative.view import SIDES, level_view
from lumbomics.run.examination_stacks import settle_stacks
from lumbomics.run.examination_tissue import draw_on_axial
from postoperative.fit_patterns import true_class, true_group
from postoperative.operated import collect, measured_values, root_values
from postoperative.operated_page import pattern_figures
from postoperative.patients import Condition, Patient, examined, label_grid, patient
from postoperative.truth import true_values

SHARE = 3
"""One of so many patients."""
WIDE = Condition(name="wide", width_mm=110.0)
BOUNDARY_SD_MM = 0.5
Row = dict[str, Any]


def section(*, seeds: int, folder: Path, decay_seeds: int) -> list[str]:
    """Measure what is not in the folder yet, and return the section's lines."""
    del decay_seeds
    return list(page(collect(range(seeds // SHARE), folder / "drawn.jsonl", record)))


def record(seed: int) -> Row:
    """Everything measured of one patient on exact and on drawn maps, and the truth."""
    one = patient(seed)
    (exact,) = examined(one, [WIDE])
    drawn = drawn_spine(one, exact)
    return {
        "seed": seed,
        "kind": one.kind.value,
        "group": true_group(one),
        "truth": {"|".join(key): value for key, value in true_values(one).items()},
        "maps": {name: readings(one, spine, exact) for name, spine in (("exact", exact), ("drawn", drawn))},
    }


def drawn_spine(one: Patient, exact: ExaminedSpine, *, settle: bool = True) -> ExaminedSpine:
    """The same series with maps drawn from them and from imperfect labels; ``settle`` undoes motion between them."""
    rng = np.random.default_rng([one.seed, 42])
    labels = one.phantom.segmentation(label_grid(one.phantom, one.level), boundary_sd_mm=BOUNDARY_SD_MM, rng=rng)
    blank = [replace(scan, tissue=None, muscle=None) for scan in exact.examination.scans]
    scans, _ = draw_on_axial(settle_stacks(blank, labels).scans if settle else blank, labels)
    operations = exact.examination.operations
    return ExaminedSpine(
        spine=describe_spine(labels),
        examination=Examination(segmentation=labels, scans=scans, operations=operations),
    )


def readings(one: Patient, spine: ExaminedSpine, exact: ExaminedSpine) -> Row:
    """Quantities, tissue in question and roots on one kind of map; what the tissue is says the exact one."""
    return {
        "measured": measured_values(one, spine),
        "patterns": list(_patterns(one, spine, exact)),
        "roots": root_values(one, spine),
    }


def _patterns(one: Patient, spine: ExaminedSpine, exact: ExaminedSpine) -> Iterator[Row]:
    upper, lower = one.level.split("-")
    for side in SIDES:
        try:
            truth = true_class(exact, one.level, side)
        except NotMeasurableError:
            continue
        try:
            view = level_view(spine, upper, lower)
            values = shape_features(spine, view, side, vertebra_number(upper) + DISC_OFFSET)
            values |= contrast_features(enhancement_at(spine, view), tissue_in_question(view, side))
        except NotMeasurableError as obstacle:
            yield {"side": side, "absent": obstacle.reason}
            continue
        yield {"side": side, "truth": truth, **values}


def page(rows: Sequence[Row]) -> Iterator[str]:
    """Agreement on both kinds of map, one line a quantity."""
    yield "## On maps drawn from the images"
    yield ""
    yield f"{len(rows)} of the patients (seeds {rows[0]['seed']} to {rows[-1]['seed']}): canal and muscles drawn from"
    yield f"T2, T1 and T1 after contrast with labels of the spine that err by {BOUNDARY_SD_MM} mm (SD); exact maps too."
    yield ""
    yield "| biomarker | method | exact: n | bias | SD | r² | drawn: n | bias | SD | r² | coverage % |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for biomarker, method in dict.fromkeys(tuple(key.split("|")[:2]) for row in rows for key in row["truth"]):
        exact, drawn = (_agreement(rows, maps, biomarker, method) for maps in ("exact", "drawn"))
        if exact is not None and drawn is not None:
            yield f"| {biomarker} | {method} | {' | '.join(exact[:4])} | {' | '.join(drawn)} |"
    yield ""
    yield "| maps | sides | absent | AUC disc or scar, with contrast | without | AUC adherent roots |"
    yield "|---|---|---|---|---|---|"
    for maps in ("exact", "drawn"):
        sides = [side for row in rows for side in row["maps"][maps]["patterns"]]
        known = [side for side in sides if "truth" in side]
        cells = [f"{pattern_figures(known, model)[0]:.3f}" for model in ("disc_or_scar", "disc_or_scar_precontrast")]
        yield f"| {maps} | {len(known)} | {len(sides) - len(known)} | {' | '.join(cells)} | {_root_auc(rows, maps)} |"


def _agreement(rows: Sequence[Row], maps: str, biomarker: str, method: str) -> list[str] | None:
    found = [
        (*row["maps"][maps]["measured"][key], true)
        for row in rows
        for key, true in row["truth"].items()
        if key.split("|")[:2] == [biomarker, method] and key in row["maps"][maps]["measured"]
    ]
    if len(found) < 3:
        return None
    measured, se, true = np.array(found, dtype=np.float64).T
    error = measured - true
    held = np.abs(error) <= Z_95 * se
    cover = f"{100 * held[np.isfinite(se)].mean():.0f}" if np.isfinite(se).any() else "n/a"
    r2 = np.corrcoef(measured, true)[0, 1] ** 2
    return [str(len(found)), f"{error.mean():.2f}", f"{error.std(ddof=1):.2f}", f"{r2:.3f}", cover]


def _root_auc(rows: Sequence[Row], maps: str) -> str:
    known = [(row["maps"][maps]["roots"], row["group"] != "none") for row in rows if row["maps"][maps]["roots"]]
    model = load_model("delamarter")
    chances = [1 - model.probabilities(values)["none"] for values, _ in known]
    truth = [ill for _, ill in known]
    return f"{roc_auc_score(truth, chances):.3f}" if 0 < sum(truth) < len(truth) else "n/a"
