"""Truth of disc heights, volume and signal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.phantom.anatomy import SPINE, Anatomy
from lumbomics.phantom.body import SLAB_HALF_MM
from lumbomics.phantom.chain import disc_frame, mean_gap
from lumbomics.phantom.paint import classify
from lumbomics.phantom.signal import SEQUENCES
from lumbomics.phantom.tissue import PROPERTIES, Tissue, annulus_properties, nucleus_properties
from lumbomics.phantom.tissuemap import NUCLEUS_MARGIN_MM, nucleus_radius
from lumbomics.phantom.truth.alignment import mid_height_mm, pair_level
from lumbomics.phantom.truth.frames import DefinedVertebra, FloatArray, unit

_VOLUME_STEP_MM = (0.8, 0.8, 0.4)


def disc_height_truth(upper: DefinedVertebra, lower: DefinedVertebra) -> Iterator[Result]:
    """Yield the heights and the height indices of one disc."""
    level = pair_level(upper, lower)
    mean = mean_gap(upper.vertebra, lower.vertebra, disc_frame(upper.vertebra, lower.vertebra))
    front, back = (_corner_height(upper, lower, anterior=a) for a in (True, False))
    lengths = [_length(upper, superior=False), _length(lower, superior=True)]
    farfan = (front + back) / sum(lengths)
    for method, unit_code, value in (
        ("mean_central80", "mm", mean),
        ("anterior", "mm", front),
        ("posterior", "mm", back),
        ("dhi_farfan", "1", farfan),
    ):
        yield Measurement(biomarker="disc_height", method=method, unit=unit_code, value=value, level=level, se=0.0)
    if lower.vertebra.name == "S1":
        detail = "the sacrum has no mid height"
        yield Absent(
            biomarker="disc_height", method="dhi_vertebral", level=level, reason=Reason.UNDEFINED, detail=detail
        )
        return
    index = mean / ((mid_height_mm(upper) + mid_height_mm(lower)) / 2)
    yield Measurement(biomarker="disc_height", method="dhi_vertebral", unit="1", value=index, level=level, se=0.0)


def disc_points(anatomy: Anatomy, upper: DefinedVertebra, lower: DefinedVertebra) -> tuple[FloatArray, float]:
    """Sample the disc label, herniated parts included: points (n, 3) mm and the volume of each (mm³)."""
    number = upper.vertebra.number + DISC_OFFSET
    layers = [layer for layer in anatomy.fronts if layer.values.get(SPINE) == number]
    frame = disc_frame(upper.vertebra, lower.vertebra)
    corners = frame.to_local(np.vstack([layer.solid.corners_mm for layer in layers]))
    axes = [
        np.arange(low, high, step)
        for low, high, step in zip(corners.min(0), corners.max(0), _VOLUME_STEP_MM, strict=True)
    ]
    points = frame.to_world(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3))
    near = np.zeros(len(points), dtype=bool)
    for layer in layers:
        near |= layer.solid.at_points(points) <= 0
    points = points[near]
    return points[classify(anatomy, points)[SPINE] == number], float(np.prod(_VOLUME_STEP_MM))


def disc_volume_truth(level: str, points: FloatArray, volume_mm3: float) -> Measurement:
    """Return the volume of one disc."""
    value = len(points) * volume_mm3
    return Measurement(biomarker="disc_volume", method="label_volume", unit="mm3", value=value, level=level, se=0.0)


def disc_signal_truth(
    anatomy: Anatomy, upper: DefinedVertebra, lower: DefinedVertebra, points: FloatArray
) -> Measurement:
    """Return the T2 signal of the disc's middle over that of fluid, from the tissues' relaxation times."""
    level, number = pair_level(upper, lower), upper.vertebra.number + DISC_OFFSET
    frame = disc_frame(upper.vertebra, lower.vertebra)
    local = frame.to_local(points)
    low, high = local.min(axis=0), local.max(axis=0)
    central = (np.abs(local - (low + high) / 2) <= (high - low) / 4).all(axis=1) & (np.abs(local[:, 0]) <= SLAB_HALF_MM)
    x, y, z = local[central].T
    solid = next(layer.solid for layer in anatomy.fronts if layer.values.get(SPINE) == number)
    inner = (nucleus_radius(solid, x, y) < 1) & (solid.level(x, y, z) <= -NUCLEUS_MARGIN_MM)
    wear = anatomy.parameters.degeneration[level]
    sequence = SEQUENCES[Contrast.T2]
    signals = np.where(inner, sequence.signal(nucleus_properties(wear)), sequence.signal(annulus_properties(wear)))
    ratio = float(np.median(signals)) / sequence.signal(PROPERTIES[Tissue.CSF])
    return Measurement(
        biomarker="disc_signal_ratio", method="median_central50_to_csf", unit="1", value=ratio, level=level, se=0.0
    )


def _corner_height(upper: DefinedVertebra, lower: DefinedVertebra, *, anterior: bool) -> float:
    bisector = unit(upper.direction(superior=False) + lower.direction(superior=True))
    right = unit(upper.frame.right + lower.frame.right)
    across = unit(np.cross(right, bisector))
    gap = upper.vertebra.corner(superior=False, anterior=anterior) - lower.vertebra.corner(
        superior=True, anterior=anterior
    )
    return float(gap @ across)


def _length(item: DefinedVertebra, *, superior: bool) -> float:
    ends = [item.vertebra.corner(superior=superior, anterior=a) for a in (True, False)]
    return float(np.linalg.norm(ends[0] - ends[1]))
