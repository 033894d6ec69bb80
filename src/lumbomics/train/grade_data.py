"""Features and gradings of the mid-sagittal slices: the table that the grading models learn from."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lumbomics.core.errors import InputError, LumbomicsError
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels
from lumbomics.measure.degeneration.align import aligned_by_levels
from lumbomics.measure.degeneration.features import DiscFeatures, disc_features
from lumbomics.measure.degeneration.patch import disc_patches
from lumbomics.read import read_nifti_image
from lumbomics.segment.protocol import Segmenter
from lumbomics.train.grade_pairs import levels_from_below

FILES = {Contrast.T2: "T2w", Contrast.T2_SPACE: "acq-SPACE_T2w", Contrast.T1: "T1w"}
COLUMNS = {
    "pfirrmann": "Pfirrman grade",
    "modic": "Modic",
    "upper_endplate": "UP endplate",
    "lower_endplate": "LOW endplate",
    "spondylolisthesis": "Spondylolisthesis",
    "herniation": "Disc herniation",
    "narrowing": "Disc narrowing",
    "bulging": "Disc bulging",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class GradedDisc:
    """One graded disc of one patient.

    Parameters
    ----------
    patient
        BIDS label.
    position
        1 is the lowest disc.
    contrast
        T2 or T2 SPACE: where the features were read.
    values
        Feature name -> value; empty where the disc could not be described.
    grades
        What the radiologist said, by the keys of ``COLUMNS``.
    obstacle
        Why there are no features.
    """

    patient: str
    position: int
    contrast: Contrast
    values: Mapping[str, float] = field(repr=False)
    grades: Mapping[str, int]
    obstacle: str | None = None


def graded_discs(folder: Path, segmenter: Segmenter, contrast: Contrast) -> Iterator[GradedDisc]:
    """Describe every graded disc of every patient that has an image of a contrast.

    Parameters
    ----------
    folder
        ``sub-*_T2w.nii.gz`` and so on, with ``gradings.csv``.
    segmenter
        Draws the labels.
    contrast
        T2 or T2 SPACE.

    Raises
    ------
    InputError
        If the folder holds no gradings.
    """
    for patient, gradings in sorted(read_gradings(folder).items()):
        path = _path(folder, patient, contrast)
        if path.exists():
            yield from _patient(folder, patient, gradings, segmenter, contrast)


def read_gradings(folder: Path) -> dict[str, dict[int, dict[str, int]]]:
    """Patient -> disc position -> grades; InputError where the table is missing."""
    table = folder / "gradings.csv"
    if not table.exists():
        raise InputError("the folder holds no gradings", expected="gradings.csv", where=folder.name)
    found: dict[str, dict[int, dict[str, int]]] = {}
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            grades = {key: int(row[column]) for key, column in COLUMNS.items()}
            found.setdefault(f"{int(row['Patient']):03d}", {})[int(row["IVD label"])] = grades
    return found


def _path(folder: Path, patient: str, contrast: Contrast) -> Path:
    return folder / f"sub-{patient}_{FILES[contrast]}.nii.gz"


def _patient(
    folder: Path, patient: str, gradings: Mapping[int, Mapping[str, int]], segmenter: Segmenter, contrast: Contrast
) -> Iterator[GradedDisc]:
    t2 = replace(read_nifti_image(_path(folder, patient, contrast)), contrast=contrast)
    try:
        labels = segmenter.segment(t2).segmentation.spine
    except LumbomicsError as error:
        for position, grades in gradings.items():
            yield GradedDisc(
                patient=patient,
                position=position,
                contrast=contrast,
                values={},
                grades=grades,
                obstacle=f"no labels: {error}",
            )
        return
    described = disc_features(
        disc_patches(labels), t2=t2, t1=_t1(_path(folder, patient, Contrast.T1), labels, segmenter)
    )
    levels = levels_from_below(labels, graded=len(gradings))
    for position, grades in gradings.items():
        level = levels[position - 1] if position <= len(levels) else None
        one = described[level] if level is not None else None
        seen = isinstance(one, DiscFeatures)
        yield GradedDisc(
            patient=patient,
            position=position,
            contrast=contrast,
            values=one.values if isinstance(one, DiscFeatures) else {},
            grades=grades,
            obstacle=None if seen else str(one or "not among the drawn discs"),
        )


def _t1(path: Path, labels: Labels, segmenter: Segmenter) -> Image | None:
    """Return the T1 slice laid over the T2's labels by its own; ``None`` where there is none or it does not fit."""
    if not path.exists():
        return None
    image = replace(read_nifti_image(path), contrast=Contrast.T1)
    try:
        own = segmenter.segment(image).segmentation.spine
        return replace(image, grid=aligned_by_levels(own, labels))
    except LumbomicsError:
        return None
