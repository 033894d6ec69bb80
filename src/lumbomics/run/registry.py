"""The literature registry: a review's search, from the exports to the PRISMA flow, in one folder of plain files."""

from __future__ import annotations

from pathlib import Path

from lumbomics.core.errors import InputError, LumbomicsError, ReadError
from lumbomics.registry.decision import Decision, Kind, Stage, now, standing
from lumbomics.registry.decode import decode
from lumbomics.registry.record import Record
from lumbomics.registry.screening import Outcome, Standing
from lumbomics.registry.settings import outside_limits, person
from lumbomics.run import registry_files as files
from lumbomics.run.registry_import import Imported, import_export, import_exports, read_content
from lumbomics.run.registry_state import Registry, create_registry, open_registry

__all__ = [
    "Imported",
    "Registry",
    "conflicts",
    "create_registry",
    "decide_pair",
    "import_export",
    "import_exports",
    "note_report",
    "open_registry",
    "outside",
    "resolve",
    "screen",
    "screen_table",
    "screening_queue",
]


def decide_pair(folder: Path | str, one: str, other: str, *, same: bool, by: str, note: str = "") -> Decision:
    """Record that two records are one report, or are not; the last word of a person counts."""
    registry = open_registry(folder)
    for record in (one, other):
        registry.report_of(record)
    decision = Decision(
        kind=Kind.PAIR, by=person(by), at=now(), records=(one, other), choice="same" if same else "different", note=note
    )
    files.append_decision(registry.folder, decision)
    return decision


def screening_queue(folder: Path | str, stage: Stage, screener: str) -> tuple[Record, ...]:
    """List the records that ``screener`` has still to decide at ``stage``, one for each report.

    Blind: at title and abstract only the screener's own file is opened. At full text the queue holds what both kept, or
    what a resolution kept, as it must.
    """
    registry = open_registry(folder)
    _require_screener(registry, screener)
    own = standing(files.read_screening(registry.folder, stage, (screener,)), registry.groups.lead)
    return tuple(registry.fullest(report) for report in registry.open_at(stage) if report not in own)


def screen(
    folder: Path | str, record: str, choice: str, *, stage: Stage, screener: str, reason: str = "", note: str = ""
) -> Decision:
    """Record one screener's decision; it may be changed until both have decided.

    Raises
    ------
    InputError
        If the person is no screener, the record is not to be screened at that stage, the reason is not on the list (at
        full text an exclusion needs one), or both have decided and only a resolution can change it.
    """
    desk = _Desk(open_registry(folder), stage, screener)
    return desk.decide(record, choice, reason=reason, note=note)


class _Desk:
    """One screener at one stage: what is to be screened and where it stands, read once."""

    def __init__(self, registry: Registry, stage: Stage, screener: str) -> None:
        _require_screener(registry, screener)
        self._registry, self._stage, self._screener = registry, stage, screener
        self._open = frozenset(registry.open_at(stage))
        self._standings = registry.standings(stage)
        self._place = registry.settings.screeners.index(screener)

    def decide(self, record: str, choice: str, *, reason: str, note: str = "") -> Decision:
        report = self._registry.report_of(record)
        _require_open(report in self._open, record, self._stage)
        _require_reason(self._registry, self._stage, choice, reason)
        words = self._standings[report].words
        own = words[self._place]
        if own is not None and None not in words and (own.choice, own.reason) != (choice, reason):
            hint = "settle it with `lumbomics registry resolve`"
            raise InputError("both screeners have decided on this report", got=record, hint=hint)
        decision = Decision(
            kind=Kind.SCREENING,
            by=self._screener,
            at=now(),
            records=_shown_first(self._registry, record),
            stage=self._stage,
            choice=choice,
            reason=reason,
            note=note,
        )
        files.append_decision(self._registry.folder, decision)
        return decision


def screen_table(
    folder: Path | str, table: Path | str, *, stage: Stage, screener: str
) -> tuple[int, list[LumbomicsError]]:
    """Take one screener's decisions from a tab-separated table with the columns record, decision and (if any) reason.

    Returns
    -------
    tuple
        Number of decisions taken, and the faults of the lines that were not.
    """
    source = Path(table)
    rows = [line.split("\t") for line in decode(read_content(source)).text.split("\n")]
    if [cell.strip() for cell in rows[0][:2]] != ["record", "decision"]:
        raise ReadError("not a table of decisions", expected="columns record, decision, reason", where=source.name)
    desk = _Desk(open_registry(folder), stage, screener)
    done: set[str] = set()
    faults: list[LumbomicsError] = []
    for number, row in enumerate(rows[1:], start=2):
        cells = [cell.strip() for cell in (*row, "", "")][:3]
        if not any(cells[1:]):
            continue
        try:
            _require_once(cells[0], done)
            desk.decide(cells[0], cells[1], reason=cells[2])
            done.add(cells[0])
        except InputError as error:
            faults.append(InputError(str(error), where=f"{source.name}, line {number}"))
    return len(done), faults


def conflicts(folder: Path | str, stage: Stage) -> tuple[Standing, ...]:
    """Open conflicts at a stage; only reports that both screeners decided on show."""
    registry = open_registry(folder)
    standings = registry.standings(stage)
    return tuple(standings[r] for r in registry.open_at(stage) if standings[r].outcome is Outcome.CONFLICT)


def resolve(
    folder: Path | str,
    record: str,
    choice: str,
    *,
    stage: Stage,
    by: str,
    consensus: bool,
    reason: str = "",
    note: str = "",
) -> Decision:
    """Settle a conflict, by a third person or by the two screeners' consensus (recorded by either).

    Raises
    ------
    InputError
        If there is no disagreement on that report, a screener settles it alone, or the reason is not on the list.
    """
    registry = open_registry(folder)
    report = registry.report_of(record)
    _require_open(report in registry.open_at(stage), record, stage)
    if not registry.standings(stage)[report].disagreement:
        raise InputError("the screeners do not disagree on this report", got=record)
    if (person(by) in registry.settings.screeners) is not consensus:
        raise InputError(
            "a third person settles a conflict alone, the two screeners only by consensus",
            got=f"{by}, consensus {consensus}",
        )
    _require_reason(registry, stage, choice, reason)
    decision = Decision(
        kind=Kind.RESOLUTION,
        by=by,
        at=now(),
        records=_shown_first(registry, record),
        stage=stage,
        choice=choice,
        reason=reason,
        how="consensus" if consensus else "third",
        note=note,
    )
    files.append_decision(registry.folder, decision)
    return decision


def note_report(folder: Path | str, record: str, kind: Kind, choice: str, *, by: str, reason: str = "") -> Decision:
    """Record a retrieval (``retrieved``, ``not_retrieved``), a removal (``removed``, ``restored``) or a study's name.

    Raises
    ------
    InputError
        If the kind is none of these, or a removal gives no reason.
    """
    if kind not in {Kind.RETRIEVAL, Kind.REMOVAL, Kind.STUDY}:
        raise InputError("no note on a report", expected="retrieval, removal, study", got=kind)
    if not choice.strip() or (choice == "removed" and not reason.strip()):
        raise InputError("a removal needs a reason, a study a name", got=repr(choice))
    registry = open_registry(folder)
    records = _shown_first(registry, record)
    decision = Decision(kind=kind, by=person(by), at=now(), records=records, choice=choice, reason=reason)
    files.append_decision(registry.folder, decision)
    return decision


def outside(folder: Path | str) -> dict[str, str]:
    """List the reports outside the review's stated limits, or perhaps outside: id -> why; none is removed by this."""
    registry = open_registry(folder)
    return outside_limits(registry.records.values(), registry.settings.limits, registry.groups.lead)


def _shown_first(registry: Registry, record: str) -> tuple[str, ...]:
    """Ids of a report's records, the one shown first."""
    group = registry.members[registry.report_of(record)]
    return (record, *(one for one in group if one != record))


def _require_screener(registry: Registry, screener: str) -> None:
    if screener not in registry.settings.screeners:
        raise InputError(
            "not a screener of this registry", expected=" or ".join(registry.settings.screeners), got=screener
        )


def _require_once(record: str, done: set[str]) -> None:
    if record in done:
        raise InputError("the table decides on this record twice; the first counts", got=record)


def _require_open(is_open: bool, record: str, stage: Stage) -> None:
    if not is_open:
        hint = "it was removed, excluded before or not retrieved"
        raise InputError(f"the report is not to be screened at {stage}", got=record, hint=hint)


def _require_reason(registry: Registry, stage: Stage, choice: str, reason: str) -> None:
    reasons = registry.settings.reasons_at(stage)
    if choice != "exclude" and reason:
        raise InputError("only an exclusion has a reason", got=reason)
    if choice == "exclude" and (reason or stage is Stage.FULL_TEXT) and reason not in reasons:
        raise InputError(f"no such reason at {stage}", expected=", ".join(reasons), got=repr(reason))
