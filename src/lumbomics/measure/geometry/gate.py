"""Sizes that their own error swallows are not given."""

from __future__ import annotations

from lumbomics.core.measurement import Z_95, Reason
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.options import MeasureOptions


def require_resolved(value: float, se: float, unit: str, options: MeasureOptions) -> None:
    """Raise NotMeasurableError where a size's 95 % interval reaches farther than ``widest_interval`` of the size.

    A size of 3.5 +- 3.4 mm tells only that voxels or outlines are too coarse for it.
    """
    if Z_95 * se > options.widest_interval * value:
        detail = f"{value:.1f} {unit} would have an error of {Z_95 * se:.1f} {unit}"
        raise NotMeasurableError(Reason.RESOLUTION_TOO_COARSE, detail)
