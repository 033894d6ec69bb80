"""Turn what cannot be measured into Absent, one row a method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from lumbomics.core.anatomy import Side, disc_level, vertebra_number
from lumbomics.core.measurement import Absent, Drawing, Result
from lumbomics.measure.geometry.endplate import Endplate
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.spine import SpineGeometry


def attempt(
    biomarker: str,
    methods: Sequence[str],
    compute: Callable[[], Iterable[Result]],
    *,
    level: str | None = None,
    side: Side | None = None,
) -> list[Result]:
    """Return what ``compute`` yields, or one Absent a method with the obstacle's reason."""
    try:
        return list(compute())
    except NotMeasurableError as obstacle:
        return [
            Absent(
                biomarker=biomarker,
                method=method,
                level=level,
                side=side,
                reason=obstacle.reason,
                detail=obstacle.detail,
            )
            for method in methods
        ]


def at_discs(
    spine: SpineGeometry,
    biomarker: str,
    methods: Sequence[str],
    compute: Callable[[SpineGeometry, str, str], Iterable[Result]],
) -> list[Result]:
    """Run ``compute(spine, upper, lower)`` at every disc in question."""
    return [
        result
        for upper, lower in spine.disc_pairs
        for result in attempt(biomarker, methods, partial(compute, spine, upper, lower), level=pair_level(upper, lower))
    ]


def at_vertebrae(
    spine: SpineGeometry,
    biomarker: str,
    methods: Sequence[str],
    compute: Callable[[SpineGeometry, str], Iterable[Result]],
) -> list[Result]:
    """Run ``compute(spine, level)`` at every vertebra in question."""
    return [
        result
        for level in spine.vertebra_levels
        for result in attempt(biomarker, methods, partial(compute, spine, level), level=level)
    ]


def pair_level(upper: str, lower: str) -> str:
    """Name of the level between two vertebrae given by name: ``L4-L5``."""
    return disc_level(vertebra_number(upper), vertebra_number(lower))


def endplate_drawing(endplate: Endplate, label: str) -> Drawing:
    """Straight line between an endplate's corners."""
    return Drawing.line(endplate.posterior_corner_mm, endplate.anterior_corner_mm, label)


def both(*standard_errors: float) -> float:
    """Return the standard error of a sum of independent terms."""
    return float(np.sqrt(np.sum(np.square(standard_errors))))
