"""One visit, from images and label maps to its finished folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lumbomics import __version__
from lumbomics.advise import Case
from lumbomics.core.conventions import Loss
from lumbomics.core.errors import LumbomicsError
from lumbomics.core.measurement import Measurement, Posture, Result
from lumbomics.core.provenance import Decision, Provenance
from lumbomics.core.visit import Visit
from lumbomics.report import compose_report, render_pdf
from lumbomics.report.postoperative import ExaminedVisit
from lumbomics.run.advise import series_check
from lumbomics.run.corrections import OperatorVerdict, load_manual, stored_verdicts
from lumbomics.run.earlier import EarlierVisit, write_examination_record
from lumbomics.run.engines import identity_of
from lumbomics.run.examination import Examined
from lumbomics.run.examination_results import write_examination
from lumbomics.run.labelling import LabelledSeries, label_visit, write_maps, write_quality
from lumbomics.run.labels import LabelInput, LoadedLabels, attach, load_labels
from lumbomics.run.measuring import VisitResults, measure_visit
from lumbomics.run.operations import OperatedLevels
from lumbomics.run.outcome import Status, VisitOutcome
from lumbomics.segment.protocol import Segmenter
from lumbomics.segment.quality import obstacle_of
from lumbomics.write import (
    hash_file,
    is_complete,
    read_measurements,
    read_run_manifest,
    remove_run_manifest,
    remove_unfinished,
    visit_folder,
    visit_path,
    write_bytes_atomic,
    write_drawings,
    write_measurements,
    write_run_manifest,
    write_text_atomic,
)

_PACKAGES = ("numpy", "scipy", "nibabel", "pydicom", "matplotlib")


@dataclass(frozen=True, kw_only=True)
class VisitOptions:
    """What the user asked for, as far as it changes a visit's results.

    Parameters
    ----------
    labels
        Label maps; ``None`` where there are none.
    engine
        What draws label maps where none are given; ``None``: nothing does.
    posture
        The operator's word; unknown where the header decides.
    months_since_surgery
        Time since the last spinal operation.
    operations
        Operated levels of the study's patients.
    question, case
        What the images must answer, and facts of the case: the report then says which series are lacking.
    pdf
        Also write the report as PDF.
    force
        Measure again what is finished.
    """

    labels: LabelInput | None = None
    engine: Segmenter | None = None
    posture: Posture = Posture.UNKNOWN
    months_since_surgery: float | None = None
    operations: OperatedLevels = field(default_factory=OperatedLevels)
    question: str | None = None
    case: Case | None = None
    pdf: bool = False
    force: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values for the record: what changes results, no paths."""
        labels = self.labels
        return {
            "convention": None if labels is None else str(labels.convention),
            "lowest_vertebra": None if labels is None else labels.lowest_vertebra,
            "top_vertebra": None if labels is None else labels.top_vertebra,
            "transition": None if labels is None or labels.transition is None else str(labels.transition),
            "ignore_unknown": labels is not None and labels.ignore_unknown,
            "boundary_sd_mm": None if labels is None else labels.boundary_sd_mm,
            "engine": None if self.engine is None else identity_of(self.engine),
            "posture": str(self.posture),
            "months_since_surgery": self.months_since_surgery,
            "question": self.question,
            "case": None if self.case is None else {name: str(value) for name, value in self.case.facts.items()},
            "pdf": self.pdf,
        }


def process_visit(
    visit: Visit,
    out: Path,
    options: VisitOptions,
    *,
    step: Callable[[str], None],
    earlier: EarlierVisit | None = None,
) -> VisitOutcome:
    """Measure one visit and write its folder, ``run.json`` last; nothing is done where that stands already.

    Parameters
    ----------
    visit
        The images.
    out
        Derivatives folder.
    options
        What the user asked for.
    step
        Told what is done now.
    earlier
        The visit before, to be shown beside this one where it is finished.

    Raises
    ------
    InputError
        If the label maps do not fit; nothing is written then.
    OutputError
        If a file cannot be written; ``run.json`` is missing then, and the next run starts the visit again.
    """
    started = _now()
    step("label maps")
    corrected = {s.name: m for s in visit.series if (m := load_manual(out, visit, s)) is not None}
    loaded = () if options.labels is None else load_labels(options.labels, visit)
    verdicts = tuple(v for v in stored_verdicts(out) if v.key[:2] == (visit.participant, visit.session))
    inputs = _inputs(visit, loaded, corrected)
    folder = visit_folder(out, visit)
    settings = _settings(visit, options, verdicts, None if earlier is None else earlier.state(out))
    if not options.force and is_complete(folder, inputs=inputs, options=settings):
        return _kept(visit, out)
    visit = _with_operator_word(attach(visit, loaded), options)
    labelled = label_visit(visit, corrected, engine=options.engine, verdicts=verdicts, step=step)
    visit = _with_labels(visit, labelled)
    found = measure_visit(visit, labelled, engine=options.engine, operations=options.operations.of(visit), step=step)
    files = _write_results(out, visit, labelled, found, step)
    decisions = (*_decisions(visit, labelled, options), *found.examined.decisions)
    provenance = _provenance(inputs, decisions, started)
    step("report")
    lost = tuple(_told([loss for entry in loaded for loss in entry.losses]))
    previous, untold = _previous(found.examined, earlier, settings["earlier"], out)
    # the page takes a series' own faults from the visit, and its verdict from quality
    html = _report(visit, labelled, found, options, provenance, (*lost, *found.examined.faults, *untold), previous)
    report = visit_path(out, visit, "report.html")
    files.append(write_text_atomic(html, report))
    if options.pdf:
        files.append(write_bytes_atomic(render_pdf(html), report.with_suffix(".pdf")))
    own = tuple(f"{s.name}: {fault}" for s in visit.series for fault in s.faults)
    faults = (*own, *lost, *_unusable(labelled), *found.examined.faults, *untold)
    write_run_manifest(folder, provenance=provenance, files=files, options=settings, faults=faults)
    return _outcome(visit, found.results, report=report, table=_table(out, visit), faults=faults)


def _write_results(
    out: Path, visit: Visit, labelled: Sequence[LabelledSeries], found: VisitResults, step: Callable[[str], None]
) -> list[Path]:
    """Write maps, table and drawings into a folder that no longer claims to be whole."""
    folder = visit_folder(out, visit)
    remove_unfinished(folder)
    remove_run_manifest(folder)
    step("writing label maps")
    files = [*write_maps(out, visit, labelled), *write_quality(out, visit, labelled)]
    files += write_examination(out, visit, found.examined)
    files += write_examination_record(out, visit, found.examined)
    table = _table(out, visit)
    files += write_measurements(found.results, table, participant=visit.participant, session=visit.session)
    files.append(write_drawings(found.results, visit_path(out, visit, "drawings.mrk.json")))
    return files


def _provenance(inputs: Mapping[str, str], decisions: tuple[Decision, ...], started: str) -> Provenance:
    return Provenance(
        software=_software(),
        inputs=MappingProxyType(dict(inputs)),
        decisions=decisions,
        started=started,
        finished=_now(),
    )


def _table(out: Path, visit: Visit) -> Path:
    return visit_path(out, visit, "measurements.tsv")


def _previous(
    examined: Examined, earlier: EarlierVisit | None, state: str | None, out: Path
) -> tuple[ExaminedVisit | None, tuple[str, ...]]:
    """Return the earlier visit where it was finished, or why it cannot be shown."""
    if earlier is None or state is None or examined.examination is None:
        return None, ()
    try:
        return earlier.examined(out), ()
    except LumbomicsError as error:
        return None, (f"session {earlier.session} is not shown beside this visit: {error.problem}",)


def _report(
    visit: Visit,
    labelled: Sequence[LabelledSeries],
    found: VisitResults,
    options: VisitOptions,
    provenance: Provenance,
    faults: tuple[str, ...],
    previous: ExaminedVisit | None,
) -> str:
    return compose_report(
        visit,
        found.results,
        profiles=found.profiles,
        quality={one.series.name: one.report for one in labelled if one.report is not None},
        check=None if options.question is None else series_check(visit, options.question, options.case),
        provenance=provenance,
        examination=found.examined.examination,
        previous=previous,
        faults=faults,
    )


def _settings(
    visit: Visit, options: VisitOptions, verdicts: Sequence[OperatorVerdict], earlier: str | None
) -> dict[str, Any]:
    """All that changes results besides the inputs: options, kinds of series, verdicts, the visit before, software."""
    kinds = {series.name: str(series.kind.contrast) for series in visit.series}
    said = {v.series: f"{v.verdict.value} {v.map_id} {v.comment}".strip() for v in verdicts}
    operated = [f"{o.level} {o.kind} {o.side or ''} {o.months or ''}".strip() for o in options.operations.of(visit)]
    own = {"kinds": kinds, "verdicts": said, "operations": operated, "lumbomics": __version__, "earlier": earlier}
    return {**options.as_json(), **own}


def _with_labels(visit: Visit, labelled: Sequence[LabelledSeries]) -> Visit:
    own = {one.series.name: one.series for one in labelled}
    return replace(visit, series=tuple(own.get(series.name, series) for series in visit.series))


def _unusable(labelled: Sequence[LabelledSeries]) -> list[str]:
    """Series whose label map is not used, with the reason."""
    return [
        f"{one.series.name}: {one.report.verdict} by {one.report.by}: {obstacle_of(one.report)[1]}"
        for one in labelled
        if one.report is not None and not one.report.usable
    ]


def _with_operator_word(visit: Visit, options: VisitOptions) -> Visit:
    series = visit.series
    if options.posture is not Posture.UNKNOWN:
        series = tuple(replace(s, posture=options.posture) for s in series)
    months = visit.months_since_surgery if options.months_since_surgery is None else options.months_since_surgery
    if months is None:
        months = min((o.months for o in options.operations.of(visit) if o.months is not None), default=None)
    return replace(visit, series=series, months_since_surgery=months)


def _inputs(visit: Visit, loaded: tuple[LoadedLabels, ...], corrected: Mapping[str, LoadedLabels]) -> dict[str, str]:
    images = {series.name: series.fingerprint for series in visit.series}
    # File names may hold a patient's name: only a number and the hash pass.
    files = [f for labels in loaded for f in labels.files]
    manual = {
        f"{name}: corrected map {n}": f for name, one in corrected.items() for n, f in enumerate(one.files, start=1)
    }
    given = {f"label map {number}": f for number, f in enumerate(files, start=1)}
    return images | {name: hash_file(file) for name, file in (given | manual).items()}


def _decisions(visit: Visit, labelled: Sequence[LabelledSeries], options: VisitOptions) -> tuple[Decision, ...]:
    kinds = [replace(d, what=f"{s.name}: {d.what}") for s in visit.series for d in s.kind.decisions]
    labels = [decision for one in labelled for decision in one.decisions()]
    posture = [Decision(what="posture", choice=str(options.posture), because="stated for this run", by="operator")]
    return (*kinds, *labels, *(posture if options.posture is not Posture.UNKNOWN else []))


def _told(losses: Sequence[Loss]) -> list[str]:
    """Losses of the label maps, those of one kind in one line."""
    kinds = groupby(sorted(losses, key=lambda loss: loss.why), key=lambda loss: loss.why)
    return [f"label map, {why}: {', '.join(f'{x.name} ({x.value})' for x in same)}" for why, same in kinds]


def _software() -> MappingProxyType[str, str]:
    python = ".".join(map(str, sys.version_info[:3]))
    return MappingProxyType({"lumbomics": __version__, "python": python, **{p: version(p) for p in _PACKAGES}})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _outcome(
    visit: Visit, results: tuple[Result, ...], *, report: Path, table: Path, faults: tuple[str, ...]
) -> VisitOutcome:
    measured = sum(isinstance(result, Measurement) for result in results)
    return VisitOutcome(
        visit=visit.prefix,
        status=Status.DONE,
        report=report,
        measurements=table,
        measured=measured,
        absent=len(results) - measured,
        faults=faults,
    )


def _kept(visit: Visit, out: Path) -> VisitOutcome:
    table = _table(out, visit)
    results = tuple(row.result for row in read_measurements(table))
    faults = read_run_manifest(visit_folder(out, visit)).faults
    done = _outcome(visit, results, report=visit_path(out, visit, "report.html"), table=table, faults=faults)
    return replace(done, status=Status.SKIPPED)
