"""What contrast agent added: the image after it less the one before, on one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.image import Image
from lumbomics.prepare.resample import resample_image

FloatArray = NDArray[np.float32]

_LEAST_SHARED = 1000
_BINS = 200
_SPAN = np.log(8.0)


@dataclass(frozen=True, eq=False)
class Subtraction:
    """Enhancement of every voxel.

    Parameters
    ----------
    image
        After less before, on the grid of the image after contrast, in its values.
    before
        The image before contrast on that grid and scale.
    gain
        Factor by which the values before were multiplied.
    """

    image: Image
    before: Image
    gain: float


def subtract(after: Image, before: Image) -> Subtraction:
    """Subtract the image before contrast from that after it.

    The receiver's gain may change between the two. Most tissue does not take up contrast agent, so the commonest ratio
    after : before among voxels with signal (the mode of its logarithm) is the gain.

    Parameters
    ----------
    after, before
        In one space: register them first. Voxels of ``after`` that ``before`` does not cover become 0.

    Raises
    ------
    FrameMismatchError
        If the frames of reference differ.
    InputError
        If the two share too few voxels with signal.
    """
    laid = resample_image(before, after.grid, outside=np.nan).array
    new = np.asarray(after.array, dtype=np.float32)
    covered = np.isfinite(laid)
    old = np.where(covered, laid, 0)
    gain = _gain(new, old, covered)
    difference = np.where(covered, new - gain * old, 0).astype(np.float32)
    scaled = Image((gain * old).astype(np.float32), after.grid, before.quantity, before.contrast)
    return Subtraction(Image(difference, after.grid, after.quantity, after.contrast), scaled, gain)


def _gain(new: FloatArray, old: FloatArray, covered: NDArray[np.bool_]) -> float:
    shared = covered & (old > 0) & (new > 0)
    if shared.sum() >= _LEAST_SHARED:
        shared &= (old > np.median(old[shared])) & (new > 0.1 * np.median(new[shared]))
    if shared.sum() < _LEAST_SHARED:
        hint = "check that both series show the same place, and register them first"
        raise InputError("the series share too little signal", got=f"{shared.sum()} voxels", hint=hint)
    ratio = np.log(new[shared] / old[shared])
    middle = float(np.median(ratio))
    counts, edges = np.histogram(ratio, bins=_BINS, range=(middle - _SPAN, middle + _SPAN))
    smooth = np.convolve(counts, np.ones(9) / 9, mode="same")
    peak = edges[int(np.argmax(smooth))] + (edges[1] - edges[0]) / 2
    near = np.abs(ratio - peak) < 0.2  # a share of 20 %: noise and blur, not enhancement
    return float(np.exp(np.median(ratio[near])))
