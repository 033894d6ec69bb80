"""The operated level measured: scar, enhancement, traction, scar or disc, clumping, each beside what is true.

``collect`` appends one line of JSON for each patient, so that a run can be cut short and taken up again;
``operated_page`` makes the page's part of what has been collected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lumbomics.core.anatomy import DISC_OFFSET, vertebra_number
from lumbomics.core.measurement import Measurement
from lumbomics.measure import ExaminedSpine, NotMeasurableError, measure_examination
from lumbomics.measure.postoperative.cauda import root_slices
from lumbomics.measure.postoperative.contrast import enhancement_at
from lumbomics.measure.postoperative.delamarter import root_features
from lumbomics.measure.postoperative.pattern import contrast_features, shape_features, tissue_in_question
from lumbomics.measure.postoperative.view import SIDES, level_view
from postoperative.fit_patterns import true_class, true_group
from postoperative.patients import Condition, Patient, examined, patient
from postoperative.truth import true_values

CONTINUOUS = ("ross_fibrosis_sum", "sac_traction", "enhancement_ratio")
CLINICAL = Condition()
DECAY = (
    CLINICAL,
    Condition(name="noise x 3", noise=0.036),
    Condition(name="noise x 8", noise=0.096),
    Condition(name="slices 6 mm", thickness_mm=6.0),
    Condition(name="motion between series 1 mm", moved_mm=1.0),
    Condition(name="motion between series 2 mm", moved_mm=2.0),
    Condition(name="motion within a series (blur 1.5 pixels)", blur_voxels=1.5),
    Condition(name="metal over 15 % of the canal's width", hidden=0.15),
    Condition(name="metal over 30 % of the canal's width", hidden=0.3),
)


def collect(
    seeds: Sequence[int], to: Path, make: Callable[[int], dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Make a record of the seeds that are not in the file yet; return all its lines."""
    known = [json.loads(line) for line in to.read_text().splitlines()] if to.exists() else []
    done = {row["seed"] for row in known}
    for seed in seeds:
        if seed not in done:
            row = (make or record)(seed)
            known.append(row)
            with to.open("a") as file:
                file.write(json.dumps(row) + "\n")
    return known


def record(seed: int) -> dict[str, Any]:
    """Everything measured of one patient, and its truth."""
    one = patient(seed)
    (spine,) = examined(one, [CLINICAL])
    return {
        "seed": seed,
        "kind": one.kind.value,
        "level": one.level,
        "group": true_group(one),
        "truth": {"|".join(key): value for key, value in true_values(one).items()},
        "measured": measured_values(one, spine),
        "patterns": _patterns(one, spine),
        "roots": root_values(one, spine),
    }


def decay(seed: int) -> dict[str, Any]:
    """Quantities, tissue and roots of one patient as they are read under every worse condition."""
    one = patient(seed)
    found = {}
    for condition, spine in zip(DECAY, examined(one, DECAY), strict=True):
        found[condition.name] = {
            "measured": measured_values(one, spine),
            "patterns": _patterns(one, spine),
            "roots": root_values(one, spine),
        }
    truth = {"|".join(key): value for key, value in true_values(one).items()}
    return {"seed": seed, "kind": one.kind.value, "group": true_group(one), "truth": truth, "found": found}


def measured_values(one: Patient, spine: ExaminedSpine) -> dict[str, tuple[float, float | None]]:
    """Value and standard error of every continuous quantity at the operated level."""
    return {
        f"{r.biomarker}|{r.method}|{r.side}": (r.value, r.se)
        for r in measure_examination(spine, only=CONTINUOUS)
        if isinstance(r, Measurement) and r.value is not None and r.level == one.level
    }


def _patterns(one: Patient, spine: ExaminedSpine) -> list[dict[str, Any]]:
    """Readings of both sides with what the tissue truly is."""
    upper, lower = one.level.split("-")
    rows = []
    for side in SIDES:
        try:
            view = level_view(spine, upper, lower)
            values = shape_features(spine, view, side, vertebra_number(upper) + DISC_OFFSET)
            values |= contrast_features(enhancement_at(spine, view), tissue_in_question(view, side))
        except NotMeasurableError as obstacle:
            rows.append({"side": side, "absent": obstacle.reason})
            continue
        rows.append({"side": side, "truth": true_class(spine, one.level, side), **values})
    return rows


def root_values(one: Patient, spine: ExaminedSpine) -> dict[str, float] | None:
    """Readings of the roots; ``None`` where they cannot be taken."""
    try:
        return root_features(root_slices(spine, *one.level.split("-"))[1], one.level)
    except NotMeasurableError:
        return None
