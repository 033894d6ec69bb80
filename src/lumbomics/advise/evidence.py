"""The table of evidence: every percentage recomputed, with its interval, its denominator and its faults."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from textwrap import wrap
from typing import Any

from lumbomics.catalogue import EvidenceRow, RuleBook, load_evidence, load_meta, load_rules
from lumbomics.core.errors import InputError

_DEPENDENT = ("findings", "levels", "leads", "readings", "examinations")
_WIDTH = 112


@dataclass(frozen=True, kw_only=True)
class EvidenceEntry:
    """One row with what follows from it.

    Parameters
    ----------
    row
        The row as shipped.
    interval
        Wilson 95 % interval of the percentage; ``None`` without counts.
    rules
        Rules that rest on the row.
    """

    row: EvidenceRow
    interval: tuple[float, float] | None
    rules: tuple[str, ...]

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before using the numbers."""
        row, found = self.row, []
        if row.disagrees:
            found.append(f"inconsistent: {row.note}")
        if row.counted in _DEPENDENT:
            people = f" of {row.n_total} patients" if row.n_total else ""
            found.append(
                f"the denominator counts {row.counted}{people}, not patients; the interval takes them as independent"
            )
        if row.status == "overlapping_publication":
            found.append("overlaps with another publication: do not count it twice")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a machine."""
        interval = None if self.interval is None else [round(end, 4) for end in self.interval]
        return {
            **self.row.model_dump(),
            "wilson_95": interval,
            "disagrees": self.row.disagrees,
            "rules": list(self.rules),
            "cautions": list(self.cautions),
        }


def wilson_interval(count: int, total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a proportion, in percent.

    With p = count / total and z the normal quantile: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    (Wilson 1927, J Am Stat Assoc 22:209). It stays within 0 and 100 and keeps its level for small n; it holds for
    independent observations only.

    Raises
    ------
    InputError
        Unless 0 <= count <= total, total > 0 and 0 < confidence < 1.
    """
    if total <= 0 or not 0 <= count <= total or not 0 < confidence < 1:
        raise InputError(
            "no proportion", expected="0 <= count <= total, 0 < confidence < 1", got=f"{count}, {total}, {confidence}"
        )
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, scale = count / total, 1 + z * z / total
    centre = (p + z * z / (2 * total)) / scale
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / scale
    low, high = 0.0 if count == 0 else centre - half, 1.0 if count == total else centre + half
    return 100 * low, 100 * high


def evidence_table(
    question: str | None = None,
    *,
    rows: Mapping[str, EvidenceRow] | None = None,
    book: RuleBook | None = None,
) -> tuple[EvidenceEntry, ...]:
    """All rows, or those of one question, in order.

    Parameters
    ----------
    question
        A key of ``load_meta().evidence_questions``; default: all.
    rows, book
        Table and rules; default: the shipped ones.

    Raises
    ------
    InputError
        If there is no such question.
    """
    questions = load_meta().evidence_questions
    if question is not None and question not in questions:
        raise InputError("no such question", expected=", ".join(questions), got=question)
    found = load_evidence() if rows is None else rows
    cited = _citations(book or load_rules())
    return tuple(_entry(row, cited) for row in found.values() if question in (None, row.question))


def evidence_entry(row: str) -> EvidenceEntry:
    """One row by its number; InputError if there is none."""
    rows = load_evidence()
    if row not in rows:
        raise InputError("no such row of evidence", expected=f"{min(rows)} to {max(rows)}", got=row)
    return _entry(rows[row], _citations(load_rules()))


def uncited_rows(rows: Mapping[str, EvidenceRow], *, book: RuleBook | None = None) -> tuple[str, ...]:
    """Rows that no rule rests on."""
    cited = _citations(book or load_rules())
    return tuple(row for row in rows if row not in cited)


def evidence_lines(entries: Iterable[EvidenceEntry]) -> Iterator[str]:
    """Write rows for reading, each with its interval and cautions."""
    for entry in entries:
        row = entry.row
        yield f"{row.row}  {row.study}{f' {row.year}' if row.year else ''}: {row.finding}"
        yield f"      {_counts(entry)}; rules {', '.join(entry.rules) or 'none'}; {row.source}"
        for caution in entry.cautions:
            yield from wrap(f"! {caution}", _WIDTH, initial_indent="      ", subsequent_indent="        ")
        if row.note and not row.disagrees:
            yield from wrap(row.note, _WIDTH, initial_indent="      ", subsequent_indent="      ")


def evidence_tsv(entries: Iterable[EvidenceEntry]) -> Iterator[str]:
    """Write stated against recomputed percentages, tab-separated, ``n/a`` where empty."""
    yield "\t".join(
        ("row", "study", "count", "denominator", "counted", "stated", "recomputed", "low", "high", "status")
    )
    for entry in entries:
        row, (low, high) = entry.row, entry.interval or (None, None)
        numbers = ("n/a" if n is None else f"{n:.2f}" for n in (row.percent, low, high))
        known = (row.row, row.study, row.count, row.denominator, row.counted, row.percent_stated)
        yield (
            "\t".join("n/a" if cell is None else str(cell) for cell in known) + "\t" + "\t".join((*numbers, row.status))
        )


def evidence_markdown(entries: Iterable[EvidenceEntry]) -> Iterator[str]:
    """Write the table as a Markdown page, one section a question, faults first."""
    found = list(entries)
    faulty = [entry for entry in found if entry.row.disagrees]
    yield from _PREFACE
    yield f"## Where the numbers do not agree ({len(faulty)} of {len(found)} rows)\n"
    yield from (
        f"- **{entry.row.row}** {entry.row.study}, {entry.row.finding}: {_plain(entry.row.note or '')}"
        for entry in faulty
    )
    for name, title in load_meta().evidence_questions.items():
        own = [entry for entry in found if entry.row.question == name]
        if own:
            yield f"\n## {title}\n"
            yield "| row | study | finding | count | of | stated % | recomputed % | 95 % interval | rules | remarks |"
            yield "|---|---|---|---|---|---|---|---|---|---|"
            yield from (_markdown_row(entry) for entry in own)


_PREFACE = (
    "# Evidence\n",
    "Made by `lumbomics evidence table --markdown`; not edited by hand. Each percentage is recomputed from counts;",
    "the interval is Wilson's at 95 % and takes what is counted as independent. Most studies are small, none in",
    "the review is graded for bias, and few are randomised: an interval says nothing about bias.\n",
)


def _markdown_row(entry: EvidenceEntry) -> str:
    row = entry.row
    cells = (
        row.row,
        f"{row.study} {row.year or ''}".strip(),
        row.finding,
        "" if row.count is None else str(row.count),
        "" if row.denominator is None else f"{row.denominator} {row.counted}",
        row.percent_stated or "",
        "" if row.percent is None else f"{row.percent:.1f}",
        "" if entry.interval is None else "{:.1f} to {:.1f}".format(*entry.interval),
        " ".join(entry.rules),
        "; ".join(entry.cautions) or (row.note or ""),
    )
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _counts(entry: EvidenceEntry) -> str:
    row = entry.row
    stated = f"stated {row.percent_stated} %" if row.percent_stated else "no percentage stated"
    if row.percent is None or entry.interval is None:
        return f"{stated}, no counts to recompute it" if row.percent_stated else "no counts"
    low, high = entry.interval
    return f"{row.count}/{row.denominator} {row.counted} = {row.percent:.1f} % ({low:.1f} to {high:.1f}); {stated}"


def _entry(row: EvidenceRow, cited: Mapping[str, tuple[str, ...]]) -> EvidenceEntry:
    counted = row.count is not None and row.denominator is not None
    interval = wilson_interval(row.count or 0, row.denominator or 1) if counted else None
    return EvidenceEntry(row=row, interval=interval, rules=cited.get(row.row, ()))


def _citations(book: RuleBook) -> Mapping[str, tuple[str, ...]]:
    cited: dict[str, tuple[str, ...]] = {}
    for rule in book.rules.values():
        for row in rule.rows:
            cited[row] = (*cited.get(row, ()), rule.id)
    return cited
