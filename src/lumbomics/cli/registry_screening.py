"""``lumbomics registry screen`` and what follows: conflicts, kappa, flow, export."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumbomics.cli.exits import Exit, print_json, reports_errors
from lumbomics.cli.registry_options import (
    By,
    Folder,
    Json,
    Note,
    Reason,
    RecordId,
    StageName,
    StageOption,
    ask,
    describe,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lumbomics.registry.agreement import Agreement
    from lumbomics.registry.decision import Stage
    from lumbomics.registry.record import Record

_LETTERS = {"i": "include", "e": "exclude", "u": "unsure"}


@reports_errors
def screen(
    folder: Folder,
    screener: Annotated[str, typer.Option("--screener", help="Your short name, as in registry.yaml.")],
    stage: StageOption = StageName.TITLE_ABSTRACT,
    record: Annotated[str | None, typer.Option("--record", help="Decide this record and leave.")] = None,
    choice: Annotated[str | None, typer.Option("--decision", help="include, exclude or unsure.")] = None,
    reason: Reason = "",
    table: Annotated[
        Path | None, typer.Option("--from", help="Decisions from a tab-separated table: record, decision, reason.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List what is left and leave.")] = False,
    note: Note = "",
    as_json: Json = False,
) -> int:
    """Screen on your own, blind to the other: one record after the other, one by --record, or many --from a table."""
    from lumbomics.registry.decision import Stage
    from lumbomics.run import registry as library

    which = Stage(stage)
    if table is not None:
        return _screen_table(folder, which, screener, table)
    if record is not None:
        library.screen(folder, record, choice or "", stage=which, screener=screener, reason=reason, note=note)
        return Exit.OK
    queue = library.screening_queue(folder, which, screener)
    if as_json:
        print_json([one.to_dict() for one in queue])
    elif show:
        for one in queue:
            typer.echo(f"{one.id}\t{one.title}")
    else:
        _screen_one_by_one(folder, which, screener, queue)
    return Exit.OK


def _screen_table(folder: Path, stage: Stage, screener: str, table: Path) -> int:
    from lumbomics.run.registry import screen_table

    done, faults = screen_table(folder, table, stage=stage, screener=screener)
    typer.echo(f"{done} decisions taken from {table.name}, {len(faults)} lines not")
    for fault in faults:
        typer.echo(f"error: {fault}", err=True)
    return Exit.SOME_FAILED if faults else Exit.OK


def _screen_one_by_one(folder: Path, stage: Stage, screener: str, queue: Sequence[Record]) -> None:
    from lumbomics.run.registry import open_registry
    from lumbomics.run.registry import screen as decide

    reasons = open_registry(folder).settings.reasons_at(stage)
    for number, record in enumerate(queue, start=1):
        typer.echo(f"\n{number} of {len(queue)}\n{describe(record)}\n{record.abstract}")
        may_doubt = stage == "title_abstract"
        words = "[i]nclude, [e]xclude, " + ("[u]nsure, " if may_doubt else "") + "[s]kip, [q]uit"
        letter = ask(words, "ieusq" if may_doubt else "iesq")
        if letter == "q":
            return
        if letter != "s":
            reason = _ask_reason(reasons) if letter == "e" else ""
            decide(folder, record.id, _LETTERS[letter], stage=stage, screener=screener, reason=reason)


def _ask_reason(reasons: dict[str, str]) -> str:
    for number, (name, words) in enumerate(reasons.items(), start=1):
        typer.echo(f"  {number} {words} ({name})")
    number = 0
    while not 1 <= number <= len(reasons):
        number = int(typer.prompt("reason", type=int))
    return list(reasons)[number - 1]


@reports_errors
def conflicts(folder: Folder, stage: StageOption = StageName.TITLE_ABSTRACT, as_json: Json = False) -> None:
    """List what the screeners disagree on; only reports that both decided show."""
    from lumbomics.registry.decision import Stage
    from lumbomics.run import registry as library

    found = library.conflicts(folder, Stage(stage))
    said = [[(w.by, w.choice, w.reason) for w in one.words if w is not None] for one in found]
    if as_json:
        print_json([{"report": c.report, "about": c.disagreement, "said": s} for c, s in zip(found, said, strict=True)])
        return
    records = library.open_registry(folder).records
    for one, words in zip(found, said, strict=True):
        typer.echo(f"{one.report}\t{one.disagreement}\t{records[one.report].title}")
        for name, choice, reason in words:
            typer.echo(f"    {name}: {choice} {reason}".rstrip())
    typer.echo(f"{len(found)} conflicts at {stage}")


@reports_errors
def resolve(
    folder: Folder,
    record: RecordId,
    choice: Annotated[str, typer.Option("--decision", help="include or exclude.")],
    by: By,
    stage: StageOption = StageName.TITLE_ABSTRACT,
    consensus: Annotated[
        bool, typer.Option("--consensus", help="The two screeners agreed; else a third decides.")
    ] = False,
    reason: Reason = "",
    note: Note = "",
) -> None:
    """Settle a conflict, by a third person or by consensus of the two."""
    from lumbomics.registry.decision import Stage
    from lumbomics.run import registry as library

    library.resolve(folder, record, choice, stage=Stage(stage), by=by, consensus=consensus, reason=reason, note=note)


@reports_errors
def agreement(folder: Folder, as_json: Json = False) -> None:
    """Cohen's kappa with its 95 % interval, for both stages, before conflicts were settled."""
    from lumbomics.registry.decision import Stage
    from lumbomics.run import registry_flow as library

    found = {stage: library.agreement(folder, stage) for stage in Stage}
    if as_json:
        print_json({stage: {**asdict(one), "n": one.n} for stage, one in found.items()})
        return
    for stage, one in found.items():
        typer.echo(f"{stage}: {_agreement_words(one)}")


def _agreement_words(one: Agreement) -> str:
    table = (
        f"both keep {one.both_keep}, one only {one.first_only} and {one.second_only}, both exclude {one.both_exclude}"
    )
    if one.kappa is None:
        return f"no kappa: {one.undefined} (n = {one.n}; {table})"
    if one.ci_low is None:
        return f"kappa {one.kappa:.2f} ({one.undefined}), n = {one.n}; {table}"
    return f"kappa {one.kappa:.2f} (95 % CI {one.ci_low:.2f} to {one.ci_high:.2f}), n = {one.n}; {table}"


@reports_errors
def flow(
    folder: Folder,
    out: Annotated[Path | None, typer.Option("--out", help="Write the diagram here (SVG).")] = None,
    as_json: Json = False,
) -> None:
    """Count and draw the PRISMA 2020 flow."""
    from lumbomics.run import registry_flow as library

    counts = library.flow(folder) if out is None else library.draw(folder, out)
    if as_json:
        print_json({**asdict(counts), "finished": counts.finished})
        return
    for words, column in (("databases and registers", counts.databases), ("other methods", counts.others)):
        typer.echo(
            f"{words}: {column.identified} records, {column.duplicates} duplicates, {column.screened} screened, "
            f"{column.sought} sought, {column.assessed} assessed, {column.included} included"
        )
    typer.echo(f"{counts.studies} studies in {counts.reports} reports" + ("" if counts.finished else ", not finished"))


@reports_errors
def export(
    folder: Folder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, .csv or .ris.")],
    only: Annotated[str | None, typer.Option("--only", help="included, excluded, conflict or awaiting.")] = None,
    stage: StageOption = StageName.FULL_TEXT,
) -> None:
    """Write the reports and where they stand, both screeners seen: not for them while they screen."""
    from lumbomics.core.errors import InputError
    from lumbomics.registry.decision import Stage
    from lumbomics.registry.screening import Outcome
    from lumbomics.run import registry_flow as library

    if only is not None and only not in set(Outcome):
        raise InputError("no such outcome", expected=", ".join(Outcome), got=only, where="--only")
    number = library.export(folder, out, only=Outcome(only) if only else None, stage=Stage(stage))
    typer.echo(f"{number} reports in {out}")
