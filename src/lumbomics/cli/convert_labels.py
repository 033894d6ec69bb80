"""``lumbomics convert-labels``: a label map in other numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumbomics.cli import options
from lumbomics.cli.exits import Exit, print_json, reports_errors

if TYPE_CHECKING:
    from lumbomics.core.conventions import Loss


@reports_errors
def convert_labels(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Label map (NIfTI).")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Label map to write (.nii.gz or .nii).")],
    from_convention: Annotated[str, typer.Option("--from", help="What the numbers of IN mean.")],
    to_convention: Annotated[str, typer.Option("--to", help="What the numbers of OUT are to mean.")],
    second: options.Second = None,
    lowest_vertebra: options.LowestVertebra = None,
    top_vertebra: options.TopVertebra = None,
    transition: options.SeenTransition = None,
    ignore_unknown: options.IgnoreUnknown = False,
    json: options.Json = False,
) -> Exit:
    """Write a label map in the numbers of another convention, and say what that loses."""
    from lumbomics.run import convert

    result = convert.convert_labels(
        source,
        target,
        from_convention=from_convention,
        to_convention=to_convention,
        second=second,
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        transition=transition,
        ignore_unknown=ignore_unknown,
    )
    if json:
        print_json(
            {
                "files": [str(path) for path in result.files],
                "unread": [vars(loss) for loss in result.unread],
                "unwritten": [vars(loss) for loss in result.unwritten],
            }
        )
        return Exit.OK
    typer.echo(f"wrote {', '.join(path.name for path in result.files)}")
    _print_losses(f"not read from {from_convention}", result.unread)
    _print_losses(f"not held by {to_convention}", result.unwritten)
    return Exit.OK


def _print_losses(title: str, losses: Sequence[Loss]) -> None:
    if not losses:
        return
    typer.echo(f"\n{title}:")
    rows = [("map", "value", "name", "voxels", "kept as", "why")]
    rows += [
        (loss.map_name, str(loss.value), loss.name, str(loss.voxels), str(loss.kept_as or "-"), loss.why)
        for loss in losses
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
