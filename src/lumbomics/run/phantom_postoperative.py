"""A phantom's visit after surgery on disk, as BIDS or as DICOM, with the true maps and values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lumbomics.core.errors import InputError
from lumbomics.core.examination import Examination, Operation, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.visit import Plane, Visit
from lumbomics.phantom import VisitProtocol
from lumbomics.phantom.postoperative import Kind, make_postoperative
from lumbomics.run.bundle import write_segmentation
from lumbomics.run.phantom_files import PhantomFiles, sidecar
from lumbomics.write import (
    bids_path,
    visit_folder,
    visit_path,
    write_dicom_series,
    write_image_nifti,
    write_json_atomic,
    write_labels_nifti,
    write_measurements,
    write_text_atomic,
)

_SURGERY = "surgery.tsv"
_COLUMNS = "participant_id\tsession_id\tlevel\tside\tkind\tmonths\n"


def kind_of(name: str | None) -> Kind | None:
    """Find a kind of postoperative finding by its name; InputError where there is none."""
    if name is None:
        return None
    if name not in set(Kind):
        raise InputError("the phantom has no such finding", expected=", ".join(Kind), got=name, where="kind")
    return Kind(name)


def write_postoperative_visit(
    seed: int, kind: Kind | None, root: Path, *, dicom: bool = False, protocol: VisitProtocol | None = None
) -> PhantomFiles:
    """Write one phantom with an operated level into the dataset ``root``.

    Label maps of the sagittal T2, the tissue map of every series, the true values and the operation go to
    ``derivatives/phantom``; images are NIfTI, or DICOM under ``sourcedata``. ``protocol`` says which series and how.
    """
    phantom = make_postoperative(seed, kind)
    examination = phantom.examination(protocol)
    visit = Visit(participant=f"phantom{seed:04d}")
    derivatives = root / "derivatives" / "phantom"
    reference = next(scan.name for scan in examination.scans if scan.plane is Plane.SAGITTAL)
    labels = [*write_segmentation(derivatives, visit, reference, examination.segmentation, desc="phantom")]
    labels += _write_tissue(examination, visit, derivatives)
    truth = visit_path(derivatives, visit, "truth.tsv")
    write_measurements(phantom.truth(), truth, participant=visit.participant, session=visit.session)
    note_operations(examination.operations, visit, derivatives / _SURGERY)
    source = root / "sourcedata" / f"sub-{visit.participant}" / f"ses-{visit.session}"
    made_up = visit.participant.upper()
    images = (
        write_visit_dicom(examination, source, patient_id=made_up) if dicom else _write_bids(examination, visit, root)
    )
    return PhantomFiles(seed=seed, participant=visit.participant, images=images, labels=tuple(labels), truth=truth)


def write_visit_dicom(
    examination: Examination, folder: Path | str, *, patient_id: str = "PHANTOM", study_date: str = ""
) -> tuple[Path, ...]:
    """Write the series of a phantom's visit as DICOM, stored as a scanner does.

    Parameters
    ----------
    examination
        Any phantom's.
    folder
        Made where missing.
    patient_id, study_date
        Of the made-up patient; date as YYYYMMDD.

    Returns
    -------
    The files of all series.
    """
    written: list[Path] = []
    for number, scan in enumerate(examination.scans, start=1):
        written += write_dicom_series(
            as_scanned(scan),
            folder,
            facts=scan.facts,
            description=description_of(scan),
            patient_id=patient_id,
            study_date=study_date,
            series_number=number,
        )
    return tuple(written)


def as_scanned(scan: Scan) -> Image:
    """Image of a scan in the order in which a scanner stores it: along a row, down a column, from slice to slice.

    Rows of an axial picture run to the patient's left and its columns to the back; rows of a sagittal one run to the
    back and its columns to the feet.
    """
    image = scan.image
    order = (1, 2, 0) if scan.plane is Plane.SAGITTAL else (0, 1, 2)
    array = image.array.transpose(order)[::-1, ::-1]
    last = [n - 1 for n in array.shape[:2]]
    to_old = np.zeros((4, 4))
    to_old[3, 3] = 1
    for new, old in enumerate(order):
        to_old[old, new] = -1 if new < 2 else 1
        to_old[old, 3] = last[new] if new < 2 else 0
    return Image(array, Grid(array.shape, image.grid.affine @ to_old, image.grid.frame), image.quantity, image.contrast)


def description_of(scan: Scan) -> str:
    """Series description as technicians write it: ``ax T1 FS post``."""
    plane = "sag" if scan.plane is Plane.SAGITTAL else "ax"
    words = scan.contrast.value.replace("_post_contrast", "").replace("w", "")
    suppressed = " FS" if scan.fat_suppressed and scan.contrast.value != "STIR" else ""
    return f"{plane} {words}{suppressed}{' post' if 'gadolinium' in scan.name else ''}"


def _write_bids(examination: Examination, visit: Visit, root: Path) -> tuple[Path, ...]:
    written = []
    for scan in examination.scans:
        path = visit_folder(root, visit) / "anat" / f"{visit.prefix}_{scan.name}.nii.gz"
        written.append(write_image_nifti(scan.image, path))
        write_json_atomic(sidecar(scan.facts), path.with_name(f"{visit.prefix}_{scan.name}.json"))
    return tuple(written)


def _write_tissue(examination: Examination, visit: Visit, derivatives: Path) -> list[Path]:
    """Write the canal's tissue map of the first series of every lattice; the others lie on the same voxels."""
    written: list[Path] = []
    done: list[Grid] = []
    for scan in examination.scans:
        if scan.tissue is None or any(scan.image.grid is grid for grid in done):
            continue
        done.append(scan.image.grid)
        path = bids_path(derivatives, visit, scan.name, suffix="dseg", desc="phantom", seg="canaltissue")
        written += write_labels_nifti(
            scan.tissue, path, names=scan.tissue.names, description="What lies in and about the spinal canal"
        )
    return written


def note_operations(operations: Iterable[Operation], visit: Visit, path: Path) -> None:
    """Add a visit's operations to the table of all, ``surgery.tsv``."""
    known = path.read_text(encoding="utf-8") if path.is_file() else _COLUMNS
    own = f"sub-{visit.participant}\tses-{visit.session}\t"
    kept = "".join(f"{line}\n" for line in known.splitlines() if not line.startswith(own))
    rows = "".join(
        f"{own}{one.level}\t{one.side or 'n/a'}\t{one.kind}\t{'n/a' if one.months is None else f'{one.months:.2f}'}\n"
        for one in operations
    )
    write_text_atomic(kept + rows, path)
