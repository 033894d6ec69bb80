"""Phantom visits on disk: a raw BIDS dataset, its label maps as derivatives, and the true values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lumbomics import __version__
from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast
from lumbomics.core.visit import Visit
from lumbomics.phantom import SEQUENCES, Phantom, make_phantom
from lumbomics.run.bundle import write_segmentation
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


@dataclass(frozen=True, kw_only=True)
class PhantomFiles:
    """What was written of one phantom.

    Parameters
    ----------
    seed
        Its seed.
    participant
        BIDS label.
    images, labels
        Files written.
    truth
        Table of true values.
    """

    seed: int
    participant: str
    images: tuple[Path, ...]
    labels: tuple[Path, ...]
    truth: Path

    def as_json(self) -> dict[str, object]:
        """Plain values for machines."""
        return {
            "seed": self.seed,
            "participant": self.participant,
            "images": [str(path) for path in self.images],
            "labels": [str(path) for path in self.labels],
            "truth": str(self.truth),
        }


def write_phantom(
    *, seed: int = 0, out: Path | str, cohort: int = 1, progress: Callable[[int, int, str], None] | None = None
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
    progress
        Called as (done, in all, what is done now).

    Raises
    ------
    InputError
        If the seed is negative or the cohort empty; nothing is written then.
    OutputError
        If the folder cannot be written.
    """
    if seed < 0 or cohort < 1:
        raise InputError("no such cohort", expected="seed >= 0 and at least 1 patient", got=f"{seed}, {cohort}")
    root = Path(out)
    _describe(root, range(seed, seed + cohort))
    written = []
    for done, number in enumerate(range(seed, seed + cohort)):
        if progress is not None:
            progress(done, cohort, f"digital reference patient {number}")
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
        write_json_atomic(_sidecar(contrast), path.with_name(f"{visit.prefix}_{name}.json"))
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
    write_text_atomic(ignored + "sub-*_truth.tsv\nsub-*_truth.json\n", derivatives / ".bidsignore")


def _sidecar(contrast: Contrast) -> dict[str, object]:
    """Sequence facts in BIDS' units (seconds, tesla)."""
    sequence = SEQUENCES[contrast]
    facts: dict[str, object] = {
        "Modality": "MR",
        "Manufacturer": "Lumbomics phantom",
        "MagneticFieldStrength": sequence.field_tesla,
        "RepetitionTime": sequence.repetition_ms / 1000,
        "EchoTime": sequence.echo_ms / 1000,
        "FlipAngle": 90,
        "ScanningSequence": "SE",
        "BodyPart": "LSPINE",
    }
    if sequence.inversion_ms is not None:
        facts |= {"InversionTime": sequence.inversion_ms / 1000, "ScanningSequence": "IR"}
    return facts
