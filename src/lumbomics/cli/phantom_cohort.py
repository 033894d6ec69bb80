"""``lumbomics phantom-cohort``: a simulated cohort whose every effect is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli.exits import Exit, print_json, reports_errors
from lumbomics.cli.options import Json


@reports_errors
def phantom_cohort(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    n: Annotated[int, typer.Option("--n", min=20, help="How many patients.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same cohort.")] = 0,
    images: Annotated[int, typer.Option(min=0, help="Digital reference patients to write with images.")] = 2,
    null: Annotated[bool, typer.Option("--null", help="Plant nothing: nothing may be found.")] = False,
    as_json: Json = False,
) -> Exit:
    """Write a cohort with planted effects: questionnaires, derivatives, and truth.json with every size."""
    from lumbomics.cli.show import progress_bar
    from lumbomics.run.cohort_phantom import phantom_cohort as make

    with progress_bar(hidden=as_json) as progress:
        made = make(out=out, n=n, seed=seed, images=images, null=null, progress=progress)
    if as_json:
        print_json(made.as_json())
    else:
        typer.echo(f"{made.participants} participants, {made.visits} visits, {made.measurements} measurements")
        typer.echo(f"  tables: {made.derivatives}\n  truth: {made.truth}")
    return Exit.OK
