"""Named features of every disc of a sagittal slice: what the grading models look at.

Signals are natural logarithms of ratios to the patient's own fluid or marrow, lengths are millimetres or logarithms of
ratios, so that neither the scanner's scale nor a wrong voxel size matters much. ``docs/concepts/degeneration.md`` tells
what each means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from lumbomics.core.anatomy import rank, vertebra_number
from lumbomics.core.image import Image
from lumbomics.measure.degeneration.patch import STEP_MM, DiscPatch
from lumbomics.measure.degeneration.shape import DiscShape, describe_shape, posterior_line
from lumbomics.measure.degeneration.signal import DiscSignal, describe_signal, marrow_beside, marrow_deep
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError

_CORE_ROWS, _NUCLEUS, _REAR, _FRONT = slice(3, 10), slice(12, 29), slice(1, 6), slice(35, 40)
_MIDDLE = slice(8, 33)
_COMPARED = ("height_to_depth", "height", "nucleus_to_fluid", "nucleus_to_marrow", "disc_to_marrow", "contrast")
_SLIPS = ("slip_back", "slip_front")


@dataclass(frozen=True, eq=False)
class DiscFeatures:
    """Features of one disc.

    Parameters
    ----------
    patch
        Where they were read.
    shape, signal
        The measured quantities behind them.
    values
        Feature name -> value; NaN where it cannot be read.
    """

    patch: DiscPatch = field(repr=False)
    shape: DiscShape
    signal: DiscSignal = field(repr=False)
    values: Mapping[str, float]


def disc_features(
    patches: Mapping[str, DiscPatch | NotMeasurableError], *, t2: Image, t1: Image | None = None
) -> dict[str, DiscFeatures | NotMeasurableError]:
    """Describe every disc of a slice, alone and against the patient's other discs.

    Parameters
    ----------
    patches
        From ``disc_patches``.
    t2
        T2 (or T2 SPACE) image in the space of the label map.
    t1
        T1 image in the same space.

    Returns
    -------
    Level -> features, or the obstacle, in the order of ``patches``.
    """
    found: dict[str, DiscFeatures | NotMeasurableError] = {}
    for level, patch in patches.items():
        try:
            found[level] = _alone(patch, t2, t1)
        except NotMeasurableError as obstacle:
            found[level] = obstacle
    seen = [one for one in found.values() if isinstance(one, DiscFeatures)]
    among = _against_others([one.values for one in seen])
    full = {
        one.patch.level: DiscFeatures(one.patch, one.shape, one.signal, {**one.values, **more})
        for one, more in zip(seen, among, strict=True)
    }
    return {level: full.get(level, one) for level, one in found.items()}


def _alone(patch: DiscPatch | NotMeasurableError, t2: Image, t1: Image | None) -> DiscFeatures:
    if isinstance(patch, NotMeasurableError):
        raise patch
    shape, signal = describe_shape(patch), describe_signal(patch, t2)
    picture = patch.signal(t2)
    values = {
        **_of_level(patch),
        **_of_shape(shape),
        **_of_signal(signal),
        **_of_fluid(patch, picture, shape.height, signal.fluid),
        **_of_marrow(patch, picture, "t2"),
    }
    if t1 is not None:
        values |= _of_marrow(patch, patch.signal(t1), "t1")
    return DiscFeatures(patch, shape, signal, values)


def _of_level(patch: DiscPatch) -> dict[str, float]:
    """Count of the disc from the sacrum, and whether it is the last, the last but one, or above the lumbar spine."""
    from_sacrum = rank(vertebra_number("S1")) - rank(patch.upper)
    from_sacrum = min(from_sacrum, 9)
    return {
        "level": float(from_sacrum),
        "level_last": float(from_sacrum == 1),
        "level_last_but_one": float(from_sacrum == 2),
        "level_upper": float(from_sacrum >= 6),
    }


def _of_shape(shape: DiscShape) -> dict[str, float]:
    depth = max(shape.depth, 1.0)
    return {
        "height": _ln(shape.height, 0.5),
        "height_to_depth": _ln(shape.height, 0.5) - _ln(depth),
        "height_least_to_depth": _ln(shape.height_least, 0.5) - _ln(depth),
        "height_back_to_depth": _ln(shape.height_back, 0.5) - _ln(depth),
        "height_front_to_depth": _ln(shape.height_front, 0.5) - _ln(depth),
        "tilt_deg": shape.tilt_deg,
        "depth_mm": shape.depth,
        "bulge_mm": shape.bulge,
        "bulge_front_mm": shape.bulge_front,
        "canal_gap_mm": shape.canal_gap,
        "canal_narrowing": _ln(shape.canal_depth + 1.0) - _ln(shape.canal_depth_beside + 1.0),
        "slip_back": shape.slip_back / depth,
        "slip_front": shape.slip_front / depth,
    }


def _of_signal(signal: DiscSignal) -> dict[str, float]:
    square, fluid, marrow = signal.square, signal.fluid, signal.marrow
    least = 1e-3 * fluid
    core = square[_CORE_ROWS]
    nucleus, rear, front = core[:, _NUCLEUS], core[:, _REAR], core[:, _FRONT]
    profile = gaussian_filter1d(core.mean(axis=0), 1.0)
    rows = gaussian_filter1d(square[:, 10:31].mean(axis=1), 0.7)
    heights = gaussian_filter1d(nucleus.mean(axis=1), 0.7)
    ends = np.concatenate([profile[: _MIDDLE.start], profile[_MIDDLE.stop :]])
    return {
        "nucleus_to_fluid": _ln(np.median(nucleus), least) - _ln(fluid),
        "nucleus_to_marrow": _ln(np.median(nucleus), least) - _ln(marrow),
        "nucleus_brightest_to_fluid": _ln(np.quantile(nucleus, 0.9), least) - _ln(fluid),
        "disc_to_marrow": _ln(core.mean(), least) - _ln(marrow),
        "disc_darkest_to_marrow": _ln(np.quantile(core, 0.1), least) - _ln(marrow),
        "annulus_back_to_marrow": _ln(np.median(rear), least) - _ln(marrow),
        "annulus_front_to_marrow": _ln(np.median(front), least) - _ln(marrow),
        "fluid_to_marrow": _ln(fluid) - _ln(marrow),
        "dark_share": float((core < 0.5 * marrow).mean()),
        "unevenness": float(nucleus.std() / max(nucleus.mean(), least)),
        "contrast": _ln(np.quantile(profile[_MIDDLE], 0.9), least) - _ln(np.quantile(ends, 0.2), least),
        "sharpness": float(np.abs(np.diff(profile)).max() / max(profile.max(), least)),
        "band": float((heights.max() - heights[len(heights) // 2]) / max(heights.mean(), least)),
        "over_endplates": float((rows[2:11].max() - rows[[0, -1]].mean()) / fluid),
    }


def _of_fluid(patch: DiscPatch, picture: FloatArray, height: float, fluid: float) -> dict[str, float]:
    """Stand-off of fluid from the line between the posterior corners, and its depth, at the disc and beside it."""
    line = posterior_line(patch)
    bright = gaussian_filter(np.nan_to_num(picture), 0.5 / STEP_MM) > 0.5 * fluid
    gap, width = _fluid_behind(patch, bright, line)
    half = height / 2
    at = np.abs(patch.across_mm) <= half + 1.0
    beside = (np.abs(patch.across_mm) >= half + 8.0) & (np.abs(patch.across_mm) <= half + 15.0)
    step = patch.along_mm[None, :] - line[:, None]
    close = (step > -6.0) & (step < -1.0) & (np.abs(patch.across_mm) <= half)[:, None] & np.isfinite(picture)
    stand_off = float(np.quantile(gap[at], 0.75))
    return {
        "fluid_gap_mm": stand_off,
        "fluid_gap_most_mm": float(gap[at].max()),
        "fluid_gap_more_mm": stand_off - float(np.median(gap[beside])),
        "fluid_depth_mm": float(np.quantile(width[at], 0.25)),
        "fluid_depth_less_mm": float(np.quantile(width[at], 0.25) - np.median(width[beside])),
        "behind_to_fluid": _ln(picture[close].mean(), 1e-3 * fluid) - _ln(fluid) if close.any() else np.nan,
    }


def _fluid_behind(
    patch: DiscPatch, bright: np.ndarray[tuple[int, int], np.dtype[np.bool_]], line: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Distance to the first bright pixel and number of bright millimetres within 25 mm behind the line, by row."""
    step = patch.along_mm[None, :] - line[:, None]
    behind = bright & (step <= 1.0) & (step > -25.0)
    nearest = np.where(behind, -step, np.inf).min(axis=1)
    return np.clip(nearest, 0.0, 25.0), np.asarray(behind.sum(axis=1) * STEP_MM)


def _of_marrow(patch: DiscPatch, picture: FloatArray, name: str) -> dict[str, float]:
    """Marrow beside both endplates against the middle of its own body: mean of both, and the more marked of them."""
    both = [
        asdict(marrow_beside(patch, picture, number, marrow_deep(patch, picture, number)))
        for number in (patch.upper, patch.lower)
    ]
    mean = {f"{name}_marrow_{key}": _some_mean([one[key] for one in both]) for key in both[0]}
    highest = {f"{name}_marrow_{key}_most": _some_max([one[key] for one in both]) for key in ("high", "spread")}
    lowest = {f"{name}_marrow_low_most": -_some_max([-one["low"] for one in both])}
    return {**mean, **highest, **lowest}


def _against_others(alone: list[Mapping[str, float]]) -> list[dict[str, float]]:
    """Each disc against the median of the patient's others, against the best of all, and against its neighbours."""
    found: list[dict[str, float]] = [{} for _ in alone]
    for name in (*_COMPARED, *_SLIPS):
        values = np.array([one[name] for one in alone], dtype=np.float64)
        for at, value in enumerate(values):
            others = np.delete(values, at)
            usual = _some_median(others, value)
            found[at][f"{name}_of_others"] = usual
            found[at][f"{name}_over_others"] = float(value - usual)
            found[at][f"{name}_over_best"] = float(value - np.fmax.reduce(values))
            found[at][f"{name}_over_above"] = float(value - values[at - 1]) if at else 0.0
            found[at][f"{name}_over_below"] = float(value - values[at + 1]) if at + 1 < len(values) else 0.0
    for one in found:
        one["slip"] = (one["slip_back_over_others"] + one["slip_front_over_others"]) / 2
        one["slip_size"] = abs(one["slip"])
    return found


def _ln(value: float | np.floating, least: float = 1e-9) -> float:
    number = float(value)
    return float(np.log(max(number, least))) if np.isfinite(number) else float("nan")


def _some_median(values: FloatArray, otherwise: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else otherwise


def _some_mean(values: list[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")


def _some_max(values: list[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    return float(np.max(known)) if known else float("nan")
