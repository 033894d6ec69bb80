"""Blood and undecided soft tissue between the dural sac and the wall of the canal, without contrast agent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.core.examination import CanalTissue
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.regions import large, opened
from lumbomics.segment.axial.signals import Signals
from lumbomics.segment.axial.symmetry import MiddleLine

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.uint8]

_VEINS_MM, _LEAST_MM2 = 0.9, 4.0
_BLOOD_T2, _BLOOD_T1 = (0.3, 0.87), 0.62
_BLOOD_MM2 = 15.0


def fill_epidural(result: Numbers, patch: Patch, space: Mask, signals: Signals, *, line: MiddleLine) -> None:
    """Tell soft tissue of the epidural space apart, in place.

    Soft tissue is what is neither fat nor fluid. Thin layers, and layers in front that the other side shows too, are
    veins and stay with fat; the rest may be scar or disc. Methaemoglobin is bright on T1.

    Parameters
    ----------
    result
        (rows, columns) changed in place.
    patch
        One slice.
    space
        Between sac and wall.
    signals
        What tissues are told by.
    line
        The slice's line of symmetry.
    """
    soft = space & ~signals.fat & ~signals.water
    bulk = large(opened(soft, _VEINS_MM, patch.pixel_mm), _LEAST_MM2, patch.pixel_mm)
    if signals.t1 is not None:
        result[_blood(patch, space, signals, signals.t1)] = CanalTissue.HAEMATOMA
    result[bulk & ~_veins(soft, patch, line)] = CanalTissue.EPIDURAL_TISSUE


def _blood(patch: Patch, space: Mask, signals: Signals, t1: FloatArray) -> Mask:
    """Methaemoglobin: bright on T1, and on T2 either dark (in cells) or brighter than fat (free)."""
    behind = space & (patch.y < 4.0) & (t1 > _BLOOD_T1)
    sd = 0.6 / patch.pixel_mm
    even = gaussian_filter(signals.t2, sd)
    found = behind & ((even < _BLOOD_T2[0]) | (even > _BLOOD_T2[1]))
    return large(opened(found, 1.0, patch.pixel_mm), _BLOOD_MM2, patch.pixel_mm)


def _veins(soft: Mask, patch: Patch, line: MiddleLine) -> Mask:
    """Soft tissue in front that the other side shows as well: the anterior venous plexus."""
    return np.asarray(soft & (line.mirrored(soft, patch) > 0.5) & (patch.y > -1.0))
