"""All checks of a prediction, and the verdict they lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.segment.quality.alignment import check_alignment
from lumbomics.segment.quality.facts import SpineFacts, gather_facts
from lumbomics.segment.quality.image import check_image
from lumbomics.segment.quality.plausibility import (
    check_balance,
    check_gap,
    check_heights,
    check_order,
    check_region,
    check_spacing,
    check_volumes,
)
from lumbomics.segment.quality.reliability import METAL, check_confidence, check_metal, check_numbering
from lumbomics.segment.quality.settings import QualitySettings, default_settings
from lumbomics.segment.quality.structures import (
    check_canal,
    check_disc_present,
    check_discs,
    check_edges,
    check_islands,
)

LabelCheck = Callable[[SpineFacts, QualitySettings], list[Finding]]

LABEL_CHECKS: tuple[LabelCheck, ...] = (
    check_order,
    check_gap,
    check_spacing,
    check_heights,
    check_volumes,
    check_balance,
    check_discs,
    check_disc_present,
    check_canal,
    check_islands,
    check_edges,
)
"""Checks of the map alone."""


def assess(
    prediction: Prediction, image: Image, *, any_modality: bool = False, settings: QualitySettings | None = None
) -> QualityReport:
    """Check an image and the labels drawn on it.

    Parameters
    ----------
    prediction
        What the engine handed back; nothing is changed in it.
    image
        What the labels were drawn on, with its contrast where known.
    any_modality
        The engine takes CT and stacks of any direction too.
    settings
        Limits; by default those shipped.

    Returns
    -------
    QualityReport
        ``artifact`` where the image does not allow it, ``fail`` where the labels cannot be believed, else ``pass``,
        with single structures left out where need be.
    """
    limits = settings or default_settings()
    of_image = check_image(image, any_modality=any_modality, settings=limits)
    if of_image:
        return report_of(of_image)
    facts = gather_facts(prediction.segmentation.spine)
    region = check_region(facts, limits)
    told = [*check_confidence(prediction, limits), *check_metal(prediction, limits)]
    told += check_numbering(prediction, limits)
    if region:
        return report_of([*region, *told])
    labels = [finding for check in LABEL_CHECKS for finding in check(facts, limits)]
    findings = [*labels, *check_alignment(facts, image, limits), *told]
    return report_of([*findings, *_too_little_left(facts, findings, limits)])


def assess_labels(segmentation: Segmentation, *, settings: QualitySettings | None = None) -> QualityReport:
    """Check a label map alone, such as one that a person corrected."""
    limits = settings or default_settings()
    facts = gather_facts(segmentation.spine)
    region = check_region(facts, limits)
    return report_of(region or [finding for check in LABEL_CHECKS for finding in check(facts, limits)])


def report_of(findings: Iterable[Finding]) -> QualityReport:
    """Verdict of findings: the image's fault before the labels', worst first."""
    order = (Verdict.ARTIFACT, Verdict.FAIL, Verdict.PASS)
    ranked = sorted(findings, key=lambda finding: (order.index(finding.verdict), not finding.excludes))
    return QualityReport(verdict=ranked[0].verdict if ranked else Verdict.PASS, findings=tuple(ranked))


def _too_little_left(facts: SpineFacts, findings: Sequence[Finding], limits: QualitySettings) -> list[Finding]:
    """Fail as a whole where most bodies are left out; where metal did it, the image is to blame."""
    bodies = {body.value for body in facts.presacral}
    lost = {value for finding in findings if finding.excludes for value in finding.structures} & bodies
    if len(lost) <= limits.most_unusable * len(bodies):
        return []
    metal = {v for f in findings if f.excludes and f.check == METAL for v in f.structures} & bodies
    verdict = Verdict.ARTIFACT if len(metal) > limits.most_unusable * len(bodies) else Verdict.FAIL
    message = f"{len(lost)} of {len(bodies)} vertebrae are unusable"
    return [Finding(check="too_little_left", message=message, verdict=verdict, structures=tuple(sorted(lost)))]
