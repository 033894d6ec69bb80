"""Phantom visits on disk: a raw BIDS dataset, its label maps as derivatives, and the true values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from lumbomics import __version__
from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast
from lumbomics.core.visit import Visit
from lumbomics.phantom import Phantom, facts_of, make_phantom
from lumbomics.run.bundle import write_segmentation
from lumbomics.run.phantom_files import PhantomFiles, sidecar
from lumbomics.run.phantom_postoperative import kind_of, write_postoperative_visit
from lumbomics.write import (
    visit_folder,
    visit_path,
    write_dataset_description,
    write_image_nifti,
    write_json_atomic,
    write_measurements,
    write_text_atomic,
)

_SERIES: Mapping[str, Contrast] = {
    "acq-sag_T2w": Contrast.T2,
    "acq-sag_T1w": Contrast.T1,
    "acq-sagstir_T2w": Contrast.STIR,
}
_LABELLED = "acq-sag_T2w"
_README = """\
# Digital reference objects of the lumbar spine

Computed by Lumbomics {version} from closed-form geometry; no person was imaged. Raw images are in `sub-*/`, label maps
and the true value of every quantity (`*_truth.tsv`) in `derivatives/phantom/`.
"""


def write_phantom(
    *,
    seed: int = 0,
    out: Path | str,
    cohort: int = 1,
    postoperative: bool = False,
    kind: str | None = None,
    dicom: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> tuple[PhantomFiles, ...]:
    """Write phantoms of the seeds ``seed`` to ``seed + cohort - 1`` as one BIDS dataset.

    Parameters
    ----------
    seed
        First seed.
    out
        Folder of the raw dataset; label maps and truth go to its ``derivatives/phantom``.
    cohort
        How many patients.
    postoperative
        One operated level a patient, and the series of a visit after surgery: sagittal T2, T1 and STIR, axial T2, T1
        and T1 after contrast agent.
    kind
        What is found at the operated level (``scar``, ``disc`` …); drawn where not given.
    dicom
        Write the series of a visit after surgery as DICOM, as a scanner sends them, into ``sourcedata``.
    progress
        Called as (done, in all, what is done now).

    Raises
    ------
    InputError
        If the seed is negative, the cohort empty or the kind unknown, or a kind or DICOM are asked for without an
        operated level; nothing is written then.
    OutputError
        If the folder cannot be written.
    """
    if seed < 0 or cohort < 1:
        raise InputError("no such cohort", expected="seed >= 0 and at least 1 patient", got=f"{seed}, {cohort}")
    if not postoperative and (kind is not None or dicom):
        raise InputError("a kind and DICOM belong to a visit after surgery", hint="ask for postoperative as well")
    finding, root = kind_of(kind), Path(out)
    _describe(root, range(seed, seed + cohort))
    written = []
    for done, number in enumerate(range(seed, seed + cohort)):
        if progress is not None:
            progress(done, cohort, f"digital reference patient {number}")
        if postoperative:
            written.append(write_postoperative_visit(number, finding, root, dicom=dicom))
        else:
            written.append(write_phantom_visit(make_phantom(number), root))
    return tuple(written)


def write_phantom_visit(item: Phantom, root: Path) -> PhantomFiles:
    """Write one phantom's images, label maps and truth into the dataset ``root``."""
    visit = Visit(participant=f"phantom{item.seed:04d}")
    grid = item.sagittal_grid()
    images: list[Path] = []
    for name, contrast in _SERIES.items():
        path = visit_folder(root, visit) / "anat" / f"{visit.prefix}_{name}.nii.gz"
        images.append(write_image_nifti(item.image(grid, contrast), path))
        write_json_atomic(sidecar(facts_of(contrast)), path.with_name(f"{visit.prefix}_{name}.json"))
    derivatives = root / "derivatives" / "phantom"
    labels = write_segmentation(derivatives, visit, _LABELLED, item.segmentation(grid), desc="phantom")
    truth = visit_path(derivatives, visit, "truth.tsv")
    write_measurements(item.truth(), truth, participant=visit.participant, session=visit.session)
    return PhantomFiles(seed=item.seed, participant=visit.participant, images=tuple(images), labels=labels, truth=truth)


def _describe(root: Path, seeds: range) -> None:
    description = {
        "Name": "Digital reference objects of the lumbar spine",
        "BIDSVersion": "1.10.0",
        "DatasetType": "raw",
    }
    write_json_atomic(description, root / "dataset_description.json")
    write_text_atomic(_README.format(version=__version__), root / "README.md")
    rows = "".join(f"sub-phantom{seed:04d}\t{seed}\n" for seed in seeds)
    write_text_atomic("participant_id\tseed\n" + rows, root / "participants.tsv")
    column = {"seed": {"Description": "Whole number from which the digital reference object was drawn"}}
    write_json_atomic(column, root / "participants.json")
    derivatives = root / "derivatives" / "phantom"
    _, _, _ = write_dataset_description(derivatives, name="Labels and truth of digital reference objects", sources=())
    ignored = (derivatives / ".bidsignore").read_text(encoding="utf-8")
    write_text_atomic(ignored + "sub-*_truth.tsv\nsub-*_truth.json\nsurgery.tsv\n", derivatives / ".bidsignore")
