"""Advice as plain text for a clinician."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from lumbomics.advise.case import STATED, Case, shown_value
from lumbomics.advise.findings import DISCLAIMER, Advice, Finding, State

_WIDTH = 112
_HEADINGS = {
    "safety": "SAFETY: first, whatever else is said",
    "block": "BLOCKED: must not go on automatically",
    "warn": "KEEP IN MIND",
    "suggest": "TO CONSIDER",
    "check": "TO VERIFY ON THE IMAGES",
    "info": "FOR INFORMATION",
}


def advice_lines(advice: Advice, *, everything: bool = False) -> Iterator[str]:
    """Write advice for reading.

    Parameters
    ----------
    advice
        What the rules said.
    everything
        Also rules for information, and rules that wait for facts.
    """
    yield f"{advice.case.title}"
    yield from wrap(advice.case.description, _WIDTH)
    yield from wrap(DISCLAIMER, _WIDTH)
    yield from _facts(advice.case)
    shown = [finding for finding in advice.of(State.FIRES) if not finding.is_withheld]
    for severity, heading in _HEADINGS.items():
        chosen = [finding for finding in shown if finding.rule.severity == severity]
        if severity != "info" or everything:
            yield from _section(heading, chosen, advice)
        elif chosen:
            names = ", ".join(finding.rule.id for finding in chosen)
            yield from ("", f"{len(chosen)} more for information ({names}): --all shows them.")
        if severity == "block":
            yield from _held(advice)
    yield from _section("WITHHELD: a gate forbids what these propose", _withheld(advice), advice)
    yield from _waiting(advice, everything)


def _withheld(advice: Advice) -> list[Finding]:
    return [finding for finding in advice.findings if finding.is_withheld]


def _facts(case: Case) -> Iterator[str]:
    stated = [name for name in sorted(case.facts) if case.origins[name] == STATED]
    yield from _block("Stated: ", f"{'; '.join(_fact(name, case) for name in stated) or 'nothing'}.", indent=8)
    for name in sorted(set(case.facts) - set(stated)):
        yield from _block("Added:  ", f"{_fact(name, case)} ({case.origins[name]}).", indent=8)


def _fact(name: str, case: Case) -> str:
    return f"{name.replace('_', ' ')}: {shown_value(case.facts[name])}"


def _section(heading: str, findings: Iterable[Finding], advice: Advice) -> Iterator[str]:
    chosen = list(findings)
    if chosen:
        yield from ("", heading)
    for finding in chosen:
        yield from _finding(finding, advice.case)


def _finding(finding: Finding, case: Case) -> Iterator[str]:
    rule = finding.rule
    yield from _block(f"  {rule.id}  ", f"{rule.condition}.", indent=7)
    yield from _block("       → ", f"{rule.recommendation}.", indent=9)
    because = "; ".join(_fact(name, case) for name in finding.used) or "holds for every case"
    yield from _block("       because  ", because, indent=16)
    if finding.stopped_by:
        yield from _block("       stopped  ", f"by {', '.join(finding.stopped_by)}, which nothing lifts", indent=16)
    if finding.held_by:
        yield from _block("       not yet  ", f"{', '.join(finding.held_by)} must be cleared first", indent=16)
    yield from _block("       evidence ", _evidence(finding), indent=16)
    if rule.caveat:
        yield from _block("       caveat   ", rule.caveat, indent=16)
    for limit in rule.limits:
        if limit.is_unverified:
            text = f"{limit.fact} {limit.value:g} is a setting ({limit.basis}), no diagnostic cut-off"
            yield from _block("       limit    ", text, indent=16)


def _evidence(finding: Finding) -> str:
    rule, study = finding.rule, finding.rule.evidence
    parts = [study.study, f"n = {study.n}" if study.n else "", study.result or "", f"strength: {rule.strength}"]
    rows = f"rows {', '.join(rule.rows)}" if rule.rows else "no row of evidence"
    return "; ".join(part for part in (*parts, rows) if part)


def _held(advice: Advice) -> Iterator[str]:
    held = advice.of(State.HELD)
    if held:
        yield from ("", "GATES NOT PASSED: facts are missing, and unknown is not no")
    for finding in held:
        known = "; ".join(_fact(name, advice.case) for name in finding.used)
        gate = f"{finding.rule.condition}{f' (known: {known})' if known else ''}."
        yield from _block(f"  {finding.rule.id}  ", f"{gate} To clear it, state {', '.join(finding.missing)}", indent=7)


def _waiting(advice: Advice, everything: bool) -> Iterator[str]:
    waiting = advice.of(State.WAITS)
    if not waiting:
        return
    if not everything:
        yield from (
            "",
            f"{len(waiting)} rules wait for facts that are not stated: --all lists them, --ask asks for them.",
        )
        return
    yield from ("", "WAITING for facts")
    for finding in waiting:
        yield from _block(f"  {finding.rule.id}  ", f"{finding.rule.condition}: {', '.join(finding.missing)}", indent=7)


def _block(lead: str, text: str, *, indent: int) -> list[str]:
    return wrap(text, _WIDTH, initial_indent=lead, subsequent_indent=" " * indent)
