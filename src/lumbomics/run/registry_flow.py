"""What a registry comes to: agreement of the screeners, PRISMA 2020 counts and diagram, lists to take elsewhere."""

from __future__ import annotations

from pathlib import Path

from lumbomics.core.errors import InputError
from lumbomics.registry.agreement import Agreement, agreement_on
from lumbomics.registry.decision import Kind, Stage
from lumbomics.registry.diagram import draw_flow
from lumbomics.registry.export import columns_of, to_csv, to_ris
from lumbomics.registry.flow import Flow, count_flow
from lumbomics.registry.screening import Outcome
from lumbomics.run.registry_state import open_registry
from lumbomics.write import write_text_atomic


def agreement(folder: Path | str, stage: Stage) -> Agreement:
    """Cohen's kappa of the two screeners at a stage, over reports that both decided on."""
    return agreement_on(open_registry(folder).standings(stage).values())


def flow(folder: Path | str) -> Flow:
    """PRISMA 2020 counts of the registry as it stands."""
    registry = open_registry(folder)
    return count_flow(
        tuple(registry.records.values()),
        registry.batches,
        registry.groups,
        title_abstract=registry.standings(Stage.TITLE_ABSTRACT),
        full_text=registry.standings(Stage.FULL_TEXT),
        removed=registry.said(Kind.REMOVAL),
        retrieval=registry.said(Kind.RETRIEVAL),
        studies=registry.said(Kind.STUDY),
        reasons=registry.settings.full_text_reasons,
    )


def draw(folder: Path | str, out: Path | str) -> Flow:
    """Write the PRISMA 2020 flow diagram as SVG; gives the counts drawn."""
    counts = flow(folder)
    write_text_atomic(draw_flow(counts, title=open_registry(folder).settings.title), out)
    return counts


def export(folder: Path | str, out: Path | str, *, only: Outcome | None = None, stage: Stage = Stage.FULL_TEXT) -> int:
    """Write the reports with where they stand, as CSV, or as RIS for a reference manager; gives their number.

    It shows both screeners' outcome: while screening goes on it is not for the screeners.

    Parameters
    ----------
    out
        A name that ends in ``.csv`` or ``.ris``.
    only
        Only reports with this outcome at ``stage``; all where not stated.
    """
    target = Path(out)
    if target.suffix.lower() not in {".csv", ".ris"}:
        raise InputError("unknown format to export", expected="a name that ends in .csv or .ris", got=target.name)
    registry = open_registry(folder)
    standings = {one: registry.standings(one) for one in Stage}
    reached = set(registry.open_at(stage))
    chosen = [r for r in registry.members if only is None or (r in reached and standings[stage][r].outcome is only)]
    shown = [(registry.fullest(r), registry.members[r]) for r in chosen]
    if target.suffix.lower() == ".ris":
        text = to_ris([record for record, _ in shown])
    else:
        text = to_csv([columns_of(record, ids, *(standings[one][ids[0]] for one in Stage)) for record, ids in shown])
    write_text_atomic(text, target)
    return len(shown)
