"""Measurements from label maps: pure functions, one biomarker family a file.

``IMPLEMENTED`` maps each biomarker id to its function; ``measure`` runs them.
"""

from lumbomics.measure import (
    alignment,
    canal,
    coronal,
    disc,
    disc_signal,
    dural_sac,
    foramen,
    listhesis,
    rotation,
    vertebra,
)
from lumbomics.measure.canal import CanalProfile, canal_profile
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.spine import SpineGeometry, describe_spine
from lumbomics.measure.registry import IMPLEMENTED, MeasureFunction, implements, measure, measure_spine

__all__ = [
    "IMPLEMENTED",
    "CanalProfile",
    "MeasureFunction",
    "MeasureOptions",
    "NotMeasurableError",
    "SpineGeometry",
    "alignment",
    "canal",
    "canal_profile",
    "coronal",
    "describe_spine",
    "disc",
    "disc_signal",
    "dural_sac",
    "foramen",
    "implements",
    "listhesis",
    "measure",
    "measure_spine",
    "rotation",
    "vertebra",
]
