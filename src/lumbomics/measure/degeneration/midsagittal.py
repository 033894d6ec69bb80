"""The mid-sagittal slice of an examination, described once for all biomarkers that grade from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakKeyDictionary

from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result, Shape
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.degeneration.features import DiscFeatures, disc_features
from lumbomics.measure.degeneration.model import GradeModel
from lumbomics.measure.degeneration.patch import disc_patches
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError

_SHOWN = (Plane.SAGITTAL, Plane.ISOTROPIC, Plane.UNKNOWN)


@dataclass(frozen=True, eq=False)
class MidSagittal:
    """Features of every disc, and the series they come from.

    Parameters
    ----------
    discs
        Level -> features or obstacle.
    series
        Name of the T2 series.
    contrast
        T2 or T2 SPACE.
    with_t1
        Whether a T1 series lies over it.
    """

    discs: Mapping[str, DiscFeatures | NotMeasurableError] = field(repr=False)
    series: str
    contrast: Contrast
    with_t1: bool

    def at(self, level: str) -> DiscFeatures:
        """Features of a disc; NotMeasurableError where it could not be described."""
        found = self.discs.get(level)
        if found is None:
            raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"the disc {level} is not in the labels")
        if isinstance(found, NotMeasurableError):
            raise NotMeasurableError(found.reason, found.detail)
        return found


_DESCRIBED: WeakKeyDictionary[ExaminedSpine, MidSagittal | NotMeasurableError] = WeakKeyDictionary()


def midsagittal(examined: ExaminedSpine) -> MidSagittal:
    """Describe the mid-sagittal slice of an examination, once; NotMeasurableError where there is no sagittal T2."""
    if examined not in _DESCRIBED:
        try:
            _DESCRIBED[examined] = _describe(examined)
        except NotMeasurableError as obstacle:
            _DESCRIBED[examined] = obstacle
    found = _DESCRIBED[examined]
    if isinstance(found, NotMeasurableError):
        raise NotMeasurableError(found.reason, found.detail)
    return found


def require_sagittal(examined: ExaminedSpine, contrasts: Sequence[Contrast]) -> Scan:
    """Return the best sagittal scan of some contrasts; NotMeasurableError where there is none."""
    found = _sagittal(examined, contrasts)
    if found is None:
        detail = f"the examination has no sagittal {' or '.join(contrasts)} series"
        raise NotMeasurableError(Reason.NO_SUITABLE_SERIES, detail)
    return found


def _sagittal(examined: ExaminedSpine, contrasts: Sequence[Contrast]) -> Scan | None:
    return next((scan for scan in examined.examination.of(contrasts) if scan.plane in _SHOWN), None)


def _describe(examined: ExaminedSpine) -> MidSagittal:
    t2, t1 = require_sagittal(examined, T2_CONTRASTS), _sagittal(examined, (Contrast.T1,))
    patches = disc_patches(examined.spine.labels)
    discs = disc_features(patches, t2=t2.image, t1=None if t1 is None else t1.image)
    return MidSagittal(discs, t2.name, t2.contrast, t1 is not None)


def probabilities(examined: ExaminedSpine, model: GradeModel, level: str) -> tuple[FloatArray, DiscFeatures]:
    """Probability of a model's categories at a disc, and the disc."""
    disc = midsagittal(examined).at(level)
    return model.probabilities(disc.values), disc


def finding(examined: ExaminedSpine, biomarker: str, method: str, model: GradeModel) -> list[Result]:
    """Probability of a finding at every disc, as measurements."""

    def at(level: str) -> Iterator[Result]:
        chance, disc = probabilities(examined, model, level)
        yield Measurement(
            biomarker=biomarker,
            method=method,
            unit="1",
            level=level,
            value=float(chance[1]),
            category=model.category(chance),
            caution=caution(examined, model),
            drawings=(outline(disc),),
        )

    levels = [pair_level(*pair) for pair in examined.spine.disc_pairs]
    return [one for level in levels for one in attempt(biomarker, [method], partial(at, level), level=level)]


def caution(examined: ExaminedSpine, model: GradeModel) -> str:
    """Tell what a reader must know of a modelled value."""
    slice_ = midsagittal(examined)
    told = f"probability by model {model.name} {model.version} on one mid-sagittal slice; not a diagnosis"
    return told if slice_.contrast is Contrast.T2 else f"{told}; learnt on turbo spin echo, read on T2 SPACE"


def outline(disc: DiscFeatures) -> Drawing:
    """Corners of a disc space, joined."""
    corners = disc.patch.corners_mm
    half = disc.shape.height / 2
    points = [
        (0.0, corners[0, 0], half),
        (0.0, corners[0, 1], half),
        (0.0, corners[1, 1], -half),
        (0.0, corners[1, 0], -half),
    ]
    return Drawing(Shape.POLYGON, disc.patch.frame.to_world(points), f"disc space {disc.patch.level}")
