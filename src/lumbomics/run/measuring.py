"""Everything that is measured on one visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lumbomics.catalogue import load_quantities
from lumbomics.core.examination import Operation
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Absent, Context, Reason, Result
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.core.visit import Series, Visit
from lumbomics.measure import describe_spine, measure_spine
from lumbomics.report import Profile
from lumbomics.run.examination import Examined, examine_visit
from lumbomics.run.examination_results import measure_examined
from lumbomics.run.labelling import LabelledSeries, reasons_without_map
from lumbomics.run.profiles import profiles_of
from lumbomics.segment.protocol import Segmenter
from lumbomics.segment.quality import nothing_usable, withhold

_NO_MAP = (Finding(check="engine", message="there is no label map to measure", verdict=Verdict.FAIL),)


@dataclass(frozen=True, kw_only=True, eq=False)
class VisitResults:
    """What a visit gave.

    Parameters
    ----------
    results
        Of every series, and across them.
    profiles
        Series name -> curves along the canal.
    examined
        All series in one space.
    """

    results: tuple[Result, ...]
    profiles: Mapping[str, tuple[Profile, ...]]
    examined: Examined


def measure_visit(
    visit: Visit,
    labelled: Sequence[LabelledSeries],
    *,
    engine: Segmenter | None,
    operations: Sequence[Operation],
    step: Callable[[str], None],
) -> VisitResults:
    """Measure every labelled series, then all series together.

    Parameters
    ----------
    visit
        With the label maps attached.
    labelled
        Its series that have or can have a map.
    engine
        What drew the maps, for the words of absences.
    operations
        Operated levels, where known.
    step
        Told what is done now.
    """
    step("measuring")
    series = {one.series.name: _measure(one, visit) for one in labelled}
    results = tuple(r for one in series.values() for r in one.results) or _nothing_labelled(visit, engine)
    examined = _examine(visit, labelled, operations, step)
    step("measuring across series")
    across = measure_examined(examined, visit, labelled)
    profiles = {name: one.profiles for name, one in series.items()}
    return VisitResults(results=(*results, *across), profiles=profiles, examined=examined)


def _examine(
    visit: Visit, labelled: Sequence[LabelledSeries], operations: Sequence[Operation], step: Callable[[str], None]
) -> Examined:
    """Lay the series of the visit into the space of one whose map may be used."""
    usable = {
        one.series.name: one.segmentation
        for one in labelled
        if one.segmentation is not None and (one.report is None or one.report.usable)
    }
    return examine_visit(visit, usable, operations=operations, step=step)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measured:
    """What one labelled series gave."""

    results: tuple[Result, ...]
    profiles: tuple[Profile, ...] = ()


def _measure(one: LabelledSeries, visit: Visit) -> _Measured:
    """Measure a series whose map may be used; all values that rest on what is not believed are absent."""
    context = Context(
        posture=one.series.posture,
        series=one.series.name,
        label_source=one.source,
        months_since_surgery=visit.months_since_surgery,
    )
    report = one.report
    if report is not None and not report.usable:
        return _Measured(results=nothing_usable(report, context))
    if one.segmentation is None:  # an operator passed a series that has no map
        unlabelled = QualityReport(verdict=Verdict.FAIL, findings=_NO_MAP)
        return _Measured(results=nothing_usable(unlabelled, context))
    measured = _measure_series(one.series, one.segmentation, context)
    return measured if report is None else replace(measured, results=withhold(measured.results, report))


def _measure_series(series: Series, segmentation: Segmentation, context: Context) -> _Measured:
    spine = describe_spine(segmentation)
    image = replace(series.image, contrast=series.kind.contrast)
    return _Measured(results=measure_spine(spine, image=image, context=context), profiles=profiles_of(spine))


def _nothing_labelled(visit: Visit, engine: Segmenter | None) -> tuple[Result, ...]:
    detail = reasons_without_map(visit, engine)
    return tuple(
        Absent(
            biomarker=biomarker,
            method=method,
            reason=Reason.STRUCTURE_NOT_LABELLED,
            detail=detail,
            context=Context(months_since_surgery=visit.months_since_surgery),
        )
        for biomarker, method in load_quantities()
    )
