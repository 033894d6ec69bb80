"""Measurements from label maps: pure functions, one biomarker family a file.

``IMPLEMENTED`` maps the id of each biomarker measured from one series to its function, ``measure`` runs them;
``EXAMINED`` and ``measure_examination`` do the same for those that need several series.
"""

from lumbomics.measure import (
    alignment,
    canal,
    coronal,
    degeneration,
    disc,
    disc_signal,
    dural_sac,
    foramen,
    listhesis,
    muscle,
    postoperative,
    rotation,
    stenosis,
    vertebra,
)
from lumbomics.measure.canal import CanalProfile, canal_profile
from lumbomics.measure.examined import (
    EXAMINED,
    ExaminationFunction,
    ExaminationOptions,
    ExaminedSpine,
    examines,
    measure_examination,
)
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.spine import SpineGeometry, describe_spine
from lumbomics.measure.registry import IMPLEMENTED, MeasureFunction, implements, measure, measure_spine

__all__ = [
    "EXAMINED",
    "IMPLEMENTED",
    "CanalProfile",
    "ExaminationFunction",
    "ExaminationOptions",
    "ExaminedSpine",
    "MeasureFunction",
    "MeasureOptions",
    "NotMeasurableError",
    "SpineGeometry",
    "alignment",
    "canal",
    "canal_profile",
    "coronal",
    "degeneration",
    "describe_spine",
    "disc",
    "disc_signal",
    "dural_sac",
    "examines",
    "foramen",
    "implements",
    "listhesis",
    "measure",
    "measure_examination",
    "measure_spine",
    "muscle",
    "postoperative",
    "rotation",
    "stenosis",
    "vertebra",
]
