"""``lumbomics radiomics``: one image and its label map to a table of radiomic features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli import options
from lumbomics.cli.exits import Exit, print_json, reports_errors


@reports_errors
def radiomics(
    image: Annotated[Path, typer.Argument(help="Image (NIfTI).")],
    labels: Annotated[Path, typer.Option("--labels", help="Label map on the image's voxels.")],
    convention: Annotated[str, typer.Option("--convention", help="What the label numbers mean.")],
    out: Annotated[Path, typer.Option("--out", help="Table to write (.tsv); settings and stability stand beside it.")],
    second: options.Second = None,
    lowest_vertebra: options.LowestVertebra = None,
    top_vertebra: options.TopVertebra = None,
    transition: options.SeenTransition = None,
    ignore_unknown: options.IgnoreUnknown = False,
    contrast: Annotated[str | None, typer.Option(help="Kind of the image, such as T2w or CT.")] = None,
    posture: Annotated[str | None, typer.Option(help="standing, supine, prone …")] = None,
    structure: Annotated[
        list[str] | None, typer.Option(help="Only this structure (vertebral_body, disc, canal …); may be repeated.")
    ] = None,
    family: Annotated[
        list[str] | None, typer.Option(help="Only this feature family (morphology, glcm …); may be repeated.")
    ] = None,
    aggregation: Annotated[
        str, typer.Option(help="2D_avg, 2D_comb, 2_5D_avg, 2_5D_comb, 3D_avg or 3D_comb.")
    ] = "2_5D_comb",
    bins: Annotated[int | None, typer.Option(help="Number of grey levels (32 where nothing is said).")] = None,
    bin_width: Annotated[float | None, typer.Option(help="Width of a grey level, instead of their number.")] = None,
    intensity_range: Annotated[
        tuple[float, float] | None, typer.Option(help="Lowest and highest intensity of a region, after normalisation.")
    ] = None,
    outlier_sd: Annotated[float | None, typer.Option(help="Leave out voxels beyond so many SD of the region.")] = None,
    spacing: Annotated[
        float | None, typer.Option(help="Resample to this many mm, in the slice or (3D) in all directions.")
    ] = None,
    interpolation: Annotated[str, typer.Option(help="linear or cubic.")] = "linear",
    normalisation: Annotated[
        str | None, typer.Option(help="none, z_score, canal_ratio or psoas_ratio; by the image's unit by default.")
    ] = None,
    repetitions: Annotated[
        int, typer.Option(help="Disturb image and mask so many times and tell which features are stable.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of the disturbances.")] = 0,
    participant: Annotated[str, typer.Option(help="Label of the patient in the table.")] = "01",
    session: Annotated[str, typer.Option(help="Label of the visit in the table.")] = "01",
    json: options.Json = False,
) -> Exit:
    """Radiomic features (IBSI) of vertebral bodies, discs, canal and muscles; needs the extra 'radiomics'."""
    from lumbomics.cli.show import progress_bar
    from lumbomics.run.radiomics import measure_radiomics, radiomics_as_json

    with progress_bar(hidden=json) as progress:
        found = measure_radiomics(
            image,
            labels=labels,
            convention=convention,
            out=out,
            second=second,
            lowest_vertebra=lowest_vertebra,
            top_vertebra=top_vertebra,
            transition=transition,
            ignore_unknown=ignore_unknown,
            contrast=contrast,
            posture=posture,
            structure=tuple(structure or ()),
            family=tuple(family or ()),
            aggregation=aggregation,
            bins=bins,
            bin_width=bin_width,
            intensity_range=intensity_range,
            outlier_sd=outlier_sd,
            spacing=spacing,
            interpolation=interpolation,
            normalisation=normalisation,
            repetitions=repetitions,
            seed=seed,
            participant=participant,
            session=session,
            progress=progress,
        )
    said = radiomics_as_json(found)
    if json:
        print_json(said)
        return Exit.OK
    typer.echo(f"{said['regions']} region(s), {said['features']} feature(s): ", nl=False)
    typer.echo(f"{said['measured']} measured, {said['absent']} absent")
    if found.stability:
        typer.echo(f"stable under disturbance: {len(said['kept'])} of {said['judged']}")
    typer.echo(f"written: {', '.join(said['files'])}")
    return Exit.OK
