"""One number with everything needed to trust it, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError

Z_95 = 1.959963984540054
"""Half-width of a 95 % interval in standard errors."""


class Posture(StrEnum):
    """How the patient was held during imaging; values across postures must not be compared."""

    STANDING = "standing"
    SITTING = "sitting"
    WEIGHT_BEARING_CT = "weight_bearing_ct"
    SUPINE = "supine"
    PRONE = "prone"
    FLEXION = "flexion"
    EXTENSION = "extension"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a measurement is absent."""

    FIELD_OF_VIEW = "field_of_view"
    STRUCTURE_NOT_LABELLED = "structure_not_labelled"
    NOT_ASSESSABLE_METAL = "not_assessable_metal"
    NO_CONTRAST_SERIES = "no_contrast_series"
    NO_SUITABLE_SERIES = "no_suitable_series"
    POSTURE_MISMATCH = "posture_mismatch"
    POSTURE_UNKNOWN = "posture_unknown"
    LOW_NUMBERING_CONFIDENCE = "low_numbering_confidence"
    LOW_SEGMENTATION_CONFIDENCE = "low_segmentation_confidence"
    QUALITY_FAILED = "quality_failed"
    IMAGE_ARTIFACT = "image_artifact"
    RESOLUTION_TOO_COARSE = "resolution_too_coarse"
    GEOMETRY_FAILED = "geometry_failed"
    UNDEFINED = "undefined"


class Shape(StrEnum):
    """How the points of a drawing are joined."""

    POINTS = "points"
    LINE = "line"
    POLYLINE = "polyline"
    POLYGON = "polygon"


@dataclass(frozen=True, eq=False)
class Drawing:
    """Points that show where a value comes from, for pictures and for viewers.

    Parameters
    ----------
    shape
        How the points are joined.
    points_mm
        (n, 3) RAS+ mm.
    label
        What is drawn, in a few words.
    """

    shape: Shape
    points_mm: NDArray[np.float64] = field(repr=False)
    label: str = ""

    def __post_init__(self) -> None:
        points = np.array(self.points_mm, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
            raise InputError("a drawing needs finite points", expected="(n, 3) mm", got=str(points.shape))
        points.flags.writeable = False
        object.__setattr__(self, "points_mm", points)

    @classmethod
    def line(cls, start_mm: ArrayLike, end_mm: ArrayLike, label: str = "") -> Self:
        """Join two points (3,) by a straight line."""
        return cls(Shape.LINE, np.array([start_mm, end_mm], dtype=np.float64), label)


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """What all measurements of one series share; filled in by the pipeline, not by the measuring function."""

    posture: Posture = Posture.UNKNOWN
    series: str | None = None
    label_source: str | None = None
    rater: str | None = None
    months_since_surgery: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurement:
    """A value of one biomarker.

    Parameters
    ----------
    biomarker
        Catalogue id.
    method
        Variant: which of the record's quantities, by which construction (``mean_height_central80`` …).
    level, side
        Where; ``None`` where the biomarker has no level or side.
    value
        Finite number in ``unit``; ``None`` for a pure category.
    category
        Grade or class; ``None`` for a pure number.
    unit
        UCUM code.
    se
        Standard error of ``value`` in ``unit``; ``None`` where unknown.
    caution
        What the reader must know before using the value.
    definition_version
        Version of the catalogue record.
    research_only
        Always true today: no value here is a diagnosis.
    drawings
        Where the value comes from, in world coordinates.
    context
        What all measurements of the series share.
    """

    biomarker: str
    method: str
    unit: str
    level: str | None = None
    side: Side | None = None
    value: float | None = None
    category: str | None = None
    se: float | None = None
    caution: str | None = None
    definition_version: str = "1"
    research_only: bool = True
    drawings: tuple[Drawing, ...] = field(default=(), repr=False)
    context: Context = field(default_factory=Context, repr=False)

    def __post_init__(self) -> None:
        if self.value is None and self.category is None:
            raise InputError("a measurement needs a value or a category", where=self.biomarker, hint="use Absent")
        for name, number in (("value", self.value), ("se", self.se)):
            if number is not None and not math.isfinite(number):
                raise InputError(f"{name} is not finite", got=str(number), where=self.biomarker, hint="use Absent")
        if self.se is not None and self.se < 0:
            raise InputError("standard error is negative", got=str(self.se), where=self.biomarker)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % confidence interval, value ± 1.96 se; ``None`` where either is unknown."""
        if self.value is None or self.se is None:
            return None
        return self.value - Z_95 * self.se, self.value + Z_95 * self.se

    def within(self, context: Context) -> Self:
        """Return the same measurement, placed in a series."""
        return replace(self, context=context)


@dataclass(frozen=True, kw_only=True, eq=False)
class Absent:
    """A value that could not be measured, and why.

    Parameters
    ----------
    biomarker, method, level, side
        As in Measurement.
    reason
        The class of obstacle.
    detail
        The obstacle in this case, in one sentence.
    """

    biomarker: str
    reason: Reason
    detail: str
    method: str | None = None
    level: str | None = None
    side: Side | None = None
    definition_version: str = "1"
    research_only: bool = True
    context: Context = field(default_factory=Context, repr=False)

    def within(self, context: Context) -> Self:
        """Return the same absence, placed in a series."""
        return replace(self, context=context)


Result = Measurement | Absent
"""What every measuring function returns, one or several of."""
