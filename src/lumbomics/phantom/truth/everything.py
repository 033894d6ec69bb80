"""All true values of one phantom."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Context, Result
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.chain import disc_frame
from lumbomics.phantom.truth.alignment import alignment_truth, height_truth, pair_level
from lumbomics.phantom.truth.canals import disc_canal_truth, vertebra_canal_truth
from lumbomics.phantom.truth.discs import disc_height_truth, disc_points, disc_signal_truth, disc_volume_truth
from lumbomics.phantom.truth.foramina import foramen_truth
from lumbomics.phantom.truth.frames import DefinedVertebra, FloatArray, defined_vertebrae

_CONTEXT = Context(label_source="phantom")


def compute_truth(anatomy: Anatomy) -> tuple[Result, ...]:
    """Compute every quantity of the catalogue that the phantom's levels allow."""
    return tuple(result.within(_CONTEXT) for result in _all(anatomy))


def _all(anatomy: Anatomy) -> Iterator[Result]:
    spine = defined_vertebrae(anatomy)
    yield from alignment_truth(spine)
    centroids: dict[str, FloatArray] = {}
    for upper, lower in pairwise(spine.values()):
        yield from _disc(anatomy, upper, lower, centroids)
    for item in list(spine.values())[:-1]:
        yield from height_truth(item)
        yield from vertebra_canal_truth(anatomy, item, _ends(item, centroids))


def _disc(
    anatomy: Anatomy, upper: DefinedVertebra, lower: DefinedVertebra, centroids: dict[str, FloatArray]
) -> Iterator[Result]:
    level = pair_level(upper, lower)
    yield from disc_height_truth(upper, lower)
    points, volume = disc_points(anatomy, upper, lower)
    yield disc_volume_truth(level, points, volume)
    yield disc_signal_truth(anatomy, upper, lower, points)
    centroids[level] = points.mean(axis=0)
    yield from disc_canal_truth(anatomy, level, centroids[level], disc_frame(upper.vertebra, lower.vertebra))
    for side in (Side.LEFT, Side.RIGHT):
        yield from foramen_truth(anatomy, upper, lower, side)


def _ends(item: DefinedVertebra, centroids: dict[str, FloatArray]) -> list[FloatArray]:
    """Centroids of the discs above and below, the body's upper end where there is no disc above."""
    ends = []
    for position, level in enumerate(centroids):
        above, below = level.split("-")
        if below == item.vertebra.name or above == item.vertebra.name:
            ends.append(centroids[level])
        if position == 0 and above == item.vertebra.name:
            ends.append(item.vertebra.middle(superior=True))
    return ends
