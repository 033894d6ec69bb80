"""What the commands print for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from lumbomics.core.measurement import Measurement, Result
from lumbomics.run.outcome import RunSummary, Status

if TYPE_CHECKING:
    from lumbomics.run.cohort_report import CohortReport

_MARKS = {Status.DONE: "[green]done[/]", Status.SKIPPED: "[dim]kept[/]", Status.FAILED: "[red]failed[/]"}


@contextmanager
def progress_bar(*, hidden: bool) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function (done, total, what is done now) that draws a bar on standard error."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as bar:
        task = bar.add_task("starting", total=None)

        def update(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield update


def print_summary(summary: RunSummary) -> None:
    """Print every visit with its faults and where its report is."""
    console = Console(soft_wrap=True, highlight=False)
    for outcome in summary.outcomes:
        counts = "" if outcome.status is Status.FAILED else f"{outcome.measured} measured, {outcome.absent} absent"
        console.print(f"{outcome.visit}  {_MARKS[outcome.status]}  {counts}")
        if outcome.report is not None:
            console.print(f"  report: {outcome.report}", markup=False)
        for fault in outcome.faults:
            console.print(f"  {fault}", style="yellow", markup=False)
    done = len(summary.outcomes) - len(summary.failed)
    console.print(f"{done} of {len(summary.outcomes)} visit(s) in {summary.seconds:.1f} s, in {summary.out}")


def print_cohort_report(report: CohortReport) -> None:
    """Print where a cohort's report is and what it leaves out."""
    typer.echo(f"{report.participants} participants, {len(report.sections)} sections: {report.path}")
    for key, why in report.left_out:
        typer.echo(f"  left out {key}: {why}")


def print_results(results: Sequence[Result], out: Path) -> None:
    """Print values with their errors; absences are counted by reason."""
    console = Console(soft_wrap=True)
    table = Table("biomarker", "method", "level", "side", "value", "se", "unit", box=None, pad_edge=False)
    reasons: dict[str, int] = {}
    for result in results:
        if isinstance(result, Measurement):
            table.add_row(*_cells(result))
        else:
            reasons[result.reason] = reasons.get(result.reason, 0) + 1
    console.print(table)
    console.print("absent: " + (", ".join(f"{reason} {count}" for reason, count in reasons.items()) or "none"))
    console.print(f"written to {out}")


def results_as_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Results as plain values, absences with their reason."""
    return [_plain(result) for result in results]


def _cells(result: Measurement) -> tuple[str, ...]:
    value = result.category or "" if result.value is None else f"{result.value:.4g}"
    error = "" if result.se is None else f"{result.se:.2g}"
    return result.biomarker, result.method, result.level or "", result.side or "", value, error, result.unit


def _plain(result: Result) -> dict[str, Any]:
    place = {"biomarker": result.biomarker, "method": result.method, "level": result.level, "side": result.side}
    if isinstance(result, Measurement):
        return {**place, "value": result.value, "category": result.category, "se": result.se, "unit": result.unit}
    return {**place, "reason": str(result.reason), "detail": result.detail}
