"""Where the pedicles are narrowest."""

from __future__ import annotations

import numpy as np

from lumbomics.core.anatomy import CORD
from lumbomics.phantom.anatomy import SPINE, Anatomy
from lumbomics.phantom.paint import classify
from lumbomics.phantom.posterior import pedicle
from lumbomics.phantom.truth.frames import DefinedVertebra, FloatArray

_STEP_MM = 0.6
_ASIDE_MM = (3.0, 32.0)
_DOWN_MM = 20.0


def pedicle_middle(anatomy: Anatomy, item: DefinedVertebra, sign: float) -> FloatArray:
    """Centre (3,) RAS+ mm of a pedicle's narrowest section: by construction, and for S1 by comparing dense sections."""
    if item.vertebra.name == "S1":
        return _sacral(anatomy, item, sign)
    place = pedicle(item.vertebra, sign)
    return item.vertebra.frame.to_world((place.x, place.y, place.z))


def _sacral(anatomy: Anatomy, item: DefinedVertebra, sign: float) -> FloatArray:
    """Find the smallest section of the bone beside S1's canal, from its endplate's plane to 20 mm below it."""
    norm = item.vertebra.norm
    wall = item.frame.to_local(item.vertebra.corner(superior=True, anterior=False))[1]
    y = np.arange(wall - norm.canal_depth / 2, wall, _STEP_MM)
    x = sign * np.arange(*_ASIDE_MM, _STEP_MM)
    z = np.arange(-_DOWN_MM, 0.0, _STEP_MM)
    points = np.stack(np.meshgrid(y, x, z, indexing="ij"), axis=-1)
    spine = classify(anatomy, item.frame.to_world(points[..., [1, 0, 2]].reshape(-1, 3)))[SPINE]
    bone = ((spine > 0) & (spine < CORD)).reshape(points.shape[:3])
    best = int(np.argmin(bone.sum(axis=(1, 2))))
    section = points[best][bone[best]].mean(axis=0)
    return item.frame.to_world((section[1], y[best], section[2]))
