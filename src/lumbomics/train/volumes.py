"""Real volumes with real masks, on the network's voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import ReadError
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.core.prediction import Tissue
from lumbomics.read import read_nifti_image, read_nifti_labels
from lumbomics.segment.network.prepare import Prepared, prepare
from lumbomics.segment.network.resample import PlaneResampler
from lumbomics.train.samples import PERHAPS_SACRUM, Sample

_PROMONTORY_MM = 40.0
"""Height of the steepest endplate of S1 and the disc on it (engineering default)."""
_KNOWN = (Tissue.BACKGROUND, Tissue.VERTEBRA, Tissue.DISC, Tissue.CANAL)


def patients(folder: Path) -> tuple[str, ...]:
    """Labels of the patients that have an image and a mask in ``folder``.

    Raises
    ------
    ReadError
        If there is none.
    """
    found = sorted(p.name.split("_")[0].removeprefix("sub-") for p in folder.glob("sub-*_dseg.nii.gz"))
    if not found:
        raise ReadError("no masks to train on", expected="sub-*_T2w.nii.gz with sub-*_dseg.nii.gz", got=str(folder))
    return tuple(found)


def load_pair(folder: Path, patient: str) -> tuple[Image, Labels]:
    """Read one patient's T2 SPACE volume and mask (1 vertebra, 2 disc, 3 canal)."""
    image = read_nifti_image(folder / f"sub-{patient}_T2w.nii.gz")
    labels = read_nifti_labels(folder / f"sub-{patient}_dseg.nii.gz")
    image.grid.require_same_place(labels.grid, where=f"sub-{patient}")
    return image, labels


def volume_sample(folder: Path, patient: str, *, spacing_mm: float) -> Sample:
    """One patient's volume as the network sees it."""
    image, labels = load_pair(folder, patient)
    prepared = prepare(image, spacing_mm=spacing_mm)
    return Sample(
        name=f"sub-{patient}",
        slices=prepared.array.astype(np.float16),
        labels=sacrum_unknown(labels_on(prepared, labels), spacing_mm=spacing_mm),
        spacing_mm=prepared.slice_spacing_mm,
    )


def labels_on(prepared: Prepared, labels: Labels) -> NDArray[np.uint8]:
    """Mask on the network's voxels: the class with the largest share of each."""
    turned = prepared.view.turn(labels.array)
    resample = PlaneResampler.between(
        size=prepared.stored_size,
        spacing_mm=prepared.stored_spacing_mm,
        wanted_size=(prepared.array.shape[1], prepared.array.shape[2]),
        wanted_mm=(prepared.spacing_mm, prepared.spacing_mm),
    )
    shares = (np.stack([resample(plane == value) for value in _KNOWN]) for plane in turned)
    return np.stack([share.argmax(axis=0).astype(np.uint8) for share in shares])


def sacrum_unknown(labels: NDArray[np.uint8], *, spacing_mm: float) -> NDArray[np.uint8]:
    """Mark where background may be sacrum: from a sacral promontory's height above the lowest disc's end downwards."""
    rows = np.flatnonzero((labels == Tissue.DISC).any(axis=(0, 2)))
    first = int(rows.max() - _PROMONTORY_MM / spacing_mm) if rows.size else 0
    out = labels.copy()
    below = out[:, max(first, 0) :]
    below[below == Tissue.BACKGROUND] = PERHAPS_SACRUM
    return out
