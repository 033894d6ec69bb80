"""Displaced disc material by the images: a mass in front of the sac that stands out and takes up no contrast agent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, generate_binary_structure, label

from lumbomics.core.examination import CanalTissue
from lumbomics.segment.axial.front import hind_edge
from lumbomics.segment.axial.outline import inside_path, rays
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.regions import grown, opened, pieces
from lumbomics.segment.axial.signals import Signals
from lumbomics.segment.axial.symmetry import MiddleLine
from lumbomics.segment.axial.walls import ANGLES, Walls

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SIDE_MM, _BACK_MM, _REACH_MM = 20.0, -2.0, 9.0
"""Where fragments are looked for: aside and behind of the canal's middle, and from the sac."""
_SMOOTH_MM = 0.4
_SOFT_T2, _SOFT_T1 = (0.15, 0.62), (0.22, 0.52)
_OPEN_MM, _LEAST_MM2 = 1.1, 5.0
_NEAREST_MM, _WIDEST_MM, _THICK_MM = 3.0, 11.0, 1.8
"""Of thick tissue in the middle: how near the middle line it comes, how far it reaches aside, half its thickness."""
_CORE_MM, _RIM_MM = 0.8, 1.7
_TOUCH_MM, _NEAR_MM, _NEAR = 1.6, 3.5, 0.4
_AHEAD = 0.33
"""Share of the way from the canal's middle to its front wall from which a core lies in front."""
_BEYOND_MM, _FRONT_DEG = 0.5, 60.0
_PUSHED_MM, _BEHIND_MM, _REACHES_MM = 4.5, 1.0, 0.3
_LEAST_MM3 = 85.0
"""A ball of 5.5 mm. What is smaller is as often a vein or a leaving root; engineering default."""


def find_fragments(
    patch: Patch, walls: Walls, sac: Mask, signals: Signals, line: MiddleLine, *, takes_up: float
) -> Mask:
    """Find displaced disc material, its rim included; empty without a series after contrast agent.

    A mass is soft tissue in front where the other side of the patient shows none, or thick tissue in the middle. It is
    disc where its core takes up no contrast agent and it lies against sac, canal or what the labels show of it, well in
    front.

    Parameters
    ----------
    patch
        One slice.
    walls, sac
        Outlines, and the pixels within the dural sac's.
    signals
        What tissues are told by.
    line
        The slice's line of symmetry.
    takes_up
        Uptake from which tissue is no disc.
    """
    found = np.zeros(sac.shape, dtype=bool)
    if signals.uptake is None or signals.t1 is None:
        return found
    edge, wall = hind_edge(patch), _wall_mm(walls)
    # a large fragment pushes the wall back, and the labelled edge may lie in the disc
    front = wall if edge is None else np.clip(edge, wall, wall + _PUSHED_MM)
    soft = _soft(patch, sac, signals.t2, signals.t1) & (patch.y < front + _BEYOND_MM)
    canal = sac | inside_path(walls.canal_mm, patch.x, patch.y)
    if edge is not None:
        canal |= (patch.disc > 0.5) & (patch.y < edge - _BEHIND_MM)
    touching, near = (grown(canal, reach, patch.pixel_mm) for reach in (_TOUCH_MM, _NEAR_MM))
    dry = gaussian_filter(signals.uptake, _SMOOTH_MM / patch.pixel_mm) < takes_up
    for mass in pieces(_standing_out(patch, soft, line), _LEAST_MM2, patch.pixel_mm):
        # what does not reach behind the wall's front is body or disc in its place
        if not (mass & touching).any() or np.percentile(patch.y[mass], 5) > wall - _REACHES_MM:
            continue
        for core in pieces(opened(mass & dry, _CORE_MM, patch.pixel_mm), _LEAST_MM2, patch.pixel_mm):
            if patch.y[core].mean() > _AHEAD * wall and (core & near).sum() > _NEAR * core.sum():
                found |= grown(core, _RIM_MM, patch.pixel_mm) & soft
    return found


def _standing_out(patch: Patch, soft: Mask, line: MiddleLine) -> Mask:
    """Soft tissue where the other side shows none, and thick tissue in the middle."""
    found = opened(soft & (line.mirrored(soft, patch) < 0.5), _OPEN_MM, patch.pixel_mm)
    across = np.abs(line.across(patch.x, patch.y))
    for piece in pieces(opened(soft, _THICK_MM, patch.pixel_mm), _LEAST_MM2, patch.pixel_mm):
        # what is as wide as the body is the body
        if across[piece].min() < _NEAREST_MM and across[piece].max() < _WIDEST_MM:
            found |= piece
    return found


def _soft(patch: Patch, sac: Mask, t2: FloatArray, t1: FloatArray) -> Mask:
    """Soft tissue between the hind edge of disc or body and the sac."""
    sd = _SMOOTH_MM / patch.pixel_mm
    t2, t1 = gaussian_filter(t2, sd), gaussian_filter(t1, sd)
    place = ~sac & (np.abs(patch.x) < _SIDE_MM) & (patch.y > _BACK_MM)
    place &= grown(sac, _REACH_MM, patch.pixel_mm) & (patch.bone < 0.5)
    return np.asarray(place & (t2 > _SOFT_T2[0]) & (t2 < _SOFT_T2[1]) & (t1 > _SOFT_T1[0]) & (t1 < _SOFT_T1[1]))


def _wall_mm(walls: Walls) -> float:
    """How far the canal's wall reaches to the front of the canal's middle, mm."""
    _, y = rays(ANGLES, 2, 1.0)
    ahead = y[:, 1] > np.cos(np.radians(_FRONT_DEG))
    return float(np.percentile((walls.canal_mm * y[:, 1])[ahead], 90))


def undecide_small(tissue: NDArray[np.uint8], voxel_mm3: float) -> NDArray[np.uint8]:
    """Tissue map (i, j, k) in which pieces of disc too small to be believed are undecided epidural tissue."""
    numbers, count = label(tissue == CanalTissue.DISC, generate_binary_structure(3, 3))
    volumes = np.bincount(numbers.ravel(), minlength=count + 1) * voxel_mm3
    small = (numbers > 0) & (volumes < _LEAST_MM3)[numbers]
    return np.where(small, np.uint8(CanalTissue.EPIDURAL_TISSUE), tissue)
