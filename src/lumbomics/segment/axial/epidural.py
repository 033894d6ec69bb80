"""Scar, displaced disc, blood and undecided soft tissue between the dural sac and the wall of the canal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.core.examination import CanalTissue
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.regions import grown, large, opened
from lumbomics.segment.axial.signals import Signals
from lumbomics.segment.axial.symmetry import MiddleLine

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.uint8]

TAKES_UP = 0.2
"""Relative gain of T1 signal from which tissue takes up contrast agent; engineering default."""
_EVEN_MM = 0.55
_VEINS_MM, _EDGE_MM = 0.9, 1.2
_LEAST_MM2 = 4.0
_ALIKE_MM, _ALIKE_T2, _ALIKE_POST, _BRIGHTER = 0.8, 0.05, 0.06, 2.0
_BLOOD_T2, _BLOOD_T1 = (0.3, 0.87), 0.62
_BLOOD_MM2 = 15.0


def fill_epidural(
    result: Numbers, patch: Patch, space: Mask, signals: Signals, *, line: MiddleLine, fragment: Mask
) -> None:
    """Tell soft tissue of the epidural space apart, in place.

    Soft tissue is what is neither fat nor fluid. Thin layers, and layers in front that the other side shows too, are
    veins and stay with fat. With contrast agent, what takes up is scar; without, nobody tells it from disc.
    Methaemoglobin is bright on T1.

    Parameters
    ----------
    result
        (rows, columns) changed in place.
    patch
        One slice.
    space
        Between sac and wall, displaced disc included.
    signals
        What tissues are told by.
    line
        The slice's line of symmetry.
    fragment
        Displaced disc material.
    """
    soft = space & ~signals.fat & ~signals.water
    bulk = large(opened(soft, _VEINS_MM, patch.pixel_mm), _LEAST_MM2, patch.pixel_mm)
    if signals.t1 is not None:
        result[_blood(patch, space, signals, signals.t1)] = CanalTissue.HAEMATOMA
    common = veins(soft & ~fragment, patch, signals, line)
    if signals.uptake is None:
        result[bulk & ~common] = CanalTissue.EPIDURAL_TISSUE
        return
    uptake = _within(signals.uptake, soft, _EVEN_MM / patch.pixel_mm)
    dry = soft & (uptake < TAKES_UP)
    wet = soft & ~fragment & ~dry & ~common
    scar = large(wet & bulk, _LEAST_MM2, patch.pixel_mm)
    # what opening took from its edges comes back: scar reaches dura and wall
    result[grown(scar, _EDGE_MM, patch.pixel_mm) & wet] = CanalTissue.SCAR
    result[fragment] = CanalTissue.DISC


def _within(values: FloatArray, mask: Mask, sd: float) -> FloatArray:
    """Values evened among the pixels of a mask alone: fat and fluid beside it do not count."""
    weight = gaussian_filter(mask.astype(np.float64), sd)
    return np.asarray(gaussian_filter(np.where(mask, values, 0.0), sd) / np.maximum(weight, 1e-3))


def _blood(patch: Patch, space: Mask, signals: Signals, t1: FloatArray) -> Mask:
    """Methaemoglobin: bright on T1, and on T2 either dark (in cells) or brighter than fat (free)."""
    behind = space & (patch.y < 4.0) & (t1 > _BLOOD_T1)
    sd = 0.6 / patch.pixel_mm
    even = gaussian_filter(signals.t2, sd)
    found = behind & ((even < _BLOOD_T2[0]) | (even > _BLOOD_T2[1]))
    return large(opened(found, 1.0, patch.pixel_mm), _BLOOD_MM2, patch.pixel_mm)


def veins(soft: Mask, patch: Patch, signals: Signals, line: MiddleLine) -> Mask:
    """Soft tissue in front that the other side shows as well, and no darker: the anterior venous plexus."""
    both = soft & (line.mirrored(soft, patch) > 0.5) & (patch.y > -1.0)
    if signals.t1 is None or signals.uptake is None:
        return both
    sd = _ALIKE_MM / patch.pixel_mm
    brighter = np.zeros(soft.shape)
    for values, spread in ((signals.t2, _ALIKE_T2), (signals.t1 * (1 + signals.uptake), _ALIKE_POST)):
        even = gaussian_filter(values, sd)
        brighter += (even - line.mirrored(even, patch)) / spread
    return both & (brighter < _BRIGHTER)
