"""Outlines of the dural sac and of the bony canal in one slice."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.segment.axial.likeness import likeness, mixture
from lumbomics.segment.axial.outline import closed_path, inside_path, rays
from lumbomics.segment.axial.patch import Patch

FloatArray = NDArray[np.float64]

ANGLES = 96
_STEP_MM = 0.35
_RADII = 56
_LIMIT = 4.0
_ROOT_SHARE = (0.12, 0.6)
_NOT_SAC = {"fat": 0.40, "soft": 0.25, "dark": 0.20, "marrow": 0.15}
_EPIDURAL = {"fat": 0.55, "soft": 0.35, "fluid": 0.1}
_BEYOND = {"dark": 0.6, "marrow": 0.3, "soft": 0.1}
_SAC_STIFFNESS, _WALL_STIFFNESS = 0.5, 0.5
_WALL_SD_MM = (0.6, 1.0)
_SAC_SD_MM = 3.0
_SAC_OF_CANAL = 0.88
_PRIOR_WEIGHT = 2.0
_FOLLOWS_SAC = 0.92
"""Share of the carried canal's radius from which on the sac is said to fill it: labels drawn along the dura."""
_USUAL_SPACE = ((0, 22, 45, 67, 90, 112, 135, 157, 180), (1.3, 1.6, 2.2, 2.7, 2.8, 3.4, 3.2, 2.6, 2.4))
"""Usual width of the epidural space, mm, by the angle from the front, degrees: 168 slices of digital patients."""
_LEAST_SPACE_MM = 0.8
_FRONT_DEG = 60.0
_FREE_SD_MM = 1.2


@dataclass(frozen=True, kw_only=True, eq=False)
class Walls:
    """Radii (angles,) of the outlines about the canal's middle, mm, on the rays of ``outline.rays``."""

    sac_mm: FloatArray = field(repr=False)
    canal_mm: FloatArray = field(repr=False)
    expected_mm: FloatArray = field(repr=False)
    """The canal's outline in the carried labels."""
    evidence: float
    """How much better tissue just inside the sac's outline fits the sac than tissue just outside, 0 to 1."""


def find_walls(patch: Patch, fluid: float) -> Walls:
    """Find both outlines: tissue inside and outside each as likely as can be, smooth, and near the carried canal.

    Parameters
    ----------
    patch
        One slice.
    fluid
        T2 signal of fluid relative to fat.
    """
    x, y = rays(ANGLES, _RADII, _STEP_MM)
    expected = carried_outline(patch.at(patch.canal, x, y))
    density = likeness(patch, fluid, {"fluid", "root"} | _NOT_SAC.keys() | _EPIDURAL.keys() | _BEYOND.keys())
    roots = _root_share(patch, fluid, expected)
    sac_ratio = _ratio(mixture(density, {"fluid": 1 - roots, "root": roots}), mixture(density, _NOT_SAC))
    wall_ratio = _ratio(mixture(density, _EPIDURAL), mixture(density, _BEYOND))
    radius = _STEP_MM * np.arange(_RADII)
    sac_cost = _inside_cost(patch.at(sac_ratio, x, y))
    sac_cost += _PRIOR_WEIGHT * ((radius - _SAC_OF_CANAL * expected[:, None]) / _SAC_SD_MM) ** 2
    sac = closed_path(sac_cost, stiffness=_SAC_STIFFNESS)
    # the last ring inside is half a step short of the first outside
    sac_mm = _STEP_MM * (sac.astype(np.float64) + 0.5)
    wall_cost = _inside_cost(patch.at(wall_ratio, x, y))
    sd = wall_sd_mm()
    if np.median(sac_mm / expected) > _FOLLOWS_SAC:
        bone = patch.at(np.maximum(patch.bone, patch.disc), x, y)
        expected, sd = _about_sac(bone, sac_mm), np.full(ANGLES, _FREE_SD_MM)
    wall_cost += _PRIOR_WEIGHT * ((radius - expected[:, None]) / sd[:, None]) ** 2
    wall_cost = np.where(radius < sac_mm[:, None], wall_cost.max() + 10.0, wall_cost)
    wall = closed_path(wall_cost, stiffness=_WALL_STIFFNESS)
    canal_mm = _STEP_MM * wall.astype(np.float64)
    return Walls(
        sac_mm=np.asarray(np.minimum(sac_mm, canal_mm)),
        canal_mm=canal_mm,
        expected_mm=expected,
        evidence=_evidence(patch.at(sac_ratio, x, y), sac),
    )


def _about_sac(bone: FloatArray, sac_mm: FloatArray) -> FloatArray:
    """Where the wall is looked for when the labels tell the sac alone: about the sac, in front before bone or disc.

    Behind, labels from sagittal slices are too coarse across to tell where laminae begin.
    """
    turn = np.roll(np.abs(np.linspace(-180, 180, ANGLES, endpoint=False)), ANGLES // 2)
    usual = np.interp(turn, *_USUAL_SPACE)
    radius = _STEP_MM * np.arange(bone.shape[1])
    hit = (bone >= 0.5) & (radius > sac_mm[:, None]) & (turn < _FRONT_DEG)[:, None]
    first = np.where(hit.any(axis=1), radius[hit.argmax(axis=1)], np.inf)
    free = np.clip(first, sac_mm + _LEAST_SPACE_MM, sac_mm + usual)
    return np.asarray(np.median([np.roll(free, turn) for turn in range(-3, 4)], axis=0))


def wall_sd_mm() -> FloatArray:
    """Scatter (angles,) of the carried outline: small in front and behind, large at the sides.

    The labels come from sagittal slices, fine in the slice and 4 mm apart across.
    """
    turn = 2 * np.pi * np.arange(ANGLES) / ANGLES
    fine, coarse = _WALL_SD_MM
    return np.asarray(np.hypot(fine * np.cos(turn), coarse * np.sin(turn)))


def carried_outline(share: FloatArray) -> FloatArray:
    """Radius (angles,) at which the carried share of the canal (angles, radii) falls below one half, smoothed."""
    inside = share >= 0.5
    inside[:, :4] = True
    first_out = np.where(inside.all(axis=1), inside.shape[1] - 1, inside.argmin(axis=1))
    rows = np.arange(len(share))
    high, low = share[rows, first_out - 1], share[rows, first_out]
    part = np.clip((high - 0.5) / np.maximum(high - low, 1e-6), 0, 1)
    radius = _STEP_MM * (first_out - 1 + part)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.5) ** 2)
    padded = np.concatenate([radius[-6:], radius, radius[:6]])
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _root_share(patch: Patch, fluid: float, expected: FloatArray) -> float:
    """Share of roots to expect in the sac: much where the middle of the canal is dark, else little.

    Where most of the sac is bright, dark tissue along its rim is not sac; where nothing is bright, it may all be roots.
    """
    core = inside_path(0.6 * expected, patch.x, patch.y) & ~patch.obscured
    dark = float((patch.signals["t2"][core] < 0.62 * fluid).mean()) if core.any() else 0.5
    return float(np.clip(dark, *_ROOT_SHARE))


def _evidence(ratio: FloatArray, path: NDArray[np.intp]) -> float:
    """Mean difference of the ratio (angles, radii) between the three rings inside and outside a path, as a share."""
    rows = np.arange(len(path))
    within, beyond = (
        np.mean([ratio[rows, np.clip(path + step, 0, ratio.shape[1] - 1)] for step in steps], axis=0)
        for steps in ((-2, -1, 0), (2, 3, 4))
    )
    return float(np.clip((within - beyond).mean() / (2 * _LIMIT), 0, 1))


def _ratio(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(np.clip(np.log(first / second), -_LIMIT, _LIMIT))


def _inside_cost(ratio: FloatArray) -> FloatArray:
    """Cost (angles, radii) of an outline at each ring: minus the evidence for the inside summed from the middle."""
    return np.asarray(-np.cumsum(ratio, axis=1) * _STEP_MM)
