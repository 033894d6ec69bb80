"""Verdicts, findings and confidences as plain values, written and read back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from lumbomics.core.anatomy import Numbering
from lumbomics.core.labels import Segmentation, spine_name
from lumbomics.core.prediction import Prediction
from lumbomics.core.provenance import Decision
from lumbomics.core.quality import Finding, QualityReport, Verdict

NO_MAP = "n/a"


def map_id_of(segmentation: Segmentation | None) -> str:
    """Fingerprint of a spine map's voxels: a verdict holds for the map that was seen; ``n/a`` without a map."""
    if segmentation is None:
        return NO_MAP
    array = segmentation.spine.array
    digest = hashlib.sha256(repr(array.shape).encode())
    for plane in array:
        digest.update(plane.astype("<u2").tobytes())
    return digest.hexdigest()[:16]


def report_as_json(report: QualityReport) -> dict[str, Any]:
    """Verdict with its reasons."""
    return {
        "verdict": report.verdict.value,
        "by": report.by,
        "comment": report.comment,
        "findings": [
            {
                "check": finding.check,
                "message": finding.message,
                "verdict": finding.verdict.value,
                "structures": [spine_name(value) or str(value) for value in finding.structures],
                "values": list(finding.structures),
                "excludes": finding.excludes,
            }
            for finding in report.findings
        ],
    }


def report_from_json(content: Mapping[str, Any]) -> QualityReport:
    """Read back what ``report_as_json`` gave; KeyError or ValueError where it is something else."""
    return QualityReport(
        verdict=Verdict(content["verdict"]),
        by=content["by"],
        comment=content["comment"],
        findings=tuple(
            Finding(
                check=entry["check"],
                message=entry["message"],
                verdict=Verdict(entry["verdict"]),
                structures=tuple(entry["values"]),
                excludes=entry["excludes"],
            )
            for entry in content["findings"]
        ),
    )


def numbering_as_json(numbering: Numbering) -> dict[str, Any]:
    """On what the level numbers rest."""
    return {
        "source": numbering.source.value,
        "confidence": numbering.confidence,
        "alternative": numbering.alternative,
        "transition": numbering.transition.value,
    }


def decision_as_json(decision: Decision) -> dict[str, Any]:
    """One choice made on the way."""
    return dict(vars(decision))


def prediction_as_json(prediction: Prediction, report: QualityReport) -> dict[str, Any]:
    """All that is known about a label map besides its voxels, for the file beside it."""
    return {
        "Engine": prediction.engine,
        "MapID": map_id_of(prediction.segmentation),
        "Numbering": numbering_as_json(prediction.segmentation.numbering),
        "Confidence": confidence_as_json(prediction.confidence),
        "Quality": report_as_json(report),
        "Decisions": [decision_as_json(decision) for decision in prediction.decisions],
    }


def confidence_as_json(confidence: Mapping[int, float]) -> dict[str, float]:
    """Structure's name -> probability that it is there and well drawn."""
    return {spine_name(value) or str(value): round(float(sure), 4) for value, sure in sorted(confidence.items())}
