"""``lumbomics demo``: the main job on a few phantom patients, and the report of a simulated cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli.exits import Exit, exit_of_batch, print_json, reports_errors


@reports_errors
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for study and derivatives.")] = Path("demo"),
    patients: Annotated[int, typer.Option(min=1, max=50, help="Number of digital reference patients.")] = 3,
    operated: Annotated[int, typer.Option(min=0, help="How many of them had an operation.")] = 1,
    participants: Annotated[int, typer.Option(min=0, help="Size of the simulated cohort; 0 for none.")] = 120,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> Exit:
    """Make phantom patients as DICOM and measure them, simulate a cohort, say where the reports are."""
    from lumbomics import api
    from lumbomics.cli.show import print_cohort_report, print_summary, progress_bar

    with progress_bar(hidden=json) as progress:
        summary = api.demo(out=out, patients=patients, operated=operated, participants=participants, progress=progress)
    if json:
        print_json(summary.as_json())
    else:
        print_summary(summary.study)
        if summary.cohort is not None:
            print_cohort_report(summary.cohort)
    return exit_of_batch(len(summary.study.failed), len(summary.study.outcomes))
