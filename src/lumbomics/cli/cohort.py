"""``lumbomics cohort``: all visits of a study as one index; questions, tables and Table 1 from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli.exits import Exit, print_json, reports_errors
from lumbomics.cli.options import Json

app = typer.Typer(
    name="cohort", help="All visits of a study as one index: questions, tables, Table 1.", no_args_is_help=True
)

Derivatives = Annotated[Path, typer.Argument(help="Folder that `lumbomics run` wrote.")]
OutTable = Annotated[Path | None, typer.Option("--out", help="File to write: .parquet, .csv, .tsv or .xlsx.")]
Biomarker = Annotated[list[str] | None, typer.Option(help="Only this biomarker; may be repeated.")]
Method = Annotated[list[str] | None, typer.Option(help="Only this method; may be repeated.")]
Level = Annotated[list[str] | None, typer.Option(help="Only this level, such as L4-L5; may be repeated.")]
SideOption = Annotated[list[str] | None, typer.Option("--side", help="left, right or midline; may be repeated.")]
Session = Annotated[list[str] | None, typer.Option(help="Only this session; may be repeated.")]
Posture = Annotated[list[str] | None, typer.Option(help="Only this posture; may be repeated.")]
Series = Annotated[str | None, typer.Option(help="Only series whose name fits, such as '*T2w'.")]
Score = Annotated[list[str] | None, typer.Option(help="Score, such as odi, nrs_leg or sf36.pain; may be repeated.")]


@app.command("build")
@reports_errors
def build(
    derivatives: Derivatives,
    phenotype: Annotated[
        Path | None, typer.Option("--phenotype", help="A further folder of phenotype tables, such as a BIDS dataset.")
    ] = None,
    json: Json = False,
) -> Exit:
    """Index measurements and questionnaires; reads only what changed, and lists what it left out at the end."""
    from lumbomics.cli.show import progress_bar
    from lumbomics.run import cohort

    with progress_bar(hidden=json) as progress:
        made = cohort.build(derivatives, phenotype=phenotype, progress=progress)
    held = made.contents
    if json:
        print_json(made.as_json())
        return Exit.SOME_FAILED if held.faults else Exit.OK
    done = f"{made.read} visit(s) read, {made.removed} removed" if made.rebuilt else "nothing had changed"
    typer.echo(f"{done}, {made.seconds:.1f} s, {made.index}")
    typer.echo(f"{held.participants} participants, {held.sessions} sessions, {held.visits} of them with images")
    typer.echo(f"{held.measurements} measurements, {held.absent} absent with their reason, {held.scores} scores")
    for fault in held.faults:
        typer.echo(f"fault: {fault}")
    return Exit.SOME_FAILED if held.faults else Exit.OK


@app.command("query")
@reports_errors
def query(
    derivatives: Derivatives,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; it cannot change anything.")],
    out: OutTable = None,
    json: Json = False,
) -> Exit:
    """Answer a question in SQL: measurements, scores, sessions, participants, matched, side_matched, missing."""
    from lumbomics.run import cohort

    answer = cohort.query(derivatives, sql, out=out)
    if json:
        print_json({"columns": list(answer.columns), "rows": answer.as_json()})
    elif out is None:
        _print_table(answer.columns, [tuple("" if c is None else str(c) for c in row) for row in answer.rows()])
    else:
        typer.echo(f"{answer.table.num_rows} rows written to {out}")
    return Exit.OK


@app.command("table")
@reports_errors
def table(
    derivatives: Derivatives,
    out: Annotated[Path, typer.Option("--out", help="File to write: .parquet, .csv, .tsv or .xlsx.")],
    form: Annotated[str, typer.Option("--form", help="long: a row a measurement; wide: a column a quantity.")] = "long",
    rows: Annotated[str, typer.Option("--rows", help="What a wide row is: session, level or side.")] = "session",
    biomarker: Biomarker = None,
    method: Method = None,
    level: Level = None,
    side: SideOption = None,
    session: Session = None,
    posture: Posture = None,
    series: Series = None,
    score: Score = None,
    covariates: Annotated[bool, typer.Option("--covariates", help="Also age, sex, months since surgery …")] = False,
    reasons: Annotated[bool, typer.Option("--reasons", help="Wide: also why a value is absent.")] = False,
    json: Json = False,
) -> Exit:
    """Write measurements beside scores; by side, a left foramen stands beside the pain of the left leg."""
    from lumbomics.run import cohort

    made = cohort.table(
        derivatives,
        out=out,
        form=form,
        rows=rows,
        biomarker=biomarker or (),
        method=method or (),
        level=level or (),
        side=side or (),
        session=session or (),
        posture=posture or (),
        series=series,
        score=score or (),
        covariates=covariates,
        reasons=reasons,
    )
    if json:
        print_json({"out": str(out), "rows": made.num_rows, "columns": made.column_names})
    else:
        typer.echo(f"{made.num_rows} rows, {made.num_columns} columns written to {out}")
    return Exit.OK


@app.command("describe")
@reports_errors
def describe(
    derivatives: Derivatives,
    by: Annotated[str | None, typer.Option("--by", help="Column that makes the groups, such as sex or site.")] = None,
    biomarker: Biomarker = None,
    method: Method = None,
    level: Level = None,
    side: SideOption = None,
    session: Session = None,
    posture: Posture = None,
    series: Series = None,
    score: Score = None,
    out: OutTable = None,
    json: Json = False,
) -> Exit:
    """Show Table 1: who and what was measured, by group, with what is missing and why."""
    from lumbomics.run import cohort

    made = cohort.describe(
        derivatives,
        by=by,
        biomarker=biomarker or (),
        method=method or (),
        level=level or (),
        side=side or (),
        session=session or (),
        posture=posture or (),
        series=series,
        score=score or (),
        out=out,
    )
    if json:
        print_json({"by": made.by, "groups": dict(made.groups), "rows": made.as_table().to_pylist()})
    else:
        _print_table(*made.as_text())
    return Exit.OK


def _print_table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(*header, box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    Console(highlight=False).print(shown)
