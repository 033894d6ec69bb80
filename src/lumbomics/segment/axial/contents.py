"""What fills the sac, the space between sac and wall, and the joints behind, in one slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening, distance_transform_edt, label

from lumbomics.core.examination import CanalTissue
from lumbomics.segment.axial.likeness import likeness
from lumbomics.segment.axial.outline import inside_path
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.walls import Walls

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.uint8]

_ROOT_LEVEL = 0.62
_CORD_MM2 = 22.0
_CORD_HALF_MM = 2.0
_FLAVUM_MM = 6.0


def fill(patch: Patch, walls: Walls, fluid: float) -> Numbers:
    """Tissue of every pixel of a patch, (rows, columns).

    Parameters
    ----------
    patch
        One slice.
    walls
        Outlines of sac and canal.
    fluid
        T2 signal of fluid relative to fat.
    """
    sac = inside_path(walls.sac_mm, patch.x, patch.y)
    canal = inside_path(walls.canal_mm, patch.x, patch.y) | sac
    result = np.zeros(sac.shape, dtype=np.uint8)
    _behind(result, patch, canal, fluid)
    result[canal] = CanalTissue.EPIDURAL_FAT
    _epidural(result, patch, canal & ~sac, fluid)
    _sac(result, patch, sac, fluid)
    result[patch.obscured] = 0
    return result


def _sac(result: Numbers, patch: Patch, sac: Mask, fluid: float) -> None:
    """Fluid, roots and cord: a pixel is root where less than half of it is fluid."""
    dark = sac & (patch.signals["t2"] / fluid < _ROOT_LEVEL)
    result[sac] = CanalTissue.FLUID
    result[dark] = CanalTissue.ROOT
    cord = binary_opening(dark, disc_of(_CORD_HALF_MM, patch.pixel_mm))
    pieces, count = label(cord)
    for piece in range(1, count + 1):
        here = pieces == piece
        if here.sum() * patch.pixel_mm**2 >= _CORD_MM2:
            result[here] = CanalTissue.CORD


def _epidural(result: Numbers, patch: Patch, between: Mask, fluid: float) -> None:
    """Soft tissue that is too thick for veins, or stands on one side only."""
    density = likeness(patch, fluid, ("fat", "soft"))
    soft = between & (density["soft"] > density["fat"])
    thick = binary_opening(soft, disc_of(1.2, patch.pixel_mm))
    result[thick & ~_mirrored(soft, patch)] = CanalTissue.EPIDURAL_TISSUE


def _mirrored(mask: Mask, patch: Patch) -> Mask:
    """Pixels whose mirror image across the middle line belongs to the mask."""
    return patch.at(mask.astype(np.float64), -patch.x, patch.y) > 0.5


def _behind(result: Numbers, patch: Patch, canal: Mask, fluid: float) -> None:
    """Ligamentum flavum: dark on both, behind the wall, not bone in the carried labels."""
    t2 = patch.signals["t2"] / fluid
    reach = binary_dilate(canal, _FLAVUM_MM, patch.pixel_mm) & ~canal
    dark = reach & (patch.y < -2.0) & (t2 < 0.28) & (patch.bone < 0.5) & (patch.disc < 0.3)
    t1 = patch.signals.get("t1")
    if t1 is not None:
        dark &= np.nan_to_num(t1) < 0.45
    result[dark] = CanalTissue.FLAVUM


def binary_dilate(mask: Mask, radius_mm: float, pixel_mm: float) -> Mask:
    """Mask grown by a distance."""
    return np.asarray(distance_transform_edt(~mask) * pixel_mm <= radius_mm)


def disc_of(radius_mm: float, pixel_mm: float) -> Mask:
    """Round structuring element."""
    reach = max(1, int(np.floor(radius_mm / pixel_mm)))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(np.hypot(rows, columns) * pixel_mm <= max(radius_mm, pixel_mm))
