"""``lumbomics evaluate``: label maps against reference label maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumbomics.cli import options
from lumbomics.cli.exits import Exit, exit_of_batch, print_json, reports_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lumbomics.evaluate import Summary
    from lumbomics.run.evaluate import Evaluation


@reports_errors
def evaluate(
    prediction: Annotated[Path, typer.Argument(metavar="PRED", help="Predicted label map, or folder of them.")],
    reference: Annotated[Path, typer.Argument(metavar="REF", help="Reference label map, or folder of them.")],
    convention: Annotated[str, typer.Option("--convention", help="What the label numbers mean.")],
    reference_convention: Annotated[
        str | None, typer.Option(help="What the numbers of REF mean, where that differs.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Table to write (.tsv), with a .json and a _summary.json beside it.")
    ] = None,
    structure: Annotated[
        list[str] | None, typer.Option(help="Only this structure, such as disc; may be repeated.")
    ] = None,
    match: Annotated[
        str, typer.Option(help="Overlap that matches instances: iou, or coverage for references that draw a part.")
    ] = "iou",
    split: Annotated[
        bool, typer.Option("--split", help="Count connected parts where a map does not tell instances apart.")
    ] = False,
    resample: Annotated[
        bool, typer.Option("--resample", help="Bring PRED to the grid of REF by nearest neighbour.")
    ] = False,
    lowest_vertebra: options.LowestVertebra = None,
    top_vertebra: options.TopVertebra = None,
    transition: options.SeenTransition = None,
    ignore_unknown: options.IgnoreUnknown = False,
    json: options.Json = False,
) -> Exit:
    """Judge label maps by reference label maps: overlap, distance, volume, instances, level numbers."""
    from lumbomics.cli.show import progress_bar
    from lumbomics.run.evaluate import evaluate_labels

    with progress_bar(hidden=json) as progress:
        found = evaluate_labels(
            prediction,
            reference,
            convention=convention,
            reference_convention=reference_convention,
            out=out,
            structure=tuple(structure or ()),
            match=match,
            split=split,
            resample=resample,
            lowest_vertebra=lowest_vertebra,
            top_vertebra=top_vertebra,
            transition=transition,
            ignore_unknown=ignore_unknown,
            progress=progress,
        )
    print_json(found.as_json()) if json else _print(found)
    return exit_of_batch(len(found.failed), len(found.failed) + len(found.cases))


def _print(found: Evaluation) -> None:
    """Print the structures, their instances and their levels; then what is in no number, and why."""
    whole = [row for row in found.summary if row.level is None]
    _print_table("structure", [(row.structure.value, row) for row in whole])
    levels = [row for row in found.summary if row.level is not None and row.metric.value == "dice"]
    if levels:
        typer.echo()
        _print_table("level", [(f"{row.structure.value} {row.level}", row) for row in levels])
    typer.echo()
    for structure, why in found.not_scored:
        typer.echo(f"not scored: {structure.value}: {why}")
    for name in found.without_reference:
        typer.echo(f"no reference: {name}")
    for case, problem in found.failed:
        typer.echo(f"failed: {case}: {problem}")
    patients = len({case.pair.participant for case in found.cases})
    typer.echo(f"{len(found.cases)} case(s) of {patients} patient(s); means and intervals are over patients")
    if found.files:
        typer.echo(f"written: {', '.join(path.name for path in found.files)}")


def _print_table(title: str, named: Sequence[tuple[str, Summary]]) -> None:
    rows = [(title, "metric", "mean", "SD", "95 % interval", "worst", "in case", "n", "missing")]
    rows += [(name, *_cells(row)) for name, row in named]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cells(row: Summary) -> tuple[str, str, str, str, str, str, str, str]:
    interval = "" if row.interval is None else f"{row.interval.low:.3g} to {row.interval.high:.3g}"
    missing = ", ".join(f"{reason.value} {count}" for reason, count in row.missing.items())
    mean, sd, worst = ("" if value is None else f"{value:.3g}" for value in (row.mean, row.sd, row.worst))
    return row.metric.value, mean, sd, interval, worst, row.worst_case or "", str(row.patients), missing
