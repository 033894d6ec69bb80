"""One visit as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from lumbomics.core.anatomy import Numbering, NumberingSource
from lumbomics.core.examination import Examination
from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Absent, Measurement, Result
from lumbomics.core.provenance import Provenance
from lumbomics.core.quality import QualityReport
from lumbomics.core.visit import Series, Visit
from lumbomics.report.absences import ReasonGroup, group_absences
from lumbomics.report.check import SeriesCheck
from lumbomics.report.composition import Composition, load_composition
from lumbomics.report.definitions import definitions_of
from lumbomics.report.postoperative import ExaminedVisit, postoperative_sections
from lumbomics.report.profile import Profile
from lumbomics.report.scene import build_scene
from lumbomics.report.tables import (
    LevelTable,
    ListRow,
    RemarkGroup,
    further,
    level_tables,
    list_row,
    remarks,
    whole_spine,
)
from lumbomics.report.text import list_text, unit_label

WHOLE_VISIT = "Visit"
"""Heading of results that name no series."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """What the page shows of one series."""

    name: str
    series: Series | None
    posture: str
    numbering: str
    label_source: str
    measured: int
    absent: int
    pictures: list[object]
    notes: list[str]
    whole: list[ListRow]
    tables: list[LevelTable]
    further: list[ListRow]
    remarks: list[RemarkGroup]
    cautions: list[tuple[str, str]]
    absences: list[ReasonGroup]
    quality: QualityReport | None


def compose_report(
    visit: Visit,
    results: Sequence[Result],
    *,
    segmentations: Mapping[str, Segmentation] | None = None,
    profiles: Mapping[str, Sequence[Profile]] | None = None,
    quality: Mapping[str, QualityReport] | None = None,
    check: SeriesCheck | None = None,
    provenance: Provenance | None = None,
    faults: Sequence[str] = (),
    examination: Examination | None = None,
    previous: ExaminedVisit | None = None,
) -> str:
    """Compose the report of a visit as one HTML page that loads nothing from elsewhere and runs no script.

    Parameters
    ----------
    visit
        Patient, date, series; a visit of label maps alone has no series.
    results
        Measurements and absences; each names its series in its context, those that name none form a section.
    segmentations
        Series name -> label maps; by default those that came with the series.
    profiles
        Series name -> curves along the canal.
    quality
        Series name -> verdict on its label map and what the checks noticed.
    check
        The series against what a question needs.
    provenance
        Software, inputs, decisions, times.
    faults
        What went wrong in the run, in words.
    examination
        The series of the visit in one space: gives every operated level a part of its own.
    previous
        An earlier visit of the same patient, shown beside this one in those parts.

    Returns
    -------
    str
        UTF-8 HTML; write it with ``lumbomics.write.write_text_atomic``.
    """
    composition = load_composition()
    by_series = _by_series(results)
    own = {series.name: series for series in visit.series}
    maps = {name: s.segmentation for name, s in own.items() if s.segmentation} | dict(segmentations or {})
    names = dict.fromkeys([*own, *maps, *by_series])
    curves, verdicts = profiles or {}, quality or {}
    sections = [
        _section(
            name,
            own.get(name),
            maps.get(name),
            by_series.get(name, ()),
            curves.get(name, ()),
            composition,
            verdicts.get(name),
            is_examined=examination is not None,
        )
        for name in names
        if name in maps or name in by_series
    ]
    return str(
        _page().render(
            visit=visit,
            words=composition,
            sections=sections,
            postoperative=None
            if examination is None
            else postoperative_sections(examination, results, previous=previous),
            check=check,
            definitions=definitions_of(results),
            measured=_count(results, Measurement),
            absent=_count(results, Absent),
            provenance=provenance or Provenance(),
            faults=[*faults, *(f"{s.name}: {fault}" for s in visit.series for fault in s.faults)],
        )
    )


def _by_series(results: Sequence[Result]) -> dict[str, list[Result]]:
    grouped: dict[str, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.context.series or WHOLE_VISIT, []).append(result)
    return grouped


def _section(
    name: str,
    series: Series | None,
    segmentation: Segmentation | None,
    results: Sequence[Result],
    profiles: Sequence[Profile],
    composition: Composition,
    quality: QualityReport | None,
    *,
    is_examined: bool,
) -> Section:
    image = series.image if series else None
    measurements = [r for r in results if isinstance(r, Measurement)]
    pictures, notes = _pictures(segmentation, image, results, profiles, composition)
    if segmentation is None and is_examined:
        notes = [composition.labels_elsewhere]
    return Section(
        name=name,
        series=series,
        posture=_posture(series, results),
        numbering=numbering_text(segmentation.numbering) if segmentation else "no labels",
        label_source=_label_source(segmentation, results),
        measured=len(measurements),
        absent=_count(results, Absent),
        pictures=pictures,
        notes=notes + ([] if measurements else [composition.no_values]),
        whole=whole_spine(results),
        tables=level_tables(results, composition),
        further=further(results, composition),
        remarks=remarks(results),
        cautions=_cautions(measurements),
        absences=group_absences(results, composition),
        quality=quality,
    )


def _pictures(
    segmentation: Segmentation | None,
    image: Image | None,
    results: Sequence[Result],
    profiles: Sequence[Profile],
    composition: Composition,
) -> tuple[list[object], list[str]]:
    scene = build_scene(segmentation, image, results) if segmentation else None
    if scene is None:
        return [], [composition.no_labels]
    from lumbomics.report.pictures import series_pictures  # noqa: PLC0415  loads matplotlib, needed only here

    notes = [] if image is not None else [composition.no_image]
    return list(series_pictures(scene, composition, profiles)), notes


def _posture(series: Series | None, results: Sequence[Result]) -> str:
    found = dict.fromkeys(str(result.context.posture) for result in results)
    if not found and series is not None:
        found = {str(series.posture): None}
    return ", ".join(word.replace("_", " ") for word in found) or "unknown"


def _label_source(segmentation: Segmentation | None, results: Sequence[Result]) -> str:
    found = dict.fromkeys(r.context.label_source for r in results if r.context.label_source)
    return ", ".join(found) or (segmentation.spine.source if segmentation else "none")


def numbering_text(numbering: Numbering) -> str:
    """Say on what the level numbers rest, how sure they are, and what the alternative is."""
    source = {
        NumberingSource.C2_COUNT: "counted from C2",
        NumberingSource.RIB: "by the ribs",
        NumberingSource.ILIOLUMBAR_LIGAMENT: "by the iliolumbar ligament",
        NumberingSource.SACRUM_ASSUMPTION: "assuming that the lowest vertebra above the sacrum is L5",
        NumberingSource.OPERATOR: "given by the operator",
        NumberingSource.LABEL_FILE: "as in the label file",
        NumberingSource.PHANTOM: "known (phantom)",
        NumberingSource.UNKNOWN: "source unknown",
    }[numbering.source]
    sure = "confidence not stated" if numbering.confidence is None else f"confidence {numbering.confidence:.0%}"
    other = "" if numbering.alternative is None else f", alternative: all levels shifted by {numbering.alternative:+d}"
    transition = numbering.transition.value.replace("_", " ")
    found = "" if transition in {"none", "unknown"} else f", transitional anatomy: {transition}"
    return f"{source} ({sure}{other}{found})"


def _cautions(measurements: Sequence[Measurement]) -> list[tuple[str, str]]:
    """Cautions with the rows they belong to (``name: places; name: places``), each caution once."""
    rows = [list_row(m) for m in measurements if m.caution]
    texts = dict.fromkeys(row.cell.caution or "" for row in rows)
    return [(text, _rows_text([row for row in rows if row.cell.caution == text])) for text in texts]


def _rows_text(rows: Sequence[ListRow]) -> str:
    places: dict[str, list[str]] = {}
    for row in rows:
        places.setdefault(row.name, []).extend([row.place] if row.place else [])
    return "; ".join(f"{name}: {list_text(found)}" if found else name for name, found in places.items())


def _count(results: Sequence[Result], kind: type[Measurement] | type[Absent]) -> int:
    return sum(isinstance(result, kind) for result in results)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lumbomics.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["unit"] = unit_label
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    style = files("lumbomics.report").joinpath("templates/style.css").read_text(encoding="utf-8")
    environment.globals["style"] = Markup(style)  # noqa: S704  our own file, no user's text
    return environment


def _page() -> Template:
    return _environment().get_template("report.html.j2")
