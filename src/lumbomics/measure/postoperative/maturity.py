"""Time since the last operation at a level: how far the scar may have matured."""

from __future__ import annotations

from collections.abc import Iterator

from lumbomics.core.measurement import Measurement, Reason, Result
from lumbomics.measure.attempt import pair_level
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.postoperative.view import at_levels

BIOMARKER = "scar_maturity_interval"
METHOD = "months_since_last_surgery"


@examines(BIOMARKER)
def scar_maturity_interval(examined: ExaminedSpine) -> list[Result]:
    """Months between the last operation at a level and the examination; category early, immature or mature.

    It is a fact of the patient's record and no finding of the image. Without a dated operation at the level it is
    Absent: that nobody told of an operation does not mean that there was none.
    """
    return at_levels(examined, BIOMARKER, [METHOD], _interval)


def _interval(examined: ExaminedSpine, upper: str, lower: str) -> Iterator[Result]:
    level = pair_level(upper, lower)
    operations = examined.examination.operated(level)
    known = [one.months for one in operations if one.months is not None]
    if not known:
        told = "the date of the operation at" if operations else "an operation at"
        raise NotMeasurableError(Reason.UNDEFINED, f"{told} {level} was not told")
    months = min(known)
    yield Measurement(
        biomarker=BIOMARKER,
        method=METHOD,
        unit="mo",
        level=level,
        value=months,
        se=0.0,
        category=_class(months, examined),
        caution=examined.time_caution(level),
    )


def _class(months: float, examined: ExaminedSpine) -> str:
    if months < examined.options.early_months:
        return "early"
    return "immature" if months < examined.options.mature_months else "mature"
