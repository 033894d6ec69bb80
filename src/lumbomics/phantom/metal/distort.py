"""Displacement of MR signal by a field offset: each bit of tissue is laid where the sequence sees it, none is lost.

Where the field is uneven, tissue is cut into sub-slices of about one millimetre. Corners move by the sequence's shifts;
the signal between two moved corners is spread evenly over the ground between them. So signal is conserved: where
corners part, the image is dark (void), where they meet, it piles up (the inverse of the map's Jacobian), and folds are
added.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.phantom.metal.field import offset_at
from lumbomics.phantom.metal.technique import MetalSequence

FloatArray = NDArray[np.float64]
FloatImage = NDArray[np.float32]

_SUB_SLICE_MM = 1.0
_COARSE = 4
_NEAR_MM = 10.0
"""Closer to a part than this, the field is taken from the equation at every voxel, elsewhere from every fourth."""
_LEAST_PIXELS = 0.05
"""Smaller shifts are not made."""
_EVEN = 0.1
"""Voxels whose corners' shifts differ by less (pixels; half of it in slices) are laid in one piece."""
_BEYOND_SLICES = 3
"""Slices by which the body goes on beyond the stack: it stays like the last one and may be shifted into the stack."""


@dataclass(frozen=True, eq=False)
class Displaced:
    """What the displacement did, on the image's voxels.

    Parameters
    ----------
    values
        Signal after displacement.
    density
        How much tissue each voxel shows, 1 without metal.
    in_plane_mm, through_plane_mm
        Mean distance that tissue was moved, along the readout and across the slices.
    """

    values: FloatImage = field(repr=False)
    density: FloatImage = field(repr=False)
    in_plane_mm: FloatImage = field(repr=False)
    through_plane_mm: FloatImage = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Axes:
    """Which storage axes are read out, phase encoded and selected."""

    readout: int
    phase: int
    slices: int

    @classmethod
    def of(cls, grid: Grid, *, readout: int | None = None) -> Axes:
        """Take the coarsest axis for the slices and, where not given, the axis nearest front-back for the readout."""
        coarsest = int(np.argmax(grid.spacing_mm - 1e-6 * np.arange(3)))
        slices = coarsest if readout is None or coarsest != readout else int(np.argsort(grid.spacing_mm)[-2])
        rest = [axis for axis in range(3) if axis != slices]
        if readout is None:
            readout = max(rest, key=lambda axis: abs(float(grid.axes[1, axis])))
        if readout not in rest:
            raise InputError("no such readout axis", expected="0, 1 or 2", got=str(readout), where="readout")
        return cls(readout=readout, phase=next(axis for axis in rest if axis != readout), slices=slices)

    @property
    def order(self) -> tuple[int, int, int]:
        """Storage axes in the kernels' order: phase, slice, readout."""
        return self.phase, self.slices, self.readout


def displace(
    values: FloatImage, metal: NDArray[np.bool_], grid: Grid, table: FloatArray, sequence: MetalSequence, axes: Axes
) -> Displaced:
    """Move the signal of an image as a sequence would beside metal.

    Parameters
    ----------
    values
        (i, j, k) signal free of metal's effect.
    metal
        (i, j, k) voxels without protons.
    grid
        Where the voxels lie.
    table
        Parts, from :func:`~lumbomics.phantom.metal.field.packed`.
    sequence, axes
        How displacement arises and along which axes.
    """
    order = axes.order
    turned = np.ascontiguousarray(np.transpose(np.where(metal, 0, values), order), dtype=np.float32)
    solid = np.ascontiguousarray(np.transpose(~metal, order))
    sub = max(round(float(grid.spacing_mm[axes.slices]) / _SUB_SLICE_MM), 1)
    beyond = _BEYOND_SLICES if sequence.slices_per_hz > 0 else 0
    corners = _corner_offsets(turned.shape, grid, table, axes, sub, beyond) * np.float32(sequence.hz_per_ppm)
    settings = np.array(
        [
            sequence.readout_pixels_per_hz,
            sequence.slices_per_hz,
            sequence.blur_pixels,
            sequence.bin_hz,
            1 / sequence.bandwidth_hz,
            sequence.reach_hz,
        ]
    )
    moved = _push(turned, solid, corners, settings, sub, beyond)
    back = np.argsort(order)
    signal, density, along, across = (np.transpose(part, back) for part in moved)
    shown = np.maximum(density, 1e-3)
    pixel, thickness = (float(grid.spacing_mm[axis]) for axis in (axes.readout, axes.slices))
    return Displaced(
        np.ascontiguousarray(signal),
        np.ascontiguousarray(density),
        np.ascontiguousarray(along / shown * np.float32(pixel)),
        np.ascontiguousarray(across / shown * np.float32(thickness)),
    )


def _corner_offsets(
    shape: tuple[int, ...], grid: Grid, table: FloatArray, axes: Axes, sub: int, beyond: int
) -> FloatImage:
    """Field offset (phase, (slices + 2 beyond) x sub + 1, readout + 1) in ppm at the corners of the sub-slices."""
    phases, slices, readouts = shape
    steps = [grid.affine[:3, axis] for axis in axes.order]
    first = grid.affine[:3, 3] - steps[2] / 2 - steps[1] * (beyond + 0.5)
    matrix = np.column_stack([steps[0], steps[1] / sub, steps[2], first])
    return np.asarray(_lattice(phases, (slices + 2 * beyond) * sub + 1, readouts + 1, matrix, table), dtype=np.float32)


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _lattice(phases: int, planes: int, edges: int, matrix: FloatArray, table: FloatArray) -> FloatImage:
    """Field on a lattice: every fourth point along phase and readout, between them by the equation or by lines."""
    result = np.empty((phases, planes, edges), dtype=np.float32)
    rows, columns = (phases - 1) // _COARSE + 2, (edges - 1) // _COARSE + 2
    coarse = np.empty((rows, columns))
    close = np.empty((rows, columns), dtype=np.bool_)
    for b in range(planes):
        for i in range(rows):
            for j in range(columns):
                x, y, z = _at(matrix, i * _COARSE, b, j * _COARSE)
                coarse[i, j] = offset_at(x, y, z, table)
                close[i, j] = _is_near(x, y, z, table)
        for a in range(phases):
            i, u = a // _COARSE, (a % _COARSE) / _COARSE
            for c in range(edges):
                j, v = c // _COARSE, (c % _COARSE) / _COARSE
                if close[i, j] or close[i + 1, j] or close[i, j + 1] or close[i + 1, j + 1]:
                    x, y, z = _at(matrix, a, b, c)
                    result[a, b, c] = offset_at(x, y, z, table)
                else:
                    upper = coarse[i, j] * (1 - v) + coarse[i, j + 1] * v
                    lower = coarse[i + 1, j] * (1 - v) + coarse[i + 1, j + 1] * v
                    result[a, b, c] = upper * (1 - u) + lower * u
    return result


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _at(matrix: FloatArray, a: float, b: float, c: float) -> tuple[float, float, float]:
    return (
        matrix[0, 0] * a + matrix[0, 1] * b + matrix[0, 2] * c + matrix[0, 3],
        matrix[1, 0] * a + matrix[1, 1] * b + matrix[1, 2] * c + matrix[1, 3],
        matrix[2, 0] * a + matrix[2, 1] * b + matrix[2, 2] * c + matrix[2, 3],
    )


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _is_near(x: float, y: float, z: float, table: FloatArray) -> bool:
    """Whether a point lies near the axis of a part."""
    for n in range(len(table)):
        dx, dy, dz = x - table[n, 0], y - table[n, 1], z - table[n, 2]
        along = dx * table[n, 3] + dy * table[n, 4] + dz * table[n, 5]
        along = min(max(along, 0.0), table[n, 6])
        dx, dy, dz = dx - along * table[n, 3], dy - along * table[n, 4], dz - along * table[n, 5]
        if dx * dx + dy * dy + dz * dz < (_NEAR_MM + table[n, 7]) ** 2:
            return True
    return False


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _push(
    values: FloatImage,
    solid: NDArray[np.bool_],
    corners: FloatImage,
    settings: FloatArray,
    sub: int,
    beyond: int,
) -> tuple[FloatImage, FloatImage, FloatImage, FloatImage]:
    """Lay every voxel's signal where it is seen, in sub-slices where the field is uneven; (phase, slice, readout)."""
    phases, slices, readouts = values.shape
    signal, density = np.zeros_like(values), np.zeros_like(values)
    along, across = np.zeros_like(values), np.zeros_like(values)
    per_pixel, per_slice, blur, bin_hz, per_bandwidth, _ = settings
    still = _LEAST_PIXELS / max(per_pixel, per_slice, 1e-12) if blur + bin_hz == 0 else 0.0
    even = min(_EVEN / per_bandwidth, 0.5 * _EVEN / max(per_slice, 1e-12))
    for p in range(phases):
        maps = (signal[p], density[p], along[p], across[p])
        for place in range(-beyond, slices + beyond):
            k = min(max(place, 0), slices - 1)
            b = (place + beyond) * sub
            for i in range(readouts):
                if not solid[p, k, i]:
                    continue
                c00, c01 = corners[p, b, i], corners[p, b, i + 1]
                c10, c11 = corners[p, b + sub, i], corners[p, b + sub, i + 1]
                low, high = min(c00, c01, c10, c11), max(c00, c01, c10, c11)
                if high - low < even:
                    if max(-low, high) >= still:
                        _bit(maps, (c00, c01, c10, c11), (i, place - 0.5, 1.0), values[p, k, i], settings, True)
                    elif k == place:
                        signal[p, k, i] += values[p, k, i]
                        density[p, k, i] += 1.0
                    continue
                for q in range(b, b + sub):
                    four = (corners[p, q, i], corners[p, q, i + 1], corners[p, q + 1, i], corners[p, q + 1, i + 1])
                    at = (i, q / sub - beyond - 0.5, 1.0 / sub)
                    _bit(maps, four, at, values[p, k, i] / sub, settings, False)
    return signal, density, along, across


@njit(cache=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _bit(
    maps: tuple[FloatImage, FloatImage, FloatImage, FloatImage],
    four: tuple[float, float, float, float],
    at: tuple[int, float, float],
    mass: float,
    settings: FloatArray,
    whole: bool,
) -> None:
    """Lay one bit of tissue: offsets (Hz) at its four corners, pixel, lower end and height in slices, signal."""
    per_pixel, per_slice, blur, bin_hz, per_bandwidth, reach = settings
    c00, c01, c10, c11 = four
    i, low, tall = at
    middle = 0.25 * (c00 + c01 + c10 + c11)
    if abs(middle) > reach:
        return
    start, end = i - 0.5 + 0.5 * (c00 + c10) * per_pixel, i + 0.5 + 0.5 * (c01 + c11) * per_pixel
    bottom, top = low + 0.5 * (c00 + c01) * per_slice, low + tall + 0.5 * (c10 + c11) * per_slice
    depth = (min(bottom, top), max(bottom, top), low + 0.5 * tall)
    if bin_hz == 0.0:
        moved = abs(0.5 * (start + end) - i)
        # a whole slice's blur is a wider pixel of the same variance
        wide = 0.5 * (np.sqrt(1.0 + blur * blur) - 1.0) if whole else 0.0
        line = (min(start, end) - wide, max(start, end) + wide, moved)
        _spread(maps, line, depth, (mass, tall, 0.0 if whole else blur))
        return
    # overlapping bins: both neighbours show the spin, each the more the nearer it is
    share = middle / bin_hz - np.floor(middle / bin_hz)
    for part, rest in ((1.0 - share, share), (share, share - 1.0)):
        shift = rest * bin_hz * per_bandwidth
        _spread(maps, (i - 0.5 + shift, i + 0.5 + shift, abs(shift)), depth, (mass * part, tall * part, 0.0))


@njit(cache=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _spread(
    maps: tuple[FloatImage, FloatImage, FloatImage, FloatImage],
    line: tuple[float, float, float],
    depth: tuple[float, float, float],
    amount: tuple[float, float, float],
) -> None:
    """Spread one bit of tissue over the slices it is seen in, in each over the pixels of its line.

    ``line`` holds start, end and shift in pixels, ``depth`` bottom, top and the true place in slices, ``amount``
    signal, weight and blur.
    """
    signal, density, along, across = maps
    bottom, top, home = depth
    tall = max(top - bottom, 1e-6)
    wide = max(line[1] - line[0], 1e-6)
    readouts = signal.shape[1]
    first_slice, last_slice = int(np.ceil(bottom - 0.5)), int(np.floor(top + 0.5))
    for target in range(max(first_slice, 0), min(last_slice, signal.shape[0] - 1) + 1):
        low, high = max(bottom, target - 0.5), min(top, target + 0.5)
        if high <= low:
            continue
        part = (high - low) / tall
        seen = 0.5 * (low + high)
        start = line[0] + (seen - target) * amount[2]
        sunk = abs(seen - home)
        first, last = int(np.floor(start + 0.5)), int(np.floor(start + wide + 0.5))
        for pixel in range(max(first, 0), min(last, readouts - 1) + 1):
            share = (min(start + wide, pixel + 0.5) - max(start, pixel - 0.5)) / wide * part
            if share > 0:
                signal[target, pixel] += amount[0] * share
                density[target, pixel] += amount[1] * share
                along[target, pixel] += amount[1] * share * line[2]
                across[target, pixel] += amount[1] * share * sunk
