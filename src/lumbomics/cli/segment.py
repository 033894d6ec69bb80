"""``lumbomics segment``: one image to its label map."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli import options
from lumbomics.cli.exits import Exit, print_json, reports_errors


@reports_errors
def segment(
    image: Annotated[Path, typer.Argument(help="NIfTI file, DICOM file, or folder with the series.")],
    out: Annotated[Path, typer.Option("--out", help="Label map to write (.nii.gz); .json and .tsv beside it.")],
    engine: Annotated[
        str, typer.Option("--engine", help="builtin, totalspineseg, spineps or totalsegmentator.")
    ] = "builtin",
    engine_path: Annotated[Path | None, typer.Option("--engine-path", help="Command of an outside engine.")] = None,
    weights: Annotated[Path | None, typer.Option("--weights", help="Folder of other weights.")] = None,
    series: Annotated[
        str | None, typer.Option("--series", help="Which series of a folder, such as acq-sag_T2w.")
    ] = None,
    contrast: Annotated[str | None, typer.Option(help="Kind of the image, such as T2w.")] = None,
    uncertainty: Annotated[
        Path | None, typer.Option("--uncertainty", help="Also write the probability that a voxel's label is wrong.")
    ] = None,
    qc: Annotated[Path | None, typer.Option("--qc", help="Also write a picture (.png) to judge the map by.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Draw even where the image looks unfit.")] = False,
    json: options.Json = False,
) -> Exit:
    """Draw vertebrae, discs and canal of one image, numbered, with confidence and a verdict."""
    from lumbomics.run.segment import segment as draw

    summary = draw(
        image,
        out=out,
        engine=engine,
        engine_path=engine_path,
        weights=weights,
        series=series,
        contrast=contrast,
        uncertainty=uncertainty,
        qc=qc,
        force=force,
    )
    if json:
        print_json(summary.as_json())
    else:
        report = summary.drawn.report
        typer.echo(f"{summary.series}: verdict {report.verdict}")
        for finding in report.findings:
            typer.echo(f"  {'left out: ' if finding.excludes else ''}{finding.message}")
        typer.echo(f"wrote {', '.join(path.name for path in summary.files)}")
    return Exit.OK if summary.drawn.report.usable else Exit.SOME_FAILED
