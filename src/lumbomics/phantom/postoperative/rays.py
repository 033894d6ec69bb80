"""Truth of the missing arch: rays from the canal's centre backwards that meet no bone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CORD, Side
from lumbomics.core.measurement import Measurement
from lumbomics.phantom.anatomy import SPINE
from lumbomics.phantom.canal import STEP_MM
from lumbomics.phantom.paint import classify
from lumbomics.phantom.postoperative.place import Place, sign_of
from lumbomics.phantom.postoperative.sections import row
from lumbomics.phantom.scene import Scene

_HEIGHTS, _STEP_UP_MM = (0.10, 0.45), 1.0
_ANGLES_DEG = np.arange(-74.5, 75.0, 1.0)
_BEYOND_MM, _ALONG_MM = 15.0, 0.5


def defect_truth(scene: Scene, level: str) -> Iterator[Measurement]:
    """Yield the share of open rays and the width of the gap on each side, at heights through the upper lamina.

    A ray is open where it meets no vertebra within 15 mm of the canal's wall.
    """
    place = Place.of(scene.anatomy, level)
    tall = place.upper.body.height
    heights = np.arange(_HEIGHTS[0] * tall, _HEIGHTS[1] * tall, _STEP_UP_MM)
    opened, across = zip(*(_rays(scene, place, float(height)) for height in heights), strict=True)
    for side in (Side.LEFT, Side.RIGHT):
        own = np.sign(_ANGLES_DEG) == sign_of(side)
        share = 100 * float(np.mean([one[own] for one in opened]))
        yield row("laminectomy_defect", "mr_missing_fraction", "%", share, level, side)
        widths = [np.ptp(x[own & gap]) if (own & gap).any() else 0.0 for gap, x in zip(opened, across, strict=True)]
        yield row("laminectomy_defect", "mr_defect_width", "mm", float(max(widths)), level, side)


def _rays(scene: Scene, place: Place, height: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether each ray (n,) is open, and the place to the right (n,) mm where it leaves the canal."""
    canal, frame = scene.anatomy.canal, place.frame
    middles = frame.to_local(canal.points)
    near = int(np.argmin(np.abs(middles[:, 2] - height) + 10 * (np.abs(middles[:, 1] - place.centre) > 30)))
    centre = middles[near]
    turn = np.deg2rad(_ANGLES_DEG)
    ways = np.stack([np.sin(turn), -np.cos(turn), np.zeros_like(turn)], axis=1)
    reach = np.arange(0.0, 45.0, _ALONG_MM)
    points = frame.to_world(centre + ways[:, None] * reach[None, :, None]).reshape(-1, 3)
    spine = classify(scene.anatomy, points)[SPINE].reshape(len(turn), len(reach))
    s, x, y = canal.coordinates(points)
    s = np.where(np.isfinite(s), s, near * STEP_MM)
    inside = (canal.canal_level(s, x, y) <= 0).reshape(spine.shape)
    wall = reach[np.minimum(inside.sum(axis=1), len(reach) - 1)]
    bone = (spine > 0) & (spine < CORD) & (reach[None] <= wall[:, None] + _BEYOND_MM)
    return ~bone.any(axis=1), np.asarray(centre[0] + wall * np.sin(turn), dtype=np.float64)
