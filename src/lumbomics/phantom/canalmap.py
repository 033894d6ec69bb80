"""The exact map of what lies in and about the canal, from tissue numbers and label maps on the same voxels."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET
from lumbomics.core.examination import CanalTissue
from lumbomics.phantom.anatomy import DISPLACED, SAC, SPINE
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.paint import Maps
from lumbomics.phantom.scene import Scene
from lumbomics.phantom.tissue import Tissue

NAMES = MappingProxyType({int(tissue): tissue.name.lower() for tissue in CanalTissue})
"""Names of the map's values."""


def canal_tissue(scene: Scene, tissue: Numbers, maps: Maps) -> NDArray[np.uint8]:
    """Return the :class:`~lumbomics.core.examination.CanalTissue` (i, j, k) of every voxel centre.

    Inside the sac what is not root or cord is fluid; inside the canal what is not sac is fat (dura, veins and the
    sleeves of leaving roots among it). Ligamentum flavum ends at the canal's wall unless it is painted inside. Disc
    material is displaced where it lies beyond the disc's own outline. Numbers of extras are what they say they are.
    """
    spine = maps[SPINE]
    inside, open_space = (spine == CANAL) | (spine == CORD), (spine == 0) | (spine == CANAL)
    result = np.zeros(spine.shape, dtype=np.uint8)
    sac = inside & (maps[SAC] > 0)
    result[inside] = CanalTissue.EPIDURAL_FAT
    result[sac] = CanalTissue.FLUID
    result[sac & (tissue == Tissue.ROOT)] = CanalTissue.ROOT
    result[spine == CORD] = CanalTissue.CORD
    result[open_space & (tissue == Tissue.FLAVUM)] = CanalTissue.FLAVUM
    result[~inside & (tissue == Tissue.JOINT_FLUID)] = CanalTissue.FACET_FLUID
    result[(maps[DISPLACED] > 0) & (spine > DISC_OFFSET)] = CanalTissue.DISC
    for extra in scene.extras:
        for number, kind in extra.canal().items():
            result[tissue == number] = kind
    return result
