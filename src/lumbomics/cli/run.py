"""``lumbomics run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumbomics.cli import options
from lumbomics.cli.exits import Exit, exit_of_batch, print_json, reports_errors


@reports_errors
def run(
    source: Annotated[Path, typer.Argument(help="DICOM folder, NIfTI file or BIDS dataset.")],
    out: Annotated[Path, typer.Option("--out", help="Derivatives folder; made where missing.")],
    labels: Annotated[Path | None, typer.Option("--labels", help="Label map, or folder of label maps.")] = None,
    convention: Annotated[str | None, typer.Option("--convention", help="What the label numbers mean.")] = None,
    second: options.Second = None,
    lowest_vertebra: options.LowestVertebra = None,
    top_vertebra: options.TopVertebra = None,
    transition: options.SeenTransition = None,
    ignore_unknown: options.IgnoreUnknown = False,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            help="What draws labels where none are given: builtin, totalspineseg, spineps, totalsegmentator, none.",
        ),
    ] = "builtin",
    engine_path: Annotated[Path | None, typer.Option("--engine-path", help="Command of an outside engine.")] = None,
    weights: Annotated[Path | None, typer.Option("--weights", help="Folder of other weights.")] = None,
    participant: Annotated[str | None, typer.Option(help="Label of the patient in the output, such as 01.")] = None,
    session: Annotated[str | None, typer.Option(help="Label of the visit in the output, such as 01.")] = None,
    posture: Annotated[
        str | None, typer.Option(help="standing, supine, prone … where the header does not say.")
    ] = None,
    months_since_surgery: Annotated[float | None, typer.Option(help="Months since the last spinal operation.")] = None,
    surgery: Annotated[
        Path | None,
        typer.Option("--surgery", help="Table of operated levels: participant_id, level, side, kind, months."),
    ] = None,
    contrast: Annotated[
        list[str] | None, typer.Option(help="Your word on a series: NAME=KIND, such as acq-sag_T2w=STIR.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="Table outside the derivatives that maps patients to labels.")
    ] = None,
    question: Annotated[
        str | None, typer.Option(help="What the images must answer, such as scar_vs_disc: say which series lack.")
    ] = None,
    case: Annotated[Path | None, typer.Option(help="Case file with facts for --question.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also write the report as PDF (extra `pdf`).")] = False,
    force: Annotated[bool, typer.Option("--force", help="Measure again what is finished.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", help="Visits at the same time, each in its own process.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a dask scheduler whose workers do the visits.")
    ] = None,
    json: options.Json = False,
) -> Exit:
    """Measure a study: label maps, measurement table, pictures and report for every visit."""
    from lumbomics import api
    from lumbomics.cli.show import print_summary, progress_bar

    with progress_bar(hidden=json) as progress:
        summary = api.run(
            source,
            out=out,
            labels=labels,
            convention=convention,
            second=second,
            lowest_vertebra=lowest_vertebra,
            top_vertebra=top_vertebra,
            transition=transition,
            ignore_unknown=ignore_unknown,
            engine=engine,
            engine_path=engine_path,
            weights=weights,
            participant=participant,
            session=session,
            posture=posture,
            months_since_surgery=months_since_surgery,
            surgery=surgery,
            contrast=tuple(contrast or ()),
            key_file=key_file,
            question=question,
            case=case,
            pdf=pdf,
            force=force,
            jobs=jobs,
            scheduler=scheduler,
            progress=progress,
        )
    print_json(summary.as_json()) if json else print_summary(summary)
    return exit_of_batch(len(summary.failed), len(summary.outcomes))
