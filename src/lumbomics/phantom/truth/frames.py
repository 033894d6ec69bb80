"""The frames in which every quantity is defined, read from the closed-form anatomy by dense sampling."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD
from lumbomics.phantom.anatomy import SPINE, Anatomy
from lumbomics.phantom.chain import Vertebra
from lumbomics.phantom.paint import classify
from lumbomics.phantom.shapes import Frame

FloatArray = NDArray[np.float64]

_SAMPLE_MM = 1.0
_SACRAL_DEPTH_MM = 10.0


@dataclass(frozen=True, eq=False)
class DefinedVertebra:
    """A vertebra with its body frame as the definitions state it.

    Parameters
    ----------
    vertebra
        Shape and pose.
    frame
        Origin: the body's centroid (S1: the superior endplate's midpoint); axes r, a, u of the definitions.
    """

    vertebra: Vertebra = field(repr=False)
    frame: Frame = field(repr=False)

    def normal(self, *, superior: bool) -> FloatArray:
        """Endplate normal to the head, (3,) unit vector."""
        return endplate_normal(self.vertebra, superior=superior)

    def direction(self, *, superior: bool) -> FloatArray:
        """Return the endplate line's unit vector (3,) to the front: the endplate cut by the sagittal plane."""
        return unit(np.cross(self.normal(superior=superior), self.frame.right))


def defined_vertebrae(anatomy: Anatomy) -> dict[str, DefinedVertebra]:
    """Find the body frames of all vertebrae by name, T10 to S1."""
    return {v.name: DefinedVertebra(v, _frame(anatomy, v)) for v in anatomy.chain}


def endplate_normal(vertebra: Vertebra, *, superior: bool) -> FloatArray:
    """Return the normal (3,) to the head of an endplate's robust plane."""
    fall = np.tan(vertebra.body.tilt / 2) * (1 if superior else -1)
    return unit(vertebra.frame.rotation @ np.array([fall, -vertebra.line(superior=superior).slope, 1.0]))


def angle_deg(start: FloatArray, end: FloatArray, axis: FloatArray) -> float:
    """Angle (deg) from ``start`` to ``end`` about the unit vector ``axis``, both projected onto its plane."""
    first, second = (v - axis * (v @ axis) for v in (start, end))
    return float(np.rad2deg(np.arctan2(np.cross(first, second) @ axis, first @ second)))


def unit(vector: FloatArray) -> FloatArray:
    """Scale a vector to length one."""
    return np.asarray(vector / np.linalg.norm(vector))


def _frame(anatomy: Anatomy, vertebra: Vertebra) -> Frame:
    superior = vertebra.name == "S1"
    up = endplate_normal(vertebra, superior=True)
    if not superior:
        up = unit(up + endplate_normal(vertebra, superior=False))
    origin = vertebra.middle(superior=True) if superior else _body_centroid(vertebra)
    away = origin - _canal_centroid(anatomy, vertebra)
    front = unit(away - up * (away @ up))
    return Frame(np.column_stack([np.cross(front, up), front, up]), origin)


def _body_centroid(vertebra: Vertebra) -> FloatArray:
    solid = vertebra.body.solid(vertebra.frame)
    x, y, z = _raster(solid.low, solid.high)
    inside = vertebra.body.level(x, y, z) <= 0
    return vertebra.frame.to_world([x[inside].mean(), y[inside].mean(), z[inside].mean()])


def _canal_centroid(anatomy: Anatomy, vertebra: Vertebra) -> FloatArray:
    """Centroid of the canal label between both endplate planes (S1: within 10 mm below the endplate's)."""
    body = vertebra.body
    back = body.depth / 2 + vertebra.norm.canal_depth
    reach = vertebra.norm.canal_width / 2 + 2
    x, y, z = _raster((-reach, -back - 8, -body.height * 0.8), (reach, -body.depth / 2 + 4, body.height * 0.8))
    slopes = [vertebra.line(superior=s) for s in (True, False)]
    fall = np.tan(body.tilt / 2)
    top = slopes[0].intercept + slopes[0].slope * y - fall * x
    bottom = slopes[1].intercept + slopes[1].slope * y + fall * x
    if vertebra.name == "S1":
        bottom = top - _SACRAL_DEPTH_MM
    between = (z <= top) & (z >= bottom)
    points = vertebra.frame.to_world(np.stack([x[between], y[between], z[between]], axis=-1))
    spine = classify(anatomy, points)[SPINE]
    return np.asarray(points[(spine == CANAL) | (spine == CORD)].mean(axis=0))


def _raster(
    low: tuple[float, float, float], high: tuple[float, float, float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points about 1 mm apart that lie symmetrically in a box, three (i, j, k) arrays."""
    axes = [
        a + (np.arange(n := max(int((b - a) / _SAMPLE_MM), 1)) + 0.5) * (b - a) / n
        for a, b in zip(low, high, strict=True)
    ]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    return x, y, z
