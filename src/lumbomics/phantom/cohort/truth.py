"""What an analysis of a simulated cohort should find, in words and numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lumbomics.phantom.cohort.draw import BIOMARKER_GAPS, RELIABILITY_SHARE, SimulatedCohort
from lumbomics.phantom.cohort.effects import EFFECT_LEVEL, PHENOTYPES, Effects
from lumbomics.phantom.cohort.quantities import QUANTITIES, SIDES, Quantity

SCORES = (*(f"nrs_leg_{side}" for side in SIDES), "nrs_back", "odi_total")


def planted_pairs(effects: Effects) -> pd.DataFrame:
    """Every biomarker column against every score of the first visit, adjusted for age and site.

    Parameters
    ----------
    effects
        What was planted.

    Returns
    -------
    pandas.DataFrame
        ``biomarker`` (``name/level/side``), ``score``, ``kind`` (``direct``; ``phenotype``: it marks a phenotype that
        makes the score worse; ``null``), ``slope_true`` for a unit of the true value and ``slope_measured`` for a unit
        of the measured one (true slope times reliability; NaN where no straight line was planted).
    """
    rows = [
        {"biomarker": column_name(q, level, side), "score": score, **_pair(q, level, side, score, effects)}
        for q in QUANTITIES
        for level, side in q.places()
        for score in SCORES
    ]
    return pd.DataFrame(rows)


def column_name(quantity: Quantity, level: str | None, side: object) -> str:
    """Name of the biomarker's column in a wide table: ``disc_height/L4-L5``."""
    return "/".join([quantity.biomarker, level or "", str(side or "")]).rstrip("/")


def _pair(quantity: Quantity, level: str | None, side: object, score: str, effects: Effects) -> dict[str, object]:
    same_side = (level, score) == (EFFECT_LEVEL, f"nrs_leg_{side}")
    slope = 0.0
    if quantity.biomarker == "foraminal_dimensions" and same_side:
        slope = effects.foramen_to_leg_pain
    elif quantity.biomarker == "lumbar_lordosis_l1_s1" and score == "nrs_back":
        slope = effects.lordosis_to_back_pain
    if slope:
        return {"kind": "direct", "slope_true": slope, "slope_measured": slope * quantity.reliability}
    if score == "odi_total" and any(quantity.marks) and effects.separation and effects.stenotic_to_disability:
        return {"kind": "phenotype", "slope_true": float("nan"), "slope_measured": float("nan")}
    return {"kind": "null", "slope_true": 0.0, "slope_measured": 0.0}


def planted_truth(cohort: SimulatedCohort) -> dict[str, Any]:
    """All planted facts as plain values, for ``truth.json``."""
    effects, people = cohort.effects, cohort.participants
    pairs = planted_pairs(effects)
    return {
        "seed": cohort.seed,
        "participants": len(people),
        "associations": [
            {
                "biomarker": row.biomarker,
                "score": row.score,
                "kind": row.kind,
                "slope_for_a_true_unit": None if row.kind == "phenotype" else row.slope_true,
                "slope_for_a_measured_unit": None if row.kind == "phenotype" else row.slope_measured,
            }
            for row in pairs[pairs["kind"] != "null"].itertuples()
        ],
        "confounding": {
            "age_nrs_points_a_year": effects.age_to_pain,
            "site_b_nrs_points": effects.site_to_pain,
            "biomarkers_a_year": {q.biomarker: q.a_year for q in QUANTITIES},
        },
        "scanner_b_offset": {q.biomarker: q.scanner_b for q in QUANTITIES},
        "reliability": {
            "share_scanned_and_read_twice": RELIABILITY_SHARE,
            "second_rater_offset": {q.biomarker: q.second_rater for q in QUANTITIES if q.second_rater},
            **{
                name: {q.biomarker: getattr(q, field) for q in QUANTITIES}
                for name, field in (("sem_new_scan", "scan_error"), ("sem_new_reading", "rater_error"), ("sem", "sem"))
            },
        },
        "phenotypes": {
            "groups": dict(zip(PHENOTYPES, [int((people["phenotype"] == p).sum()) for p in PHENOTYPES], strict=True)),
            "separation_sd": effects.separation,
            "marks": {q.biomarker: dict(zip(PHENOTYPES, q.marks, strict=True)) for q in QUANTITIES if any(q.marks)},
            "stenotic_odi_points": effects.stenotic_to_disability,
        },
        "response_to_stimulation": dict(zip(PHENOTYPES, effects.response, strict=True)),
        "change": {f"disc_height/{EFFECT_LEVEL}": -effects.disc_loss_mm, "unit": "mm"},
        "missing": {
            "values": f"completely at random, {BIOMARKER_GAPS:g} of all",
            "answers_and_visits": "at random given age: the old miss more",
        },
        "of_each_participant": [
            {"participant_id": row.participant_id, "phenotype": row.phenotype, "responder": bool(row.responder)}
            for row in people.itertuples()
        ],
    }
