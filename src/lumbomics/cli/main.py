"""The command ``lumbomics``: one file a command, each one library call."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lumbomics import __version__

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


def main() -> None:
    """Run the command line; errors made by us become one line and an exit code."""
    sys.exit(app())
