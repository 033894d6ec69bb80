"""What took the place of removed bone behind the canal, by the images: uptake in the bed, and the other side's arch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.regions import grown, large, opened, pieces
from lumbomics.segment.axial.signals import Signals
from lumbomics.segment.axial.symmetry import MiddleLine

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DEEP_MM, _SIDE_MM, _BEHIND_MM = 14.0, 14.0, -3.0
"""Where arches are: from the canal's wall, from the middle line, and behind the canal's middle."""
_SMOOTH_MM, _FINE_MM = 0.8, 0.5
_UPTAKE, _OF_BED = 0.2, 0.62
"""Scar of the bed takes up more than muscle or marrow; the approach through muscle takes up less than the bed."""
_OPEN_MM, _LEAST_MM2 = 1.0, 25.0
_TOUCH_MM, _NEAR_MM = 3.5, 6.0
_GRAFT_MM = 2.5
_DARK_T2, _DARK_T1 = 0.2, 0.3
_SOFT_T2, _SOFT_T1 = (0.16, 0.62), (0.27, 0.5)
_MARROW_T1 = 0.5


def removed_arch(patch: Patch, canal: Mask, signals: Signals, line: MiddleLine) -> Mask:
    """Pixels behind the canal where scar, or fat laid on the dura, stands for bone and ligament.

    With contrast agent: soft tissue near the canal's back wall that takes up as scar does. Without: soft tissue where
    the other side shows the dark cortex or the marrow of its lamina; an arch removed on both sides is not seen then.

    Parameters
    ----------
    patch
        One slice.
    canal
        Pixels within the canal's wall.
    signals
        What tissues are told by.
    line
        The slice's line of symmetry.
    """
    aside = np.abs(line.across(patch.x, patch.y))
    place = ~canal & (patch.y < _BEHIND_MM) & (aside < _SIDE_MM) & grown(canal, _DEEP_MM, patch.pixel_mm)
    if signals.uptake is None:
        bed = _one_sided(patch, place, signals, line)
    else:
        bed = _bed(patch, canal, place & ~signals.fat & ~signals.water, signals.uptake)
    graft = place & signals.fat & grown(bed, _GRAFT_MM, patch.pixel_mm) & grown(canal, _GRAFT_MM, patch.pixel_mm)
    return bed | graft


def _bed(patch: Patch, canal: Mask, place: Mask, uptake: FloatArray) -> Mask:
    """Soft tissue that takes up as the bed next to the canal does, and is joined to it."""
    even = gaussian_filter(uptake, _SMOOTH_MM / patch.pixel_mm)
    vivid = opened(place & (even > _UPTAKE), _OPEN_MM, patch.pixel_mm)
    near = grown(canal, _NEAR_MM, patch.pixel_mm)
    found = np.zeros(canal.shape, dtype=bool)
    for piece in pieces(vivid, _LEAST_MM2, patch.pixel_mm):
        if not (piece & grown(canal, _TOUCH_MM, patch.pixel_mm)).any():
            continue
        usual = float(np.percentile(even[piece & near], 75))
        found |= opened(piece & (even > _OF_BED * usual), _OPEN_MM, patch.pixel_mm)
    return large(found, _LEAST_MM2, patch.pixel_mm)


def _one_sided(patch: Patch, place: Mask, signals: Signals, line: MiddleLine) -> Mask:
    """Soft tissue here, cortex or marrow there."""
    if signals.t1 is None:
        return np.zeros(place.shape, dtype=bool)
    sd = _FINE_MM / patch.pixel_mm
    t2, t1 = gaussian_filter(signals.t2, sd), gaussian_filter(signals.t1, sd)
    soft = (t2 > _SOFT_T2[0]) & (t2 < _SOFT_T2[1]) & (t1 > _SOFT_T1[0]) & (t1 < _SOFT_T1[1])
    other_t2, other_t1 = line.mirrored(t2, patch), line.mirrored(t1, patch)
    bone = ((other_t2 < _DARK_T2) & (other_t1 < _DARK_T1)) | ((other_t1 > _MARROW_T1) & (other_t2 < _SOFT_T2[1]))
    return large(opened(place & soft & bone, _OPEN_MM, patch.pixel_mm), _LEAST_MM2, patch.pixel_mm)
