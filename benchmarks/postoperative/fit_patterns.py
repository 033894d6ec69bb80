"""Fit the small models of ``measure/postoperative/models`` on operated digital patients kept for that.

    python benchmarks/postoperative/fit_patterns.py --seeds 240

Seeds from 5000 on, to 5049 of all kinds and from there on of those that the models are about; every third patient is
kept out of the fit and gives the cards their numbers. Further seeds from 7000 on all have arachnoiditis. Seeds below
1000 are the benchmark's own.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from lumbomics.core.anatomy import DISC_OFFSET, vertebra_number
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.measure import ExaminedSpine, NotMeasurableError
from lumbomics.measure.postoperative.cauda import root_slices
from lumbomics.measure.postoperative.contrast import enhancement_at
from lumbomics.measure.postoperative.delamarter import CLASSES as GROUPS
from lumbomics.measure.postoperative.delamarter import root_features
from lumbomics.measure.postoperative.pattern import CLASSES, contrast_features, shape_features, tissue_in_question
from lumbomics.measure.postoperative.view import SIDES, level_view
from lumbomics.phantom.postoperative import Arachnoiditis, Kind
from postoperative.patients import KINDS, Condition, Patient, examined, patient

MODELS = Path(__file__).resolve().parents[2] / "src" / "lumbomics" / "measure" / "postoperative" / "models"
FIRST, ALL_KINDS_BELOW, FIRST_ADHERENT = 5000, 5050, 7000
MODELLED = (Kind.SCAR, Kind.DISC, Kind.MIXED, Kind.ARACHNOIDITIS)
SHAPE = ("towards_tissue_mm", "disc_contact", "compactness", "largest_area_mm2", "lateral", "t2_to_muscle")
CONTRAST = ("core_enhancement", "enhancing_share")
ROOTS = ("component_count", "largest_component_share", "peripheral_fraction", "spread", "filling")
PURE = 0.7
"""A side is scar or disc where it makes at least this share of the tissue in question, else mixed."""


def true_class(spine: ExaminedSpine, level: str, side: Any) -> str:
    """What the tissue in question on a side truly is."""
    regions = tissue_in_question(level_view(spine, *level.split("-")), side)
    disc = sum(int((one.tissue(CanalTissue.DISC) & mask).sum()) for one, mask in regions)
    share = disc / sum(int(mask.sum()) for _, mask in regions)
    return "disc" if share >= PURE else "scar" if share <= 1 - PURE else "mixed"


def true_group(one: Patient) -> str:
    """Delamarter's group of a patient, ``none`` without arachnoiditis."""
    parts = [part for extra in one.phantom.scene.extras for part in getattr(extra, "parts", ())]
    found = [part.group.value for part in parts if isinstance(part, Arachnoiditis)]
    return found[0] if found else "none"


def rows_of(seed: int) -> Iterator[dict[str, Any]]:
    """Features and truth of both sides and of the roots of one patient."""
    one = patient(seed, KINDS if seed < ALL_KINDS_BELOW else MODELLED)
    (spine,) = examined(one, [Condition()])
    upper, lower = one.level.split("-")
    for side in SIDES:
        try:
            view = level_view(spine, upper, lower)
            found = enhancement_at(spine, view)
            values = shape_features(spine, view, side, vertebra_number(upper) + DISC_OFFSET)
            values |= contrast_features(found, tissue_in_question(view, side))
        except NotMeasurableError:
            continue
        yield {"seed": seed, "what": "pattern", "truth": true_class(spine, one.level, side), **values}
    yield from _roots(seed, one, spine)


def root_rows_of(seed: int) -> Iterator[dict[str, Any]]:
    """Features and truth of the roots of a patient with arachnoiditis."""
    one = patient(seed, (Kind.ARACHNOIDITIS,))
    (spine,) = examined(one, [Condition(contrasts=(Contrast.T2,))])
    yield from _roots(seed, one, spine)


def _roots(seed: int, one: Patient, spine: ExaminedSpine) -> Iterator[dict[str, Any]]:
    try:
        values = root_features(root_slices(spine, *one.level.split("-"))[1], one.level)
    except NotMeasurableError:
        return
    yield {"seed": seed, "what": "roots", "truth": true_group(one), **values}


def fit(
    rows: Sequence[dict[str, Any]], names: Sequence[str], classes: Sequence[str], *, name: str, positive: str
) -> dict[str, Any]:
    """Fit one model on two thirds of the patients and test it on every third."""
    table = np.array([[row[n] for n in names] for row in rows])
    truth = np.array([row["truth"] for row in rows])
    seeds = np.array([row["seed"] for row in rows])
    kept = seeds % 3 == 2
    fitted = ~kept
    mean, sd = table[fitted].mean(axis=0), table[fitted].std(axis=0)
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=5000)
    model.fit((table[fitted] - mean) / sd, truth[fitted])
    order = [list(model.classes_).index(one) for one in classes]
    chance = model.predict_proba((table[kept] - mean) / sd)[:, order]
    right = np.array(classes)[chance.argmax(axis=1)] == truth[kept]
    auc, told = area(chance, truth[kept], classes, positive)
    return {
        "name": name,
        "version": "1",
        "classes": list(classes),
        "features": [
            {"name": n, **{k: round(float(v), 5) for k, v in values.items()}}
            for n, values in zip(names, ranges(table[fitted], mean, sd), strict=True)
        ],
        "coefficients": [[round(float(v), 5) for v in model.coef_[i]] for i in order],
        "intercepts": [round(float(model.intercept_[i]), 5) for i in order],
        "abstain_below": 0.6,
        "card": {
            "trained_on": f"operated digital reference objects, two of three seeds {FIRST}-{seeds.max()}, exact maps",
            "n_trained": int(fitted.sum()),
            "tested_on": f"operated digital reference objects, every third seed {FIRST}-{seeds.max()}, exact maps",
            "n_tested": int(kept.sum()),
            "auc": round(float(auc), 3),
            "auc_of": told,
            "accuracy": round(float(right.mean()), 3),
            "limits": "No patient took part. Real tissue is more varied; the numbers do not carry over to people.",
        },
    }


def ranges(table: NDArray[np.float64], mean: NDArray[np.float64], sd: NDArray[np.float64]) -> list[dict[str, float]]:
    """Mean, standard deviation and range of every feature."""
    return [
        {"mean": m, "sd": s, "low": column.min(), "high": column.max()}
        for column, m, s in zip(table.T, mean, sd, strict=True)
    ]


def area(
    chance: NDArray[np.float64], truth: NDArray[np.str_], classes: Sequence[str], positive: str
) -> tuple[float, str]:
    """Area under the curve: disc against scar, or any group against none."""
    if positive == "disc":
        pure = np.isin(truth, ("disc", "scar"))
        odds = chance[pure, classes.index("disc")] - chance[pure, classes.index("scar")]
        return roc_auc_score(truth[pure] == "disc", odds), "displaced disc against scar, mixed tissue left out"
    return roc_auc_score(truth != "none", 1 - chance[:, classes.index("none")]), "any group against none"


def main() -> None:
    """Collect features, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=240)
    parser.add_argument("--rows", type=Path, help="JSON lines of features to read, or to write where it is not there")
    chosen = parser.parse_args()
    if chosen.rows and chosen.rows.exists():
        rows = [json.loads(line) for line in chosen.rows.read_text().splitlines()]
    else:
        rows = collect(range(FIRST, FIRST + chosen.seeds), chosen.rows, rows_of)
        rows += collect(range(FIRST_ADHERENT, FIRST_ADHERENT + chosen.seeds // 2), chosen.rows, root_rows_of)
    pattern = [row for row in rows if row["what"] == "pattern"]
    roots = [row for row in rows if row["what"] == "roots"]
    for name, data, names, classes, positive in (
        ("disc_or_scar", pattern, (*CONTRAST, *SHAPE), CLASSES, "disc"),
        ("disc_or_scar_precontrast", pattern, SHAPE, CLASSES, "disc"),
        ("delamarter", roots, ROOTS, GROUPS, "any"),
    ):
        model = fit(data, names, classes, name=name, positive=positive)
        (MODELS / f"{name}.yaml").write_text(yaml.safe_dump(model, sort_keys=False, width=110))
        print(name, model["card"])


def collect(
    seeds: Sequence[int], to: Path | None, make: Callable[[int], Iterator[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Features of all seeds; written as they come."""
    rows = []
    for seed in seeds:
        for row in make(seed):
            rows.append(row)
            if to:
                with to.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    return rows


if __name__ == "__main__":
    main()
