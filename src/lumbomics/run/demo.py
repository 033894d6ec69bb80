"""The main job on a few phantom patients, from DICOM to reports, and a simulated cohort to its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumbomics.core.errors import InputError
from lumbomics.core.visit import Visit
from lumbomics.phantom import VisitProtocol, make_phantom
from lumbomics.phantom.postoperative import Kind, make_postoperative
from lumbomics.run.cohort_phantom import phantom_cohort
from lumbomics.run.cohort_report import CohortReport, cohort_report
from lumbomics.run.outcome import RunSummary
from lumbomics.run.phantom_postoperative import note_operations, write_visit_dicom
from lumbomics.run.pipeline import Progress, run

_SURGERY = "surgery.tsv"


@dataclass(frozen=True, kw_only=True)
class DemoSummary:
    """What the demonstration left behind.

    Parameters
    ----------
    study
        The main job on the phantom patients.
    cohort
        Report of the simulated cohort; ``None`` where none was wanted.
    """

    study: RunSummary
    cohort: CohortReport | None

    def as_json(self) -> dict[str, Any]:
        """Plain values for machines."""
        return {**self.study.as_json(), "cohort": None if self.cohort is None else self.cohort.as_json()}


def demo(
    *,
    out: Path | str = "demo",
    patients: int = 3,
    operated: int = 1,
    participants: int = 120,
    progress: Progress | None = None,
) -> DemoSummary:
    """Make phantom patients as DICOM and run the main job on them; simulate a cohort and report it.

    The label maps are drawn by the engine that ships with the package, as on images of people.

    Parameters
    ----------
    out
        Folder; gets ``dicom``, ``surgery.tsv``, ``derivatives`` and ``cohort``.
    patients
        Number of digital reference patients with images, seeds 1 to ``patients``.
    operated
        How many of them, the last ones, had an operation: scar and a recurrent disc herniation, seen on axial series
        before and after contrast agent as well.
    participants
        Size of the simulated cohort, 20 at least; 0 for none.
    progress
        Called as (done, in all, what is done now).

    Raises
    ------
    InputError
        If more are operated than there are.
    OutputError
        If the folder cannot be written.
    """
    if not 0 <= operated <= patients:
        raise InputError("operated patients", expected=f"0 to {patients}", got=str(operated), where="operated")
    target = Path(out)
    for seed in range(1, patients + 1):
        if progress is not None:
            progress(seed - 1, patients, f"making digital reference patient {seed}")
        _make(seed, target, operated=seed > patients - operated)
    study = run(target / "dicom", out=target / "derivatives", surgery=target / _SURGERY, progress=progress)
    return DemoSummary(study=study, cohort=_cohort(target / "cohort", participants, progress) if participants else None)


def _cohort(target: Path, participants: int, progress: Progress | None) -> CohortReport:
    made = phantom_cohort(out=target, n=participants, images=0, progress=progress)
    return cohort_report(made.derivatives, name=f"Simulated cohort of {participants}", progress=progress)


def _make(seed: int, target: Path, *, operated: bool) -> None:
    """One patient as DICOM: three sagittal series; after surgery three axial ones more, and a row on the operation."""
    phantom = make_postoperative(seed, Kind.MIXED) if operated else make_phantom(seed)
    examination = phantom.examination(None if operated else VisitProtocol(axial=()))
    visit = Visit(participant=f"{seed:02d}")
    folder = target / "dicom" / f"sub-{visit.participant}" / f"ses-{visit.session}"
    write_visit_dicom(examination, folder, patient_id=f"PHANTOM{visit.participant}")
    note_operations(examination.operations, visit, target / _SURGERY)
