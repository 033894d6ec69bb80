"""A level at two visits: the pictures side by side, and its quantities with the error of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lumbomics.core.examination import Examination
from lumbomics.core.measurement import Z_95, Measurement, Result
from lumbomics.report.postoperative.place import find_places
from lumbomics.report.postoperative.view import view_level
from lumbomics.report.postoperative.words import Words, load_words
from lumbomics.report.text import decimals_of, number_text, quantity_name, value_text, with_unit


@dataclass(frozen=True, kw_only=True, eq=False)
class ExaminedVisit:
    """The series and the results of one visit.

    Parameters
    ----------
    examination, results
        What was taken and what was measured.
    """

    examination: Examination
    results: Sequence[Result] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One quantity at two visits, ready to print."""

    name: str
    method: str
    side: str
    previous: str
    present: str
    difference: str
    verdict: str


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoVisits:
    """A level at two visits of one patient.

    Parameters
    ----------
    picture
        Pictures side by side with their words; ``None`` where the visits share no kind of axial series there.
    changes
        Quantities that both visits measured.
    notes
        Why the picture is missing.
    """

    picture: object | None = field(repr=False)
    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def compare_visits(previous: ExaminedVisit, present: ExaminedVisit, level: str) -> TwoVisits:
    """Lay a level of two visits of the same patient side by side.

    Each visit is shown on its own slices, found through its own level map: nothing is registered or resampled, and a
    level that one visit lacks has no picture. That both visits are of one patient is the caller's word.
    """
    words = load_words()
    places = [find_places(visit.examination.segmentation).get(level) for visit in (previous, present)]
    picture = None
    if places[0] is not None and places[1] is not None:
        from lumbomics.report.postoperative.pictures import visits_picture  # noqa: PLC0415  loads matplotlib

        views = view_level(previous.examination, places[0]), view_level(present.examination, places[1])
        picture = visits_picture(*views, words)
    notes = () if picture is not None else (words.notes["no_visits"].format(level=level),)
    return TwoVisits(picture=picture, changes=_changes(previous.results, present.results, level, words), notes=notes)


def _changes(previous: Sequence[Result], present: Sequence[Result], level: str, words: Words) -> tuple[Change, ...]:
    """Compare every quantity of the summary that both visits measured at a level, by one method, on one side."""
    phrases = [phrase for topic in words.summary for line in topic.lines for phrase in line.phrases]
    earlier = {_key(r): r for r in previous if isinstance(r, Measurement) and r.level == level}
    pairs = [(earlier[_key(r)], r) for r in present if isinstance(r, Measurement) and _key(r) in earlier]
    return tuple(_change(a, b, words) for a, b in pairs if any(phrase.tells(b) for phrase in phrases))


def _key(result: Measurement) -> tuple[str, str, str, str | None, str | None, str]:
    return (
        result.biomarker, result.method, result.unit, result.level, result.side, result.definition_version,
    )  # fmt: skip


def _change(previous: Measurement, present: Measurement, words: Words) -> Change:
    difference, verdict = _difference(previous, present, words)
    return Change(
        name=quantity_name(present.biomarker, present.method),
        method=present.method,
        side=words.side(present.side),
        previous=value_text(previous, unit=True),
        present=value_text(present, unit=True),
        difference=difference,
        verdict=verdict,
    )


def _difference(previous: Measurement, present: Measurement, words: Words) -> tuple[str, str]:
    """Difference with its error, and whether it goes beyond 1.96 times that error."""
    if previous.value is None or present.value is None:
        return "", ""
    gained = present.value - previous.value
    if previous.se is None or present.se is None:
        text = number_text(gained, present.unit)
        return with_unit(text, present.unit), words.change_unknown
    se = float((previous.se**2 + present.se**2) ** 0.5)
    decimals = decimals_of(present.unit, se=se)
    text = " ± ".join(number_text(number, present.unit, decimals=decimals) for number in (gained, se))
    verdict = words.change_beyond if abs(gained) > Z_95 * se else words.change_within
    return with_unit(text, present.unit), verdict
