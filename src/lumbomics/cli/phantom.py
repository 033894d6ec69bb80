"""``lumbomics phantom``: digital reference objects with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli.exits import Exit, print_json, reports_errors


@reports_errors
def phantom(
    out: Annotated[Path, typer.Option("--out", help="Folder of the BIDS dataset to write.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="First seed; the same seed gives the same patient.")] = 0,
    cohort: Annotated[int, typer.Option("--cohort", min=1, help="How many patients: seeds SEED, SEED + 1, …")] = 1,
    postoperative: Annotated[
        bool, typer.Option("--postoperative", help="Operate one level, and take the series of a visit after surgery.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            help="What is found after surgery: plain, scar, disc, mixed, arachnoiditis, collection, haematoma or"
            " redundant; drawn from the seed where not given.",
        ),
    ] = None,
    dicom: Annotated[
        bool, typer.Option("--dicom", help="Write the series after surgery as DICOM (in sourcedata) instead.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> Exit:
    """Write digital reference patients: MR images, label maps and the true value of every quantity."""
    from lumbomics import api
    from lumbomics.cli.show import progress_bar

    with progress_bar(hidden=json) as progress:
        written = api.phantom(
            seed=seed, out=out, cohort=cohort, postoperative=postoperative, kind=kind, dicom=dicom, progress=progress
        )
    if json:
        print_json([item.as_json() for item in written])
    else:
        for item in written:
            typer.echo(f"sub-{item.participant}: {len(item.images)} images, truth in {item.truth}")
    return Exit.OK
