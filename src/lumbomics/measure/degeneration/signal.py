"""Signal of one disc and of what borders on it, in its sagittal slice, relative to the patient's own tissues."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

from lumbomics.core.image import Image
from lumbomics.core.measurement import Reason
from lumbomics.measure.degeneration.patch import STEP_MM, DiscPatch
from lumbomics.measure.degeneration.shape import disc_columns
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError

_COLUMNS, _ROWS = 41, 13
_LEAST_SEEN = 0.9
_LEAST_PIXELS = 40
_FLUID_QUANTILE = 0.9
_STRIP_MM = (1.5, 8.0)
_DEEP_MM = (9.0, 16.0)


@dataclass(frozen=True, eq=False)
class DiscSignal:
    """Signal over a disc space stretched to a square, and the references beside it.

    Parameters
    ----------
    square
        Signal (13, 41): rows from the lower to the upper endplate, columns from the posterior to the anterior corner.
    fluid
        90th percentile of the canal within 25 mm above and below: cerebrospinal fluid (T2), as bright as it gets.
    marrow
        Median of both vertebral bodies.
    """

    square: FloatArray = field(repr=False)
    fluid: float
    marrow: float


def describe_signal(patch: DiscPatch, image: Image) -> DiscSignal:
    """Sample a disc space; NotMeasurableError where the image or the references do not cover it."""
    picture = patch.signal(image)
    square = _stretched(patch, picture)
    if np.isfinite(square).mean() < _LEAST_SEEN:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the image does not cover the disc {patch.level}")
    canal = picture[patch.canal & (np.abs(patch.across_mm) < 25.0)[:, None]]
    bodies = picture[body(patch, patch.upper) | body(patch, patch.lower)]
    canal, bodies = canal[np.isfinite(canal)], bodies[np.isfinite(bodies)]
    if min(len(canal), len(bodies)) <= _LEAST_PIXELS:
        detail = f"too little canal or marrow beside the disc {patch.level} to compare its signal with"
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, detail)
    fluid, marrow = float(np.quantile(canal, _FLUID_QUANTILE)), float(np.median(bodies))
    if not min(fluid, marrow) > 0:
        raise NotMeasurableError(Reason.IMAGE_ARTIFACT, f"fluid or marrow beside the disc {patch.level} has no signal")
    return DiscSignal(np.nan_to_num(square, nan=float(np.nanmedian(square))), fluid, marrow)


def body(patch: DiscPatch, number: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Pixels of a vertebra between its corners, at least 1.5 mm from the disc."""
    row = 0 if number == patch.upper else 1
    back, front = patch.corners_mm[row] + (2.0, -2.0)
    inside = (patch.along_mm > back) & (patch.along_mm < front)
    return np.asarray((patch.labels == number) & inside & (depth_mm(patch, number) > _STRIP_MM[0]))


def depth_mm(patch: DiscPatch, number: int) -> FloatArray:
    """Distance (rows, columns) of every pixel from the endplate of a vertebra, into it positive."""
    above, below = patch.edges_mm
    edge, sign = (above, 1) if number == patch.upper else (below, -1)
    seen = np.isfinite(edge)
    filled = np.interp(patch.along_mm, patch.along_mm[seen], gaussian_filter1d(edge[seen], 1.0 / STEP_MM))
    return np.asarray(sign * (patch.across_mm[:, None] - filled[None, :]))


def _stretched(patch: DiscPatch, picture: FloatArray) -> FloatArray:
    _, columns, _ = disc_columns(patch)
    above, below = patch.edges_mm
    at = np.linspace(columns[0], columns[-1], _COLUMNS)
    top, bottom = (np.interp(at, columns, gaussian_filter1d(e[columns], 1.0 / STEP_MM)) for e in (above, below))
    share = np.linspace(0.0, 1.0, _ROWS)[:, None]
    rows = (bottom + share * (top - bottom) - patch.across_mm[0]) / STEP_MM
    return np.asarray(map_coordinates(picture, [rows, np.broadcast_to(at, rows.shape)], order=1, cval=np.nan))


def marrow_deep(patch: DiscPatch, picture: FloatArray, number: int) -> float:
    """Median signal 9 to 16 mm from an endplate, in the middle of its body; NaN where too little is in view."""
    depth = depth_mm(patch, number)
    deep = body(patch, number) & (depth >= _DEEP_MM[0]) & (depth <= _DEEP_MM[1]) & np.isfinite(picture)
    return float(np.median(picture[deep])) if deep.sum() > 30 else np.nan


@dataclass(frozen=True, kw_only=True)
class Marrow:
    """Signal of marrow next to one endplate relative to the middle of the same body; logarithms, NaN where unseen."""

    mean: float
    high: float
    low: float
    back: float
    front: float
    spread: float
    focus: float


def marrow_beside(patch: DiscPatch, picture: FloatArray, number: int, reference: float) -> Marrow:
    """Describe the marrow 1.5 to 8 mm from an endplate against a reference signal (its logarithm is taken)."""
    depth = depth_mm(patch, number)
    inside = body(patch, number) & np.isfinite(picture)
    strip = inside & (depth <= _STRIP_MM[1])
    if strip.sum() < 60 or not reference > 0:
        return Marrow(mean=np.nan, high=np.nan, low=np.nan, back=np.nan, front=np.nan, spread=np.nan, focus=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(np.maximum(picture, 1e-3 * reference) / reference)
    values = ratio[strip]
    middle = float(patch.corners_mm[0 if number == patch.upper else 1].mean())
    rear = strip & (patch.along_mm < middle)[None, :]
    smooth = gaussian_filter(np.where(inside, ratio, 0.0), 1.5 / STEP_MM) / np.maximum(
        gaussian_filter(inside.astype(float), 1.5 / STEP_MM), 1e-3
    )
    return Marrow(
        mean=float(values.mean()),
        high=float(np.quantile(values, 0.9)),
        low=float(np.quantile(values, 0.1)),
        back=float(ratio[rear].mean()) if rear.any() else np.nan,
        front=float(ratio[strip & ~rear].mean()) if (strip & ~rear).any() else np.nan,
        spread=float(values.std()),
        focus=float(smooth[strip].max()),
    )
