"""Which function measures which biomarker, and the one call that runs them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from lumbomics.catalogue import Quantity, load_catalogue
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import CatalogueError, InputError
from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Absent, Context, Reason, Result
from lumbomics.measure.attempt import pair_level
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.spine import SpineGeometry, describe_spine

MeasureFunction = Callable[[SpineGeometry, Image | None], list[Result]]
"""A pure function: geometry and, where the biomarker needs signal, an image -> every result of one biomarker."""

F = TypeVar("F", bound=Callable[..., list[Result]])

_FUNCTIONS: dict[str, MeasureFunction] = {}
IMPLEMENTED: Mapping[str, MeasureFunction] = MappingProxyType(_FUNCTIONS)
"""Biomarker id -> function. Filled as the family files are imported."""


def registering(functions: dict[str, F]) -> Callable[[str], Callable[[F], F]]:
    """Give a decorator that enters functions into a table under a catalogue id; CatalogueError if the id is taken."""

    def under(biomarker: str) -> Callable[[F], F]:
        def register(function: F) -> F:
            if biomarker in functions:
                raise CatalogueError("biomarker is implemented twice", got=biomarker)
            functions[biomarker] = function
            return function

        return register

    return under


implements = registering(_FUNCTIONS)
"""Register a function of one series under a catalogue id."""


def measure(
    segmentation: Segmentation,
    *,
    image: Image | None = None,
    only: Collection[str] | None = None,
    context: Context | None = None,
    options: MeasureOptions | None = None,
) -> tuple[Result, ...]:
    """Measure every implemented biomarker.

    Parameters
    ----------
    segmentation
        Label maps.
    image
        Image in the same frame of reference, for the biomarkers that need signal.
    only
        Biomarker ids to measure; all by default.
    context
        What the results share (posture, series, rater …).
    options
        Choices made before measuring.

    Returns
    -------
    Every (biomarker, method, level, side) in question exactly once, as Measurement or Absent, in the catalogue's order.

    Raises
    ------
    InputError
        If ``only`` names a biomarker that is not implemented.
    FrameMismatchError
        If image and labels lie in different frames of reference.
    """
    return measure_spine(describe_spine(segmentation, options=options), image=image, only=only, context=context)


def measure_spine(
    spine: SpineGeometry,
    *,
    image: Image | None = None,
    only: Collection[str] | None = None,
    context: Context | None = None,
) -> tuple[Result, ...]:
    """Measure a spine that is already described; arguments, results and errors as in ``measure``."""
    wanted = chosen(IMPLEMENTED, only)
    if image is not None:
        spine.segmentation.spine.grid.require_same_frame(image.grid, where="image")
    results = [r for name in wanted for r in measured_if_sure(name, spine, lambda n: IMPLEMENTED[n](spine, image))]
    return tuple(result.within(context or Context()) for result in results)


def chosen(known: Mapping[str, Any], only: Collection[str] | None) -> list[str]:
    """Return the ids of a table that are asked for, in its order; InputError names those that it does not hold."""
    unknown = sorted(set(only or ()) - set(known))
    if unknown:
        raise InputError("biomarkers are not implemented", expected=", ".join(sorted(known)), got=", ".join(unknown))
    return [name for name in known if only is None or name in only]


def measured_if_sure(biomarker: str, spine: SpineGeometry, compute: Callable[[str], list[Result]]) -> list[Result]:
    """Return what ``compute`` gives of a biomarker, or all of it absent where the level numbers are not sure enough."""
    stated = spine.segmentation.numbering.confidence
    least = spine.options.minimum_numbering_confidence
    if stated is None or stated >= least:
        return compute(biomarker)
    detail = f"the level numbers are {100 * stated:.0f} % sure, {100 * least:.0f} % are asked for"
    return [
        Absent(
            biomarker=biomarker,
            method=quantity.method,
            level=level,
            side=side,
            reason=Reason.LOW_NUMBERING_CONFIDENCE,
            detail=detail,
        )
        for quantity in load_catalogue().quantities.values()
        if quantity.biomarker == biomarker
        for level, side in sites(quantity, spine)
    ]


def sites(quantity: Quantity, spine: SpineGeometry) -> list[tuple[str | None, Side | None]]:
    """Levels and sides at which a quantity is in question in one spine."""
    levels: dict[str, tuple[str | None, ...]] = {
        "global": (None,),
        "vertebra": spine.vertebra_levels,
        "disc": tuple(pair_level(upper, lower) for upper, lower in spine.disc_pairs),
    }
    sides = (Side.LEFT, Side.RIGHT) if quantity.sides else (None,)
    return [(level, side) for level in levels[quantity.site] for side in sides]
