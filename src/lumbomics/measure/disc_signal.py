"""T2 signal of the discs relative to cerebrospinal fluid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from lumbomics.core.anatomy import CORD
from lumbomics.core.image import Contrast, Image
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.measure.attempt import attempt, both, pair_level
from lumbomics.measure.dural_sac import SAC_VALUE
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.shading import Shading
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.registry import implements

BIOMARKER = "disc_signal_ratio"
METHOD = "median_central50_to_csf"
USABLE = (Contrast.T2, Contrast.T2_SPACE)
"""Contrasts in which the ratio is measured. STIR and bSSFP show fluid bright too, but there it means other things."""
_SLAB_MM = 5.0
_NEAR_MM = 8.0
_INSIDE_MM = 1.5
_SHARED_MM3 = 8.0
RESIDUAL_SHADING = 0.06
"""Relative standard error left by shading that is no polynomial of second order and by tissue texture."""
_LEAST_POINTS = 20
_ROOTS = "nerve roots are not labelled and count as part of the fluid"


@dataclass(frozen=True, eq=False)
class _Signals:
    """What the signal of every disc is compared with."""

    image: Image = field(repr=False)
    fluid_mm: FloatArray = field(repr=False)
    shading: Shading = field(repr=False)


@implements(BIOMARKER)
def disc_signal_ratio(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Median T2 signal of the central half of every disc over that of the fluid beside it, coil shading taken out.

    Fluid is the dural sac without the cord, 1.5 mm and more inside its border, within 8 mm of the disc's plane and 5 mm
    of the segment's sagittal plane. Shading is a polynomial fitted to the logarithm of marrow and fluid signal
    (``geometry.shading``). A signal ratio depends on the sequence: compare it within one protocol only; it is no T2
    time.
    """
    signals: _Signals | NotMeasurableError
    try:
        signals = _prepare(spine, image)
    except NotMeasurableError as obstacle:
        signals = obstacle
    return [
        result
        for pair in spine.disc_pairs
        for result in attempt(BIOMARKER, [METHOD], partial(_ratio, spine, signals, *pair), level=pair_level(*pair))
    ]


def _prepare(spine: SpineGeometry, image: Image | None) -> _Signals:
    if image is None or image.contrast not in USABLE:
        got = "no image" if image is None else f"a {image.contrast.value} image"
        raise NotMeasurableError(Reason.NO_SUITABLE_SERIES, f"a T2 image is needed, {got} was given")
    fluid = _fluid_points(spine)
    marrow = np.vstack([spine.vertebra(level).body.deep_points_mm(3.0) for level in _described(spine)])
    samples = [_positive(image, points) for points in (marrow, fluid)]
    frame = spine.vertebra(_described(spine)[-1]).frame
    volume = spine.labels.grid.voxel_volume_mm3
    return _Signals(image, fluid, Shading.from_tissues(samples, frame, sample_mm3=volume))


def _described(spine: SpineGeometry) -> list[str]:
    """Levels whose body can be described."""
    found = []
    for level in spine.vertebra_levels:
        try:
            spine.vertebra(level)
        except NotMeasurableError:
            continue
        found.append(level)
    if not found:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "no vertebral body to estimate coil shading from")
    return found


def _fluid_points(spine: SpineGeometry) -> FloatArray:
    labels = spine.segmentation.dural_sac
    if labels is None or SAC_VALUE not in labels.boxes:
        detail = "cerebrospinal fluid is taken from the dural sac, which is not in the labels"
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, detail)
    points = Solid.from_labels(labels, SAC_VALUE).deep_points_mm(_INSIDE_MM)
    cord = sample_nearest(spine.labels.array, spine.labels.grid, points) == CORD
    return np.asarray(points[~cord], dtype=np.float64)


def _positive(image: Image, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points inside the image with positive signal, at most some thousands, and their signals."""
    thinned = points[:: max(1, len(points) // 5_000)]
    signal = sample_linear(image.array, image.grid, thinned)
    usable = np.nan_to_num(signal) > 0
    return thinned[usable], signal[usable]


def _ratio(spine: SpineGeometry, found: _Signals | NotMeasurableError, upper: str, lower: str) -> Iterator[Result]:
    if isinstance(found, NotMeasurableError):
        raise NotMeasurableError(found.reason, found.detail)
    level, segment = pair_level(upper, lower), spine.segment(upper, lower)
    disc = spine.disc(upper, lower)
    frame = segment.at(disc.points_mm.mean(axis=0))
    core = _core(disc.points_mm, frame)
    beside = np.abs(frame.to_local(found.fluid_mm)) < (_SLAB_MM, np.inf, _NEAR_MM)
    fluid = found.fluid_mm[beside.all(axis=1)]
    disc_points, disc_signal = _positive(found.image, core)
    fluid_points, fluid_signal = _positive(found.image, fluid)
    if min(len(disc_signal), len(fluid_signal)) < _LEAST_POINTS:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"too little disc or fluid of {level} lies in the image")
    shading, shading_se = found.shading.ratio(disc_points, fluid_points)
    value = float(np.median(disc_signal) / np.median(fluid_signal)) / shading
    volume = spine.labels.grid.voxel_volume_mm3
    spread = both(_median_se(disc_signal, volume), _median_se(fluid_signal, volume), shading_se, RESIDUAL_SHADING)
    yield Measurement(
        biomarker=BIOMARKER,
        method=METHOD,
        unit="1",
        level=level,
        value=value,
        se=value * spread,
        caution=_ROOTS,
        drawings=(
            Drawing(Shape.POINTS, disc_points[:: max(1, len(disc_points) // 60)], f"central half of disc {level}"),
            Drawing(Shape.POINTS, fluid_points[:: max(1, len(fluid_points) // 60)], f"fluid beside disc {level}"),
        ),
    )


def _core(points: FloatArray, frame: Frame) -> FloatArray:
    """Points in the central half of a disc's extent along every axis of a frame, within the mid-sagittal slab."""
    local = frame.to_local(points)
    low, high = local.min(axis=0), local.max(axis=0)
    half = (high - low) / 4
    half[0] = min(half[0], _SLAB_MM)
    return np.asarray(points[(np.abs(local - (low + high) / 2) <= half).all(axis=1)], dtype=np.float64)


def _median_se(signal: FloatArray, voxel_mm3: float) -> float:
    """Relative standard error of a median, 1.253 x SD / √n, voxels within 8 mm³ taken to share one value."""
    middle = float(np.median(signal))
    spread = 1.4826 * float(np.median(np.abs(signal - middle)))
    independent = max(1.0, len(signal) * min(1.0, voxel_mm3 / _SHARED_MM3))
    return float(1.253 * spread / np.sqrt(independent) / middle)
