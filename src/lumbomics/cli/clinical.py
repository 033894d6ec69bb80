"""``lumbomics clinical``: questionnaires and treatment logs, checked and scored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumbomics.cli.exits import Exit, print_json, reports_errors
from lumbomics.cli.options import Json

if TYPE_CHECKING:
    from lumbomics.clinical import Note

app = typer.Typer(
    name="clinical", help="Questionnaires and treatment logs: check the tables, score them.", no_args_is_help=True
)

Files = Annotated[
    list[Path], typer.Argument(metavar="FILES", help="CSV, TSV or Excel tables; REDCap exports; a treatment log.")
]
Columns = Annotated[Path | None, typer.Option("--columns", help="YAML file with own names: `my column: odi.1`.")]
CodebookFile = Annotated[Path | None, typer.Option("--codebook", help="REDCap's data dictionary.")]
Missing = Annotated[list[str] | None, typer.Option("--missing", help="Code of a missing answer; may be repeated.")]
DateOrderOption = Annotated[str | None, typer.Option("--date-order", help="dmy or mdy, for dates with slashes.")]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook that has several.")]


@app.command("check")
@reports_errors
def check(
    files: Files,
    columns: Columns = None,
    codebook: CodebookFile = None,
    missing: Missing = None,
    date_order: DateOrderOption = None,
    sheet: Sheet = None,
    as_json: Json = False,
) -> Exit:
    """List every fault with row and column, and everything that was done or left out; writes nothing."""
    from lumbomics.run.clinical import check_clinical

    found = check_clinical(
        files, columns=columns, codebook=codebook, missing=missing or (), date_order=date_order, sheet=sheet
    )
    if as_json:
        print_json(
            {
                "faults": [_as_json(note) for note in found.faults],
                "remarks": [_as_json(note) for note in found.remarks],
                "filled": found.filled,
                "participants": found.participants,
                "sessions": found.sessions,
            }
        )
    else:
        typer.echo(f"{found.participants} participants, {found.sessions} sessions")
        for instrument, count in found.filled.items():
            typer.echo(f"  {instrument}: filled {count} times")
        _tell(found.remarks, "remark")
        _tell(found.faults, "fault")
        typer.echo(f"{len(found.faults)} faults, {len(found.remarks)} remarks")
    return Exit.BAD_INPUT if found.faults else Exit.OK


@app.command("score")
@reports_errors
def score(
    files: Files,
    out: Annotated[Path, typer.Option("--out", help="Derivatives folder; tables go to its phenotype folder.")],
    value_set: Annotated[
        Path | None, typer.Option("--value-set", help="EQ-5D-5L utilities, columns state and utility.")
    ] = None,
    value_set_name: Annotated[
        str | None, typer.Option("--value-set-name", help="Country and publication of the value set.")
    ] = None,
    columns: Columns = None,
    codebook: CodebookFile = None,
    missing: Missing = None,
    date_order: DateOrderOption = None,
    sheet: Sheet = None,
    as_json: Json = False,
) -> Exit:
    """Score every instrument and write phenotype tables; nothing is written while a fault stands."""
    from lumbomics.run.clinical import score_clinical

    made = score_clinical(
        files,
        out=out,
        value_set=value_set,
        value_set_name=value_set_name,
        columns=columns,
        codebook=codebook,
        missing=missing or (),
        date_order=date_order,
        sheet=sheet,
    )
    absent = sum(one.reason is not None for one in made.scores)
    if as_json:
        print_json(
            {
                "scores": len(made.scores),
                "absent": absent,
                "sessions": len(made.sessions),
                "remarks": [_as_json(note) for note in made.remarks],
                "files": [str(path) for path in made.files],
            }
        )
    else:
        _tell(made.remarks, "remark")
        typer.echo(f"{len(made.scores)} scores, {absent} of them absent with a reason; {len(made.sessions)} sessions")
        for path in made.files:
            typer.echo(f"  {path}")
    return Exit.OK


@app.command("instruments")
@reports_errors
def instruments(
    instrument: Annotated[str | None, typer.Argument(help="Id of one instrument; all where left out.")] = None,
    as_json: Json = False,
) -> Exit:
    """Show what is scored, the column names that are understood, ranges, missing-item rules and important changes."""
    from lumbomics.run.clinical import describe_instruments

    described = describe_instruments(instrument)
    if as_json:
        print_json({one.id: one.as_dict for one in described})
        return Exit.OK
    for one in described:
        typer.echo("\n".join(one.lines if instrument else one.lines[:1]))
    return Exit.OK


def _as_json(note: Note) -> dict[str, str | int | None]:
    return {
        "file": note.place.file,
        "row": note.place.row,
        "column": note.place.column,
        "problem": note.problem,
        "expected": note.expected,
        "got": note.got,
        "hint": note.hint,
    }


def _tell(notes: tuple[Note, ...], word: str) -> None:
    for note in notes:
        typer.echo(f"{word}: {note}")
