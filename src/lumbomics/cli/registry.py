"""``lumbomics registry``: a review's search, from the exports to the PRISMA flow."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lumbomics.cli.exits import Exit, print_json, reports_errors
from lumbomics.cli.registry_options import By, Folder, Json, Note, RecordId, SourceName, ask, describe
from lumbomics.cli.registry_screening import agreement, conflicts, export, flow, resolve, screen

if TYPE_CHECKING:
    from lumbomics.run.registry import Imported, Registry

app = typer.Typer(
    name="registry", help="The literature registry: import, dedupe, screen by two, PRISMA flow.", no_args_is_help=True
)


@app.command("create")
@reports_errors
def create(
    folder: Folder,
    title: Annotated[str, typer.Option("--title", help="The review's question.")],
    screener: Annotated[list[str], typer.Option("--screener", help="Short name of a screener; give it twice.")],
    language: Annotated[
        list[str] | None, typer.Option("--language", help="Limit of the review; recorded only.")
    ] = None,
    from_year: Annotated[int | None, typer.Option("--from-year", help="Limit of the review; recorded only.")] = None,
    to_year: Annotated[int | None, typer.Option("--to-year", help="Limit of the review; recorded only.")] = None,
) -> None:
    """Make a registry's folder; reasons of exclusion are edited in its registry.yaml."""
    from lumbomics.registry.settings import settings_from
    from lumbomics.run.registry import create_registry

    limits = {"languages": language or [], "from_year": from_year, "to_year": to_year}
    plain = {"title": title, "screeners": screener, "limits": limits}
    made = create_registry(folder, settings_from(plain, where="options"))
    typer.echo(f"{made.folder}: registry for {' and '.join(made.settings.screeners)}")


@app.command("import")
@reports_errors
def import_(
    folder: Folder,
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="RIS, PubMed NBIB, BibTeX or CSV exports.")],
    database: Annotated[str, typer.Option("--database", help="Name of the source, such as PubMed.")],
    source: Annotated[SourceName, typer.Option("--source", help="Kind of source.")] = SourceName.DATABASE,
    query: Annotated[str, typer.Option("--query", help="The query as typed.")] = "",
    searched: Annotated[
        datetime | None, typer.Option("--searched", formats=["%Y-%m-%d"], help="Day of search.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option("--language", help="Limit set in the source; recorded.")] = None,
    from_date: Annotated[str, typer.Option("--from-date", help="Limit set in the source; recorded.")] = "",
    to_date: Annotated[str, typer.Option("--to-date", help="Limit set in the source; recorded.")] = "",
    file_format: Annotated[
        str | None, typer.Option("--format", help="ris, nbib, bibtex, csv; found if not given.")
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Found if not given.")] = None,
    replaces: Annotated[str, typer.Option("--replaces", help="Batch that this file stands for from now on.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Read and report, write nothing.")] = False,
    note: Note = "",
    as_json: Json = False,
) -> int:
    """Import exports; good records are kept, all that is wrong is told at the end."""
    from lumbomics.registry.record import Search, Source
    from lumbomics.run.registry import import_exports

    search = Search(
        source=Source(source),
        database=database,
        query=query,
        searched=searched.date() if searched else None,
        languages=tuple(language or ()),
        from_date=from_date,
        to_date=to_date,
        note=note,
    )
    done, faults = import_exports(
        folder, files, search, file_format=file_format, encoding=encoding, supersedes=replaces, check_only=check
    )
    if as_json:
        batches = [{**one.batch.to_dict(), "already": one.already} for one in done]
        print_json({"batches": batches, "not_read": [str(fault) for fault in faults]})
    else:
        _tell_imports(done, check=check)
        for fault in faults:
            typer.echo(f"error: {fault}", err=True)
    if not done:
        return int(Exit.BAD_INPUT)
    return int(Exit.SOME_FAILED if faults or any(f.lost for one in done for f in one.batch.faults) else Exit.OK)


def _tell_imports(done: list[Imported], *, check: bool) -> None:
    for one in done:
        batch = one.batch
        state = (
            "imported before, nothing changed" if one.already else "checked, nothing written" if check else "imported"
        )
        typer.echo(f"{batch.file}: {batch.records} records, {batch.format}, {batch.encoding}: {state} as {batch.id}")
    for one in done:
        for fault in one.batch.faults:
            typer.echo(f"  {one.batch.file}, {fault}")


@app.command("dedupe")
@reports_errors
def dedupe(folder: Folder, as_json: Json = False) -> None:
    """Gather records into reports; doubtful pairs wait for `review`. Merges are listed in derived/merges.tsv."""
    from lumbomics.run.registry import open_registry

    registry = open_registry(folder)
    groups = registry.groups
    summary = {
        "records": len(registry.records),
        "reports": len(groups.groups),
        "duplicates": len(registry.records) - len(groups.groups),
        "to_review": len(groups.doubts),
        "disputed": [list(pair) for pair in registry.disputed],
        "contradictions": list(groups.contradictions),
    }
    if as_json:
        print_json(summary)
        return
    typer.echo(f"{summary['records']} records, {summary['reports']} reports, {summary['duplicates']} duplicates")
    typer.echo(f"{summary['to_review']} doubtful pairs to review: `lumbomics registry review {folder} --by NAME`")
    for one, other in registry.disputed:
        typer.echo(f"people differ on {one}, {other}: kept apart until they agree")
    for words in groups.contradictions:
        typer.echo(f"contradiction: {words}")


@app.command("review")
@reports_errors
def review(
    folder: Folder,
    by: By,
    pair: Annotated[tuple[str, str] | None, typer.Option("--pair", help="Decide this pair and leave.")] = None,
    same: Annotated[bool | None, typer.Option("--same/--different", help="With --pair: one report or two.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the pairs and leave.")] = False,
    note: Note = "",
) -> None:
    """Decide doubtful pairs, one after the other; any merge can be taken back with --pair … --different."""
    from lumbomics.core.errors import InputError
    from lumbomics.run.registry import decide_pair, open_registry

    if pair is not None:
        if same is None:
            raise InputError("a pair needs --same or --different", where="--pair")
        decide_pair(folder, *pair, same=same, by=by, note=note)
        return
    registry = open_registry(folder)
    for number, doubt in enumerate(registry.groups.doubts, start=1):
        typer.echo(
            f"\n{number} of {len(registry.groups.doubts)}: {doubt.reason} (titles {doubt.title_similarity:.0f} %)"
        )
        for one in doubt.pair:
            typer.echo(describe(registry.records[one]))
        if show:
            continue
        answer = ask("one report? [y]es, [n]o, [s]kip, [q]uit", "ynsq")
        if answer == "q":
            return
        if answer != "s":
            decide_pair(folder, *doubt.pair, same=answer == "y", by=by)


@app.command("status")
@reports_errors
def status(folder: Folder, as_json: Json = False) -> None:
    """Tell what the registry holds and what is left to do; shows no screener's decision."""
    from lumbomics.registry.decision import Stage
    from lumbomics.run.registry import open_registry, outside, screening_queue

    registry = open_registry(folder)
    left = {
        stage: {person: len(screening_queue(folder, stage, person)) for person in registry.settings.screeners}
        for stage in Stage
    }
    document: dict[str, Any] = {
        "title": registry.settings.title,
        "batches": [batch.to_dict() for batch in registry.batches],
        "records": len(registry.records),
        "reports": len(registry.groups.groups),
        "to_review": len(registry.groups.doubts),
        "left_to_screen": left,
        "outside_limits": outside(folder),
    }
    if as_json:
        print_json(document)
    else:
        _tell_status(registry, document)


def _tell_status(registry: Registry, document: dict[str, Any]) -> None:
    typer.echo(registry.settings.title)
    for batch in registry.batches:
        search = batch.search
        limits = [*search.languages, *filter(None, (search.from_date and f"from {search.from_date}",))]
        limits += [f"to {search.to_date}"] if search.to_date else []
        lost = sum(fault.lost for fault in batch.faults)
        typer.echo(
            f"  {batch.id}: {batch.records} records of {search.database} ({search.source}), searched "
            f"{search.searched or 'day not stated'}, limits {', '.join(limits) or 'none'}, {lost} set aside"
        )
    typer.echo(f"{document['records']} records, {document['reports']} reports, {document['to_review']} pairs to review")
    for stage, people in document["left_to_screen"].items():
        typer.echo(f"left to screen, {stage}: " + ", ".join(f"{name} {number}" for name, number in people.items()))
    typer.echo(
        f"{len(document['outside_limits'])} reports lie outside the stated limits, or may; none was removed for it"
    )


@app.command("remove")
@reports_errors
def remove(
    folder: Folder,
    records: Annotated[list[str] | None, typer.Argument(metavar="RECORDS", help="Record ids.")] = None,
    *,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; shown in the flow.")] = "",
    outside_limits: Annotated[
        bool, typer.Option("--outside-limits", help="List the reports outside the limits.")
    ] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Take a removal back.")] = False,
) -> None:
    """Remove reports before screening, by a person and with a reason; or list those outside the stated limits."""
    from lumbomics.registry.decision import Kind
    from lumbomics.run.registry import note_report, open_registry, outside

    if outside_limits:
        registry = open_registry(folder)
        for report, why in outside(folder).items():
            typer.echo(f"{report}\t{why}\t{registry.records[report].title}")
    for record in records or ():
        note_report(folder, record, Kind.REMOVAL, "restored" if restore else "removed", by=by, reason=reason)


@app.command("retrieval")
@reports_errors
def retrieval(
    folder: Folder,
    record: RecordId,
    by: By,
    missing: Annotated[bool, typer.Option("--not-retrieved/--retrieved", help="Could the full text be had?")] = True,
) -> None:
    """Note that a report's full text could not be retrieved (or could, after all)."""
    from lumbomics.registry.decision import Kind
    from lumbomics.run.registry import note_report

    note_report(folder, record, Kind.RETRIEVAL, "not_retrieved" if missing else "retrieved", by=by)


@app.command("study")
@reports_errors
def study(
    folder: Folder,
    record: RecordId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The study, such as 'Smith 2010'.")],
    by: By,
) -> None:
    """Name the study a report belongs to; reports of one name count as one study."""
    from lumbomics.registry.decision import Kind
    from lumbomics.run.registry import note_report

    note_report(folder, record, Kind.STUDY, name, by=by)


for _command in (screen, conflicts, resolve, agreement, flow, export):
    app.command()(_command)
