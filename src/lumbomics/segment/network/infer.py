"""From an image to tissue classes with calibrated probabilities, one batch of slices at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.image import Image
from lumbomics.core.prediction import SemanticMap, Tissue
from lumbomics.segment.network.network import Network
from lumbomics.segment.network.prepare import Prepared, prepare
from lumbomics.segment.network.stack import pad_to_multiple, stack_neighbours
from lumbomics.segment.network.tiles import OVERLAP, TILE, run_tiled

FloatArray = NDArray[np.float32]
_LEAST_WEIGHT = 0.02


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the network is run; none of it changes what it has learned.

    Parameters
    ----------
    flip
        Look at each slice a second time with its neighbours exchanged (the patient mirrored) and average.
    through_plane_mm
        Standard deviation of the Gaussian by which probabilities are averaged over neighbouring slices; it matters for
        thin slices, and leaves slices of 3 mm and more as they are. 0 for none.
    batch
        Slices worked on at once; more cost memory and seldom gain time on a processor.
    tile, overlap
        Largest side seen at once and what neighbouring windows share, pixels, multiples of 32.
    """

    flip: bool = False
    through_plane_mm: float = 1.0
    batch: int = 1
    tile: int = TILE
    overlap: int = OVERLAP

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise InputError("a batch holds slices", expected="at least 1", got=str(self.batch))
        if self.through_plane_mm < 0:
            raise InputError("a width is not negative", expected="mm >= 0", got=str(self.through_plane_mm))
        if self.tile % 32 or self.overlap % 32 or not 0 < self.overlap < self.tile:
            raise InputError(
                "windows and their overlap are whole multiples of 32 pixels",
                expected="0 < overlap < tile",
                got=f"tile {self.tile}, overlap {self.overlap}",
            )


@dataclass(frozen=True, eq=False)
class _Canvas:
    """The three volumes being filled, in storage order, and the same memory seen as slices, rows, columns."""

    labels: NDArray[np.uint8] = field(repr=False)
    probability: NDArray[np.float16] = field(repr=False)
    metal: NDArray[np.float16] = field(repr=False)


def infer(image: Image, network: Network, *, settings: Settings | None = None) -> SemanticMap:
    """Classify every voxel of an image.

    Parameters
    ----------
    image
        Sagittal or isotropic MR, any orientation of storage; one slice is enough.
    network
        The loaded network.
    settings
        How it is run; the defaults where ``None``.

    Returns
    -------
    Classes, the winner's calibrated probability and the probability of metal, on the image's own grid. The
    probabilities are interpolated to that grid before the winner is chosen.

    Raises
    ------
    InputError
        If the image cannot be a sagittal or isotropic MR volume, or has no contrast.
    """
    chosen = settings or Settings()
    prepared = prepare(image, spacing_mm=network.card.spacing_mm)
    shape = image.grid.shape
    canvas = _Canvas(np.empty(shape, np.uint8), np.empty(shape, np.float16), np.empty(shape, np.float16))
    weights = through_plane_weights(prepared.slice_spacing_mm, chosen.through_plane_mm)
    for number, planes in enumerate(averaged(_slices(prepared, network, chosen), weights)):
        _paint(canvas, prepared, number, planes)
    return SemanticMap(labels=canvas.labels, probability=canvas.probability, metal=canvas.metal, grid=image.grid)


def through_plane_weights(slice_spacing_mm: float, sd_mm: float) -> FloatArray:
    """Weights of a slice (first) and of its 1st, 2nd ... neighbour on either side; those below 2 % are left out."""
    if sd_mm == 0:
        return np.ones(1, dtype=np.float32)
    weights = np.exp(-((np.arange(16) * slice_spacing_mm / sd_mm) ** 2) / 2)
    return np.asarray(weights[weights >= _LEAST_WEIGHT], dtype=np.float32)


def averaged(planes: Iterable[FloatArray], weights: FloatArray) -> Iterator[FloatArray]:
    """Weighted mean of each slice and its neighbours; only as many slices are held as have a weight.

    Beyond the first and the last slice nothing is assumed: the weights of those that exist are scaled to 1.
    """
    reach = len(weights) - 1
    window: deque[FloatArray | None] = deque([None] * reach, maxlen=2 * reach + 1)
    both_sides = [*weights[:0:-1], *weights]
    for plane in chain(planes, repeat(None, reach)):
        window.append(plane)
        if len(window) > 2 * reach and window[reach] is not None:
            seen = [(w, p) for w, p in zip(both_sides, window, strict=True) if p is not None]
            total = sum(w for w, _ in seen)
            yield np.sum([np.float32(w / total) * p for w, p in seen], axis=0) if reach else seen[0][1]


def _slices(prepared: Prepared, network: Network, settings: Settings) -> Iterator[FloatArray]:
    """Probabilities (6, rows, columns) slice by slice."""
    for first in range(0, len(prepared.array), settings.batch):
        numbers = range(first, min(first + settings.batch, len(prepared.array)))
        yield from _probabilities(prepared, network, numbers, settings)


def _probabilities(prepared: Prepared, network: Network, numbers: range, settings: Settings) -> FloatArray:
    """Probabilities (n, 6, rows, columns) of some slices on the working raster: five tissues, then metal."""
    rows, columns = prepared.array.shape[1:]
    stack = stack_neighbours(prepared.array, slice_spacing_mm=prepared.slice_spacing_mm, numbers=numbers)
    stack = pad_to_multiple(stack)
    looks = [stack, np.ascontiguousarray(stack[:, ::-1])] if settings.flip else [stack]
    logits = [run_tiled(network.logits, look, tile=settings.tile, overlap=settings.overlap) for look in looks]
    seen = [calibrate(part[..., :rows, :columns], temperature=network.card.temperature) for part in logits]
    return seen[0] if len(seen) == 1 else np.mean(seen, axis=0)


def calibrate(logits: FloatArray, *, temperature: float) -> FloatArray:
    """Turn logits (n, 6, h, w) into probabilities: softmax of the tissues over ``temperature``, sigmoid of metal."""
    probability = np.empty(logits.shape, dtype=np.float32)
    tissues, metal = probability[:, : len(Tissue)], probability[:, len(Tissue) :]
    np.multiply(logits[:, : len(Tissue)], np.float32(1 / temperature), out=tissues)
    tissues -= tissues.max(axis=1, keepdims=True)
    np.exp(tissues, out=tissues)
    tissues /= tissues.sum(axis=1, keepdims=True)
    np.tanh(logits[:, len(Tissue) :] * np.float32(0.5), out=metal)
    metal += 1
    metal *= np.float32(0.5)
    return probability


def _paint(canvas: _Canvas, prepared: Prepared, number: int, planes: FloatArray) -> None:
    """Write slice ``number``, given as probabilities (6, rows, columns) on the working raster."""
    fine = prepared.restore_plane(planes)
    winner, best = np.zeros(fine.shape[1:], dtype=np.uint8), fine[0]
    for tissue in Tissue:  # three times faster than argmax and max over five planes
        np.copyto(winner, np.uint8(tissue), where=fine[tissue] > best)
        best = np.maximum(best, fine[tissue])
    turn = prepared.view.turn
    turn(canvas.labels)[number] = winner
    turn(canvas.probability)[number] = np.minimum(best, 1)
    turn(canvas.metal)[number] = np.clip(fine[len(Tissue)], 0, 1)
