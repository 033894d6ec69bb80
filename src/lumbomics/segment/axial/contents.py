"""What fills the sac, the space between sac and wall, and the joints behind, in one slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue
from lumbomics.segment.axial.arch import removed_arch
from lumbomics.segment.axial.epidural import fill_epidural
from lumbomics.segment.axial.evidence import Seen
from lumbomics.segment.axial.outline import inside_path
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.regions import grown, large, opened, pieces
from lumbomics.segment.axial.signals import Signals
from lumbomics.segment.axial.told import told_sac, told_tissue

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.uint8]

ROOT_LEVEL = 0.62
"""T2 signal relative to fluid below which a pixel is less than half fluid: midway between fluid and a root's 0.27."""
_CORD_MM2, _CORD_HALF_MM = 22.0, 2.0
_DURA_MM = 0.6
_LEAST_MM2 = 5.0
_FLAVUM_MM, _FLAVUM_HALF_MM, _FLAVUM_T2, _FLAVUM_T1 = 5.0, 0.8, 0.22, 0.45
_JOINT_MM, _JOINT_BEHIND_MM, _JOINT_FRONT_MM = (8.0, 30.0), -28.0, 8.0
_JOINT_MM2 = 2.5
_POOL_MM, _POOL_MM2 = 1.5, 20.0
_EPIDURAL = tuple(int(kind) for kind in IN_CANAL - IN_SAC)


def fill(seen: Seen, chances: FloatArray | None = None) -> Numbers:
    """Tissue of every pixel of a slice, (rows, columns).

    Parameters
    ----------
    seen
        The slice, its outlines and signals.
    chances
        (classes, rows, columns) of ``learned.CLASSES``; ``None`` without contrast agent, where signal, thickness and
        the other side alone tell epidural tissue from fat, and nothing tells scar from disc.
    """
    patch, signals, sac = seen.patch, seen.signals, seen.sac
    wall = inside_path(seen.walls.canal_mm, patch.x, patch.y)
    result = np.zeros(sac.shape, dtype=np.uint8)
    told = None if chances is None else told_tissue(patch, chances)
    if told is None:
        canal = wall | sac
        result[_flavum(patch, canal, signals)] = CanalTissue.FLAVUM
    else:
        sac = told_sac(patch, sac, told)
        canal = sac | np.isin(told, _EPIDURAL) | (wall & ~seen.about)
        result[told == CanalTissue.FLAVUM] = CanalTissue.FLAVUM
    # scar of the approach can be as dark as the ligament that it replaced
    result[removed_arch(patch, canal, signals, seen.line)] = CanalTissue.DEFECT
    result[_joint_fluid(patch, canal, signals)] = CanalTissue.FACET_FLUID
    result[canal] = CanalTissue.EPIDURAL_FAT
    if told is None:
        fill_epidural(result, patch, canal & ~sac, signals, line=seen.line)
    else:
        epidural = canal & np.isin(told, _EPIDURAL)
        result[epidural] = told[epidural]
    _fill_sac(result, patch, sac, signals)
    result[_pool(patch, sac, signals)] = CanalTissue.COLLECTION
    result[patch.obscured] = 0
    return result


def _fill_sac(result: Numbers, patch: Patch, sac: Mask, signals: Signals) -> None:
    """Fluid, roots and cord: a pixel is root where less than half of it is fluid; a dark rim without depth is dura."""
    dark = sac & (signals.t2 < ROOT_LEVEL)
    deep = dark & ~grown(~sac, _DURA_MM, patch.pixel_mm)
    dura = dark & ~grown(deep, 2 * _DURA_MM, patch.pixel_mm)
    dark &= ~dura
    result[sac & ~dura] = CanalTissue.FLUID
    result[dark] = CanalTissue.ROOT
    cord = large(opened(dark, _CORD_HALF_MM, patch.pixel_mm), _CORD_MM2, patch.pixel_mm)
    result[cord & (patch.cord > 0.3)] = CanalTissue.CORD


def _flavum(patch: Patch, canal: Mask, signals: Signals) -> Mask:
    """Ligamentum flavum: dark on both, on the wall behind, and no bone in the carried labels."""
    near = grown(canal, _FLAVUM_MM, patch.pixel_mm) & ~canal & (patch.y < -1.0)
    dark = near & (signals.t2 < _FLAVUM_T2) & (patch.bone < 0.5) & (patch.disc < 0.3)
    if signals.t1 is not None:
        dark &= signals.t1 < _FLAVUM_T1
    # a lamina's cortex is as dark, but thinner
    return large(opened(dark, _FLAVUM_HALF_MM, patch.pixel_mm), _LEAST_MM2, patch.pixel_mm)


def _joint_fluid(patch: Patch, canal: Mask, signals: Signals) -> Mask:
    """Fluid in the facet joints: bright on T2, dark on T1, thin, beside bone and beyond the canal's wall."""
    aside = np.abs(patch.x)
    place = (aside > _JOINT_MM[0]) & (aside < _JOINT_MM[1]) & (patch.y > _JOINT_BEHIND_MM) & (patch.y < _JOINT_FRONT_MM)
    place &= ~grown(canal, 1.0, patch.pixel_mm) & grown(patch.bone > 0.5, 2.0, patch.pixel_mm)
    thin = place & (signals.t2 > 0.45) & (signals.wetness > 0.35)
    thin &= ~grown(opened(thin, 2.5, patch.pixel_mm), 1.0, patch.pixel_mm)
    return large(thin, _JOINT_MM2, patch.pixel_mm)


def _pool(patch: Patch, sac: Mask, signals: Signals) -> Mask:
    """Fluid outside the sac: large, behind, and unlike fat."""
    behind = ~grown(sac, 0.7, patch.pixel_mm) & (patch.y < -2.0) & (patch.bone < 0.5) & (np.abs(patch.x) < 32)
    core = opened(behind & signals.water, _POOL_MM, patch.pixel_mm)
    found = np.zeros(sac.shape, dtype=bool)
    for piece in pieces(core, _POOL_MM2, patch.pixel_mm):
        found |= grown(piece, 1.2, patch.pixel_mm) & behind & (signals.t2 > 0.6)
    return found
