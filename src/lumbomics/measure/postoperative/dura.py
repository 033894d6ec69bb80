"""How rough the dural sac's border is in axial slices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Drawing, Reason, Result, Shape
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.postoperative.view import CanalSlice, at_sides, level_view, other

BIOMARKER = "dural_irregularity"
METHODS = ("rms_in_slice", "asymmetry")
KERNEL_MM = 10.0
"""Waves along the border longer than this make its smooth form."""
_NARROW_MM2 = 75.0
_RAYS = 240
_STEP_MM = 0.1
_BLUR_PIXELS = 0.7


@examines(BIOMARKER)
def dural_irregularity(examined: ExaminedSpine) -> list[Result]:
    """Root mean square deviation of the dural sac's border from its smooth form, by side.

    The border is read along 240 rays from the sac's centroid at half height of the slightly blurred mask; its smooth
    form holds the waves along the border of 10 mm and more. Slices with less than 75 mm² of sac are left out. Steps of
    the pixels alone make about a sixth of a pixel. It is read slice by slice: slices of 4 mm tell nothing along the
    spine.
    """
    return at_sides(examined, BIOMARKER, METHODS, _irregularity)


def _irregularity(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view = level_view(examined, upper, lower, contrasts=T2_CONTRASTS)
    wide = [one for one in view.slices if one.area_mm2(one.sac) >= _NARROW_MM2]
    if not wide:
        raise NotMeasurableError(
            Reason.UNDEFINED, f"the dural sac at {view.level} is narrower than {_NARROW_MM2:g} mm² in all slices"
        )
    found = [border(one) for one in wide]
    mine, theirs = (np.array([_rms(*one, s) for one in found]) for s in (side, other(side)))
    rough, opposite = (float(np.sqrt(np.mean(values**2))) for values in (mine, theirs))
    se = float(mine.std(ddof=1) / np.sqrt(len(mine))) if len(mine) > 1 else None
    drawn = [_outline(one, angles, radii) for one, (angles, radii, _) in zip(wide, found, strict=True)]
    yield view.value(BIOMARKER, METHODS[0], "mm", rough, se=se, side=side, drawings=drawn)
    yield view.value(BIOMARKER, METHODS[1], "mm", rough - opposite, side=side)


def border(one: CanalSlice) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return angles (n,) from the right axis, and radii and deviations (n,) mm of the border from its smooth form."""
    angles = (np.arange(_RAYS) + 0.5) * 2 * np.pi / _RAYS
    radii = _radii(one, angles)
    closed = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    length = float(np.linalg.norm(np.diff(closed, axis=0, append=closed[:1]), axis=1).sum())
    waves = np.fft.rfft(radii)
    waves[: int(length / KERNEL_MM) + 1] = 0
    return angles, radii, np.asarray(np.fft.irfft(waves, _RAYS))


def _radii(one: CanalSlice, angles: FloatArray) -> FloatArray:
    """Distance (n,) mm from the sac's centroid to its border along rays."""
    soft = gaussian_filter(one.sac.astype(np.float64), _BLUR_PIXELS)
    centre = one.centroid_mm(one.sac)
    furthest = np.linalg.norm(one.cut.local_mm[one.sac][:, :2] - centre, axis=1).max() + 2 * one.pixel_mm
    reach = np.arange(0, furthest, _STEP_MM)
    flat = centre + reach[None, :, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)[:, None]
    world = one.cut.frame.to_world(np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=-1))
    index = np.delete(one.cut.scan.image.grid.to_index(world), one.cut.axis, axis=-1)
    values = map_coordinates(soft, np.moveaxis(index, -1, 0), order=1)
    inside = values >= 0.5
    last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
    rows, after = np.arange(len(angles)), np.minimum(last + 1, len(reach) - 1)
    high, low = values[rows, last], values[rows, after]
    share = np.where(high > low, (high - 0.5) / np.maximum(high - low, 1e-9), 0.0)
    return np.asarray(reach[last] + np.clip(share, 0, 1) * _STEP_MM)


def _rms(angles: FloatArray, radii: FloatArray, deviations: FloatArray, side: Side) -> float:
    del radii
    mine = np.cos(angles) > 0 if side is Side.RIGHT else np.cos(angles) < 0
    return float(np.sqrt(np.mean(deviations[mine] ** 2)))


def _outline(one: CanalSlice, angles: FloatArray, radii: FloatArray) -> Drawing:
    flat = one.centroid_mm(one.sac) + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    points = one.cut.frame.to_world(np.column_stack([flat, np.zeros(len(flat))]))
    return Drawing(Shape.POLYGON, points[::3], "border of the dural sac")
