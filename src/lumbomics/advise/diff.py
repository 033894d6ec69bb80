"""What changes for which case between two versions of a rule book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lumbomics.advise.case import Case
from lumbomics.advise.evaluate import advise
from lumbomics.catalogue import Rule, RuleBook

ABSENT, WITHHELD = "no such rule", "withheld"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One rule that comes out otherwise on one case."""

    case: str
    rule: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class BookDiff:
    """Two versions of a rule book against each other.

    Parameters
    ----------
    added, removed
        Rules of one version only.
    reworded
        Rule -> fields that differ.
    changes
        Rules that come out otherwise, by case.
    cases
        Number of cases compared.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    reworded: Mapping[str, tuple[str, ...]]
    changes: tuple[Change, ...]
    cases: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a machine."""
        return asdict(self)


def diff_books(
    before: RuleBook, after: RuleBook, *, cases_before: Mapping[str, Case], cases_after: Mapping[str, Case]
) -> BookDiff:
    """Compare two versions over the cases that both can read.

    Parameters
    ----------
    before, after
        The versions.
    cases_before, cases_after
        The same case files, each read with its own version, by name.
    """
    shared = [name for name in cases_before if name in cases_after]
    changes = [c for name in shared for c in _changes(name, cases_before[name], cases_after[name], before, after)]
    return BookDiff(
        added=tuple(sorted(set(after.rules) - set(before.rules))),
        removed=tuple(sorted(set(before.rules) - set(after.rules))),
        reworded=_reworded(before, after),
        changes=tuple(changes),
        cases=len(shared),
    )


def diff_lines(diff: BookDiff) -> Iterator[str]:
    """Write a comparison for reading."""
    yield f"rules added: {', '.join(diff.added) or 'none'}; removed: {', '.join(diff.removed) or 'none'}"
    for rule, fields in diff.reworded.items():
        yield f"{rule} differs in {', '.join(fields)}"
    touched = {change.case for change in diff.changes}
    yield f"{len(diff.changes)} outcomes change in {len(touched)} of {diff.cases} cases"
    for change in diff.changes:
        yield f"  {change.case}: {change.rule} {change.before} -> {change.after}"


def _changes(name: str, case_before: Case, case_after: Case, before: RuleBook, after: RuleBook) -> Iterator[Change]:
    old, new = _outcomes(case_before, before), _outcomes(case_after, after)
    for rule in sorted({*old, *new}):
        states = old.get(rule, ABSENT), new.get(rule, ABSENT)
        if states[0] != states[1]:
            yield Change(case=name, rule=rule, before=states[0], after=states[1])


def _outcomes(case: Case, book: RuleBook) -> dict[str, str]:
    findings = advise(case, book=book).findings
    return {one.rule.id: WITHHELD if one.is_withheld else str(one.state) for one in findings}


def _reworded(before: RuleBook, after: RuleBook) -> dict[str, tuple[str, ...]]:
    shared = [rule for rule in before.rules if rule in after.rules]
    differing = {rule: _fields(before.rules[rule], after.rules[rule]) for rule in shared}
    return {rule: fields for rule, fields in differing.items() if fields}


def _fields(one: Rule, other: Rule) -> tuple[str, ...]:
    return tuple(name for name in type(one).model_fields if getattr(one, name) != getattr(other, name))
