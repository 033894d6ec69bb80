"""Numbers that rest on labels which are not believed become absences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lumbomics.catalogue import load_quantities
from lumbomics.core.anatomy import CANAL, DISC_OFFSET, VERTEBRA_NUMBERS, rank
from lumbomics.core.measurement import Absent, Context, Measurement, Reason, Result
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.segment.quality.reliability import CONFIDENCE, METAL

_REASONS = {CONFIDENCE: Reason.LOW_SEGMENTATION_CONFIDENCE, METAL: Reason.NOT_ASSESSABLE_METAL}
# From the uppermost to the lowest vertebra that a value without a level rests on.
_SPANS = {
    "lumbar_lordosis_l1_s1": ("L1", "S1"),
    "lumbar_lordosis_l1_l5": ("L1", "L5"),
    "distal_lordosis_l4_s1": ("L1", "S1"),
    "sacral_slope": ("S1", "S1"),
    "coronal_cobb": ("T10", "L5"),
}
_ON_CANAL = {
    "bony_canal_dimensions",
    "dural_sac_area",
    "dural_sac_diameters",
    "foraminal_dimensions",
    "vertebral_axial_rotation",
}
_WITHOUT_DISC = {"bony_canal_dimensions", "dural_sac_area", "dural_sac_diameters", "slip_percent", "lateral_listhesis"}
_WITHOUT_DISC |= {"meyerding_grade", "segmental_lordosis"}
_AGAINST_LUMBAR = {"vertebral_axial_rotation"}


def withhold(results: Sequence[Result], report: QualityReport) -> tuple[Result, ...]:
    """Turn into absences the values that rest on a structure which quality control leaves out.

    A value at a level rests on that level's vertebrae, on its disc where it measures the disc, and on the canal where
    it measures the canal; a value of the whole spine on all vertebrae that it spans. Absences stay as they are.

    Parameters
    ----------
    results
        What was measured on the map.
    report
        What quality control found in it; where it is not usable, every value becomes absent.
    """
    if not report.usable:
        return tuple(_absent(r, *obstacle_of(report)) if isinstance(r, Measurement) else r for r in results)
    left_out = _left_out(report.findings)
    return tuple(_checked(r, left_out) if isinstance(r, Measurement) else r for r in results)


def nothing_usable(report: QualityReport, context: Context) -> tuple[Absent, ...]:
    """One absence for every quantity of the catalogue, for a series whose map is not used at all."""
    reason, detail = obstacle_of(report)
    return tuple(
        Absent(biomarker=biomarker, method=method, reason=reason, detail=detail, context=context)
        for biomarker, method in load_quantities()
    )


def obstacle_of(report: QualityReport) -> tuple[Reason, str]:
    """Reason and words for a map that is not used: what its gravest finding says, or the operator's verdict."""
    grave = [finding for finding in report.findings if finding.verdict is report.verdict]
    reason = Reason.IMAGE_ARTIFACT if report.verdict is Verdict.ARTIFACT else Reason.QUALITY_FAILED
    if report.by == "operator":
        return reason, f"verdict of the operator: {report.verdict}"
    lost_to_metal = [f for f in report.findings if f.check == METAL and f.excludes]
    if report.verdict is Verdict.ARTIFACT and lost_to_metal:
        reason = Reason.NOT_ASSESSABLE_METAL
    return reason, grave[0].message if grave else f"verdict: {report.verdict}"


def _left_out(findings: Iterable[Finding]) -> dict[int, tuple[Reason, str]]:
    obstacles: dict[int, tuple[Reason, str]] = {}
    for finding in findings:
        for value in finding.structures if finding.excludes else ():
            obstacles.setdefault(value, (_REASONS.get(finding.check, Reason.QUALITY_FAILED), finding.message))
    return obstacles


def _checked(result: Measurement, left_out: Mapping[int, tuple[Reason, str]]) -> Result:
    for value in structures_of(result):
        if value in left_out:
            return _absent(result, *left_out[value])
    return result


def structures_of(result: Measurement | Absent) -> tuple[int, ...]:
    """Values of the spine map that a result rests on."""
    canal = (CANAL,) if result.biomarker in _ON_CANAL else ()
    if result.level is None:
        return (*_span(*_SPANS.get(result.biomarker, ("L1", "S1"))), *canal)
    vertebrae = [VERTEBRA_NUMBERS[name] for name in result.level.split("-") if name in VERTEBRA_NUMBERS]
    is_segment = len(vertebrae) == 2
    disc = (vertebrae[0] + DISC_OFFSET,) if is_segment and result.biomarker not in _WITHOUT_DISC else ()
    others = _span("L1", "L5") if result.biomarker in _AGAINST_LUMBAR else ()
    return (*vertebrae, *disc, *canal, *others)


def _span(first: str, last: str) -> tuple[int, ...]:
    low, high = rank(VERTEBRA_NUMBERS[first]), rank(VERTEBRA_NUMBERS[last])
    return tuple(number for number in VERTEBRA_NUMBERS.values() if low <= rank(number) <= high)


def _absent(result: Measurement, reason: Reason, detail: str) -> Absent:
    return Absent(
        biomarker=result.biomarker,
        method=result.method,
        level=result.level,
        side=result.side,
        reason=reason,
        detail=detail,
        definition_version=result.definition_version,
        context=result.context,
    )
