"""Truth of disc heights, volume and signal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.phantom.anatomy import SPINE, Anatomy
from lumbomics.phantom.chain import disc_frame, mean_gap
from lumbomics.phantom.paint import classify
from lumbomics.phantom.shapes import Frame
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


def disc_points(anatomy: Anatomy, upper: DefinedVertebra, lower: DefinedVertebra) -> tuple[FloatArray, float, Frame]:
    """Sample the disc label, herniated parts included: points (n, 3) mm, volume of each (mm³) and the disc's frame."""
    number = upper.vertebra.number + 100
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
    return points[classify(anatomy, points)[SPINE] == number], float(np.prod(_VOLUME_STEP_MM)), frame


def disc_volume_truth(level: str, points: FloatArray, volume_mm3: float) -> Measurement:
    """Return the volume of one disc."""
    value = len(points) * volume_mm3
    return Measurement(biomarker="disc_volume", method="label_volume", unit="mm3", value=value, level=level, se=0.0)


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
