"""Intensities of arbitrary units made comparable by a reference in the same image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.image import Image
from lumbomics.core.image import Quantity as ImageQuantity
from lumbomics.core.labels import Segmentation
from lumbomics.radiomics.regions import Structure, canal_voxels, labelled_voxels, muscle_voxels
from lumbomics.radiomics.settings import Normalisation

AIR_SHARE = 0.1
"""Share of the image's 99th percentile below which a voxel counts as air or signal void: an engineering default."""
MINIMUM_VOXELS = 100
"""Fewest voxels of a reference: an engineering default."""
_UCUM = {
    ImageQuantity.HOUNSFIELD: "[hnsf'U]",
    ImageQuantity.MILLISECOND: "ms",
    ImageQuantity.SUV_BODY_WEIGHT: "g/ml",
    ImageQuantity.DIFFUSIVITY: "mm2/s",
    ImageQuantity.BOLD_PERCENT: "%",
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A map from stored to normalised intensities: (I - offset) / factor.

    Parameters
    ----------
    normalisation
        What was done.
    offset, factor
        In stored units.
    unit
        UCUM code of normalised intensities.
    reference
        Where offset and factor come from, in words.
    voxels
        Size of the reference.
    has_zero
        Whether normalised intensity 0 means no signal (or air: HU is taken as it is).
    problem
        Why there is no scale; ``None`` where there is one.
    """

    normalisation: Normalisation
    offset: float = 0.0
    factor: float = 1.0
    unit: str = "1"
    reference: str = "intensities as stored"
    voxels: int = 0
    has_zero: bool = True
    problem: str | None = None

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Normalised intensities."""
        return (values - self.offset) / self.factor


def chosen_normalisation(image: Image, stated: Normalisation | None) -> Normalisation:
    """As stated; otherwise a z score for arbitrary units and none for calibrated ones."""
    if stated is not None:
        return stated
    return Normalisation.Z_SCORE if image.quantity is ImageQuantity.ARBITRARY else Normalisation.NONE


def scale_of(image: Image, segmentation: Segmentation, normalisation: Normalisation) -> Scale:
    """Find the reference of one image.

    The z score's reference is the tissue outside every labelled structure, so that a diseased structure does not shift
    its own scale. It depends on what the field of view takes in: compare images of one protocol. It is no bias-field
    correction.
    """
    if normalisation is Normalisation.NONE:
        return Scale(normalisation=normalisation, unit=_UCUM.get(image.quantity, "1"))
    if normalisation is Normalisation.Z_SCORE:
        return _z_score(image, segmentation)
    if normalisation is Normalisation.CANAL_RATIO:
        return _ratio(image, canal_voxels(segmentation, image.grid), normalisation, "spinal canal")
    voxels = muscle_voxels(segmentation, image.grid, Structure.PSOAS)
    return _ratio(image, voxels, normalisation, "psoas muscles")


def _z_score(image: Image, segmentation: Segmentation) -> Scale:
    floor = AIR_SHARE * float(np.percentile(image.array, 99))
    values = image.array[(image.array > floor) & ~labelled_voxels(segmentation, image.grid)].astype(np.float64)
    said = f"tissue outside every labelled structure, above {AIR_SHARE:g} of the image's 99th percentile"
    if values.size < MINIMUM_VOXELS or values.std() == 0:
        return _none(Normalisation.Z_SCORE, said, values.size)
    return Scale(
        normalisation=Normalisation.Z_SCORE,
        offset=float(values.mean()),
        factor=float(values.std()),
        reference=said,
        voxels=values.size,
        has_zero=False,
    )


def _ratio(image: Image, voxels: NDArray[np.intp], normalisation: Normalisation, name: str) -> Scale:
    values = image.array[tuple(voxels.T)]
    said = f"median of the {name}"
    median = float(np.median(values)) if values.size else 0.0
    if values.size < MINIMUM_VOXELS or median <= 0:
        return _none(normalisation, said, values.size)
    return Scale(normalisation=normalisation, factor=median, reference=said, voxels=values.size)


def _none(normalisation: Normalisation, said: str, voxels: int) -> Scale:
    problem = f"no reference for the intensities: {said} has {voxels} voxel(s) or no usable signal"
    return Scale(normalisation=normalisation, reference=said, voxels=voxels, problem=problem)
