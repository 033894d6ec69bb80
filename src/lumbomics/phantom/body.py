"""The vertebral body: two concave endplates over a kidney-shaped, waisted outline with rounded rims."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from lumbomics.phantom.shapes import Array, Frame, Solid, rounded_intersection

FloatArray = NDArray[np.float64]

SLAB_HALF_MM = 5.0
_POWER = 2.5
_NOTCH_WIDTH = 0.42


@dataclass(frozen=True, kw_only=True)
class Body:
    """Shape of one vertebral body in its own frame (origin in its middle, z along the mean of the endplate normals).

    With ``t`` = tan(wedge / 2), ``c`` = tan(tilt / 2) and, inside the rim,
    ``q = (1 - (x/A)² - ((y - m - asymmetry)/B)²)²``, else 0, where m is the middle between that endplate's corners::

        top(x, y)    =  height/2 + t y - c x - concavity q
        bottom(x, y) = -height/2 - t y + c x + concavity q

    The outline is a superellipse of power 2.5 in front and 4 behind, narrower at mid-height, with a notch behind;
    its mean front and back reach over the ± 5 mm slab is exactly ± depth / 2 at the rims.

    Parameters
    ----------
    height, width, depth
        Between the rims, left-right and front-back at the rims, mm.
    wedge, tilt
        Angle between the endplates in the sagittal (taller in front positive) and coronal plane (taller on the left
        positive), radians.
    concavity, asymmetry
        Depth of the endplates in their middle and forward shift of the deepest point, mm.
    waist
        Share of the outline lost at mid-height.
    notch
        Depth of the hollow of the posterior wall, mm.
    rim
        Radius of the rounded rim, mm.
    taper
        Share of width and depth lost from the superior rim to the bottom, the posterior wall staying straight.
    """

    height: float
    width: float
    depth: float
    wedge: float = 0.0
    tilt: float = 0.0
    concavity: float = 2.0
    asymmetry: float = 0.0
    waist: float = 0.09
    notch: float = 1.6
    rim: float = 1.4
    taper: float = 0.0

    def top(self, x: Array, y: Array) -> Array:
        """Height (mm) of the superior endplate over (x, y)."""
        return np.asarray(self._rim_plane(x, y) - self.concavity * self._hollow(x, y, self._middles[0]))

    def bottom(self, x: Array, y: Array) -> Array:
        """Height (mm) of the inferior endplate over (x, y)."""
        return np.asarray(self.concavity * self._hollow(x, y, self._middles[1]) - self._rim_plane(x, y))

    def surface(self, x: Array, y: Array, *, superior: bool) -> Array:
        """Height (mm) of one endplate over (x, y)."""
        return self.top(x, y) if superior else self.bottom(x, y)

    def side(self, x: Array, y: Array, z: Array) -> Array:
        """Level of the body's wall: mm outside (positive) or inside the outline at height z."""
        s = np.minimum(np.abs(z) * (2 / self.height), 1)
        shrink = 1 - self.waist * (1 - s * s) ** 2
        front, back = self._reach
        if self.taper:
            lost = self.taper * np.clip(0.5 - z / self.height, 0, 1)
            y = y + lost * self.depth / 2
            shrink = shrink * (1 - lost)
        notched = y * (1 + np.where(y < 0, self.notch * self._bump(x) / (self.depth / 2), 0))
        across = np.abs(x) / (self.width / 2)
        along = np.abs(notched) / np.where(y < 0, back, front)
        behind = np.sqrt(np.sqrt(across**4 + along**4))
        before = (across**2 * np.sqrt(across) + along**2 * np.sqrt(along)) ** (1 / _POWER)
        total = np.where(y < 0, behind, before)
        radius = np.sqrt(x * x + y * y)
        return np.asarray(radius * (1 - shrink / np.maximum(total, 1e-6)))

    def level(self, x: Array, y: Array, z: Array) -> Array:
        """Level of the whole body."""
        upper = z > 0
        plane = self._rim_plane(x, y)
        hollow = self._hollow(x, y, np.where(upper, *np.asarray(self._middles, dtype=x.dtype)))
        caps = np.where(upper, z, -z) - plane + self.concavity * hollow
        return rounded_intersection(self.side(x, y, z), caps, self.rim)

    def solid(self, frame: Frame) -> Solid:
        """Place the body in space."""
        rise = (
            self.height / 2
            + abs(np.tan(self.wedge / 2)) * self.depth * 0.6
            + abs(np.tan(self.tilt / 2)) * self.width * 0.6
        )
        x, y, z = self.width / 2 + 0.5, self.depth / 2 + self.notch + 2.5, rise + 0.5
        return Solid(frame, (-x, -y, -z), (x, y, z), self.level)

    def reach(self, *, superior: bool) -> tuple[float, float]:
        """Mean back and front reach (y, mm) in the slab within 10 mm of an endplate, rim rounding included."""
        return self._rims[0 if superior else 1]

    @cached_property
    def _rims(self) -> tuple[tuple[float, float], tuple[float, float]]:
        return self._rim_reach(superior=True), self._rim_reach(superior=False)

    @cached_property
    def _middles(self) -> tuple[float, float]:
        """Centres (y) of the superior and the inferior hollow."""
        upper, lower = (sum(ends) / 2 + self.asymmetry for ends in self._rims)
        return upper, lower

    def _rim_reach(self, *, superior: bool) -> tuple[float, float]:
        sign = 1.0 if superior else -1.0
        x = np.linspace(-SLAB_HALF_MM, SLAB_HALF_MM, 11)[:, None, None]
        depth = np.linspace(0.2, 2.0, 10)
        ends = []
        for half in (-1.0, 1.0):
            y = half * np.arange(self.depth / 2 - 1.5, self.depth / 2 + 1.5, 0.01)[None, :, None]
            plane = self._rim_plane(x, y)
            z = sign * (plane - depth)
            inside = (rounded_intersection(self.side(x, y, z), sign * z - plane, self.rim) <= 0).any(axis=2)
            ends.append(half * (self.depth / 2 - 1.5 + 0.01 * (inside.sum(axis=1) - 0.5)).mean())
        return float(ends[0]), float(ends[1])

    @cached_property
    def _reach(self) -> tuple[float, float]:
        x = np.linspace(-SLAB_HALF_MM, SLAB_HALF_MM, 41)
        curve = (1 - (np.abs(x) / (self.width / 2)) ** _POWER) ** (1 / _POWER)
        flatter = (1 - (np.abs(x) / (self.width / 2)) ** 4) ** 0.25
        behind = flatter / (1 + self.notch * self._bump(x) / (self.depth / 2))
        return self.depth / 2 / float(curve.mean()), self.depth / 2 / float(behind.mean())

    def _bump(self, x: Array) -> Array:
        return np.asarray(np.exp(-((x / (_NOTCH_WIDTH * self.width / 2)) ** 2)))

    def _rim_plane(self, x: Array, y: Array) -> Array:
        return np.asarray(self.height / 2 + np.tan(self.wedge / 2) * y - np.tan(self.tilt / 2) * x)

    def _hollow(self, x: Array, y: Array, middle: float | Array) -> Array:
        inner = 1 - (x / (0.46 * self.width)) ** 2 - ((y - middle) / (0.46 * self.depth)) ** 2
        return np.asarray(np.maximum(inner, 0) ** 2)


@dataclass(frozen=True, kw_only=True)
class EndplateLine:
    """Robust line of one endplate in the body's own mid-sagittal plane.

    Parameters
    ----------
    slope, intercept
        z = intercept + slope y, mm.
    back, front
        y of its corners, mm.
    """

    slope: float
    intercept: float
    back: float
    front: float

    @property
    def posterior(self) -> FloatArray:
        """Posterior corner in the body's frame, (3,) mm."""
        return self._at(self.back)

    @property
    def anterior(self) -> FloatArray:
        """Anterior corner in the body's frame, (3,) mm."""
        return self._at(self.front)

    @property
    def middle(self) -> FloatArray:
        """Midpoint between the corners in the body's frame, (3,) mm."""
        return self._at((self.back + self.front) / 2)

    @property
    def direction(self) -> FloatArray:
        """Unit vector to the front in the body's frame, (3,)."""
        return np.asarray(np.array([0.0, 1.0, self.slope]) / np.hypot(1.0, self.slope))

    def _at(self, y: float) -> FloatArray:
        return np.array([0.0, y, self.intercept + self.slope * y])


@lru_cache(maxsize=512)
def endplate_line(body: Body, *, superior: bool) -> EndplateLine:
    """Fit an endplate: Theil-Sen slope, median intercept over the slab's central 80 %, corners at the body's reach."""
    back, front = body.reach(superior=superior)
    margin = 0.1 * (front - back)
    y = np.linspace(back + margin, front - margin, 81)
    x = np.linspace(-SLAB_HALF_MM, SLAB_HALF_MM, 11)
    z = body.surface(x[:, None], y[None, :], superior=superior).mean(axis=0)
    first, second = np.triu_indices(len(y), k=1)
    slope = float(np.median((z[second] - z[first]) / (y[second] - y[first])))
    return EndplateLine(slope=slope, intercept=float(np.median(z - slope * y)), back=back, front=front)
