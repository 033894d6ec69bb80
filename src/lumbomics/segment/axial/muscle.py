"""Paraspinal muscles on an axial series, from their place beside the spine and their signal below that of fat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lumbomics.core.errors import InputError
from lumbomics.core.evenness import Evenness
from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels, Muscle, Segmentation
from lumbomics.core.quality import Finding
from lumbomics.segment.axial.cleft import find_cleft
from lumbomics.segment.axial.drawn import MUSCLE_NAMES, DrawnTissue, drawn_by
from lumbomics.segment.axial.evenness import estimate_evenness
from lumbomics.segment.axial.outline import closed_path, inside_path, rays
from lumbomics.segment.axial.patch import Patch, Reach, cut_patch
from lumbomics.segment.axial.place import find_places

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

BOUNDARY_SD_MM = 1.0
"""Scatter of the drawn boundaries: an engineering default, not measured."""
USABLE = (Contrast.T1, Contrast.T2, Contrast.T2_SPACE, Contrast.PD)
_REACH = Reach(side=95.0, front=60.0, back=105.0)
_ANGLES, _RADII, _STEP_MM = 72, 60, 0.9
_STIFFNESS = 0.6
_PRIOR_WEIGHT = 1.5
_SIZE_SD = 0.3
_ELSEWHERE = -3.0
_EMPTY_SHARE = 0.03
_NEARLY = 0.02
_LEAST_MM2 = 60.0
_NAMES = {
    "psoas": (Muscle.PSOAS_LEFT, Muscle.PSOAS_RIGHT),
    "multifidus": (Muscle.MULTIFIDUS_LEFT, Muscle.MULTIFIDUS_RIGHT),
    "erector": (Muscle.ERECTOR_SPINAE_LEFT, Muscle.ERECTOR_SPINAE_RIGHT),
}


@dataclass(frozen=True, eq=False)
class _Room:
    """Where one muscle may lie in a slice, its share of muscle in every pixel, and where its middle is."""

    allowed: Mask = field(repr=False)
    share: FloatArray = field(repr=False)
    centre: tuple[float, float]
    half: tuple[float, float]


def draw_muscles(axial: Scan, segmentation: Segmentation) -> DrawnTissue:
    """Draw psoas, multifidus and erector spinae of both sides on an axial series by classical means.

    In each slice every muscle gets a room beside the spine (multifidus and erector are parted by the fattest path
    between them), then a closed outline inside it that parts muscle from fat best. Fat inside the outline belongs to
    the muscle: the outline expects as much of it as the muscle turns out to hold. Nothing is learned from images;
    quadratus lumborum is not drawn.

    Parameters
    ----------
    axial
        Axial T1 or T2 series without fat suppression, in the space of the labels; ``obscured`` voxels get no muscle.
    segmentation
        Label maps of another series (usually sagittal): vertebrae, discs, canal.

    Returns
    -------
    The muscle map on the series' voxels, an expected agreement a level, and what was left out.

    Raises
    ------
    InputError
        If the series is fat-suppressed or of another contrast.
    FrameMismatchError
        If labels and series lie in different frames of reference.
    """
    if axial.contrast not in USABLE or axial.fat_suppressed:
        got = f"{axial.contrast.value}{', fat suppressed' if axial.fat_suppressed else ''}"
        raise InputError(
            "muscles are told from fat", expected="T1 or T2 without fat suppression", got=got, where=axial.name
        )
    segmentation.spine.grid.require_same_frame(axial.image.grid, where=axial.name)
    array = np.zeros(axial.image.grid.shape, dtype=np.uint8)
    places = find_places(axial.image.grid, segmentation.spine)
    if not places:
        missed = f"no slice of {axial.name} passes the labelled canal"
        return _drawn(array, axial, {}, (Finding(check="field_of_view", message=missed),))
    try:
        evenness = estimate_evenness(axial.image, places)
    except InputError as fault:
        return _drawn(array, axial, {}, (Finding(check="signal", message=f"{axial.name}: {fault.problem}"),))
    trust: dict[str, list[float]] = {}
    for place in places:
        patch = cut_patch(axial, place, segmentation.spine, {"own": (axial.image, evenness)}, _REACH)
        array[patch.whole], sure = _slice(patch, evenness)
        trust.setdefault(place.level, []).append(sure)
    return _drawn(array, axial, {level: float(np.mean(values)) for level, values in trust.items()}, ())


def _drawn(
    array: NDArray[np.uint8], axial: Scan, confidence: Mapping[str, float], findings: tuple[Finding, ...]
) -> DrawnTissue:
    labels = Labels(array, axial.image.grid, MUSCLE_NAMES, drawn_by(), BOUNDARY_SD_MM)
    return DrawnTissue(labels=labels, confidence=confidence, findings=findings)


def _slice(patch: Patch, evenness: Evenness) -> tuple[NDArray[np.uint8], float]:
    share = muscle_share(patch.signals["own"], evenness)
    share = np.where((patch.bone > 0.5) | (patch.disc > 0.5) | (patch.canal > 0.3) | patch.obscured, 0.0, share)
    result = np.zeros(share.shape, dtype=np.uint8)
    sure = []
    for side, sign in ((0, -1.0), (1, 1.0)):
        across = sign * patch.x
        cleft = find_cleft(patch, share, sign)
        rooms = {
            "psoas": _room(patch, share, _psoas_window(across, patch.y), sign),
            "multifidus": _room(patch, share, _back_window(across, patch.y) & (across > 2.5) & (across < cleft), sign),
            "erector": _room(patch, share, _back_window(across, patch.y) & (across > cleft), sign),
        }
        for name, room in rooms.items():
            if room is None:
                continue
            mask, certain = _outline(patch, room)
            result[mask & (result == 0) & ~patch.obscured] = _NAMES[name][side]
            sure.append(certain)
    return result, float(np.mean(sure)) if sure else 0.0


def muscle_share(signal: FloatArray, evenness: Evenness) -> FloatArray:
    """Share of muscle in [0, 1] by signal between muscle and fat; what is much darker than muscle is none."""
    dark = evenness.dark / evenness.fat
    share = np.clip((1.0 - signal) / (1.0 - dark), 0.0, 1.0)
    return np.where(signal < 0.45 * dark, 0.0, share)


def _psoas_window(across: FloatArray, y: FloatArray) -> Mask:
    return np.asarray((across > 16.0) & (across < 70.0) & (y > -6.0) & (y < 52.0))


def _back_window(across: FloatArray, y: FloatArray) -> Mask:
    return np.asarray((across < 82.0) & (y < 2.0) & (y > -85.0))


def _room(patch: Patch, share: FloatArray, allowed: Mask, sign: float) -> _Room | None:
    """Middle and half-sizes of the muscle in its room from the first and second moments of its share."""
    weight = np.where(allowed, gaussian_filter(share, 1.5 / patch.pixel_mm), 0.0)
    weight = np.where(weight > 0.15, weight, 0.0)
    for _ in range(3):
        total = weight.sum()
        if total * patch.pixel_mm**2 < _LEAST_MM2:
            return None
        x, y = float((weight * patch.x).sum() / total), float((weight * patch.y).sum() / total)
        half_x = 2 * float(np.sqrt((weight * (patch.x - x) ** 2).sum() / total))
        half_y = 2 * float(np.sqrt((weight * (patch.y - y) ** 2).sum() / total))
        reach = ((patch.x - x) / (1.35 * half_x)) ** 2 + ((patch.y - y) / (1.35 * half_y)) ** 2
        weight = np.where(reach < 1, weight, 0.0)
    return _Room(allowed, share, (x, y), (half_x, half_y))


def _outline(patch: Patch, room: _Room) -> tuple[Mask, float]:
    """Outline that parts muscle (with the fat it holds) from fat; and how well it does."""
    x, y = rays(_ANGLES, _RADII, _STEP_MM)
    x, y = x + room.centre[0], y + room.centre[1]
    share = np.clip(patch.at(room.share, x, y), 0, 1)
    outside = patch.at(room.allowed.astype(np.float64), x, y) < 0.5
    turn = 2 * np.pi * np.arange(_ANGLES) / _ANGLES
    expected = 1 / np.sqrt((np.sin(turn) / room.half[0]) ** 2 + (np.cos(turn) / room.half[1]) ** 2)
    radius = _STEP_MM * np.arange(_RADII)
    lean = 0.9
    path: FloatArray = np.zeros(_ANGLES)
    for _ in range(2):
        muscle = np.log(lean / _EMPTY_SHARE)
        fat = np.log((1 - lean) / (1 - _EMPTY_SHARE))
        ratio = np.where(outside, _ELSEWHERE, share * muscle + (1 - share) * fat)
        cost = -np.cumsum(ratio, axis=1) * _STEP_MM
        cost += _PRIOR_WEIGHT * ((radius - expected[:, None]) / (_SIZE_SD * expected[:, None])) ** 2
        path = _STEP_MM * (closed_path(cost, stiffness=_STIFFNESS).astype(np.float64) + 0.5)
        inside = radius < path[:, None]
        weight = np.where(inside & ~outside, radius, 0.0)
        lean = float(np.clip((weight * share).sum() / max(weight.sum(), _NEARLY), 0.15, 0.95))
    mask = inside_path(path, patch.x - room.centre[0], patch.y - room.centre[1]) & room.allowed
    mask &= (patch.bone < 0.5) & (patch.disc < 0.5)
    off = float(np.mean(np.abs(path - expected) / expected))
    return mask, float(np.clip(1.0 - off, 0.0, 1.0))
