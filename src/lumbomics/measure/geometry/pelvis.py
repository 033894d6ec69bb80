"""Pelvic parameters from both hips and the sacral endplate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lumbomics.core.errors import InputError
from lumbomics.measure.geometry.frame import FloatArray, unit


@dataclass(frozen=True)
class PelvicParameters:
    """Angles of the pelvis in the sagittal plane, degrees, and its radius, mm.

    Parameters
    ----------
    incidence_deg
        Between the perpendicular of the sacral endplate and the line from its middle to the hip axis; a constant of the
        person, the same lying and standing.
    tilt_deg
        Between the vertical and that line, positive when the hips lie in front of the endplate's middle.
    sacral_slope_deg
        Between the horizontal and the endplate, positive when it falls to the front.
    radius_mm
        Distance from the hip axis to the endplate's posterior corner.
    """

    incidence_deg: float
    tilt_deg: float
    sacral_slope_deg: float
    radius_mm: float


def pelvic_parameters(
    hips_mm: FloatArray, anterior_corner_mm: FloatArray, posterior_corner_mm: FloatArray
) -> PelvicParameters:
    """Measure the pelvis in the plane perpendicular to the world's left-right axis.

    Parameters
    ----------
    hips_mm
        (2, 3) centres of both femoral heads, RAS+ mm; the hip axis is seen at their middle.
    anterior_corner_mm, posterior_corner_mm
        (3,) corners of the superior endplate of S1.

    Raises
    ------
    InputError
        If shapes do not fit, or the endplate's middle lies on the hip axis.

    Notes
    -----
    Incidence is measured by itself, from the endplate's perpendicular, not as a sum; that it equals tilt + slope
    (Legaye et al. 1998, doi 10.1007/s005860050038) is a theorem that tests check.
    """
    hips = np.asarray(hips_mm, dtype=np.float64)
    corners = np.array([anterior_corner_mm, posterior_corner_mm], dtype=np.float64)
    if hips.shape != (2, 3) or corners.shape != (2, 3):
        raise InputError(
            "the pelvis needs two hips and two corners", expected="(2, 3) and (3,), (3,)", got=str(hips.shape)
        )
    plate = _sagittal(corners[0] - corners[1])
    to_hips = _sagittal(hips.mean(axis=0) - corners.mean(axis=0))
    down = np.array([plate[1], -plate[0]])
    return PelvicParameters(
        incidence_deg=_turn_deg(down, to_hips),
        tilt_deg=_turn_deg(np.array([0.0, -1.0]), to_hips),
        sacral_slope_deg=_turn_deg(plate, np.array([1.0, 0.0])),
        radius_mm=float(np.linalg.norm((hips.mean(axis=0) - corners[1])[1:])),
    )


def _sagittal(vector: FloatArray) -> FloatArray:
    return unit(np.array([vector[1], vector[2]]))


def _turn_deg(start: FloatArray, end: FloatArray) -> float:
    """Angle from one direction to another in the (anterior, superior) plane, from below to the front positive."""
    return float(np.degrees(np.arctan2(start[0] * end[1] - start[1] * end[0], start @ end)))
