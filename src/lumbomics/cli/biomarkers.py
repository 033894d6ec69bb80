"""``lumbomics biomarkers``: what the catalogue holds, what is implemented, and one biomarker in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lumbomics.cli.exits import print_json, reports_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rich.console import Console, RenderableType

    from lumbomics.catalogue import Description, Group, Listing, ReferenceInterval, Threshold

app = typer.Typer(name="biomarkers", help="List the biomarkers of the catalogue, or show one in full.")

_GroupOption = Annotated[str | None, typer.Option("--group", help="Only this group.")]
_ImplementedOption = Annotated[bool, typer.Option("--implemented", help="Only what can be measured.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]


@app.callback(invoke_without_command=True)
def biomarkers(
    context: typer.Context,
    group: _GroupOption = None,
    implemented: _ImplementedOption = False,
    as_json: _JsonOption = False,
) -> None:
    """List the biomarkers of the catalogue by group, or show one in full."""
    if context.invoked_subcommand is None:
        list_(group=group, implemented=implemented, as_json=as_json)


@app.command("list")
@reports_errors
def list_(group: _GroupOption = None, implemented: _ImplementedOption = False, as_json: _JsonOption = False) -> None:
    """List all biomarkers by group, with what is implemented."""
    from lumbomics.catalogue import list_biomarkers

    listing = list_biomarkers(implemented=_implemented(), group=group, only_implemented=implemented)
    if as_json:
        print_json(listing.to_dict())
    else:
        _print_listing(_console(), listing)


@app.command("show")
@reports_errors
def show(
    biomarker: Annotated[str, typer.Argument(metavar="ID", help="Biomarker id, such as disc_height.")],
    as_json: _JsonOption = False,
) -> None:
    """Show a biomarker's definition, algorithm, unit, thresholds, reproducibility, caveats and sources."""
    from lumbomics.catalogue import describe_biomarker

    description = describe_biomarker(biomarker, implemented=_implemented())
    if as_json:
        print_json(description.to_dict())
    else:
        _print_description(_console(), description)


def _implemented() -> Collection[str]:
    from lumbomics.measure import EXAMINED, IMPLEMENTED

    return (*IMPLEMENTED, *EXAMINED)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _print_listing(console: Console, listing: Listing) -> None:
    for group in listing.groups:
        console.print(_group_table(group))
    console.print(f"{listing.total} biomarkers, {listing.implemented} implemented (marked ●).")
    console.print("`lumbomics biomarkers show ID` explains one. Research use only.")


def _group_table(group: Group) -> RenderableType:
    from rich import box
    from rich.table import Table

    title = f"{group.title} · {group.id} · {group.implemented} of {len(group.entries)} implemented"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "id", "name", "unit", "modality"):
        table.add_column(heading, no_wrap=heading == "id")
    for entry in group.entries:
        record, mark = entry.record, "●" if entry.implemented else ""
        table.add_row(mark, record.id, record.name, _units(record.units), " ".join(record.modality))
    return table


def _print_description(console: Console, description: Description) -> None:
    from rich.padding import Padding
    from rich.text import Text

    record = description.record
    state = "implemented" if description.implemented else "not implemented yet"
    console.print(Text(f"{record.name} ({record.id}), definition version {record.version}, {state}", style="bold"))
    for heading, lines in _sections(description):
        console.print()
        console.print(Text(heading, style="bold"))
        for line in lines:
            console.print(Padding(Text(f"• {line}"), (0, 0, 0, 2)))
    console.print("\nResearch use only: no medical device.")


def _sections(description: Description) -> Iterable[tuple[str, Iterable[str]]]:
    record = description.record
    yield "Definition", [record.definition]
    yield "Algorithm", record.algorithm
    if description.quantities:
        yield "Exact quantities", [f"{q.method} [{q.unit}]: {q.definition}" for q in description.quantities]
    yield "Units (UCUM)", ["; ".join(record.units)]
    yield "From", [f"{', '.join(record.modality)}: {record.sequence}", f"site: {record.site}"]
    yield "Usual values", [record.normal_range, *(_interval(one) for one in record.reference_intervals)]
    yield "Thresholds", [_threshold(one) for one in record.thresholds] or ["none"]
    yield "Reproducibility", [record.reproducibility]
    yield "Meaning after spinal surgery", [record.fbss_meaning]
    yield "Caveats", record.caveats
    yield "Sources", [*record.sources, f"confidence in the definition: {record.definition_confidence}"]


def _threshold(threshold: Threshold) -> str:
    caution = ": unverified, a setting and no diagnostic cut-off" if threshold.is_unverified else ""
    return f"{threshold.label}: {threshold.rule} [{threshold.basis}{caution}]"


def _interval(interval: ReferenceInterval) -> str:
    low, high = interval.bounds
    span = (
        f"≥ {low:g}"
        if low is not None and high is None
        else f"≤ {high:g}"
        if low is None
        else f"{low:.3g} to {high:.3g}"
    )
    where = ", ".join(str(part) for part in (interval.level, interval.sex, interval.posture) if part is not None)
    caution = ", unverified" if interval.is_unverified else ""
    place = f" ({where})" if where else ""
    return f"{interval.method}{place}: {span}; {interval.population} [{interval.source}{caution}]"


def _units(codes: Iterable[str]) -> str:
    from lumbomics.catalogue import unit_text

    return ", ".join(unit_text(code) or "ratio" for code in codes)
