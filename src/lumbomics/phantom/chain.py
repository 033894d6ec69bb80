"""The pose of every vertebra: angles, heights and shifts stacked upwards from the sacrum."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side, vertebra_number
from lumbomics.phantom.body import SLAB_HALF_MM, Body, EndplateLine, endplate_line
from lumbomics.phantom.norms import VERTEBRAE, VertebraNorm
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.shapes import Frame

FloatArray = NDArray[np.float64]
_HALF_CURVE_LEVELS = 2.5


@dataclass(frozen=True, eq=False)
class Vertebra:
    """One vertebra in space.

    Parameters
    ----------
    name
        Such as ``L4``.
    frame
        Body frame: origin in the body's middle.
    body
        Shape of the body.
    norm
        Sizes of canal and posterior elements, already scaled.
    """

    name: str
    frame: Frame = field(repr=False)
    body: Body = field(repr=False)
    norm: VertebraNorm = field(repr=False)

    @property
    def number(self) -> int:
        """Instance number."""
        return vertebra_number(self.name)

    def line(self, *, superior: bool) -> EndplateLine:
        """Endplate line in the body's frame."""
        return endplate_line(self.body, superior=superior)

    def corner(self, *, superior: bool, anterior: bool) -> FloatArray:
        """Endplate corner in RAS+ mm, (3,)."""
        line = self.line(superior=superior)
        return self.frame.to_world(line.anterior if anterior else line.posterior)

    def middle(self, *, superior: bool) -> FloatArray:
        """Endplate midpoint in RAS+ mm, (3,)."""
        return self.frame.to_world(self.line(superior=superior).middle)

    def direction(self, *, superior: bool) -> FloatArray:
        """Return the unit vector (3,) of the endplate line to the front."""
        return np.asarray(self.frame.rotation @ self.line(superior=superior).direction)


def build_chain(parameters: PhantomParameters) -> tuple[Vertebra, ...]:
    """Stack the vertebrae of ``parameters``, T10 first, the sacrum's superior endplate at the world's origin."""
    names = parameters.vertebrae
    sagittal, coronal, axial = _angles(parameters)
    placed = [_sacrum(parameters, coronal["S1"][1])]
    for name in reversed(names[:-1]):
        lower = placed[-1]
        disc = f"{name}-{lower.name}"
        body = _body(parameters, name, coronal[name])
        tilt = sum(coronal[name]) / 2
        turn = rotation(sagittal[name], tilt, axial[name])
        upper = Vertebra(name, Frame(turn, np.zeros(3)), body, _scaled(VERTEBRAE[name], parameters))
        placed.append(_stacked(upper, lower, parameters, disc))
    return tuple(reversed(placed))


def rotation(sagittal: float, coronal: float, axial: float) -> FloatArray:
    """Rotation (3 x 3) of a vertebra leaning back, falling to the right and turning to the left, radians."""
    cs, ss, cc, sc, ca, sa = (f(v) for v in (sagittal, coronal, axial) for f in (np.cos, np.sin))
    about_x = np.array([[1, 0, 0], [0, cs, -ss], [0, ss, cs]])
    about_y = np.array([[cc, 0, sc], [0, 1, 0], [-sc, 0, cc]])
    about_z = np.array([[ca, -sa, 0], [sa, ca, 0], [0, 0, 1]])
    return np.asarray(about_x @ about_y @ about_z, dtype=np.float64)


def segment_frame(upper: Frame, lower: Frame, origin_mm: FloatArray) -> Frame:
    """Frame of a disc: unit means of both axes, right first, made orthogonal."""
    right = _unit(upper.right + lower.right)
    mean = upper.anterior + lower.anterior
    anterior = _unit(mean - right * (mean @ right))
    return Frame(np.column_stack([right, anterior, np.cross(right, anterior)]), origin_mm)


def disc_frame(upper: Vertebra, lower: Vertebra) -> Frame:
    """Frame of the disc between two vertebrae, about the mean of the facing endplate midpoints."""
    middle = (upper.middle(superior=False) + lower.middle(superior=True)) / 2
    return segment_frame(upper.frame, lower.frame, middle)


def gap_profile(upper: Vertebra, lower: Vertebra, frame: Frame) -> tuple[FloatArray, FloatArray]:
    """Positions (n,) along the segment's front axis over the shared width and the slab-mean gap (n,) there, mm."""
    ends = [
        [frame.to_local(v.corner(superior=s, anterior=a))[1] for v, s in ((upper, False), (lower, True))]
        for a in (False, True)
    ]
    y = np.linspace(max(ends[0]), min(ends[1]), 121)
    x = np.linspace(-SLAB_HALF_MM, SLAB_HALF_MM, 11)
    grid_x, grid_y = np.meshgrid(x, y, indexing="ij")
    top = surface_height(upper, frame, grid_x, grid_y, superior=False)
    bottom = surface_height(lower, frame, grid_x, grid_y, superior=True)
    return y, np.asarray((top - bottom).mean(axis=0))


def mean_gap(upper: Vertebra, lower: Vertebra, frame: Frame) -> float:
    """Mean disc height (mm) over the central 80 % of the shared width."""
    y, gap = gap_profile(upper, lower, frame)
    margin = 0.1 * (y[-1] - y[0])
    inner = np.linspace(y[0] + margin, y[-1] - margin, 201)
    values = np.interp(inner, y, gap)
    return float(np.trapezoid(values, inner) / (inner[-1] - inner[0]))


def surface_height(vertebra: Vertebra, frame: Frame, x: FloatArray, y: FloatArray, *, superior: bool) -> FloatArray:
    """Height (mm, in ``frame``) of an endplate over the points (x, y) of ``frame``, by fixed-point iteration."""
    turn = vertebra.frame.rotation.T @ frame.rotation
    shift = vertebra.frame.to_local(frame.origin_mm)
    z = np.zeros_like(x)
    for _ in range(12):
        local = [turn[i, 0] * x + turn[i, 1] * y + turn[i, 2] * z + shift[i] for i in range(3)]
        z = z + (vertebra.body.surface(local[0], local[1], superior=superior) - local[2]) / turn[2, 2]
    return np.asarray(z)


def _stacked(upper: Vertebra, lower: Vertebra, parameters: PhantomParameters, disc: str) -> Vertebra:
    """Move ``upper`` so that slip, lateral shift and mean disc height are those asked for."""
    along = lower.direction(superior=True)
    normal = np.cross(lower.frame.right, along)
    corner = upper.frame.rotation @ upper.line(superior=False).posterior
    start = lower.corner(superior=True, anterior=False) - corner + along * parameters.slip_mm[disc]
    middles = upper.frame.rotation @ upper.line(superior=False).middle + start - lower.middle(superior=True)
    start = start - lower.frame.right * (middles @ lower.frame.right + parameters.lateral_listhesis_mm[disc])
    height = parameters.disc_height_mm[disc]
    for _ in range(4):
        moved = Vertebra(upper.name, Frame(upper.frame.rotation, start + normal * height), upper.body, upper.norm)
        frame = disc_frame(moved, lower)
        height += (parameters.disc_height_mm[disc] - mean_gap(moved, lower, frame)) / float(normal @ frame.superior)
    return Vertebra(upper.name, Frame(upper.frame.rotation, start + normal * height), upper.body, upper.norm)


def _sacrum(parameters: PhantomParameters, coronal: float) -> Vertebra:
    norm = _scaled(VERTEBRAE["S1"], parameters)
    body = Body(height=norm.height, width=norm.width, depth=norm.depth, concavity=0.8, notch=1.2, waist=0.0, taper=0.26)
    turn = rotation(-np.deg2rad(parameters.sacral_slope_deg), coronal, 0.0)
    return Vertebra("S1", Frame(turn, -turn[:, 2] * body.height / 2), body, norm)


def _body(parameters: PhantomParameters, name: str, coronal: tuple[float, float]) -> Body:
    norm = _scaled(VERTEBRAE[name], parameters)
    return Body(
        height=parameters.body_height_mm[name],
        width=norm.width,
        depth=norm.depth,
        wedge=np.deg2rad(parameters.wedge_deg[name]),
        tilt=coronal[0] - coronal[1],
        concavity=parameters.endplate_concavity_mm,
        asymmetry=parameters.endplate_asymmetry_mm,
    )


def _scaled(norm: VertebraNorm, parameters: PhantomParameters) -> VertebraNorm:
    lengths = {name: getattr(norm, name) * parameters.size for name in VertebraNorm.__dataclass_fields__}
    return VertebraNorm(**{**lengths, "wedge": norm.wedge, "facet_angle": norm.facet_angle})


def _angles(parameters: PhantomParameters) -> tuple[dict[str, float], dict[str, tuple[float, float]], dict[str, float]]:
    """Return the sagittal lean, coronal fall of (superior, inferior) endplate and axial turn by vertebra, radians."""
    names = parameters.vertebrae
    sagittal, lean = {}, -parameters.sacral_slope_deg
    for name, lower in zip(reversed(names[:-1]), reversed(names[1:]), strict=True):
        lean += parameters.disc_angle_deg[f"{name}-{lower}"]
        sagittal[name] = float(np.deg2rad(lean + parameters.wedge_deg[name] / 2))
        lean += parameters.wedge_deg[name]
    coronal, axial = _curve(parameters)
    return sagittal, coronal, axial


def _curve(parameters: PhantomParameters) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    names, apex = parameters.vertebrae, parameters.vertebrae.index(parameters.coronal_apex)
    place = {name: (i - apex - 0.35, i - apex + 0.35) for i, name in enumerate(names)}
    side = 1.0 if parameters.coronal_side is Side.RIGHT else -1.0
    falls = {name: (_fall(ends[0]), _fall(ends[1])) for name, ends in place.items()}
    spread = max(below for _, below in falls.values()) - min(above for above, _ in falls.values())
    scale = side * np.deg2rad(parameters.coronal_cobb_deg) / spread
    turn = -side * np.deg2rad(parameters.apical_rotation_deg)
    axial = {n: turn * float(np.exp(-(((names.index(n) - apex) / 2.2) ** 2))) for n in names}
    return {n: (scale * above, scale * below) for n, (above, below) in falls.items()}, axial


def _fall(levels_below_apex: float) -> float:
    """Shape of the coronal fall: greatest at the ends of the curve, fading beyond them."""
    distance = abs(levels_below_apex)
    reach = np.sin(np.pi * distance / (2 * _HALF_CURVE_LEVELS))
    fading = np.exp(-(((distance - _HALF_CURVE_LEVELS) / 1.2) ** 2))
    return float(np.sign(levels_below_apex) * (reach if distance <= _HALF_CURVE_LEVELS else fading))


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))
