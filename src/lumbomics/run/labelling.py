"""From where each series of a visit has its label map, and whether that map may be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.provenance import Decision
from lumbomics.core.quality import QualityReport, Verdict
from lumbomics.core.visit import Series, Visit
from lumbomics.report.quality_picture import quality_picture
from lumbomics.run.bundle import write_segmentation
from lumbomics.run.corrections import MANUAL, OperatorVerdict, manual_report, operators_word
from lumbomics.run.labels import LoadedLabels
from lumbomics.run.quality_record import (
    confidence_as_json,
    map_id_of,
    numbering_as_json,
    prediction_as_json,
    report_as_json,
)
from lumbomics.run.segment import Drawn, draw_series, why_not
from lumbomics.segment.protocol import Segmenter
from lumbomics.write import visit_folder, visit_path, write_bytes_atomic, write_json_atomic

GIVEN = "given"
AUTO = "auto"


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledSeries:
    """One series with its label map, or with the reason why it has none that can be used.

    Parameters
    ----------
    series
        With its segmentation, where there is one.
    origin
        ``given``, ``auto`` or ``manual``: who drew the map.
    report
        Verdict; ``None`` for given labels that nobody judged.
    drawn
        What the engine handed back; ``None`` unless ``origin`` is ``auto``.
    """

    series: Series
    origin: str
    report: QualityReport | None = None
    drawn: Drawn | None = None

    @property
    def segmentation(self) -> Segmentation | None:
        """The label maps."""
        return self.series.segmentation

    @property
    def source(self) -> str:
        """Who or what drew the labels."""
        if self.segmentation is not None:
            return self.segmentation.spine.source
        return "none"

    def decisions(self) -> tuple[Decision, ...]:
        """Who drew the map, what was decided on the way, and the verdict."""
        name = self.series.name
        prediction = None if self.drawn is None else self.drawn.prediction
        told = () if prediction is None else tuple(replace(d, what=f"{name}: {d.what}") for d in prediction.decisions)
        because = {GIVEN: "given for its voxels", AUTO: "drawn by the engine", MANUAL: "corrected by an operator"}
        by = "software" if self.origin == AUTO else "operator"
        labels = Decision(what=f"{name}: label map", choice=self.source, because=because[self.origin], by=by)
        if self.report is None:
            return (labels, *told)
        return (labels, *told, _verdict(name, self.report))


def _verdict(name: str, report: QualityReport) -> Decision:
    reasons = [f.message for f in report.findings if f.verdict is not Verdict.PASS or f.excludes]
    because = report.comment if report.by == "operator" else "; ".join(reasons)
    return Decision(
        what=f"{name}: quality", choice=report.verdict.value, because=because or "no check objected", by=report.by
    )


def label_visit(
    visit: Visit,
    corrected: Mapping[str, LoadedLabels],
    *,
    engine: Segmenter | None,
    verdicts: Sequence[OperatorVerdict],
    step: Callable[[str], None],
) -> tuple[LabelledSeries, ...]:
    """Settle the label map of every series that has or can have one.

    A map that an operator corrected comes first, then one that was given with the run, then the engine's. The
    operator's verdict stands over the software's.

    Parameters
    ----------
    visit
        With given label maps attached.
    corrected
        Series name -> corrected maps.
    engine
        What draws the rest; ``None``: nothing does.
    verdicts
        What operators said.
    step
        Told what is done now.
    """
    found = []
    for series in visit.series:
        labelled = _label(series, corrected.get(series.name), engine, step)
        if labelled is not None:
            word = operators_word(verdicts, visit, series.name, labelled.report, map_id_of(labelled.segmentation))
            found.append(replace(labelled, report=word))
    return tuple(found)


def _label(
    series: Series, manual: LoadedLabels | None, engine: Segmenter | None, step: Callable[[str], None]
) -> LabelledSeries | None:
    if manual is not None:
        mine = replace(series, segmentation=manual.segmentation)
        return LabelledSeries(series=mine, origin=MANUAL, report=manual_report(manual.segmentation))
    if series.segmentation is not None:
        return LabelledSeries(series=series, origin=GIVEN)
    if engine is None or why_not(series, engine.name) is not None:
        return None
    step(f"drawing labels on {series.name}")
    drawn = draw_series(series, engine)
    mine = replace(series, segmentation=drawn.segmentation)
    return LabelledSeries(series=mine, origin=AUTO, report=drawn.report, drawn=drawn)


def write_maps(out: Path, visit: Visit, labelled: Iterable[LabelledSeries]) -> tuple[Path, ...]:
    """Write given and drawn label maps; corrected ones stand already and are left alone."""
    written: list[Path] = []
    for one in labelled:
        if one.segmentation is None or one.origin == MANUAL:
            continue
        prediction = None if one.drawn is None else one.drawn.prediction
        record = None if prediction is None or one.report is None else prediction_as_json(prediction, one.report)
        written += write_segmentation(
            out, visit, one.series.name, one.segmentation, desc=one.origin, record=record
        )  # fmt: skip
    return tuple(written)


def write_quality(out: Path, visit: Visit, labelled: Iterable[LabelledSeries]) -> tuple[Path, ...]:
    """Write a picture of every map that has a verdict, and the visit's record of them; nothing where there is none."""
    judged = [one for one in labelled if one.report is not None]
    if not judged:
        return ()
    pictures = {one.series.name: _write_picture(out, visit, one) for one in judged}
    folder = visit_folder(out, visit)
    record = {
        "participant": visit.participant,
        "session": visit.session,
        "series": {one.series.name: _record(one, pictures[one.series.name].relative_to(folder)) for one in judged},
    }
    return (*pictures.values(), write_json_atomic(record, visit_path(out, visit, "quality.json")))


def _write_picture(out: Path, visit: Visit, one: LabelledSeries) -> Path:
    image = Image(
        one.series.image.array, one.series.image.grid, one.series.image.quantity, one.series.kind.contrast
    )  # fmt: skip
    prediction = None if one.drawn is None else one.drawn.prediction
    picture = quality_picture(
        image,
        one.segmentation,
        confidence=None if prediction is None else prediction.confidence,
        metal=None if prediction is None else prediction.metal,
        report=one.report,
    )
    path = visit_folder(out, visit) / "figures" / f"{visit.prefix}_{one.series.name}_quality.png"
    return write_bytes_atomic(picture, path)


def _record(one: LabelledSeries, picture: Path) -> dict[str, Any]:
    prediction = None if one.drawn is None else one.drawn.prediction
    return {
        "quality": None if one.report is None else report_as_json(one.report),
        "origin": one.origin,
        "source": one.source,
        "map": map_id_of(one.segmentation),
        "numbering": None if one.segmentation is None else numbering_as_json(one.segmentation.numbering),
        "confidence": {} if prediction is None else confidence_as_json(prediction.confidence),
        "picture": picture.as_posix(),
    }


def reasons_without_map(visit: Visit, engine: Segmenter | None) -> str:
    """Why no series of a visit was labelled, in a sentence."""
    if engine is None:
        return "no label map came with this visit"
    reasons = [f"{series.name}: {why_not(series, engine.name)}" for series in visit.series]
    return f"no label map came with this visit and no series is for {engine.name}: {'; '.join(reasons)}"
