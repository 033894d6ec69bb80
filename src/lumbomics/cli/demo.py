"""``lumbomics demo``: the main job on a small phantom cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli.exits import Exit, exit_of_batch, print_json, reports_errors


@reports_errors
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for study and derivatives.")] = Path("demo"),
    patients: Annotated[int, typer.Option(min=1, max=50, help="Number of digital reference patients.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> Exit:
    """Make a small phantom cohort as DICOM, measure it, say where the reports are."""
    from lumbomics import api
    from lumbomics.cli.show import print_summary, progress_bar

    with progress_bar(hidden=json) as progress:
        summary = api.demo(out=out, patients=patients, progress=progress)
    print_json(summary.as_json()) if json else print_summary(summary)
    return exit_of_batch(len(summary.failed), len(summary.outcomes))
