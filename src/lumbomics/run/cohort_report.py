"""The report of a cohort: every analysis that its tables allow, as one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from lumbomics import __version__
from lumbomics.core.errors import LumbomicsError
from lumbomics.report.cohort import Section, compose_cohort_report
from lumbomics.run.cohort_change import change_section
from lumbomics.run.cohort_sections import (
    association_section,
    flow_section,
    people_section,
    reliability_section,
    side_section,
)
from lumbomics.run.cohort_tables import CohortView, cohort_view, read_cohort
from lumbomics.run.cohort_together import phenotype_section, prediction_section
from lumbomics.write import write_text_atomic

_SECTIONS: tuple[tuple[str, str, Callable[[CohortView, int], Section]], ...] = (
    ("flow", "Who is in it", flow_section),
    ("people", "Table 1", people_section),
    ("reliability", "How reliable the numbers are", reliability_section),
    ("association", "What is associated", association_section),
    ("sides", "Side with side", side_section),
    ("change", "What changed", change_section),
    ("phenotypes", "Kinds of patients", phenotype_section),
    ("prediction", "What can be predicted", prediction_section),
)
_PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "statsmodels")


@dataclass(frozen=True, kw_only=True)
class CohortReport:
    """A written report.

    Parameters
    ----------
    path
        The page.
    participants
        In it.
    sections
        Key of each section that is there.
    left_out
        Key of each section that is not -> why.
    """

    path: Path
    participants: int
    sections: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, object]:
        """Plain values for machines."""
        return {
            "path": str(self.path),
            "participants": self.participants,
            "sections": list(self.sections),
            "left_out": dict(self.left_out),
        }


def cohort_report(
    derivatives: Path | str,
    *,
    out: Path | str | None = None,
    baseline: str | None = None,
    followup: str | None = None,
    name: str | None = None,
    seed: int = 0,
    progress: Callable[[int, int, str], None] | None = None,
) -> CohortReport:
    """Analyse a cohort and write one self-contained, hypothesis-generating page.

    Parameters
    ----------
    derivatives
        Folder of a run, with ``phenotype`` tables where there are questionnaires.
    out
        Page to write; ``cohort_report.html`` in ``derivatives`` where not given.
    baseline, followup
        Sessions; chosen as in ``cohort_view`` where not given.
    name
        What the cohort is called; the folder's name where not given.
    seed
        Source of all chance.
    progress
        Called as (done, in all, what is done now).

    Raises
    ------
    InputError, FaultsError
        If there is no finished visit or a table is broken. What the tables do not allow is no error: the section is
        left out and the page says why.
    OutputError
        If the page cannot be written.
    """
    root = Path(derivatives)
    view = cohort_view(read_cohort(root), baseline=baseline, followup=followup)
    sections = []
    for done, (key, title, make) in enumerate(_SECTIONS):
        if progress is not None:
            progress(done, len(_SECTIONS), title)
        sections.append(_made(key, title, make, view, seed))
    page = compose_cohort_report(
        sections,
        name=name or f"{root.resolve().name}: {len(view.wide)} participants",
        software={"lumbomics": __version__, **{package: version(package) for package in _PACKAGES}},
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    path = write_text_atomic(page, Path(out) if out is not None else root / "cohort_report.html")
    return CohortReport(
        path=path,
        participants=len(view.wide),
        sections=tuple(section.key for section in sections if section.left_out is None),
        left_out=tuple((section.key, section.left_out) for section in sections if section.left_out is not None),
    )


def _made(key: str, title: str, make: Callable[[CohortView, int], Section], view: CohortView, seed: int) -> Section:
    """Make a section, or tell the reason why the tables do not allow it."""
    try:
        return make(view, seed)
    except LumbomicsError as error:
        return Section(key=key, title=title, left_out=" ".join(str(error).split()))
