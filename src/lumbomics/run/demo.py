"""The main job on a small phantom cohort, from DICOM to reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lumbomics.core.conventions import Convention
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.visit import Visit
from lumbomics.phantom import SEQUENCES, make_phantom
from lumbomics.run.bundle import write_segmentation
from lumbomics.run.outcome import RunSummary
from lumbomics.run.pipeline import Progress, run
from lumbomics.write import write_dicom_series


def demo(*, out: Path | str = "demo", patients: int = 3, progress: Progress | None = None) -> RunSummary:
    """Make a phantom cohort as DICOM with label maps beside it, and run the main job on it.

    Parameters
    ----------
    out
        Folder; gets ``dicom``, ``labels`` and ``derivatives``.
    patients
        Number of digital reference patients, seeds 1 to ``patients``.
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
    return run(
        target / "dicom",
        out=target / "derivatives",
        labels=target / "labels",
        convention=Convention.LUMBOMICS,
        boundary_sd_mm=0.0,
        progress=progress,
    )


def _make(seed: int, target: Path) -> None:
    """One patient: three sagittal series as DICOM, label maps drawn on the T2."""
    phantom = make_phantom(seed)
    visit = Visit(participant=f"{seed:02d}")
    folder = target / "dicom" / f"sub-{visit.participant}" / f"ses-{visit.session}"
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
    write_segmentation(target / "labels", visit, "acq-sag_T2w", phantom.segmentation(grid), desc="phantom")


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
