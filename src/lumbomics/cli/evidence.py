"""``lumbomics evidence``: the counts behind the rules, recomputed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli.exits import print_json, reports_errors

app = typer.Typer(
    name="evidence", help="The studies behind the rules: counts, recomputed percentages, faults.", no_args_is_help=True
)

_QuestionOption = Annotated[str | None, typer.Option("--question", help="Only this question, such as scar_and_pain.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]


@app.command("list")
@reports_errors
def list_(question: _QuestionOption = None, as_json: _JsonOption = False) -> None:
    """List the rows, each with its interval, its rules and what is wrong with it."""
    from lumbomics.advise import evidence_lines, evidence_table

    entries = evidence_table(question)
    if as_json:
        print_json([entry.to_dict() for entry in entries])
    else:
        typer.echo("\n".join(evidence_lines(entries)))


@app.command()
@reports_errors
def show(
    row: Annotated[str, typer.Argument(metavar="ROW", help="Number of the row, such as E051.")],
    as_json: _JsonOption = False,
) -> None:
    """Show one row."""
    from lumbomics.advise import evidence_entry, evidence_lines

    entry = evidence_entry(row)
    if as_json:
        print_json(entry.to_dict())
    else:
        typer.echo("\n".join(evidence_lines([entry])))


@app.command()
@reports_errors
def table(
    question: _QuestionOption = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown page.")] = False,
) -> None:
    """Stated against recomputed percentages, tab-separated or as a Markdown page."""
    from lumbomics.advise import evidence_markdown, evidence_table, evidence_tsv

    write = evidence_markdown if markdown else evidence_tsv
    typer.echo("\n".join(write(evidence_table(question))))


@app.command()
@reports_errors
def figure(
    question: Annotated[str, typer.Option("--question", help="The question, such as early_imaging.")],
    out: Annotated[Path, typer.Option("--out", help="Picture to write: .svg, .png or .pdf.")],
) -> None:
    """Draw the percentages of one question with their intervals."""
    from lumbomics.advise.figure import write_evidence_figure

    typer.echo(write_evidence_figure(question, out))


@app.command()
@reports_errors
def check(file: Annotated[Path, typer.Argument(help="Table in the form of the shipped evidence.csv.")]) -> None:
    """Check a table with added studies: form, arithmetic, sources; all faults at once."""
    from lumbomics.advise import uncited_rows
    from lumbomics.catalogue import read_evidence

    rows = read_evidence(file)
    typer.echo(f"{len(rows)} rows, no faults. No rule rests on: {', '.join(uncited_rows(rows)) or 'none'}.")
