"""How sure a drawn slice is: the agreement to be expected, from what can be seen without the truth."""

from __future__ import annotations

import numpy as np

from lumbomics.segment.axial.outline import inside_path
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.walls import Walls

_FLOOR, _GAIN = 0.55, 0.8
_FULL, _FULL_COST = 0.83, 4.0
_SHIFT_MM = 12.0


def canal_trust(patch: Patch, walls: Walls) -> float:
    """Agreement (Dice of the sac) to be expected of a slice, in [0, 1].

    It rises with the evidence along the sac's outline and falls where the sac seems to fill the whole canal (as where
    fat was taken for fluid), where the canal had to leave its carried place, and with the share that metal spoils. The
    numbers are engineering defaults, set on digital patients whose seeds the benchmark leaves out.
    """
    sac = inside_path(walls.sac_mm, patch.x, patch.y)
    if not sac.any():
        return 0.0
    clear = 1.0 - float(patch.obscured[sac].mean())
    share = float(walls.sac_mm.mean() / walls.expected_mm.mean())
    shift = float(np.abs(walls.canal_mm - walls.expected_mm).mean())
    believed = _FLOOR + _GAIN * walls.evidence - _FULL_COST * max(share - _FULL, 0.0) - shift / _SHIFT_MM
    return float(np.clip(clear * believed, 0.0, 0.98))
