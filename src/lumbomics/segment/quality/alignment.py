"""Whether the labels part the image's signal where they lie, or would do so better somewhere near."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels
from lumbomics.core.quality import Finding, Verdict
from lumbomics.segment.quality.facts import SpineFacts
from lumbomics.segment.quality.settings import QualitySettings

FloatArray = NDArray[np.float64]
Tissues = NDArray[np.uint8]

_VERTEBRA, _DISC, _CANAL, _AROUND = 1, 2, 3, 4
_SHIFTS_MM = (-15.0, -10.0, -6.0, -4.0, 0.0, 4.0, 6.0, 10.0, 15.0)
_AROUND_MM = 6.0
_SMOOTH_MM = 0.8
_MOST_POINTS = 30_000


def check_alignment(facts: SpineFacts, image: Image, limits: QualitySettings) -> list[Finding]:
    """Compare how well the labels part the signal with how well they would, shifted up to 15 mm in the slice plane.

    Measure: the correlation ratio, the share of the variance of the log signal that lies between vertebrae, discs,
    canal and their surroundings (Roche et al., "The correlation ratio as a new similarity measure for multimodal image
    registration", MICCAI 1998). A map that belongs to another image, or that was moved, does better elsewhere. A shift
    by a whole level looks right.
    """
    if not image.grid.same_place(facts.labels.grid, tolerance_mm=0.1) or not facts.bodies:
        return []
    axis = int(np.argmax(np.abs(image.grid.axes[0])))
    points, kinds = _sampled(_tissues(facts.labels, axis))
    signal = _log_signal(image, axis)
    here = _correlation_ratio(signal, points, kinds, (0, 0, 0))
    best, shift = max((_correlation_ratio(signal, points, kinds, step), mm) for step, mm in _steps(image, axis))
    if here <= 0 or best <= limits.better_elsewhere * here:
        return []
    where = f"{abs(shift[0]):.0f} mm {'forwards' if shift[0] > 0 else 'backwards'}, "
    where += f"{abs(shift[1]):.0f} mm {'up' if shift[1] > 0 else 'down'}"
    message = f"the labels would part the signal {best / here:.1f} times better shifted: {where}"
    return [Finding(check="alignment", message=message, verdict=Verdict.FAIL)]


def _tissues(labels: Labels, axis: int) -> Tissues:
    """Vertebra, disc, canal, and a rim of surroundings in the slice plane."""
    array = labels.array
    kinds = np.where(array > DISC_OFFSET, _DISC, np.where(array > 0, _VERTEBRA, 0)).astype(np.uint8)
    kinds[(array == CANAL) | (array == CORD)] = _CANAL
    near = (kinds > 0).astype(np.uint8)
    for other in (n for n in range(3) if n != axis):
        reach = 2 * round(_AROUND_MM / float(labels.grid.spacing_mm[other])) + 1
        near = ndimage.maximum_filter1d(near, reach, axis=other)
    kinds[(kinds == 0) & (near > 0)] = _AROUND
    return kinds


def _sampled(kinds: Tissues) -> tuple[NDArray[np.intp], Tissues]:
    """Evenly taken voxels, (n, 3) indices, with their tissue."""
    flat = np.flatnonzero(kinds)
    flat = flat[:: max(1, len(flat) // _MOST_POINTS)]
    return np.stack(np.unravel_index(flat, kinds.shape), axis=1), kinds.reshape(-1)[flat]


def _log_signal(image: Image, axis: int) -> FloatArray:
    spacing = image.grid.spacing_mm
    sigma = [0.0 if other == axis else _SMOOTH_MM / float(spacing[other]) for other in range(3)]
    smooth = ndimage.gaussian_filter(np.asarray(image.array, dtype=np.float32), sigma)
    low, high = np.percentile(smooth, (1, 99))
    # One per cent of the range keeps the logarithm of dark noise from outweighing the anatomy.
    return np.asarray(np.log(np.maximum(smooth - low, 0) + 0.01 * max(float(high - low), 1e-9)), dtype=np.float64)


def _steps(image: Image, axis: int) -> list[tuple[tuple[int, int, int], tuple[float, float]]]:
    """Voxel shifts and what they are in mm to the front and to the head."""
    steps: dict[tuple[int, int, int], tuple[float, float]] = {}
    for front in _SHIFTS_MM:
        for up in _SHIFTS_MM:
            move = image.grid.inverse[:3, :3] @ np.array([0.0, front, up])
            move[axis] = 0.0
            first, second, third = (int(n) for n in np.rint(move))
            steps.setdefault((first, second, third), (front, up))
    return list(steps.items())


def _correlation_ratio(
    signal: FloatArray, points: NDArray[np.intp], kinds: Tissues, step: tuple[int, int, int]
) -> float:
    """Share of the variance between tissues, times the share of the points that stay in the image."""
    moved = points + np.asarray(step)
    inside = ((moved >= 0) & (moved < signal.shape)).all(axis=1)
    values, mine = signal[tuple(moved[inside].T)], kinds[inside]
    total = float(values.var()) if values.size else 0.0
    if total <= 0:
        return 0.0
    count = np.bincount(mine, minlength=5)
    mean = np.bincount(mine, weights=values, minlength=5) / np.maximum(count, 1)
    between = float((count * (mean - values.mean()) ** 2).sum() / values.size)
    return between / total * float(inside.mean())
