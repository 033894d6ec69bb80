"""A level's results told in the words of the field, by rules: what was found and what could not be judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.report.composition import load_composition
from lumbomics.report.postoperative.words import Band, Line, Phrase, Words
from lumbomics.report.text import level_order, value_text

_LIKELY = 0.5
"""A category less probable than this is told as not sure."""
_ORDER = (None, Side.MIDLINE, Side.RIGHT, Side.LEFT)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A value behind a sentence: number with its error, and the method it was measured by."""

    value: str
    method: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the summary.

    Parameters
    ----------
    name, side
        What it is about, and on which side in words (empty: no side).
    finding
        Sentence; empty where nothing of it could be judged.
    values
        Numbers behind it.
    obstacles
        Why all or a part of it could not be judged.
    does_not_apply
        Whether it does not exist here (no displaced tissue that could enhance); the obstacle then says so.
    cautions
        What to know before using the values.
    is_finding
        Whether the words call it a finding.
    questions
        How many questions share the row.
    doubt
        What does not bear the finding out.
    """

    name: str
    side: str
    finding: str
    values: tuple[Told, ...] = ()
    obstacles: tuple[str, ...] = ()
    does_not_apply: bool = False
    cautions: tuple[str, ...] = ()
    is_finding: bool = False
    questions: int = 1
    doubt: str = ""

    @property
    def is_absent(self) -> bool:
        """Whether something is there that could not be judged."""
        return not self.finding and not self.does_not_apply


def summarise(results: Sequence[Result], level: str, words: Words) -> list[tuple[str, list[Row]]]:
    """Tell the results of a level, topic by topic; topics without any result are left out."""
    mine = [result for result in results if result.level == level]
    topics = (
        (topic.title, _gathered(row for line in topic.lines for row in _rows(line, mine, words)))
        for topic in words.summary
    )
    return [(title, rows) for title, rows in topics if rows]


def summarise_canal(results: Sequence[Result], words: Words) -> list[tuple[str, list[Row]]]:
    """Tell what belongs to no disc level: conus, redundant roots, filum, and sedimentation at each vertebra."""
    rows = []
    for line in words.general.lines:
        about = [r for r in results if any(phrase.tells(r) for phrase in line.phrases)]
        for level in sorted({r.level for r in about}, key=level_order):
            # results beside those told hold the probabilities of their categories
            mine = [r for r in results if r.level == level]
            place = words.at.format(level=level) if level else ""
            told = [row for row in _rows(line, mine, words) if not (level and row.does_not_apply)]
            rows += [replace(row, side=f"{place} {row.side}".strip()) for row in told]
    return [(words.general.title, rows)] if rows else []


def _gathered(rows: Iterable[Row]) -> list[Row]:
    """Let neighbouring rows without an answer share one row where obstacle and side are the same."""
    gathered: list[Row] = []
    for row in rows:
        last = gathered[-1] if gathered else None
        if last is not None and _alike(last, row):
            name = f"{last.name}; {row.name[:1].lower()}{row.name[1:]}"
            gathered[-1] = replace(last, name=name, questions=last.questions + row.questions)
        else:
            gathered.append(row)
    return gathered


def _alike(one: Row, other: Row) -> bool:
    """Whether neither row has an answer, for one reason, on one side."""
    keys = ((row.finding, row.side, row.obstacles, row.does_not_apply) for row in (one, other))
    return not one.finding and len(set(keys)) == 1


def shared_cautions(summary: Sequence[tuple[str, Sequence[Row]]]) -> tuple[str, ...]:
    """Cautions that came with at least a third of the answers: they are told once for all."""
    rows = [row for _, mine in summary for row in mine if row.finding]
    found = dict.fromkeys(caution for row in rows for caution in row.cautions)
    return tuple(one for one in found if 3 * sum(one in row.cautions for row in rows) >= max(len(rows), 6))


def finds_something(results: Iterable[Result], words: Words) -> bool:
    """Whether a result is what the words call a finding."""
    phrases = [phrase for topic in words.summary for line in topic.lines for phrase in line.phrases]
    return any(phrase.finds(result) for result in results for phrase in phrases)


def _rows(line: Line, results: Sequence[Result], words: Words) -> list[Row]:
    """One row a side; sides that could not be judged for the same reason share one."""
    told = [result for result in results if any(phrase.tells(result) for phrase in line.phrases)]
    sides = [side for side in _ORDER if any(result.side == side for result in told)]
    rows = [
        _row(line, [r for r in results if r.side == side], words.side(side), words, level=results) for side in sides
    ]
    rows = [row for row in rows if row.finding or row.obstacles]
    if len(rows) == 2 and not any(row.finding for row in rows) and rows[0].obstacles == rows[1].obstacles:
        return [replace(rows[0], side=words.sides["both"])]
    return rows


def _row(line: Line, results: Sequence[Result], side: str, words: Words, *, level: Sequence[Result]) -> Row:
    pairs = [(phrase, r) for phrase in line.phrases for r in results if isinstance(r, Measurement) and phrase.tells(r)]
    asked = [phrase for phrase in line.phrases if not phrase.optional]
    absent = [r for r in results if isinstance(r, Absent) and any(phrase.tells(r) for phrase in asked)]
    # where a part was judged, parts that do not exist are no news
    real = [one for one in absent if one.reason is not Reason.UNDEFINED]
    sentence = "; ".join(dict.fromkeys(_say(phrase, result, results, words) for phrase, result in pairs))
    is_finding = any(phrase.finds(result) for phrase, result in pairs)
    return Row(
        name=line.name,
        side=side,
        doubt=_doubt(line, level) if is_finding else "",
        finding=sentence[:1].upper() + sentence[1:],
        values=tuple(Told(value=_number(result), method=f"{result.biomarker}, {result.method}") for _, result in pairs),
        obstacles=_obstacles(real if pairs or real else absent[:1]),
        does_not_apply=not pairs and not real,
        cautions=tuple(dict.fromkeys(result.caution for _, result in pairs if result.caution)),
        is_finding=is_finding,
    )


def _doubt(line: Line, level: Sequence[Result]) -> str:
    """Tell what other quantities of the level say against a finding of this line."""
    against = ((doubt, doubt.against(level)) for doubt in line.doubts)
    return "; ".join(doubt.text.format(value=_number(result)) for doubt, result in against if result)


def _obstacles(absent: Iterable[Absent]) -> tuple[str, ...]:
    """Each reason in words with its details, once."""
    reasons = load_composition().reasons
    return tuple(dict.fromkeys(f"{reasons[one.reason]}: {one.detail}" for one in absent))


def _say(phrase: Phrase, result: Measurement, results: Sequence[Result], words: Words) -> str:
    value = _number(result)
    text = phrase.categories.get(result.category or "", phrase.text or None)
    if text is None and phrase.bands and result.value is not None:
        text = _band_text(phrase.bands, result, words)
    if text is None:
        known = f" ({result.category})" if result.category and result.value is not None else ""
        return f"{phrase.label} {value}{known}".strip()
    return text.format(value=value, category=result.category or "") + _probability(phrase, result, results, words)


def _probability(phrase: Phrase, result: Measurement, results: Sequence[Result], words: Words) -> str:
    """Probability of a category, in brackets, where it was measured."""
    for other in results:
        if isinstance(other, Measurement) and (other.biomarker, other.method) == (result.biomarker, phrase.probability):
            told = f"{words.probability} {_number(other)}"
            unsure = other.value is not None and other.value < _LIKELY
            return f" ({words.unsure.format(text=told) if unsure else told})"
    return ""


def _number(result: Measurement) -> str:
    """Value with error and unit, without its category, which the sentence tells; a pure category as it is."""
    return value_text(result if result.value is None else replace(result, category=None), unit=True)


def _band_text(bands: Sequence[Band], result: Measurement, words: Words) -> str:
    """Words of the band that holds the value; says so where the value's 95 % interval reaches into another."""
    value = result.value or 0.0
    text = _band(bands, value)
    ends = result.interval or (value, value)
    return text + (f" ({words.within_error})" if any(_band(bands, end) != text for end in ends) else "")


def _band(bands: Sequence[Band], value: float) -> str:
    return next((band.text for band in bands if band.below is None or value < band.below), bands[-1].text)
