"""Records gathered into reports: what is surely one is merged, what is doubtful waits for a person.

Merging changes no record: a *group* is a set of record ids, worked out anew from the records and the people's
decisions, so that taking a decision back takes the merge back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from lumbomics.registry.candidates import candidate_pairs
from lumbomics.registry.compare import Features, Likeness, Verdict, contradicts, judge
from lumbomics.registry.record import Record

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Link:
    """Two records held to be one report.

    Parameters
    ----------
    pair
        Record ids, ascending.
    reason
        Why, in words.
    by
        ``software`` or the person who decided.
    """

    pair: Pair
    reason: str
    by: str = "software"


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Two records that a person must compare: one pair stands for the two groups they lie in."""

    pair: Pair
    reason: str
    title_similarity: float


@dataclass(frozen=True, kw_only=True)
class Deduplication:
    """Result of one pass.

    Parameters
    ----------
    groups
        Record ids of each report, ascending; every record is in exactly one.
    links
        What holds the groups together.
    doubts
        The review queue, most alike first.
    contradictions
        People's decisions that cannot all hold, in words; none of them was followed there.
    """

    groups: tuple[tuple[str, ...], ...]
    links: tuple[Link, ...]
    doubts: tuple[Doubt, ...]
    contradictions: tuple[str, ...] = ()

    @property
    def lead(self) -> dict[str, str]:
        """Record id -> first record id of its group, which names the group."""
        return {member: group[0] for group in self.groups for member in group}


def ordered(one: str, other: str) -> Pair:
    """Put a pair of ids in ascending order."""
    return (one, other) if one < other else (other, one)


class _Sets:
    """Disjoint sets of record ids (union-find); the smallest id names a set, so that order does not matter."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._parent = {one: one for one in ids}

    def name(self, one: str) -> str:
        while self._parent[one] != one:
            self._parent[one] = self._parent[self._parent[one]]
            one = self._parent[one]
        return one

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.name(one), self.name(other)))
        self._parent[second] = first

    def members(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for one in sorted(self._parent):
            found[self.name(one)].append(one)
        return found


def deduplicate(records: Iterable[Record], decided: Mapping[Pair, tuple[bool, str]] | None = None) -> Deduplication:
    """Gather records into reports.

    People's decisions come first, then shared identifiers, then titles with authors and year. A step that would put
    two contradicting records (other PMIDs, other parts, a person's "different") into one group is not taken at all:
    all its pairs go to the review queue. The result does not depend on the order of the records.

    Parameters
    ----------
    records
        All active records, ids unique.
    decided
        Pair of ids, ascending -> (same report?, person).
    """
    features = [Features(r) for r in sorted(records, key=lambda r: r.id)]
    by_id = {f.record.id: f for f in features}
    told = {pair: choice for pair, choice in (decided or {}).items() if pair[0] in by_id and pair[1] in by_id}
    verdicts = _verdicts(features)
    sets = _Sets(by_id)
    links, doubts = _follow_people(sets, told)
    contradictions = tuple(doubt.reason for doubt in doubts)
    for by_identifier in (True, False):
        step = {p: v for p, v in verdicts.items() if v.likeness is Likeness.SAME and v.by_identifier is by_identifier}
        clash = _clash(by_id, told, identifiers_only=by_identifier)
        taken, left = _take(sets, {p: v for p, v in step.items() if p not in told}, clash)
        links += [Link(pair=p, reason=v.reason) for p, v in taken.items()]
        doubts += [
            _doubt(p, v, f"{v.reason}, but joining would put contradicting records together") for p, v in left.items()
        ]
    doubts += [_doubt(p, v, v.reason) for p, v in verdicts.items() if v.likeness is Likeness.DOUBTFUL]
    return Deduplication(
        groups=tuple(sorted(tuple(group) for group in sets.members().values())),
        links=tuple(sorted(links, key=lambda link: link.pair)),
        doubts=_queue(sets, doubts, told),
        contradictions=contradictions,
    )


def _verdicts(features: Sequence[Features]) -> dict[Pair, Verdict]:
    found = {}
    for a, b in candidate_pairs(features):
        verdict = judge(features[a], features[b])
        if verdict.likeness is not Likeness.DIFFERENT:
            found[features[a].record.id, features[b].record.id] = verdict
    return found


def _follow_people(sets: _Sets, told: Mapping[Pair, tuple[bool, str]]) -> tuple[list[Link], list[Doubt]]:
    """Join what people called the same, except where that joins what people called different."""
    same = {pair: by for pair, (is_same, by) in told.items() if is_same}
    trial = _Sets({one for pair in told for one in pair})
    for pair in same:
        trial.join(*pair)
    apart = [p for p, (is_same, _) in sorted(told.items()) if not is_same and trial.name(p[0]) == trial.name(p[1])]
    spoilt = {trial.name(p[0]) for p in apart}
    links = []
    for pair, by in same.items():
        if trial.name(pair[0]) not in spoilt:
            sets.join(*pair)
            links.append(Link(pair=pair, reason="decided by a person", by=by))
    words = "called different ({}), yet other decisions make them one report"
    return links, [
        Doubt(pair=p, reason=f"{p[0]}, {p[1]}: " + words.format(told[p][1]), title_similarity=0.0) for p in apart
    ]


def _clash(
    by_id: Mapping[str, Features], told: Mapping[Pair, tuple[bool, str]], *, identifiers_only: bool
) -> Callable[[str, str], bool]:
    def clash(one: str, other: str) -> bool:
        choice = told.get(ordered(one, other))
        if choice is not None:
            return not choice[0]
        first, second = by_id[one], by_id[other]
        if identifiers_only:
            return bool(first.record.pmid and second.record.pmid and first.record.pmid != second.record.pmid)
        return contradicts(first, second)

    return clash


def _take(
    sets: _Sets, step: Mapping[Pair, Verdict], clash: Callable[[str, str], bool]
) -> tuple[dict[Pair, Verdict], dict[Pair, Verdict]]:
    """Join what the step wants joined, cluster by cluster; a cluster with a clash between its sets is left apart."""
    members = sets.members()
    trial = _Sets(members)
    for a, b in step:
        trial.join(sets.name(a), sets.name(b))
    spoilt = set()
    for cluster, names in trial.members().items():
        pairs = combinations((members[name] for name in names), 2)
        if any(clash(a, b) for first, second in pairs for a in first for b in second):
            spoilt.add(cluster)
    taken: dict[Pair, Verdict] = {}
    left: dict[Pair, Verdict] = {}
    for pair, verdict in step.items():
        (left if trial.name(sets.name(pair[0])) in spoilt else taken)[pair] = verdict
    for a, b in taken:
        sets.join(a, b)
    return taken, left


def _doubt(pair: Pair, verdict: Verdict, reason: str) -> Doubt:
    return Doubt(pair=pair, reason=reason, title_similarity=round(verdict.title_similarity, 1))


def _queue(sets: _Sets, doubts: Iterable[Doubt], told: Mapping[Pair, tuple[bool, str]]) -> tuple[Doubt, ...]:
    """Doubts still open: one pair for two groups, none within a group, none where a person told the groups apart."""
    settled = {ordered(sets.name(a), sets.name(b)) for (a, b), (same, _) in told.items() if not same}
    best: dict[Pair, Doubt] = {}
    for doubt in sorted(doubts, key=lambda d: (-d.title_similarity, d.pair, d.reason)):
        groups = ordered(sets.name(doubt.pair[0]), sets.name(doubt.pair[1]))
        if groups[0] != groups[1] and groups not in settled:
            best.setdefault(groups, doubt)
    return tuple(best.values())
