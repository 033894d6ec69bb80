"""Oedema of marrow and back muscles in series that show water and no fat."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Context, Drawing, Measurement, Reason, Result, Shape
from lumbomics.measure.attempt import attempt
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.vertebra import VertebraGeometry
from lumbomics.measure.postoperative.contrast import MUSCLES
from lumbomics.measure.postoperative.marrow import Marrow, describe_marrow, water_scan
from lumbomics.measure.postoperative.view import SIDES

BIOMARKER = "bone_marrow_edema_volume"
METHODS = ("body_volume", "body_mean_z", "muscle_volume", "muscle_mean_z")
SCORE = 3.0
"""Standard scores from which on marrow or muscle counts as oedematous."""
_DEEP_MM = 2.0
_LEAST_MM3 = 60.0
_NEAR_MM = 15.0
_VEIN_MM = (8.0, 6.0, 2.0)
"""Half the width and half the height of the basivertebral vein's place, and how far before the body's middle it ends;
an engineering default, as the next one."""
_HALF = 0.5
_SHARE_OFF = 0.1
"""Standard error of a volume as a share of it: oedema's own border, and what is left of coil shading."""


@examines(BIOMARKER)
def bone_marrow_edema_volume(examined: ExaminedSpine) -> list[Result]:
    """Volume, by vertebra and side, of body and back muscle brighter than 3 standard deviations of their kind.

    Bodies are compared with the marrow of all bodies, muscle with the back muscles of all levels, after coil shading is
    taken out. Bright spots below 60 mm³ are taken for noise. Bright signal beside metal may be failed fat suppression;
    it is left out as far as the map of spoilt signal reaches.
    """
    marrow: Marrow | NotMeasurableError
    try:
        marrow = describe_marrow(examined, water_scan(examined))
    except NotMeasurableError as obstacle:
        marrow = obstacle
    return [
        result
        for level in examined.spine.vertebra_levels
        for side in SIDES
        for methods, compute in ((METHODS[:2], _body), (METHODS[2:], _muscle))
        for result in attempt(
            BIOMARKER, methods, partial(compute, examined, marrow, level, side), level=level, side=side
        )
    ]


def oedematous(
    marrow: Marrow, vertebra: VertebraGeometry, examined: ExaminedSpine
) -> tuple[NDArray[np.bool_], FloatArray]:
    """Voxels of a body that are oedematous, and the standard scores of all its voxels (NaN outside), in its box.

    Bright voxels next to the cortex may belong to the disc: they count only where they touch oedema 2 mm inside. So do
    those where the basivertebral vein runs, which is bright in everybody.
    """
    solid, frame = vertebra.body, vertebra.frame
    scores = np.full(solid.mask.shape, np.nan)
    scores[solid.mask] = marrow.scores(solid.points_mm)
    seen = np.isfinite(scores[solid.mask])
    examined.require_clear(~seen, "the vertebral body")
    bright = np.nan_to_num(scores) > SCORE
    seed = _large(bright & solid.deep_mask(_DEEP_MM) & ~_vein(solid, frame), solid.grid.voxel_volume_mm3)
    steps = int(np.ceil(_DEEP_MM / float(solid.grid.spacing_mm.min())))
    oedema = binary_dilation(seed, iterations=steps) & bright | seed
    return np.asarray(oedema & (scores > _HALF * np.median(scores[seed])) if seed.any() else oedema), scores


def _vein(solid: Solid, frame: Frame) -> NDArray[np.bool_]:
    """Where the basivertebral vein runs: the back of the body's middle."""
    local = frame.to_local(solid.points_mm)
    across, forwards, up = (local - np.median(local, axis=0)).T
    zone = np.zeros_like(solid.mask)
    zone[solid.mask] = (np.abs(across) < _VEIN_MM[0]) & (np.abs(up) < _VEIN_MM[1]) & (forwards < _VEIN_MM[2])
    return zone


def _body(examined: ExaminedSpine, marrow: Marrow | NotMeasurableError, level: str, side: Side) -> Iterator[Result]:
    found = _required(marrow)
    vertebra = examined.spine.vertebra(level)
    solid = vertebra.body
    oedema, scores = oedematous(found, vertebra, examined)
    across = vertebra.frame.to_local(solid.points_mm)[:, 0] * (1 if side is Side.RIGHT else -1)
    mine = np.zeros(solid.mask.shape)
    mine[solid.mask] = np.clip(across / _width_mm(solid, vertebra.frame) + 0.5, 0.0, 1.0)
    inside = oedema & (mine > 0)
    points = solid.grid.to_world(np.argwhere(oedema & (mine > 0.5)) + solid.start)
    inner = scores[(mine > 0.5) & solid.deep_mask(_DEEP_MM)]
    yield from _rows(found, METHODS[:2], level, side, points, inner, mine[inside], solid.grid.voxel_volume_mm3)


def _width_mm(solid: Solid, frame: Frame) -> float:
    """Width of a voxel across the spine: one in the plane between the sides belongs to both in part."""
    return float(np.abs(solid.grid.affine[:3, :3].T @ frame.right).sum())


def _muscle(examined: ExaminedSpine, marrow: Marrow | NotMeasurableError, level: str, side: Side) -> Iterator[Result]:
    """Back muscle within 15 mm of the plane through the body's middle."""
    found = _required(marrow)
    labels = examined.spine.segmentation.muscle
    if labels is None:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "no muscles are labelled")
    frame = examined.spine.vertebra(level).frame
    every = {one: np.concatenate([labels.points_mm(kind) for kind in MUSCLES[one]]) for one in SIDES}
    signal = found.even(np.concatenate(list(every.values())))
    middle = float(np.nanmedian(signal)) if np.isfinite(signal).any() else np.nan
    spread = 1.4826 * float(np.nanmedian(np.abs(signal - middle))) if np.isfinite(middle) else 0.0
    near = every[side][np.abs(frame.to_local(every[side])[:, 2]) <= _NEAR_MM]
    scores = (found.even(near) - middle) / spread if spread > 0 else np.empty(0)
    seen = np.isfinite(scores)
    if seen.sum() < 50:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"too little {side} back muscle at {level} is in view")
    index = np.rint(labels.grid.to_index(near[np.nan_to_num(scores) > SCORE])).astype(np.intp)
    bright = np.zeros(labels.grid.shape, dtype=bool)
    bright[tuple(index.T)] = True
    points = labels.grid.to_world(np.argwhere(_large(bright, labels.grid.voxel_volume_mm3)))
    whole = np.ones(len(points))
    yield from _rows(found, METHODS[2:], level, side, points, scores, whole, labels.grid.voxel_volume_mm3)


def _rows(
    marrow: Marrow,
    methods: tuple[str, ...],
    level: str,
    side: Side,
    points: FloatArray,
    scores: FloatArray,
    shares: FloatArray,
    voxel_mm3: float,
) -> Iterator[Result]:
    context = Context(series=marrow.scan.name)
    drawn = (Drawing(Shape.POINTS, points[:: max(1, len(points) // 120)], "oedema"),) if len(points) else ()
    known = scores[np.isfinite(scores)]
    # every voxel of the surface is in or out by chance; a ball of n voxels has about 4.84 n^(2/3) of them
    volume = float(shares.sum() * voxel_mm3)
    se = np.hypot(voxel_mm3 * np.sqrt(4.84 * shares.sum() ** (2 / 3) / 12), _SHARE_OFF * volume)
    for method, unit, value, error, drawings in (
        (methods[0], "mm3", volume, float(se), drawn),
        (methods[1], "1", float(known.mean()), float(known.std() / np.sqrt(max(1.0, len(known) / 8))), ()),
    ):
        yield Measurement(
            biomarker=BIOMARKER,
            method=method,
            unit=unit,
            level=level,
            side=side,
            value=value,
            se=error,
            drawings=drawings,
            context=context,
        )


def _large(bright: NDArray[np.bool_], voxel_mm3: float) -> NDArray[np.bool_]:
    """Keep connected parts of 60 mm³ and more."""
    parts, count = label(bright)
    sizes = np.bincount(parts.ravel(), minlength=count + 1) * voxel_mm3
    sizes[0] = 0
    return np.asarray((sizes >= _LEAST_MM3)[parts])


def _required(marrow: Marrow | NotMeasurableError) -> Marrow:
    if isinstance(marrow, NotMeasurableError):
        raise NotMeasurableError(marrow.reason, marrow.detail)
    return marrow
