"""One page for every operated level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Examination, Operation
from lumbomics.core.measurement import Result
from lumbomics.report.postoperative.place import Place, find_places
from lumbomics.report.postoperative.summary import Row, finds_something, shared_cautions, summarise, summarise_canal
from lumbomics.report.postoperative.view import view_level
from lumbomics.report.postoperative.visits import Change, ExaminedVisit, compare_visits
from lumbomics.report.postoperative.words import Words, load_words
from lumbomics.report.text import level_order, number_text


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelPage:
    """What is shown of one level.

    Parameters
    ----------
    level
        Disc level.
    operations
        What was done there, in words.
    summary
        Topics with their rows.
    cautions
        What came with many of the values.
    pictures
        Pictures with their words.
    notes
        Why pictures are missing.
    changes
        The level's quantities at two visits; empty where no previous visit is given.
    """

    level: str
    operations: tuple[str, ...]
    summary: tuple[tuple[str, list[Row]], ...]
    cautions: tuple[str, ...]
    pictures: tuple[object, ...] = field(repr=False)
    notes: tuple[str, ...]
    changes: tuple[Change, ...] = ()

    @property
    def findings(self) -> list[Row]:
        """Rows that the words call findings."""
        return [row for _, rows in self.summary for row in rows if row.is_finding]

    @property
    def unanswered(self) -> list[Row]:
        """Rows of which nothing could be judged."""
        return [row for _, rows in self.summary for row in rows if row.is_absent]

    @property
    def partial(self) -> list[Row]:
        """Rows of which a part could not be judged."""
        return [row for _, rows in self.summary for row in rows if row.finding and row.obstacles]

    @property
    def judged(self) -> int:
        """Questions with an answer."""
        return sum(row.questions for _, rows in self.summary for row in rows if row.finding)

    @property
    def not_judged(self) -> int:
        """Questions of which nothing could be judged."""
        return sum(row.questions for row in self.unanswered)


@dataclass(frozen=True, kw_only=True, eq=False)
class PostoperativePart:
    """The part of a report on operated levels.

    Parameters
    ----------
    pages
        One a level, head to tail.
    notes
        What holds for all: that the operated levels were not told, series that could not be used.
    canal
        Summary of what belongs to no disc level; empty where there is no page.
    words
        Wording of headings.
    """

    pages: tuple[LevelPage, ...]
    notes: tuple[str, ...]
    canal: tuple[tuple[str, list[Row]], ...]
    words: Words = field(repr=False)


def postoperative_sections(
    examination: Examination, results: Sequence[Result], *, previous: ExaminedVisit | None = None
) -> PostoperativePart:
    """Make a page for every operated level; where the operations are not known, for every level with a finding.

    Parameters
    ----------
    examination
        All series of the visit in one space, with tissue maps where there are any.
    results
        Measurements and absences of the visit, with their drawings.
    previous
        An earlier visit of the same patient, to be shown beside this one.

    Returns
    -------
    PostoperativePart
        Pages and notes, ready for the report; nothing in it names a cause of pain.
    """
    words = load_words()
    places = find_places(examination.segmentation)
    operated = dict.fromkeys(one.level for one in examination.operations)
    levels = list(operated) or [level for level in places if finds_something(_at(results, level), words)]
    pages = [
        _page(examination, level, places.get(level), results, previous, words)
        for level in sorted(levels, key=level_order)
    ]
    notes = [] if operated else [words.not_told if pages else words.nothing_found]
    notes += [words.notes["left_out"].format(series=name, reason=reason) for name, reason in examination.left_out]
    canal = summarise_canal(results, words) if pages else ()
    return PostoperativePart(pages=tuple(pages), notes=tuple(notes), canal=tuple(canal), words=words)


def _page(
    examination: Examination,
    level: str,
    place: Place | None,
    results: Sequence[Result],
    previous: ExaminedVisit | None,
    words: Words,
) -> LevelPage:
    mine = _at(results, level)
    pictures, notes = _pictures(examination, place, mine, words)
    if place is None:
        notes = [words.notes["no_level"].format(level=level)]
    summary = tuple(summarise(mine, level, words))
    present = ExaminedVisit(examination=examination, results=results)
    both = None if previous is None else compare_visits(previous, present, level)
    if both is not None:
        pictures += [] if both.picture is None else [both.picture]
        notes += both.notes
    return LevelPage(
        level=level,
        operations=tuple(operation_text(one, words) for one in examination.operated(level))
        or (words.unknown_operation,),
        summary=summary,
        cautions=shared_cautions(summary),
        pictures=tuple(pictures),
        notes=tuple(notes),
        changes=() if both is None else both.changes,
    )


def _pictures(
    examination: Examination, place: Place | None, results: Sequence[Result], words: Words
) -> tuple[list[object], list[str]]:
    if place is None:
        return [], []
    from lumbomics.report.postoperative.pictures import level_pictures  # noqa: PLC0415  loads matplotlib

    shown, notes = level_pictures(examination, view_level(examination, place), results, words)
    return list(shown), notes


def _at(results: Sequence[Result], level: str) -> list[Result]:
    return [result for result in results if result.level == level]


def operation_text(operation: Operation, words: Words) -> str:
    """Say what was done, on which side, how long ago."""
    time = words.unknown_time
    if operation.months is not None:
        time = words.months.format(months=number_text(operation.months, "mo", decimals=1))
    side = f" {words.side(operation.side)}" if isinstance(operation.side, Side) else ""
    return words.operated.format(kind=words.kinds[operation.kind], side=side, time=time)
