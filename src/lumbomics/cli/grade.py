"""``lumbomics grade``: grades of worn discs from a sagittal T2 image, and T1 where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli import options
from lumbomics.cli.exits import Exit, print_json, reports_errors


@reports_errors
def grade(
    t2: Annotated[Path, typer.Argument(help="Sagittal T2 image (NIfTI), one slice or many.")],
    out: Annotated[Path, typer.Option("--out", help="Table to write (.tsv); a .json beside it explains it.")],
    t1: Annotated[Path | None, typer.Option("--t1", help="Sagittal T1 image of the same patient (NIfTI).")] = None,
    contrast: Annotated[str, typer.Option(help="T2w or T2w_SPACE.")] = "T2w",
    weights: Annotated[Path | None, typer.Option("--weights", help="Folder of other network weights.")] = None,
    minimum_numbering_confidence: Annotated[
        float, typer.Option("--minimum-numbering-confidence", help="Below it, values are absent (0 to 1).")
    ] = 0.0,
    participant: Annotated[str, typer.Option(help="Label of the patient in the table.")] = "01",
    session: Annotated[str, typer.Option(help="Label of the visit in the table.")] = "01",
    json: options.Json = False,
) -> Exit:
    """Grade discs (Pfirrmann, narrowing, slip, bulge, herniation, Modic) from sagittal images."""
    from lumbomics import api
    from lumbomics.cli.show import print_results, results_as_json

    results = api.grade(
        t2,
        t1=t1,
        contrast=contrast,
        out=out,
        weights=weights,
        minimum_numbering_confidence=minimum_numbering_confidence,
        participant=participant,
        session=session,
    )
    print_json(results_as_json(results)) if json else print_results(results, out)
    return Exit.OK
