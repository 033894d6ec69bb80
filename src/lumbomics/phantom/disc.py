"""Discs, herniations and neural foramina in the frame of their segment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.phantom.chain import Vertebra, disc_frame
from lumbomics.phantom.levels import Herniation, Zone
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.posterior import pedicle
from lumbomics.phantom.shapes import Array, Frame, Solid, boxed, ellipsoid

FloatArray = NDArray[np.float64]

_BULGE_MM = 0.8


def disc_solid(upper: Vertebra, lower: Vertebra) -> Solid:
    """Fill the space between two endplates, inside an outline that leans from the lower to the upper body."""
    frame = disc_frame(upper, lower)
    to_upper, to_lower = _to_local(frame, upper), _to_local(frame, lower)

    def level(x: Array, y: Array, z: Array) -> Array:
        ux, uy, uz = to_upper(x, y, z)
        lx, ly, lz = to_lower(x, y, z)
        above = uz - upper.body.bottom(ux, uy)
        below = lower.body.top(lx, ly) - lz
        share = np.clip(below / np.minimum(above + below, -0.5), 0, 1)
        outline = share * upper.body.side(ux, uy, np.full_like(uz, upper.body.height / 2))
        outline += (1 - share) * lower.body.side(lx, ly, np.full_like(lz, lower.body.height / 2))
        outline -= 4 * _BULGE_MM * share * (1 - share)
        return np.asarray(np.maximum(outline, np.maximum(above, below)))

    return boxed(frame, level, *_disc_box(upper, lower, frame))


def herniation_solids(upper: Vertebra, lower: Vertebra, parameters: PhantomParameters) -> list[Solid]:
    """Build the herniations of one disc: ellipsoids that start inside the disc's edge."""
    name = f"{upper.name}-{lower.name}"
    return [_herniation(upper, lower, item) for item in parameters.herniations if item.level == name]


def foramen_solid(upper: Vertebra, lower: Vertebra, sign: float) -> Solid:
    """Box between the two pedicles of one side; bones, disc and canal are cut out of it by painting."""
    frame = disc_frame(upper, lower)
    local = [frame.to_local(_border(upper, sign, -1.0)), frame.to_local(_border(lower, sign, 1.0))]
    centre = (local[0] + local[1]) / 2
    half_z = max(float(local[0][2] - local[1][2]) / 2, 1.0)
    half = np.array([4.0, 7.5, half_z])

    def level(x: Array, y: Array, z: Array) -> Array:
        lean = centre[1] + (z - centre[2]) * (local[0][1] - local[1][1]) / (2 * half_z)
        section = np.maximum(np.abs(y - lean) - half[1], np.abs(z - centre[2]) - half[2])
        return np.asarray(np.maximum(np.abs(x - centre[0]) - half[0], section))

    reach = half + np.array([0.0, abs(local[0][1] - local[1][1]) / 2, 0.0])
    return boxed(frame, level, centre - reach, centre + reach)


def _border(vertebra: Vertebra, sign: float, end: float) -> FloatArray:
    """Upper (end +1) or lower (-1) border of a pedicle at its narrowest section, (3,) RAS+ mm."""
    place = pedicle(vertebra, sign)
    return vertebra.frame.to_world((place.x, place.y, place.z + end * place.half_height))


def _to_local(frame: Frame, vertebra: Vertebra) -> Callable[[Array, Array, Array], tuple[Array, Array, Array]]:
    turn = vertebra.frame.rotation.T @ frame.rotation
    shift = vertebra.frame.to_local(frame.origin_mm)

    def convert(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        first, second, third = (turn[i, 0] * x + turn[i, 1] * y + turn[i, 2] * z + shift[i] for i in range(3))
        return first, second, third

    return convert


def _disc_box(upper: Vertebra, lower: Vertebra, frame: Frame) -> tuple[FloatArray, FloatArray]:
    corners = []
    for vertebra, superior in ((upper, False), (lower, True)):
        x = np.linspace(-1, 1, 9)[:, None] * vertebra.body.width / 2
        y = np.linspace(-1, 1, 9)[None, :] * (vertebra.body.depth / 2 + 2)
        x, y = np.broadcast_arrays(x, y)
        z = vertebra.body.surface(x, y, superior=superior)
        corners.append(frame.to_local(vertebra.frame.to_world(np.stack([x, y, z], axis=-1))).reshape(-1, 3))
    points = np.vstack(corners)
    return points.min(axis=0) - 1.5, points.max(axis=0) + 1.5


def _herniation(upper: Vertebra, lower: Vertebra, item: Herniation) -> Solid:
    frame = disc_frame(upper, lower)
    side = -1.0 if item.side is Side.LEFT else 1.0
    canal = upper.norm.canal_width / 2
    corners = [upper.corner(superior=False, anterior=False), lower.corner(superior=True, anterior=False)]
    back = float(frame.to_local(np.mean(corners, axis=0))[1])
    reach, width = item.size_mm, 5.0 + 0.6 * item.size_mm
    outwards = {Zone.CENTRAL: 0.0, Zone.SUBARTICULAR: 0.62, Zone.FORAMINAL: 1.35, Zone.EXTRAFORAMINAL: 1.95}
    edge = {Zone.CENTRAL: 0.0, Zone.SUBARTICULAR: -0.5, Zone.FORAMINAL: 2.5, Zone.EXTRAFORAMINAL: 7.0}
    tall = 0.55 * (frame.to_local(upper.middle(superior=False))[2] * 2) + 0.25 * reach
    centre = np.array([side * outwards[item.zone] * canal, back + edge[item.zone], item.migration_mm])
    level, half = ellipsoid(centre, (width, reach, tall))
    return boxed(frame, level, centre - half, centre + half)
