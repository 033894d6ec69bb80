"""Whether the outlines lie on the image's edges, or would fit better somewhere near."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.image import Image
from lumbomics.core.quality import Finding, Verdict
from lumbomics.segment.quality.facts import SpineFacts
from lumbomics.segment.quality.settings import QualitySettings

FloatArray = NDArray[np.float64]

_SHIFTS_MM = (-15.0, -10.0, -6.0, -4.0, 0.0, 4.0, 6.0, 10.0, 15.0)
_SMOOTH_MM = 0.8
_MOST_POINTS = 20_000


def check_alignment(facts: SpineFacts, image: Image, limits: QualitySettings) -> list[Finding]:
    """Compare the image's edges under the outlines with those under outlines shifted up to 15 mm in the slice plane.

    A map that belongs to another image, or that was moved, fits better elsewhere. A shift by a whole level looks right.
    """
    if not image.grid.same_place(facts.labels.grid, tolerance_mm=0.1) or not facts.bodies:
        return []
    edges = _edge_strength(image, facts)
    outline = _outline(facts)
    if not len(outline):
        return []
    here = _mean_at(edges, outline, (0, 0, 0))
    best, shift = max((_mean_at(edges, outline, step), mm) for step, mm in _steps(image))
    if here <= 0 or best <= limits.better_elsewhere * here:
        return []
    where = f"{abs(shift[0]):.0f} mm {'forwards' if shift[0] > 0 else 'backwards'}, "
    where += f"{abs(shift[1]):.0f} mm {'up' if shift[1] > 0 else 'down'}"
    message = f"the outlines would fit the image {best / here:.1f} times better shifted: {where}"
    return [Finding(check="alignment", message=message, verdict=Verdict.FAIL)]


def _slice_axis(image: Image) -> int:
    return int(np.argmax(np.abs(image.grid.axes[0])))


def _edge_strength(image: Image, facts: SpineFacts) -> FloatArray:
    """Gradient magnitude in the slice plane, capped so that fat and air do not outweigh the spine."""
    axes = [axis for axis in range(3) if axis != _slice_axis(image)]
    spacing = image.grid.spacing_mm
    sigma = [0.0 if axis not in axes else _SMOOTH_MM / spacing[axis] for axis in range(3)]
    smooth = ndimage.gaussian_filter(np.asarray(image.array, dtype=np.float32), sigma)
    slopes = [np.gradient(smooth, spacing[axis], axis=axis) for axis in axes]
    strength: FloatArray = np.hypot(*slopes)
    labelled = strength[facts.labels.array > 0]
    return np.minimum(strength, np.quantile(labelled, 0.95)) if labelled.size else strength


def _outline(facts: SpineFacts) -> NDArray[np.intp]:
    """Voxels of bodies and discs beside another label or background in the slice plane, (n, 3) indices."""
    labels = facts.labels
    values = [*(body.value for body in facts.presacral), *facts.discs]
    axes = [axis for axis in range(3) if axis != int(np.argmax(np.abs(labels.grid.axes[0])))]
    array = np.where(np.isin(labels.array, values), labels.array, 0)
    border = np.zeros(array.shape, dtype=bool)
    for axis in axes:
        for step in (1, -1):
            border |= array != np.roll(array, step, axis=axis)
    found = np.argwhere(border & (array > 0))
    return found[:: max(1, len(found) // _MOST_POINTS)]


def _steps(image: Image) -> list[tuple[tuple[int, int, int], tuple[float, float]]]:
    """Voxel shifts and what they are in mm to the front and to the head."""
    steps: dict[tuple[int, int, int], tuple[float, float]] = {}
    for front in _SHIFTS_MM:
        for up in _SHIFTS_MM:
            move = image.grid.inverse[:3, :3] @ np.array([0.0, front, up])
            move[_slice_axis(image)] = 0.0
            first, second, third = (int(n) for n in np.rint(move))
            steps.setdefault((first, second, third), (front, up))
    return list(steps.items())


def _mean_at(edges: FloatArray, outline: NDArray[np.intp], step: tuple[int, int, int]) -> float:
    """Mean edge strength under the shifted outline; what leaves the image counts as no edge."""
    moved = outline + np.asarray(step)
    inside = ((moved >= 0) & (moved < edges.shape)).all(axis=1)
    return float(edges[tuple(moved[inside].T)].sum() / len(outline))
