"""The main job on a small phantom cohort, from DICOM to reports."""

from __future__ import annotations

from pathlib import Path

from lumbomics.core.conventions import Convention
from lumbomics.core.image import Contrast
from lumbomics.core.visit import Visit
from lumbomics.phantom import make_phantom
from lumbomics.run.bundle import write_segmentation
from lumbomics.run.outcome import RunSummary
from lumbomics.run.pipeline import Progress, run
from lumbomics.write import write_dicom_series

_LABELLED = "acq-sag_T2w"


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
        image = phantom.image(grid, contrast)
        write_dicom_series(image, folder / f"{number:02d}", series_number=number, patient_id=f"PHANTOM{seed:02d}")
    segmentation = phantom.segmentation(grid)
    write_segmentation(target / "labels", visit, _LABELLED, segmentation, desc="phantom")
