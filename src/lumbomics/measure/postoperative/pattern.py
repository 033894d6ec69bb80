"""Scar or displaced disc: what the tissue before the sac looks like, as probabilities and never as a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET, Side, vertebra_number
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Reason, Result
from lumbomics.core.sampling import sample_nearest
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.postoperative.area import border_mm
from lumbomics.measure.postoperative.contrast import (
    ENHANCING_PERCENT,
    Enhancement,
    Regions,
    deep,
    enhancement_at,
    muscle_regions,
    signal_of,
)
from lumbomics.measure.postoperative.enhancement import SOFT_TISSUE, rim_and_core
from lumbomics.measure.postoperative.logistic import LogisticModel, load_model
from lumbomics.measure.postoperative.traction import displacement
from lumbomics.measure.postoperative.view import LevelView, at_sides, level_view, points_of

BIOMARKER = "disc_vs_scar_pattern"
CLASSES = ("scar", "disc", "mixed")
METHODS = tuple(f"{one}_probability" for one in CLASSES)
PRECONTRAST_METHODS = tuple(f"precontrast_{one}_probability" for one in CLASSES)
LEAST_MM2 = 12.0
_LEAST_CORE = 6
_NOT_A_VERDICT = "a probability learned on digital reference objects, not a verdict"
_PRECONTRAST = "without contrast agent, from shape, place and signal"


@examines(BIOMARKER)
def disc_vs_scar_pattern(examined: ExaminedSpine) -> list[Result]:
    """Probability that the epidural tissue before the canal's centre on a side is scar, displaced disc or both.

    A multinomial logistic model of a few readings: enhancement, its rim and core, mass effect or retraction, contact
    with the disc, T2 signal, shape. Fitted on digital reference objects alone; its card says how well it told others
    of them apart. It abstains where no class reaches its least probability or the readings are unlike those it was
    fitted on. The precontrast methods use what needs no contrast agent, with a model of their own; they do not stand in
    for the others, which are Absent without a post-contrast series.
    """
    return [
        *at_sides(examined, BIOMARKER, METHODS, _after),
        *at_sides(examined, BIOMARKER, PRECONTRAST_METHODS, _before),
    ]


def tissue_in_question(view: LevelView, side: Side) -> Regions:
    """Epidural soft tissue of a side before the canal's centre; NotMeasurableError where it is next to nothing."""
    regions = [
        (one, one.tissue(*SOFT_TISSUE) & (one.side(side) > 0.5) & (one.front > 0.5) & ~one.cut.obscured)
        for one in view.slices
    ]
    if max(one.area_mm2(mask) for one, mask in regions) < LEAST_MM2:
        where = f"in front of the canal's centre on the {side} at {view.level}"
        raise NotMeasurableError(Reason.UNDEFINED, f"no slice shows {LEAST_MM2:g} mm² of epidural tissue {where}")
    return regions


def shape_features(examined: ExaminedSpine, view: LevelView, side: Side, disc_number: int) -> dict[str, float]:
    """Return the readings that need no contrast agent.

    ``towards_tissue_mm`` the sac's displacement; ``disc_contact`` share of the tissue's border that meets the disc in
    front of the canal (the part of the disc's label behind it would tell what the labels already take the tissue for);
    ``compactness`` 4 pi area / border²; ``largest_area_mm2``; ``lateral`` mean distance from the midline over the
    canal's half-width; ``t2_to_muscle``.
    """
    regions = tissue_in_question(view, side)
    shown = [(one, mask) for one, mask in regions if one.area_mm2(mask) > 0]
    areas = np.array([one.area_mm2(mask) for one, mask in shown])
    borders = np.array([border_mm(mask, ~mask, one.pixel_mm) for one, mask in shown])
    spine = examined.spine.labels
    discs = [sample_nearest(spine.array, spine.grid, one.cut.points_mm) == disc_number for one, _ in shown]
    contact = np.array([border_mm(m, d & ~one.canal, one.pixel_mm) for (one, m), d in zip(shown, discs, strict=True)])
    lateral = [
        float(np.abs(one.relative_mm[mask][:, 0]).mean() / np.abs(one.relative_mm[one.canal][:, 0]).max())
        for one, mask in shown
    ]
    muscle = np.concatenate([signal_of(view.scan, found) for found in muscle_regions(examined, view).values()])
    return {
        "towards_tissue_mm": displacement([(one, mask.astype(np.float64)) for one, mask in shown])[0],
        "disc_contact": float(contact.sum() / borders.sum()),
        "compactness": float(np.average(4 * np.pi * areas / borders**2, weights=areas)),
        "largest_area_mm2": float(areas.max()),
        "lateral": float(np.average(lateral, weights=areas)),
        "t2_to_muscle": float(np.median(signal_of(view.scan, deep(shown))) / np.median(muscle)),
    }


def contrast_features(found: Enhancement, regions: Regions) -> dict[str, float]:
    """Return the readings after contrast.

    ``core_enhancement`` % (deeper than 1.5 mm; of the whole where little lies so deep), ``enhancing_share`` of the
    pixels.
    """
    percents = found.percents(regions)
    _, core = rim_and_core(regions)
    inner = found.percents(core)
    mean, _ = found.mean_percent(regions, "the tissue")
    return {
        "core_enhancement": float(np.median(inner)) if len(inner) >= _LEAST_CORE else mean,
        "enhancing_share": float((percents > ENHANCING_PERCENT).mean()),
    }


def _after(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    examined.scan(Contrast.T1_POST)
    view = level_view(examined, upper, lower, contrasts=T2_CONTRASTS)
    found = enhancement_at(examined, view)
    values = shape_features(examined, view, side, vertebra_number(upper) + DISC_OFFSET)
    values |= contrast_features(found, tissue_in_question(view, side))
    yield from _rows(view, load_model("disc_or_scar"), values, side, METHODS, found.caution)


def _before(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> Iterator[Result]:
    view = level_view(examined, upper, lower, contrasts=T2_CONTRASTS)
    values = shape_features(examined, view, side, vertebra_number(upper) + DISC_OFFSET)
    yield from _rows(view, load_model("disc_or_scar_precontrast"), values, side, PRECONTRAST_METHODS, _PRECONTRAST)


def _rows(
    view: LevelView,
    model: LogisticModel,
    values: dict[str, float],
    side: Side,
    methods: Sequence[str],
    caution: str | None,
) -> Iterator[Result]:
    chances = model.probabilities(values)
    name = "abstains" if model.abstains(values) else None
    drawn = points_of(tissue_in_question(view, side), f"tissue in question, {side}")
    text = "; ".join(part for part in (_NOT_A_VERDICT, caution) if part)
    for method, kind in zip(methods, CLASSES, strict=True):
        yield view.value(BIOMARKER, method, "1", chances[kind], side=side, category=name, caution=text, drawings=drawn)
