"""How sure a drawn slice is: the agreement to be expected, from what can be seen without the truth."""

from __future__ import annotations

import numpy as np

from lumbomics.segment.axial.outline import inside_path
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.walls import Walls


def canal_trust(patch: Patch, walls: Walls, fluid: float) -> float:
    """Share of the sac that metal leaves clear, times how well sac and surroundings part, in [0, 1]."""
    sac = inside_path(walls.sac_mm, patch.x, patch.y)
    if not sac.any():
        return 0.0
    clear = 1.0 - float(patch.obscured[sac].mean())
    shift = np.abs(walls.canal_mm - walls.expected_mm).mean()
    return float(np.clip(clear * (1.0 - shift / 6.0), 0.0, 1.0))
