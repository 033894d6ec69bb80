"""``lumbomics measure``: one label map to a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli import options
from lumbomics.cli.exits import Exit, print_json, reports_errors


@reports_errors
def measure(
    labels: Annotated[Path, typer.Argument(help="Label map (NIfTI).")],
    convention: Annotated[str, typer.Option("--convention", help="What the label numbers mean.")],
    out: Annotated[Path, typer.Option("--out", help="Table to write (.tsv); a .json beside it explains it.")],
    image: Annotated[Path | None, typer.Option("--image", help="Image of the labels, for signal measurements.")] = None,
    second: options.Second = None,
    lowest_vertebra: options.LowestVertebra = None,
    top_vertebra: options.TopVertebra = None,
    transition: options.SeenTransition = None,
    ignore_unknown: options.IgnoreUnknown = False,
    contrast: Annotated[str | None, typer.Option(help="Kind of the image, such as T2w or CT.")] = None,
    posture: Annotated[str | None, typer.Option(help="standing, supine, prone …")] = None,
    biomarker: Annotated[list[str] | None, typer.Option(help="Only this biomarker; may be repeated.")] = None,
    participant: Annotated[str, typer.Option(help="Label of the patient in the table.")] = "01",
    session: Annotated[str, typer.Option(help="Label of the visit in the table.")] = "01",
    json: options.Json = False,
) -> Exit:
    """Measure one label map and write the table."""
    from lumbomics import api
    from lumbomics.cli.show import print_results, results_as_json

    results = api.measure(
        labels,
        convention=convention,
        out=out,
        image=image,
        second=second,
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        transition=transition,
        ignore_unknown=ignore_unknown,
        contrast=contrast,
        posture=posture,
        biomarker=tuple(biomarker or ()),
        participant=participant,
        session=session,
    )
    print_json(results_as_json(results)) if json else print_results(results, out)
    return Exit.OK
