"""The command ``lumbomics``: one file a command, each one library call."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lumbomics import __version__
from lumbomics.cli.advise import app as advise
from lumbomics.cli.analyse import app as analyse
from lumbomics.cli.biomarkers import app as biomarkers
from lumbomics.cli.clinical import app as clinical
from lumbomics.cli.cohort import app as cohort
from lumbomics.cli.convert_labels import convert_labels
from lumbomics.cli.demo import demo
from lumbomics.cli.evaluate import evaluate
from lumbomics.cli.evidence import app as evidence
from lumbomics.cli.grade import grade
from lumbomics.cli.measure import measure
from lumbomics.cli.phantom import phantom
from lumbomics.cli.phantom_cohort import phantom_cohort
from lumbomics.cli.qc import qc
from lumbomics.cli.radiomics import radiomics
from lumbomics.cli.registry import app as registry
from lumbomics.cli.run import run
from lumbomics.cli.segment import segment

app = typer.Typer(
    name="lumbomics",
    help="Imaging biomarkers of the postoperative lumbar spine. A research tool, not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Turn spine imaging into measurements with definition, unit, error and source."""


for command in (run, segment, qc, evaluate, measure, grade, radiomics, convert_labels, phantom, phantom_cohort, demo):
    app.command()(command)
app.add_typer(biomarkers, name="biomarkers")
app.add_typer(clinical, name="clinical")
app.add_typer(cohort, name="cohort")
app.add_typer(analyse, name="analyse")
app.add_typer(advise, name="advise")
app.add_typer(evidence, name="evidence")
app.add_typer(registry, name="registry")


def main() -> None:
    """Run the command line; errors made by us become one line and an exit code."""
    sys.exit(app())
