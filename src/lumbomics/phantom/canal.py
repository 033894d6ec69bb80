"""The vertebral canal as a tube along its own centreline, with the dural sac and the cord inside.

A point's canal coordinates are the station s (mm along the centreline from the top), x to the right and y to the
front in the
plane perpendicular to the centreline there. Sections are superellipses whose half-sizes are smooth functions of s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

from lumbomics.phantom.chain import Vertebra, disc_frame
from lumbomics.phantom.norms import CANAL_AT_DISC, SAC_SHARE
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.sacrum import sacral_canal_share, sacral_frames, sacral_wall_y
from lumbomics.phantom.shapes import Array

FloatArray = NDArray[np.float64]

STEP_MM = 0.5
REACH_MM = 24.0
_NARROWING_SD_MM = 5.0
_CORD_HALF = (4.6, 3.6)


@dataclass(frozen=True, eq=False)
class Canal:
    """The canal's centreline with its sections.

    Parameters
    ----------
    points, tangent, right, anterior
        (n, 3) centreline every 0.5 mm and its axes there; the tangent runs to the feet.
    half_width, half_depth
        (n,) half-sizes of the canal, mm; 0 beyond its ends.
    sac_half_width, sac_half_depth, sac_shift, sac_aside
        (n,) half-sizes of the dural sac and its shift to the front and to the right.
    cord_share
        (n,) size of the cord as a share of its full size; 0 below the conus.
    stations
        Station (mm) of every vertebra's middle and every disc.
    """

    points: FloatArray = field(repr=False)
    tangent: FloatArray = field(repr=False)
    right: FloatArray = field(repr=False)
    anterior: FloatArray = field(repr=False)
    half_width: FloatArray = field(repr=False)
    half_depth: FloatArray = field(repr=False)
    sac_half_width: FloatArray = field(repr=False)
    sac_half_depth: FloatArray = field(repr=False)
    sac_shift: FloatArray = field(repr=False)
    sac_aside: FloatArray = field(repr=False)
    cord_share: FloatArray = field(repr=False)
    stations: Mapping[str, float] = field(repr=False)

    def coordinates(self, points_mm: Array) -> tuple[Array, Array, Array]:
        """Canal coordinates s, x, y (n,) of world points (n, 3); s is NaN farther than 24 mm from the centreline."""
        table = np.hstack([self.points, self.tangent, self.right, self.anterior])
        result = _project(np.ascontiguousarray(points_mm, dtype=np.float64), table, STEP_MM, REACH_MM)
        return result[:, 0], result[:, 1], result[:, 2]

    def frame_at(self, station: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Centre, tangent, right and anterior axis (3,) at a station."""
        place = np.clip(station / STEP_MM, 0, len(self.points) - 1.001)
        low, share = int(place), place - int(place)
        centre, *axes = (
            a[low] * (1 - share) + a[low + 1] * share for a in (self.points, self.tangent, self.right, self.anterior)
        )
        first, second, third = (axis / np.linalg.norm(axis) for axis in axes)
        return centre, first, second, third

    def at(self, values: FloatArray, s: Array) -> Array:
        """Interpolate a sampled function (n,) of the station at stations ``s``."""
        return np.interp(s, np.arange(len(values)) * STEP_MM, values)

    def canal_level(self, s: Array, x: Array, y: Array) -> Array:
        """Level of the canal, negative inside."""
        return _section(x, y, self.at(self.half_width, s), self.at(self.half_depth, s), squareness=2.5)

    def sac_level(self, s: Array, x: Array, y: Array) -> Array:
        """Level of the dural sac, negative inside."""
        aside, moved = x - self.at(self.sac_aside, s), y - self.at(self.sac_shift, s)
        return _section(aside, moved, self.at(self.sac_half_width, s), self.at(self.sac_half_depth, s), squareness=2.0)

    def cord_level(self, s: Array, x: Array, y: Array) -> Array:
        """Level of the cord, negative inside."""
        share = self.at(self.cord_share, s)
        return _section(x, y, _CORD_HALF[0] * share, _CORD_HALF[1] * share, squareness=2.0)


def build_canal(chain: Sequence[Vertebra], parameters: PhantomParameters) -> Canal:
    """Lay the canal behind the bodies and discs of ``chain`` (T10 first, sacrum last)."""
    nodes = _nodes(chain)
    places = np.array([n[1] for n in nodes])
    chord = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))])
    curve = CubicSpline(chord, places)
    fine = np.linspace(0, chord[-1], int(chord[-1] / 0.1))
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve(fine), axis=0), axis=1))])
    s = np.arange(0, arc[-1], STEP_MM)
    parameter = np.interp(s, arc, fine)
    tangent = curve(parameter, 1)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    right, anterior = _axes(chord, np.array([n[2] for n in nodes]), parameter, tangent)
    node_s = np.interp(chord, fine, arc)
    width, depth = (PchipInterpolator(node_s, [n[i] for n in nodes])(s) for i in (3, 4))
    stations = {n[0]: float(at) for n, at in zip(nodes, node_s, strict=True) if n[0]}
    bony, soft = _narrowing(s, stations, parameters)
    end = _fade(s, s[-1] - 4, s[-1])
    sac_end = stations["S2"] + 4.0
    sac = _fade(s, sac_end - 16, sac_end)
    conus = stations["L1"] + 8.0 * parameters.size
    return Canal(
        points=curve(parameter),
        tangent=tangent,
        right=right,
        anterior=anterior,
        half_width=width * bony * end,
        half_depth=depth * bony * end,
        sac_half_width=width * SAC_SHARE["width"] * soft * sac,
        sac_half_depth=depth * SAC_SHARE["depth"] * soft * sac,
        sac_shift=0.05 * depth * sac,
        sac_aside=np.zeros_like(s),
        cord_share=cord_share(s, conus) * parameters.size,
        stations=stations,
    )


def cord_share(s: FloatArray, conus: float) -> FloatArray:
    """Size of the cord at stations (n,) as a share of its full size; it tapers over 32 mm to the tip at ``conus``."""
    return _fade(s, conus - 32, conus)


def _nodes(chain: Sequence[Vertebra]) -> list[tuple[str, FloatArray, FloatArray, float, float]]:
    """Name, centre, anterior axis, half-width and half-depth of the canal at every body and disc, from the top."""
    top = chain[0]
    nodes = [_body_node("", top, top.body.height / 2 + 22.0)]
    for upper, lower in pairwise(chain):
        nodes.append(_body_node(upper.name, upper, 0.0))
        nodes.append(_disc_node(upper, lower))
    sacrum = chain[-1]
    for index, frame in enumerate(sacral_frames(sacrum)[:4]):
        depth = sacrum.norm.canal_depth * sacral_canal_share(index) / 2
        width = sacrum.norm.canal_width * sacral_canal_share(index) / 2
        centre = frame.to_world((0.0, sacral_wall_y(sacrum, index) - depth + 0.6, 0.0))
        nodes.append((f"S{index + 1}", centre, frame.anterior, width, depth))
    return nodes


def _body_node(name: str, vertebra: Vertebra, z: float) -> tuple[str, FloatArray, FloatArray, float, float]:
    width, depth = vertebra.norm.canal_width / 2, vertebra.norm.canal_depth / 2
    centre = vertebra.frame.to_world((0.0, -vertebra.body.depth / 2 - depth + 1.5, z))
    return name, centre, vertebra.frame.anterior, width, depth


def _disc_node(upper: Vertebra, lower: Vertebra) -> tuple[str, FloatArray, FloatArray, float, float]:
    frame = disc_frame(upper, lower)
    width = (upper.norm.canal_width + lower.norm.canal_width) / 4 * CANAL_AT_DISC["width"]
    depth = (upper.norm.canal_depth + lower.norm.canal_depth) / 4 * CANAL_AT_DISC["depth"]
    corners = [upper.corner(superior=False, anterior=False), lower.corner(superior=True, anterior=False)]
    back = float(frame.to_local(np.mean(corners, axis=0))[1])
    return f"{upper.name}-{lower.name}", frame.to_world((0.0, back - depth + 0.1, 0.0)), frame.anterior, width, depth


def _axes(
    chord: FloatArray, anterior_nodes: FloatArray, parameter: FloatArray, tangent: FloatArray
) -> tuple[FloatArray, FloatArray]:
    rough = PchipInterpolator(chord, anterior_nodes)(parameter)
    anterior = rough - (rough * tangent).sum(axis=1, keepdims=True) * tangent
    anterior /= np.linalg.norm(anterior, axis=1, keepdims=True)
    return np.asarray(np.cross(tangent, anterior)), np.asarray(anterior)


def _narrowing(
    s: FloatArray, stations: Mapping[str, float], parameters: PhantomParameters
) -> tuple[FloatArray, FloatArray]:
    """Factors (n,) of the half-sizes of canal and sac: both fall at a narrowed disc, the sac a little more."""
    canal, sac = np.ones_like(s), np.ones_like(s)
    for disc, lost in parameters.canal_narrowing.items():
        near = np.exp(-(((s - stations[disc]) / _NARROWING_SD_MM) ** 2) / 2)
        canal *= 1 - (1 - np.sqrt(1 - lost)) * near
        sac *= 1 - (1 - np.sqrt(1 - lost)) * 1.08 * near
    return canal, sac


def _fade(s: FloatArray, start: float, end: float) -> FloatArray:
    """1 before ``start``, 0 after ``end``, the quarter of an ellipse between."""
    share = np.clip((s - start) / (end - start), 0, 1)
    return np.asarray(np.sqrt(1 - share**2))


def _section(x: Array, y: Array, half_width: Array, half_depth: Array, *, squareness: float) -> Array:
    """Level of an ellipse (squareness 2) or a superellipse of power 2.5."""
    across, along = x / np.maximum(half_width, 1e-3), y / np.maximum(half_depth, 1e-3)
    across, along = across * across, along * along
    if squareness == 2.0:
        radius = np.sqrt(across + along)
    else:
        radius = (across * np.sqrt(np.sqrt(across)) + along * np.sqrt(np.sqrt(along))) ** (1 / squareness)
    return np.asarray(np.sqrt(x * x + y * y) * (1 - 1 / np.maximum(radius, 1e-6)) + np.where(half_width <= 0, 1e3, 0.0))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _project(points: FloatArray, table: FloatArray, step: float, reach: float) -> FloatArray:
    """Canal coordinates (n, 3) by a walk along the centreline that starts where the previous point ended."""
    result = np.empty((len(points), 3))
    last = len(table) - 1
    index = 0
    for n in range(len(points)):
        px, py, pz = points[n, 0], points[n, 1], points[n, 2]
        for _ in range(60):
            dx, dy, dz = px - table[index, 0], py - table[index, 1], pz - table[index, 2]
            ahead = dx * table[index, 3] + dy * table[index, 4] + dz * table[index, 5]
            move = int(np.rint(ahead / step))
            if move == 0:
                break
            moved = min(max(index + move, 0), last)
            if moved == index:
                break
            index = moved
        dx, dy, dz = px - table[index, 0], py - table[index, 1], pz - table[index, 2]
        ahead = dx * table[index, 3] + dy * table[index, 4] + dz * table[index, 5]
        across = dx * table[index, 6] + dy * table[index, 7] + dz * table[index, 8]
        forward = dx * table[index, 9] + dy * table[index, 10] + dz * table[index, 11]
        near = across * across + forward * forward < reach * reach and abs(ahead) <= step
        result[n, 0] = (index * step + ahead) if near else np.nan
        result[n, 1] = across
        result[n, 2] = forward
    return result
