"""Truth of the neural foramina: rows of free space in the plane through the pedicles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CORD, DISC_OFFSET, Side
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.phantom.anatomy import SPINE, Anatomy
from lumbomics.phantom.chain import disc_frame
from lumbomics.phantom.paint import classify
from lumbomics.phantom.shapes import Frame
from lumbomics.phantom.truth.alignment import pair_level
from lumbomics.phantom.truth.frames import DefinedVertebra, FloatArray
from lumbomics.phantom.truth.pedicles import pedicle_middle

_STEP_MM = 0.15
_INSIDE_MM, _BEHIND_MM = 12.0, 30.0


def foramen_truth(anatomy: Anatomy, upper: DefinedVertebra, lower: DefinedVertebra, side: Side) -> Iterator[Result]:
    """Yield height, areas and superior width of one neural foramen."""
    sign = -1.0 if side is Side.LEFT else 1.0
    level, frame = pair_level(upper, lower), disc_frame(upper.vertebra, lower.vertebra)
    middles = [frame.to_local(pedicle_middle(anatomy, item, sign)) for item in (upper, lower)]
    x = float(np.mean([middle[0] for middle in middles]))
    top = _border(anatomy, frame, (x, middles[0][1], middles[0][2]), upper.vertebra.number, down=True)
    floor = _border(anatomy, frame, (x, middles[1][1], middles[1][2]), lower.vertebra.number, down=False)
    height = top - floor
    if height <= 0:
        yield from _absent(level, side, "the pedicles meet")
        return
    z = np.arange(floor + _STEP_MM / 2, top, _STEP_MM)
    seed_y = float(np.mean([middle[1] for middle in middles]))
    width, bony = _widths(anatomy, frame, x, seed_y, z)
    values = {
        ("height", "mm"): height,
        ("area", "mm2"): float(width.mean()) * height,
        ("area_bony", "mm2"): float(bony.mean()) * height,
        ("superior_width", "mm"): float(np.interp(top - height / 4, z, width)),
    }
    for (method, unit), value in values.items():
        yield Measurement(
            biomarker="foraminal_dimensions", method=method, unit=unit, value=value, level=level, side=side, se=0.0
        )


def _absent(level: str, side: Side, detail: str) -> Iterator[Absent]:
    for method in ("height", "area", "area_bony", "superior_width"):
        yield Absent(
            biomarker="foraminal_dimensions",
            method=method,
            level=level,
            side=side,
            reason=Reason.UNDEFINED,
            detail=detail,
        )


def _border(anatomy: Anatomy, frame: Frame, start: tuple[float, float, float], number: int, *, down: bool) -> float:
    """Height (mm in ``frame``) at which a walk from a pedicle's middle leaves the bone of its vertebra."""
    steps = np.arange(0, 20, 0.02) * (-1 if down else 1)
    points = np.array(start) + steps[:, None] * np.array([0.0, 0.0, 1.0])
    outside = classify(anatomy, frame.to_world(points))[SPINE] != number
    return float(start[2] + steps[int(outside.argmax())])


def _widths(anatomy: Anatomy, frame: Frame, x: float, seed_y: float, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Width of every row (n,) behind body or disc, and the same with the disc left out, mm."""
    y = seed_y + np.arange(_INSIDE_MM, -_BEHIND_MM, -_STEP_MM)
    points = np.stack(np.broadcast_arrays(x, y[None, :], z[:, None]), axis=-1)
    spine = classify(anatomy, frame.to_world(points.reshape(-1, 3)))[SPINE].reshape(len(z), len(y))
    bone = (spine > 0) & (spine < CORD)
    wall = _leave(bone | (spine > DISC_OFFSET))
    behind = np.arange(len(y))[None, :] >= wall[:, None]
    back = np.where((bone & behind).any(axis=1), (bone & behind).argmax(axis=1), np.nan)
    body_wall = np.where(bone[:, 0], _leave(bone), np.nan)
    return _filled(z, back - wall) * _STEP_MM, (_filled(z, back) - _filled(z, body_wall)) * _STEP_MM


def _leave(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Column at which each row first leaves a mask."""
    return np.asarray(np.where((~mask).any(axis=1), (~mask).argmax(axis=1), mask.shape[1] - 1))


def _filled(z: FloatArray, values: FloatArray) -> FloatArray:
    """Replace the NaN of open rows by what lies between their neighbours."""
    known = np.isfinite(values)
    return np.interp(z, z[known], values[known]) if known.any() else np.zeros_like(z)
