"""Delamarter's groups of arachnoiditis, from readings of the roots, as probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from lumbomics.core.measurement import Reason, Result
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.postoperative.cauda import RootSlice, over_slices, root_slices
from lumbomics.measure.postoperative.logistic import load_model
from lumbomics.measure.postoperative.view import at_levels, points_of

BIOMARKER = "delamarter_group"
CLASSES = ("none", "1", "2", "3")
METHODS = ("group", *(f"group_{one}_probability" for one in CLASSES[1:]), "any_probability")
_READINGS: tuple[tuple[str, Callable[[RootSlice, None], float]], ...] = (
    ("component_count", RootSlice.index),
    ("largest_component_share", RootSlice.largest_share),
    ("peripheral_fraction", RootSlice.peripheral),
    ("spread", RootSlice.spread),
    ("filling", RootSlice.filling),
)
_CAUTION = (
    "a probability learned on digital reference objects, not a verdict; the group did not go with clinical features in "
    "general"
)


@examines(BIOMARKER)
def delamarter_group(examined: ExaminedSpine) -> list[Result]:
    """Probability of each of Delamarter's groups at a level below L2, and the most probable one.

    1 central conglomerates, 2 roots adherent to the dura (empty sac), 3 soft tissue in place of the subarachnoid
    space; 0 for none of them. A multinomial logistic model of five readings over the slices through the disc, fitted
    on digital reference objects. Delamarter et al., Spine 1990;15:304.
    """
    return at_levels(examined, BIOMARKER, METHODS, _group)


def root_features(slices: Sequence[RootSlice], level: str) -> dict[str, float]:
    """Return readings of both sides together, means over slices; NotMeasurableError where no root is seen.

    ``component_count`` the clumping index, ``largest_component_share``, ``peripheral_fraction``, ``spread``,
    ``filling`` share of the sac that roots take.
    """
    found = {name: over_slices(slices, partial(_whole, read)) for name, read in _READINGS}
    values = {name: pair[0] for name, pair in found.items() if pair is not None}
    if len(values) < len(found):
        raise NotMeasurableError(Reason.UNDEFINED, f"no roots are seen at {level}")
    return values


def _whole(read: Callable[[RootSlice, None], float], one: RootSlice) -> float:
    return read(one, None)


def _group(examined: ExaminedSpine, upper: str, lower: str) -> Iterator[Result]:
    view, slices = root_slices(examined, upper, lower)
    values, model = root_features(slices, view.level), load_model("delamarter")
    chances = model.probabilities(values)
    likely = max(chances, key=lambda one: chances[one])
    name = "abstains" if model.abstains(values) else "none" if likely == "none" else f"group {likely}"
    drawn = points_of([(one.one, one.roots) for one in slices], "roots")
    number = float(CLASSES.index(likely))
    yield view.value(BIOMARKER, "group", "{group}", number, category=name, caution=_CAUTION, drawings=drawn)
    for one in CLASSES[1:]:
        yield view.value(BIOMARKER, f"group_{one}_probability", "1", chances[one], caution=_CAUTION)
    yield view.value(BIOMARKER, "any_probability", "1", 1 - chances["none"], caution=_CAUTION)
