"""PRISMA 2020 counts; a flow whose numbers do not add up cannot be built.

Page and others, BMJ 2021;372:n71: the template with databases, registers and other methods. What the template has no
box for is counted in boxes of its own, so that nothing goes missing: duplicates and title exclusions of records found
by other methods, and what still awaits a decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lumbomics.core.errors import FaultsError, InputError
from lumbomics.registry.decision import Decision
from lumbomics.registry.dedupe import Deduplication
from lumbomics.registry.record import Batch, Record, Source
from lumbomics.registry.screening import Outcome, Standing

Counts = tuple[tuple[str, int], ...]
"""Words and numbers, in the order shown."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the flow; every number counts records up to the screening and reports after it.

    Parameters
    ----------
    sources
        Records identified, by source.
    duplicates
        Records that repeat another one.
    removed
        Reports removed before screening, by reason.
    screened, title_excluded, title_awaiting
        Reports screened on title and abstract, excluded there, and not yet decided there.
    sought, not_retrieved
        Reports sought for retrieval, and not retrieved.
    assessed, text_excluded, text_awaiting
        Reports assessed at full text, excluded there by reason, and not yet decided there (not among the assessed).
    included
        Reports included.

    Raises
    ------
    FaultsError
        With every sum that does not add up.
    """

    sources: Counts
    duplicates: int
    removed: Counts
    screened: int
    title_excluded: int
    title_awaiting: int
    sought: int
    not_retrieved: int
    assessed: int
    text_excluded: Counts
    text_awaiting: int
    included: int

    def __post_init__(self) -> None:
        _require(
            (
                ("records identified", self.identified, self.duplicates + _total(self.removed) + self.screened),
                ("records screened", self.screened, self.title_excluded + self.title_awaiting + self.sought),
                ("reports sought", self.sought, self.not_retrieved + self.assessed + self.text_awaiting),
                ("reports assessed", self.assessed, _total(self.text_excluded) + self.included),
            )
        )

    @property
    def identified(self) -> int:
        """All records identified."""
        return _total(self.sources)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The whole flow.

    Parameters
    ----------
    databases, others
        The two columns; ``others`` counts nothing where only databases were searched.
    studies, reports
        Studies included, and the reports of them.
    open_pairs
        Doubtful pairs nobody has decided yet; they count as different until then.
    notes
        What the numbers rest on: limits of the searches as stated, replaced exports.
    """

    databases: Column
    others: Column
    studies: int
    reports: int
    open_pairs: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require((("reports included", self.reports, self.databases.included + self.others.included),))
        if self.studies > self.reports or (self.studies == 0) != (self.reports == 0):
            raise InputError(
                "more studies than reports, or one without the other", got=f"{self.studies}, {self.reports}"
            )

    @property
    def finished(self) -> bool:
        """True when nothing awaits a decision."""
        columns = (self.databases, self.others)
        return not (self.open_pairs or any(c.title_awaiting or c.text_awaiting for c in columns))


def count_flow(
    records: Sequence[Record],
    batches: Sequence[Batch],
    groups: Deduplication,
    *,
    title_abstract: Mapping[str, Standing],
    full_text: Mapping[str, Standing],
    removed: Mapping[str, Decision],
    retrieval: Mapping[str, Decision],
    studies: Mapping[str, Decision],
    reasons: Mapping[str, str],
) -> Flow:
    """PRISMA 2020 counts.

    Parameters
    ----------
    records, batches
        Active ones.
    title_abstract, full_text
        Where each report stands, by first record's id.
    removed, retrieval, studies
        Standing decisions, by first record's id.
    reasons
        Reason id -> words of the full-text reasons, in the order shown.
    """
    searches = {batch.id: batch.search for batch in batches}
    by_id = {record.id: record for record in records}
    from_database = {r.id for r in records if searches[r.batch].source.is_database}
    columns = {}
    for left in (True, False):
        own = [group for group in groups.groups if (not from_database.isdisjoint(group)) is left]
        found = [r for r in by_id.values() if (r.id in from_database) is left]
        sources = Counter(_source_words(searches[r.batch].source, searches[r.batch].database) for r in found)
        columns[left] = _column(
            tuple(sources.items()),
            len(found) - len(own),
            [g[0] for g in own],
            title_abstract,
            full_text,
            removed,
            retrieval,
            reasons,
        )
    included = [
        r
        for r, s in full_text.items()
        if s.outcome is Outcome.INCLUDED and _sought(r, title_abstract, removed, retrieval)
    ]
    names = {studies[r].choice if r in studies else r for r in included}
    return Flow(
        databases=columns[True],
        others=columns[False],
        studies=len(names),
        reports=len(included),
        open_pairs=len(groups.doubts),
        notes=tuple(_search_notes(batches)),
    )


def _column(
    sources: Counts,
    duplicates: int,
    reports: Sequence[str],
    title_abstract: Mapping[str, Standing],
    full_text: Mapping[str, Standing],
    removed: Mapping[str, Decision],
    retrieval: Mapping[str, Decision],
    reasons: Mapping[str, str],
) -> Column:
    gone = Counter(removed[r].reason for r in reports if _is_removed(r, removed))
    screened = [r for r in reports if not _is_removed(r, removed)]
    title = Counter(title_abstract[r].outcome for r in screened)
    sought = [r for r in screened if title_abstract[r].outcome is Outcome.INCLUDED]
    missing = sum(_is_missing(r, retrieval) for r in sought)
    texts = [full_text[r] for r in sought if not _is_missing(r, retrieval)]
    excluded = Counter(s.reason for s in texts if s.outcome is Outcome.EXCLUDED)
    done = Counter(s.outcome for s in texts)
    return Column(
        sources=sources,
        duplicates=duplicates,
        removed=tuple(sorted(gone.items())),
        screened=len(screened),
        title_excluded=title[Outcome.EXCLUDED],
        title_awaiting=title[Outcome.AWAITING] + title[Outcome.CONFLICT],
        sought=len(sought),
        not_retrieved=missing,
        assessed=done[Outcome.EXCLUDED] + done[Outcome.INCLUDED],
        text_excluded=tuple((words, excluded[name]) for name, words in reasons.items() if excluded[name]),
        text_awaiting=done[Outcome.AWAITING] + done[Outcome.CONFLICT],
        included=done[Outcome.INCLUDED],
    )


def _sought(
    report: str,
    title_abstract: Mapping[str, Standing],
    removed: Mapping[str, Decision],
    retrieval: Mapping[str, Decision],
) -> bool:
    passed = title_abstract[report].outcome is Outcome.INCLUDED
    return passed and not _is_removed(report, removed) and not _is_missing(report, retrieval)


def _is_removed(report: str, removed: Mapping[str, Decision]) -> bool:
    return report in removed and removed[report].choice == "removed"


def _is_missing(report: str, retrieval: Mapping[str, Decision]) -> bool:
    return report in retrieval and retrieval[report].choice == "not_retrieved"


_SOURCE_WORDS = {
    Source.REGISTER: "register",
    Source.PERSONAL_LIBRARY: "personal library",
    Source.CROSS_REFERENCE: "citation searching",
    Source.WEBSITE: "website",
    Source.ORGANISATION: "organisation",
}


def _source_words(source: Source, name: str) -> str:
    return f"{name} ({_SOURCE_WORDS[source]})" if source in _SOURCE_WORDS else name


def _search_notes(batches: Sequence[Batch]) -> Iterable[str]:
    for batch in batches:
        search = batch.search
        limits = [f"languages {', '.join(search.languages)}"] if search.languages else []
        if search.from_date or search.to_date:
            limits.append(f"dates {search.from_date or 'any'} to {search.to_date or 'any'}")
        if limits:
            yield f"{search.database}: search limited in the source to {'; '.join(limits)}"


def _total(counts: Counts) -> int:
    return sum(number for _, number in counts)


def _require(sums: Iterable[tuple[str, int, int]]) -> None:
    faults = [
        InputError(f"{what} do not add up", expected=str(whole), got=f"{parts} as the sum of the parts")
        for what, whole, parts in sums
        if whole != parts or whole < 0
    ]
    if faults:
        raise FaultsError(faults)
