"""An evaluation as a table, the table's sidecar and a summary."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lumbomics import __version__
from lumbomics.core.errors import InputError
from lumbomics.evaluate import CaseScores, Detection, Metric, Missing, Structure, StructureScores, Summary
from lumbomics.evaluate.summary import RESAMPLES, SEED
from lumbomics.write import write_json_atomic, write_text_atomic

if TYPE_CHECKING:
    from lumbomics.run.evaluate import Evaluation

EMPTY = "n/a"
_PLACE = {
    "participant_id": "Patient.",
    "session_id": "Visit.",
    "case": "Case: the reference's file name.",
    "structure": "What was compared.",
    "level": "Vertebra or disc by its number in both maps; empty for the structure as a whole.",
    "prediction_ml": "Volume in the prediction, mL.",
    "reference_ml": "Volume in the reference, mL.",
}
_DEFINITIONS = {
    Metric.DICE: "2 |P and R| / (|P| + |R|) by volume.",
    Metric.SURFACE_DICE_1MM: "Share of the area of both surfaces within 1 mm of the other one.",
    Metric.SURFACE_DICE_2MM: "Share of the area of both surfaces within 2 mm of the other one.",
    Metric.HAUSDORFF_95_MM: "95th percentile by area of the distance to the other surface, larger of both directions.",
    Metric.MEAN_SURFACE_DISTANCE_MM: "Mean distance to the other surface by area, over both surfaces.",
    Metric.VOLUME_ERROR_ML: "Predicted minus reference volume.",
    Metric.VOLUME_ERROR_PERCENT: "Predicted minus reference volume, of the reference.",
    Metric.INSTANCE_F1: "2 TP / (2 TP + FP + FN) of instances matched one to one at an overlap of 0.5 or more.",
    Metric.INSTANCE_PRECISION: "TP / (TP + FP).",
    Metric.INSTANCE_RECALL: "TP / (TP + FN).",
    Metric.MATCHED_DICE: "Mean Dice of matched instances, whatever their numbers.",
    Metric.LEVEL_ACCURACY: "Share of matched instances that carry the right number.",
    Metric.LEVEL_SHIFT: "Levels by which all matched instances are numbered too far towards the tail (+) or head (-).",
}
_ABSENT = "Why a number is missing: metric=reason, by semicolons; n/a without a reason does not apply to the row."


def write_evaluation(evaluation: Evaluation, out: Path) -> tuple[Path, ...]:
    """Write the table, its sidecar and the summary beside it, each whole or not at all."""
    if out.suffix != ".tsv":
        raise InputError("the table is a .tsv file", expected="a name ending in .tsv", got=out.name, where="--out")
    table = write_text_atomic(_table(evaluation.scores), out)
    columns = write_json_atomic(_sidecar(), out.with_suffix(".json"))
    summary = write_json_atomic(summary_document(evaluation), out.with_name(f"{out.stem}_summary.json"))
    return table, columns, summary


def summary_document(evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the single cases' numbers, as plain values."""
    return {
        "software": f"lumbomics {__version__}",
        "cases": len(evaluation.cases),
        "patients": len({case.pair.participant for case in evaluation.cases}),
        "matching": evaluation.matching.value,
        "interval": f"95 %, BCa bootstrap of the mean over patients, {RESAMPLES} resamples, seed {SEED}",
        "failed": [{"case": case, "problem": problem} for case, problem in evaluation.failed],
        "not_scored": [{"structure": s.value, "why": why} for s, why in evaluation.not_scored],
        "predictions_without_reference": list(evaluation.without_reference),
        "instances": pooled_instances(evaluation),
        "summary": [_plain(row) for row in evaluation.summary],
    }


def pooled_instances(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Instances found, extra and missed over all cases, by structure."""
    scored = {row.structure for case in evaluation.scores for row in case.rows}
    found = {
        structure: [
            case.comparison.detections[structure]
            for case in evaluation.cases
            if structure in case.comparison.detections
        ]
        for structure in Structure
        if structure in scored
    }
    return [_pooled(structure, detections) for structure, detections in found.items() if detections]


def _pooled(structure: Structure, found: list[Detection]) -> dict[str, Any]:
    total = Detection(
        matches=tuple(match for d in found for match in d.matches),
        extra=tuple(value for d in found for value in d.extra),
        missed=tuple(value for d in found for value in d.missed),
    )
    return {
        "structure": structure.value,
        "cases": len(found),
        "true_positives": len(total.matches),
        "false_positives": len(total.extra),
        "false_negatives": len(total.missed),
        "f1": total.f1,
    }


def _plain(row: Summary) -> dict[str, Any]:
    interval = None if row.interval is None else asdict(row.interval)
    return {
        "structure": row.structure.value,
        "level": row.level,
        "metric": row.metric.value,
        "unit": row.metric.unit,
        "patients": row.patients,
        "cases": row.cases,
        "mean": row.mean,
        "sd": row.sd,
        "median": row.median,
        "interval": interval,
        "worst": row.worst,
        "worst_case": row.worst_case,
        "missing": {reason.value: count for reason, count in row.missing.items()},
    }


def _table(scores: Iterable[CaseScores]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow([*_PLACE, *(metric.value for metric in Metric), "absent"])
    for case in scores:
        for row in case.rows:
            writer.writerow(_cells(case, row))
    return text.getvalue()


def _cells(case: CaseScores, row: StructureScores) -> list[str]:
    place = (case.participant, case.session, case.case, row.structure.value, row.level)
    volumes = (repr(row.prediction_ml), repr(row.reference_ml))
    numbers = [row.value(metric) for metric in Metric]
    absent = [f"{m.value}={value.value}" for m, value in row.values.items() if isinstance(value, Missing)]
    return [
        *(word or EMPTY for word in place),
        *volumes,
        *(EMPTY if number is None else repr(number) for number in numbers),
        "; ".join(absent) or EMPTY,
    ]


def _sidecar() -> dict[str, Any]:
    columns: dict[str, Any] = {name: {"Description": text} for name, text in _PLACE.items()}
    for metric in Metric:
        columns[metric.value] = {"Description": _DEFINITIONS[metric], "Units": metric.unit}
    columns["absent"] = {"Description": _ABSENT, "Levels": {reason.value: _WHY[reason] for reason in Missing}}
    return columns


_WHY = {
    Missing.BOTH_EMPTY: "neither map holds the structure: there is nothing to judge",
    Missing.PREDICTION_EMPTY: "the reference holds the structure and the prediction does not",
    Missing.REFERENCE_EMPTY: "the prediction holds the structure and the reference does not",
    Missing.NO_INSTANCES: "a map does not tell one instance from the next",
    Missing.NO_MATCH: "no predicted instance was matched to one of the reference",
    Missing.NO_LEVELS: "a map does not number its instances",
    Missing.DIFFERENT_EXTENT: "one map draws vertebral bodies alone and the other one whole vertebrae",
    Missing.MIXED_SHIFT: "the matched instances are not all shifted by the same number of levels",
}
