"""The main job on a few phantom patients, from DICOM to reports, and a simulated cohort to its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.phantom import SEQUENCES, make_phantom
from lumbomics.run.cohort_phantom import phantom_cohort
from lumbomics.run.cohort_report import CohortReport, cohort_report
from lumbomics.run.outcome import RunSummary
from lumbomics.run.pipeline import Progress, run
from lumbomics.write import write_dicom_series


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
    *, out: Path | str = "demo", patients: int = 3, participants: int = 120, progress: Progress | None = None
) -> DemoSummary:
    """Make phantom patients as DICOM and run the main job on them; simulate a cohort and report it.

    The label maps are drawn by the engine that ships with the package, as on images of people.

    Parameters
    ----------
    out
        Folder; gets ``dicom``, ``derivatives`` and ``cohort``.
    patients
        Number of digital reference patients with images, seeds 1 to ``patients``.
    participants
        Size of the simulated cohort, 20 at least; 0 for none.
    progress
        Called as (done, in all, what is done now).

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    target = Path(out)
    for seed in range(1, patients + 1):
        if progress is not None:
            progress(seed - 1, patients, f"making digital reference patient {seed}")
        _make(seed, target)
    study = run(target / "dicom", out=target / "derivatives", progress=progress)
    return DemoSummary(study=study, cohort=_cohort(target / "cohort", participants, progress) if participants else None)


def _cohort(target: Path, participants: int, progress: Progress | None) -> CohortReport:
    made = phantom_cohort(out=target, n=participants, images=0, progress=progress)
    return cohort_report(made.derivatives, name=f"Simulated cohort of {participants}", progress=progress)


def _make(seed: int, target: Path) -> None:
    """One patient: three sagittal series as DICOM."""
    phantom = make_phantom(seed)
    folder = target / "dicom" / f"sub-{seed:02d}" / "ses-01"
    grid = phantom.sagittal_grid()
    for number, contrast in enumerate((Contrast.T2, Contrast.T1, Contrast.STIR), start=1):
        write_dicom_series(
            _slices_last(phantom.image(grid, contrast)),
            folder,
            facts=_facts(contrast),
            description=f"sag {contrast}",
            patient_id=f"PHANTOM{seed:02d}",
            series_number=number,
        )


def _slices_last(image: Image) -> Image:
    """Sagittal storage (left-right, back-front, foot-head) as a scanner sends it: front-back, head-foot, slices."""
    array = image.array.transpose(1, 2, 0)[::-1, ::-1]
    back, up = (n - 1 for n in array.shape[:2])
    to_old = np.array([[0, 0, 1, 0], [-1, 0, 0, back], [0, -1, 0, up], [0, 0, 0, 1]])
    return Image(array, Grid(array.shape, image.grid.affine @ to_old), image.quantity, image.contrast)


def _facts(contrast: Contrast) -> tuple[tuple[str, str | float], ...]:
    """Say of the sequence what a scanner's header does."""
    sequence = SEQUENCES[contrast]
    facts: dict[str, str | float] = {
        "field_strength_t": sequence.field_tesla,
        "repetition_time_ms": sequence.repetition_ms,
        "echo_time_ms": sequence.echo_ms,
        "flip_angle_deg": 90,
        "scanning_sequence": "SE",
        "patient_position": "HFS",
    }
    if sequence.inversion_ms is not None:
        facts |= {"inversion_time_ms": sequence.inversion_ms, "scanning_sequence": "SE\\IR"}
    return tuple(facts.items())
