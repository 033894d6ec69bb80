"""From chances to tissue: what is called disc, scar or blood, and what stays undecided."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, gaussian_filter, generate_binary_structure, label

from lumbomics.core.examination import CanalTissue
from lumbomics.segment.axial.learned import CLASSES
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.regions import grown, opened, pieces

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.uint8]

_SCAR, _DISC = CLASSES.index(CanalTissue.SCAR), CLASSES.index(CanalTissue.DISC)
_NUMBERS = np.array([0 if kind is None else int(kind) for kind in CLASSES], dtype=np.uint8)
_EVEN_MM = 1.0
_DECIDED = 0.6
"""Least share of disc, or of scar, in the chance of either, from which tissue is called so; engineering default."""
_GROWS_MM = 2.0
_SAC_MM, _SAC_MM2 = 0.6, 20.0
_LEAST_MM3 = 60.0
"""A ball of 4.9 mm. What is smaller is as often a vein or a leaving root; engineering default."""
_SURE, _SURE_SHARE = 0.8, 90
"""Chance that the surest tenth of a piece must reach; chosen on the patients of the fit, each left out in turn."""
_KINDS = (CanalTissue.DISC, CanalTissue.HAEMATOMA)


def told_tissue(patch: Patch, chances: FloatArray) -> Numbers:
    """Likeliest tissue (rows, columns) of a slice; 0 beyond the canal, ``FLUID`` for all within the sac.

    Where neither scar nor disc clearly outweighs the other about a pixel it is ``EPIDURAL_TISSUE``.

    Parameters
    ----------
    patch
        One slice.
    chances
        (classes, rows, columns) of ``learned.CLASSES``.
    """
    told: Numbers = _NUMBERS[chances.argmax(axis=0)]
    sd = _EVEN_MM / patch.pixel_mm
    scar, disc = (gaussian_filter(chances[index], sd) for index in (_SCAR, _DISC))
    clear = np.maximum(scar, disc) > _DECIDED * (scar + disc)
    told[np.isin(told, (CanalTissue.SCAR, CanalTissue.DISC)) & ~clear] = CanalTissue.EPIDURAL_TISSUE
    return told


def told_sac(patch: Patch, sac: Mask, told: Numbers) -> Mask:
    """Sac (rows, columns) by what its pixels are told to be: free of what bulges into its outline, little larger.

    Parameters
    ----------
    patch
        One slice.
    sac
        Pixels within the sac's outline.
    told
        See :func:`told_tissue`.
    """
    inside = opened((told == CanalTissue.FLUID) & grown(sac, _GROWS_MM, patch.pixel_mm), _SAC_MM, patch.pixel_mm)
    found = max(pieces(inside, _SAC_MM2, patch.pixel_mm), key=lambda piece: int(piece.sum()), default=None)
    return sac if found is None else np.asarray(binary_fill_holes(found))


def undecide(tissue: Numbers, surest: FloatArray, voxel_mm3: float) -> Numbers:
    """Tissue map (i, j, k) in which pieces of disc or blood too small or unsure to be believed are undecided tissue.

    Parameters
    ----------
    tissue
        Numbers of :class:`~lumbomics.core.examination.CanalTissue`.
    surest
        Chance (i, j, k) of what each voxel is called.
    voxel_mm3
        Volume of a voxel.
    """
    settled = tissue.copy()
    for kind in _KINDS:
        numbers, count = label(tissue == kind, generate_binary_structure(3, 3))
        for number in range(1, count + 1):
            piece = numbers == number
            small = piece.sum() * voxel_mm3 < _LEAST_MM3
            if small or np.percentile(surest[piece], _SURE_SHARE) < _SURE:
                settled[piece] = CanalTissue.EPIDURAL_TISSUE
    return settled
