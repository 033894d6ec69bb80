"""``lumbomics qc``: look through all label maps of a batch, give verdicts, put corrected maps in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli import options
from lumbomics.cli.exits import Exit, print_json, reports_errors


@reports_errors
def qc(
    derivatives: Annotated[Path, typer.Argument(help="Folder that `lumbomics run` wrote.")],
    out: Annotated[Path | None, typer.Option("--out", help="Page to write; by default quality.html there.")] = None,
    verdicts: Annotated[Path | None, typer.Option("--verdicts", help="Table of verdicts that the page saved.")] = None,
    correct: Annotated[
        list[str] | None,
        typer.Option("--correct", help="Corrected map: sub-01_ses-01_SERIES=FILE; may be repeated."),
    ] = None,
    convention: Annotated[
        str | None, typer.Option("--convention", help="What the numbers of corrected maps mean.")
    ] = None,
    second: options.Second = None,
    lowest_vertebra: options.LowestVertebra = None,
    top_vertebra: options.TopVertebra = None,
    transition: options.SeenTransition = None,
    ignore_unknown: options.IgnoreUnknown = False,
    json: options.Json = False,
) -> Exit:
    """Make one page over all label maps of a batch; take in verdicts and corrected maps."""
    from lumbomics.run.qc import qc as control

    summary = control(
        derivatives,
        out=out,
        verdicts=verdicts,
        correct=tuple(correct or ()),
        convention=convention,
        second=second,
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        transition=transition,
        ignore_unknown=ignore_unknown,
    )
    if json:
        print_json(summary.as_json())
        return Exit.OK
    counts = ", ".join(f"{verdict} {count}" for verdict, count in summary.by_verdict.items())
    typer.echo(f"{summary.cases} label map(s): {counts}")
    if summary.verdicts or summary.corrected:
        typer.echo(f"stored {summary.verdicts} verdict(s), {len(summary.corrected)} file(s) of corrected maps")
        typer.echo("run the study again: what changed is measured anew")
    typer.echo(f"page: {summary.page}")
    return Exit.OK
