"""Axial rotation of vertebrae against the mean of the lumbar spine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lumbomics.core.image import Image
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result
from lumbomics.measure.attempt import at_vertebrae, both
from lumbomics.measure.geometry.frame import Frame, mean_frame, unit
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.orientation import AnteriorSource
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.vertebra import VertebraGeometry
from lumbomics.measure.registry import implements

_METHOD = "canal_to_body_vs_lumbar_mean"
_LUMBAR = ("L1", "L2", "L3", "L4", "L5")
_FROM_CANAL = (AnteriorSource.CANAL_LABEL, AnteriorSource.VERTEBRAL_FORAMEN)


def axial_rotation_deg(vertebra: Frame, reference: Frame) -> float:
    """Angle of a frame's anterior axis in the reference's axial plane, towards the patient's left positive."""
    return float(-np.degrees(np.arctan2(vertebra.anterior @ reference.right, vertebra.anterior @ reference.anterior)))


@implements("vertebral_axial_rotation")
def vertebral_axial_rotation(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Rotation of each vertebra about the mean superior axis of L1 to L5, to the patient's left positive."""
    del image
    return at_vertebrae(spine, "vertebral_axial_rotation", (_METHOD,), _rotation)


def _rotation(spine: SpineGeometry, level: str) -> Iterator[Result]:
    here = _with_canal(spine.vertebra(level))
    lumbar = [_with_canal(spine.vertebra(name)) for name in _LUMBAR]
    up = unit(np.mean([v.frame.superior for v in lumbar], axis=0))
    reference = Frame.from_superior(
        mean_frame([v.frame for v in lumbar]).origin_mm, up, np.mean([v.frame.anterior for v in lumbar], axis=0)
    )
    weights = [(1.0 if v.level == level else 0.0) - 1 / len(lumbar) for v in lumbar]
    shared = [w * v.rotation_se_deg for w, v in zip(weights, lumbar, strict=True)]
    own = [] if level in _LUMBAR else [here.rotation_se_deg]
    reach = here.depth_mm
    yield Measurement(
        biomarker="vertebral_axial_rotation",
        method=_METHOD,
        level=level,
        unit="deg",
        value=axial_rotation_deg(here.frame, reference),
        se=both(*shared, *own),
        drawings=(
            Drawing.line(here.frame.origin_mm - reach * here.frame.anterior, here.frame.origin_mm, f"{level} axis"),
            Drawing.line(
                here.frame.origin_mm - reach * reference.anterior, here.frame.origin_mm, "mean axis of L1 to L5"
            ),
        ),
    )


def _with_canal(vertebra: VertebraGeometry) -> VertebraGeometry:
    """Refuse an anterior axis that was not read from the canal, since rotation is read from it."""
    if vertebra.require_whole_width().anterior_source not in _FROM_CANAL:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"neither a canal nor the foramen of {vertebra.level} is in the labels"
        )
    return vertebra
