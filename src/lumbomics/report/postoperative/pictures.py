"""The pictures of an operated level with their titles, captions and alternative texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from lumbomics.core.anatomy import Side, vertebra_number
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Muscle, Segmentation
from lumbomics.core.measurement import Measurement, Result
from lumbomics.core.visit import Plane
from lumbomics.report.figures.canvas import Png
from lumbomics.report.frame import FloatArray
from lumbomics.report.pictures import Shown
from lumbomics.report.postoperative.figures import foramina, muscles, roots, sagittal, triplet, visits, wheel
from lumbomics.report.postoperative.place import Place, axial_slices, nearest, sagittal_slice
from lumbomics.report.postoperative.view import T2, LevelView, gain_between
from lumbomics.report.postoperative.words import Phrase, Wheel, Words
from lumbomics.report.text import list_text, number_text, value_text

_SIDES = (Side.RIGHT, Side.LEFT)
_HALVES = ("anterior", "posterior")
_TO_CANAL_MM = 12.0
_FROM_THE_SIDE = {
    "sagittal_t2": T2,
    "sagittal_t1": (Contrast.T1,),
    "sagittal_stir": (Contrast.STIR,),
    "sagittal_after": (Contrast.T1_POST,),
}


def level_pictures(
    examination: Examination, view: LevelView, results: Sequence[Result], words: Words
) -> tuple[list[Shown], list[str]]:
    """Draw what the series and results of a level allow; returns the pictures and why others are missing.

    Parameters
    ----------
    examination, view
        The series, and those of their slices that stand for the level.
    results
        Results of the level.
    words
        Titles, captions, alternative texts.
    """
    level = view.place.level
    wheels, sides = _wheels(results, words), _foramina(examination, view.place, results, words)
    drawn = {
        "sagittal": _sagittal(examination, view, words),
        "triplet": triplet.triplet_figure(view, words.headings),
        "wheel": wheel.wheel_figure(wheels, words.headings["sac_centre"]),
        "roots": roots.roots_figure(view, words.headings, _values(results, words.root_values)),
        "foramina": _foramina_picture(sides, examination, level, words),
        "muscles": _muscles(examination, view.place, results, words),
    }
    fill = {"level": level, **_about(view, words), **shown_parts(wheels, sides, words)}
    shown = [_shown(words, key, png, fill) for key, png in drawn.items() if png is not None]
    missing = [f"no_{key}" for key, png in drawn.items() if png is None]
    if view.slices and view.after is None:
        missing.insert(0, "no_contrast")
    if view.before is not None and view.after is not None and not view.subtracts:
        missing.insert(0, "fat_differs")
    return shown, [words.notes[key].format(level=level) for key in missing]


def visits_picture(previous: LevelView, present: LevelView, words: Words) -> Shown | None:
    """Draw a level at two visits; ``None`` where they share no contrast."""
    png = visits.visits_figure(previous, present, words.headings)
    return None if png is None else _shown(words, "visits", png, {"level": present.place.level})


def _shown(words: Words, key: str, png: Png, fill: dict[str, str]) -> Shown:
    picture = words.pictures[key]
    return Shown(
        title=picture.title.format(**fill),
        caption=picture.caption.format(**fill),
        alt=picture.alt.format(**fill),
        png=png,
    )


def _about(view: LevelView, words: Words) -> dict[str, str]:
    """Say where the slices lie, how pre and post were matched, and who drew the outlines."""
    slices = view.slices
    off = number_text(slices[0].off_mm, "mm") if slices else ""
    gain = ""
    if view.subtracts and view.before is not None and view.after is not None:
        gain = words.notes["gain"].format(gain=f"{gain_between(view.before, view.after):.2f}")
    source = "" if view.tissue is None else words.notes["source"].format(source=view.tissue.source)
    return {"off": off, "gain": gain, "source": source, "series": list_text(one.scan.name for one in slices)}


def shown_parts(
    wheels: Sequence[tuple[str, Sequence[wheel.Quadrant]]], sides: Sequence[foramina.Foramen], words: Words
) -> dict[str, str]:
    """Say of the wheel and the foramina only what is in the picture."""
    unknown = any(quadrant.grade is None for _, quadrants in wheels for quadrant in quadrants)
    measured = any(one.drawings for one in sides)
    which = "both" if len(sides) == len(_SIDES) else "".join(one.side for one in sides)
    return {
        "hatched": words.notes["hatched"] if unknown else "",
        "foramina": words.notes[f"foramina_{which}"] if sides else "",
        "measured": words.notes["foramina_measured" if measured else "foramina_unmeasured"],
    }


def _wheels(results: Sequence[Result], words: Words) -> list[tuple[str, list[wheel.Quadrant]]]:
    """Wheels of which any quadrant was measured."""
    found = [(kind.title, _quadrants(kind, results, words)) for kind in words.wheels]
    return [(heading, quadrants) for heading, quadrants in found if any(q.grade is not None for q in quadrants)]


def _quadrants(kind: Wheel, results: Sequence[Result], words: Words) -> list[wheel.Quadrant]:
    measured = {(r.biomarker, r.method, r.side): r for r in results if isinstance(r, Measurement)}
    quadrants = []
    for side, half in product(_SIDES, _HALVES):
        grade, more = (
            measured.get((biomarker, method.format(half=half), side)) for biomarker, method in (kind.grade, kind.more)
        )
        number = None if grade is None else grade.value
        lines = [
            text.format(value=value_text(replace(one, category=None), unit=True))
            for one, text in ((grade, kind.grade_text), (more, kind.more_text))
            if one is not None and one.value is not None
        ]
        text = "\n".join(lines) if number is not None else words.headings["not_assessable"]
        quadrants.append(wheel.Quadrant(side=side, half=half, grade=number, text=text))
    return quadrants


def _values(results: Sequence[Result], phrases: Sequence[Phrase], side: Side | None = None) -> list[str]:
    """Lines of a picture: a label and the values of every result that the phrase tells, of one side or of both."""
    lines = []
    for phrase in phrases:
        told = [r for r in results if isinstance(r, Measurement) and phrase.tells(r) and side in (None, r.side)]
        told = sorted(told, key=lambda r: r.side is Side.LEFT)
        values = (f"{r.side} " * (side is None and r.side is not None) + value_text(r, unit=True) for r in told)
        lines += [f"{phrase.label}: {list_text(values)}"] if told else []
    return lines


def _sagittal(examination: Examination, view: LevelView, words: Words) -> Png | None:
    """Level from the side: of each kind the first series through displaced disc material, else the disc's middle."""
    place, displaced = view.place, view.displaced_mm()
    about = place.disc_mm - _TO_CANAL_MM * place.anterior
    if displaced is not None:
        about = about + ((displaced - about) @ place.right) * place.right
    found = []
    for key, contrasts in _FROM_THE_SIDE.items():
        scans = examination.of(contrasts, plane=Plane.SAGITTAL)
        slices = (sagittal_slice(scan, place, about_mm=about, size_mm=sagittal.SIZE_MM) for scan in scans)
        first = next((one for one in slices if one is not None), None)
        found += [] if first is None else [(words.headings[key], first)]
    vertebrae = [vertebra_number(name) for name in place.level.split("-")]
    return sagittal.level_figure(found, examination.segmentation, vertebrae, words.headings)


def _foramina(
    examination: Examination, place: Place, results: Sequence[Result], words: Words
) -> list[foramina.Foramen]:
    """Foramina, right first, on the first sagittal T1 (else T2) series that reaches them; those that are seen."""
    scans = examination.of((Contrast.T1, *T2), plane=Plane.SAGITTAL, fat_suppressed=False)
    return [one for side in _SIDES if (one := _foramen(examination, scans, place, results, words, side)) is not None]


def _foramina_picture(
    found: Sequence[foramina.Foramen], examination: Examination, level: str, words: Words
) -> Png | None:
    vertebrae = [vertebra_number(name) for name in level.split("-")]
    return foramina.foramina_figure(found, examination.segmentation, vertebrae, words.headings)


def _foramen(
    examination: Examination, scans: Sequence[Scan], place: Place, results: Sequence[Result], words: Words, side: Side
) -> foramina.Foramen | None:
    mine = [r for r in results if r.side is side and any(phrase.tells(r) for phrase in words.foramen_values)]
    drawings = tuple(d for r in mine if isinstance(r, Measurement) for d in r.drawings)
    points = [d.points_mm for d in drawings] or _labelled_foramen(examination.segmentation, place.level, side)
    if not points:
        return None
    middle: FloatArray = np.concatenate(points).mean(axis=0)
    slices = (sagittal_slice(scan, place, about_mm=middle, size_mm=foramina.SIZE_MM) for scan in scans)
    shown = next((one for one in slices if one is not None), None)
    if shown is None:
        return None
    values = _values(mine, words.foramen_values, side)
    return foramina.Foramen(side=side, slice=shown, drawings=drawings, values=tuple(values))


def _labelled_foramen(segmentation: Segmentation, level: str, side: Side) -> list[FloatArray]:
    """Points of a foramen in the map of foramina; empty where it is not labelled."""
    if segmentation.foramina is None:
        return []
    above = vertebra_number(level.split("-", maxsplit=1)[0])
    points = segmentation.foramina.points_mm(2 * above + (side is Side.RIGHT))
    return [points] if len(points) else []


def _muscles(examination: Examination, place: Place, results: Sequence[Result], words: Words) -> Png | None:
    """Muscles on the axial series (T1 first) that carries a muscle map at the level."""
    scans = [scan for scan in examination.of((Contrast.T1, *T2), plane=Plane.AXIAL) if scan.muscle is not None]
    about = place.canal_mm - 12.0 * place.anterior
    size = muscles.SIZE_MM
    slices = [s for scan in scans for s in axial_slices(scan, place, about_mm=about, size_mm=size, spacing_mm=0.5)]
    one = nearest(slices)
    if one is None or one.scan.muscle is None:
        return None
    return muscles.muscles_figure(one, one.scan.muscle, _fat(results, words), words.headings)


def _fat(results: Sequence[Result], words: Words) -> dict[int, str]:
    """Muscle -> its share of fat, by the first of the methods that was measured."""
    measured = {(r.biomarker, r.method, r.side): r for r in results if isinstance(r, Measurement)}
    found: dict[int, str] = {}
    for muscle in Muscle:
        name, side = muscle.name.lower().rsplit("_", 1)
        keys = ((p.biomarker, p.method.format(muscle=name), Side(side)) for p in words.fat_values)
        first = next((measured[key] for key in keys if key in measured), None)
        if first is not None:
            found[int(muscle)] = value_text(replace(first, category=None), unit=True)
    return found
