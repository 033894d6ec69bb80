"""The posterior elements of a vertebra: pedicles, laminae, articular, transverse and spinous processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.labels import Subregion
from lumbomics.phantom.chain import Vertebra, disc_frame
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.shapes import Array, Frame, Level, Solid, boxed, capsule, ellipsoid, plate, rounded_intersection

FloatArray = NDArray[np.float64]
Part = tuple[Subregion, Solid]

_JOINT_HALF_GAP_MM = 1.0
_PEDICLE_REACH_MM = 5.5
_CLEAR_OF_PEDICLE_MM = (1.5, 4.5)
"""How far behind the narrowest pedicle section a superior articular process begins, in lumbar vertebrae and at S1."""
SIDES = ((Side.LEFT, -1.0), (Side.RIGHT, 1.0))

_COSTAL = {Side.LEFT: Subregion.COSTAL_PROCESS_LEFT, Side.RIGHT: Subregion.COSTAL_PROCESS_RIGHT}
_SUPERIOR = {Side.LEFT: Subregion.SUPERIOR_ARTICULAR_LEFT, Side.RIGHT: Subregion.SUPERIOR_ARTICULAR_RIGHT}
_INFERIOR = {Side.LEFT: Subregion.INFERIOR_ARTICULAR_LEFT, Side.RIGHT: Subregion.INFERIOR_ARTICULAR_RIGHT}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pedicle:
    """The middle of a pedicle: its narrowest section.

    Parameters
    ----------
    x, y, z
        Centre of the narrowest section in the body frame, mm.
    half_width, half_height
        Of that section, mm.
    """

    x: float
    y: float
    z: float
    half_width: float
    half_height: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Joint:
    """A facet joint.

    Parameters
    ----------
    frame
        Disc frame moved to the joint's centre.
    normal, tangent
        (3,) in that frame: from the superior to the inferior articular process, and along the joint, away from the
        midline.
    narrowing_mm
        How far the superior articular process reaches forward beyond the normal.
    """

    frame: Frame
    normal: FloatArray
    tangent: FloatArray
    narrowing_mm: float


def pedicle(vertebra: Vertebra, sign: float) -> Pedicle:
    """Return the pedicle on the left (sign -1) or right (+1)."""
    norm, wall = vertebra.norm, -vertebra.body.depth / 2
    half_height = norm.pedicle_height / 2
    return Pedicle(
        x=sign * (norm.canal_width + norm.pedicle_width) / 2,
        y=wall - 0.24 * norm.canal_depth,
        z=vertebra.body.height / 2 - half_height - 1.5,
        half_width=norm.pedicle_width / 2,
        half_height=half_height,
    )


def joint(upper: Vertebra, lower: Vertebra, parameters: PhantomParameters, side: Side, sign: float) -> Joint:
    """Return the facet joint between two vertebrae on one side."""
    disc = f"{upper.name}-{lower.name}"
    angle = np.deg2rad(upper.norm.facet_angle)
    back = (upper.body.depth + lower.body.depth) / 4
    centre = [sign * (upper.norm.canal_width / 2 + 2.2), -back - 0.72 * lower.norm.canal_depth, 1.0]
    frame = disc_frame(upper, lower).at(centre)
    return Joint(
        frame=frame,
        normal=np.array([-sign * np.cos(angle), -np.sin(angle), 0.0]),
        tangent=np.array([sign * np.sin(angle), -np.cos(angle), 0.0]),
        narrowing_mm=10.0 * parameters.size * parameters.foraminal_narrowing.get((disc, side), 0.0),
    )


def posterior_elements(
    vertebra: Vertebra, above: Vertebra | None, below: Vertebra | None, parameters: PhantomParameters
) -> Iterator[Part]:
    """Yield the parts of one vertebra's arch, in painting order."""
    if vertebra.name != "S1":
        yield Subregion.SPINOUS_PROCESS, _spinous(vertebra)
    for side, sign in SIDES:
        if vertebra.name != "S1":
            yield _COSTAL[side], _transverse(vertebra, sign, parameters)
            yield Subregion.ARCH, _lamina(vertebra, sign)
        if below is not None:
            yield (
                _INFERIOR[side],
                _inferior_process(vertebra, joint(vertebra, below, parameters, side, sign), sign, parameters.size),
            )
        if above is not None:
            yield (
                _SUPERIOR[side],
                _superior_process(vertebra, joint(above, vertebra, parameters, side, sign), sign, parameters.size),
            )
        yield Subregion.ARCH, _pedicle_solid(vertebra, sign)


def _pedicle_solid(vertebra: Vertebra, sign: float) -> Solid:
    middle = pedicle(vertebra, sign)
    front, back = middle.y + 11.0, middle.y - 1.5 * _PEDICLE_REACH_MM

    def level(x: Array, y: Array, z: Array) -> Array:
        grow = 1 + 0.3 * np.minimum(((y - middle.y) / _PEDICLE_REACH_MM) ** 2, 1)
        across, along = (x - middle.x) / middle.half_width, (z - middle.z) / middle.half_height
        radius = np.sqrt(across**2 + along**2)
        slope = np.sqrt((across / middle.half_width) ** 2 + (along / middle.half_height) ** 2)
        tube = radius * (radius - grow) / np.maximum(slope, 1e-6)
        return rounded_intersection(tube, np.maximum(back - y, y - front), 1.5)

    reach_x, reach_z = 2.0 * middle.half_width, 2.0 * middle.half_height
    low = (middle.x - reach_x, back, middle.z - reach_z)
    return boxed(vertebra.frame, level, low, (middle.x + reach_x, front, middle.z + reach_z))


def _lamina(vertebra: Vertebra, sign: float) -> Solid:
    body, norm = vertebra.body, vertebra.norm
    wall, middle = -body.depth / 2, pedicle(vertebra, sign)
    top, bottom = middle.z + 3.0, -body.height / 2 - 1.0
    centre, half = (top + bottom) / 2, (top - bottom) / 2
    start = (sign * (norm.canal_width / 2 + 2.5), wall - 0.78 * norm.canal_depth, centre)
    return boxed(vertebra.frame, *plate(start, (0.0, wall - norm.canal_depth - 4.0, centre - 2.0), 3.0, half))


def _spinous(vertebra: Vertebra) -> Solid:
    body, norm = vertebra.body, vertebra.norm
    start_y = -body.depth / 2 - norm.canal_depth - 3.5
    thoracic = vertebra.name.startswith("T")
    drop, tall = (0.6, 0.24) if thoracic else (0.1, 0.2 if vertebra.name in {"L5", "L6"} else 0.29)
    start = (0.0, start_y, -0.24 * body.height)
    end = (0.0, start_y - norm.spinous, -0.28 * body.height - drop * norm.spinous)
    return boxed(vertebra.frame, *plate(start, end, 3.2, tall * body.height))


def _transverse(vertebra: Vertebra, sign: float, parameters: PhantomParameters) -> Solid:
    norm, middle = vertebra.norm, pedicle(vertebra, sign)
    wall = -vertebra.body.depth / 2
    large = parameters.transition is Transition.SACRALISED_L5 and vertebra.name == "L5"
    radius = 10.0 if large else 4.4
    start = (middle.x + sign * (middle.half_width + 1.0), wall - 0.72 * norm.canal_depth - radius + 4.4, middle.z - 2.0)
    tip_y = wall - 0.95 * norm.canal_depth - (14.0 if vertebra.name.startswith("T") else 3.0)
    if large:
        tip_y = wall
    end = (sign * norm.transverse / 2, tip_y, middle.z - (22.0 if large else 0.0))
    return boxed(vertebra.frame, *capsule(start, end, radius, radius - 1.2, 1.25))


def _superior_process(vertebra: Vertebra, place: Joint, sign: float, size: float) -> Solid:
    """Join the pedicle's end to the plate that faces the joint from in front and outside."""
    local = vertebra.frame.rotation.T @ place.frame.rotation
    origin = vertebra.frame.to_local(place.frame.origin_mm)
    normal, tangent, forward = local @ place.normal, local @ place.tangent, local[:, 1]
    depth = 3.8 * size + place.narrowing_mm / 2
    centre = origin - normal * 3.6 * size + forward * place.narrowing_mm / 2 + tangent * 0.5
    blob, half = ellipsoid(centre, (depth, 7.2 * size, 8.5 * size), np.column_stack([normal, tangent, local[:, 2]]))
    middle = pedicle(vertebra, sign)
    root = np.array([middle.x, middle.y - _PEDICLE_REACH_MM - 1.5, middle.z])
    limb, low, high = capsule(root, centre, 4.3 * size, 3.8 * size, 1.0)
    facing = _facing(blob, limb, origin, -normal)
    front, shoulder = middle.y - _CLEAR_OF_PEDICLE_MM[vertebra.name == "S1"], middle.z + middle.half_height + 2.5

    def level(x: Array, y: Array, z: Array) -> Array:
        lean = 0.9 * np.maximum(z - shoulder, 0)
        return np.asarray(np.maximum(facing(x, y, z), y - front - lean))

    return boxed(vertebra.frame, level, np.minimum(low, centre - half), np.maximum(high, centre + half))


def _inferior_process(vertebra: Vertebra, place: Joint, sign: float, size: float) -> Solid:
    """Join the lamina to the plate that faces the joint from behind and inside."""
    local = vertebra.frame.rotation.T @ place.frame.rotation
    origin = vertebra.frame.to_local(place.frame.origin_mm)
    normal, tangent = local @ place.normal, local @ place.tangent
    centre = origin + normal * 4.2 * size - tangent * 0.5
    blob, half = ellipsoid(centre, np.array([4.6, 6.5, 10.0]) * size, np.column_stack([normal, tangent, local[:, 2]]))
    norm, middle = vertebra.norm, pedicle(vertebra, sign)
    isthmus = np.array([middle.x - sign * 1.0, -vertebra.body.depth / 2 - 0.60 * norm.canal_depth, middle.z - 3.0])
    limb, low, high = capsule(isthmus, centre, 4.6 * size, 4.6 * size, 1.2)
    level = _facing(blob, limb, origin, normal)
    return boxed(vertebra.frame, level, np.minimum(low, centre - half), np.maximum(high, centre + half))


def _facing(blob: Level, limb: Level, origin: FloatArray, outward: FloatArray) -> Level:
    """Level of plate and limb, cut flat half a joint gap before the joint plane (``outward`` points away from it)."""

    def level(x: Array, y: Array, z: Array) -> Array:
        behind = (x - origin[0]) * outward[0] + (y - origin[1]) * outward[1] + (z - origin[2]) * outward[2]
        solid = np.minimum(blob(x, y, z), limb(x, y, z))
        return np.asarray(np.maximum(solid, _JOINT_HALF_GAP_MM - behind))

    return level
