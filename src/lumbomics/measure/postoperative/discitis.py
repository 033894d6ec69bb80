"""Signs of infection of a disc, each against the other levels, and how many there are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET, vertebra_number
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Context, Measurement, Reason, Result
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.endplate import Endplate
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.postoperative.collection import nearest_slices
from lumbomics.measure.postoperative.contrast import enhancement_at
from lumbomics.measure.postoperative.marrow import Marrow, describe_marrow, water_scan
from lumbomics.measure.postoperative.oedema import oedematous
from lumbomics.measure.postoperative.view import at_levels, level_view

BIOMARKER = "discitis_score"
SIGNS = ("disc_signal_z", "endplate_line_z", "marrow_oedema_share", "disc_enhancement_z")
METHODS = ("sign_count", *SIGNS)
_Z = 2.0
_OEDEMA_SHARE = 1 / 3
_COLLECTION_MM3 = 200.0
_LEAST_OTHERS, _LEAST_SIGNS = 2, 3
_SPREAD = {"disc_signal_z": 0.15, "endplate_line_z": 0.08, "disc_enhancement_z": 8.0}
_NAMES = {
    "disc_signal_z": "bright disc",
    "endplate_line_z": "lost endplate line",
    "marrow_oedema_share": "oedema of both bodies",
    "disc_enhancement_z": "enhancing disc",
    "collection": "collection before the sac",
}
_CAUTION = "a normal operated disc may enhance for months; the count's limits are engineering defaults"

_Readings = Mapping[str, float | NotMeasurableError]


@dataclass(frozen=True, eq=False)
class _Findings:
    """Readings of every level: sign -> level -> value, or the obstacle."""

    readings: Mapping[str, _Readings] = field(repr=False)
    series: str

    def score(self, sign: str, level: str) -> float:
        """Difference to the mean of the other levels in their standard deviations (an assumed least one at least)."""
        value = self.value(sign, level)
        others = [v for at, v in self.readings[sign].items() if at != level and not isinstance(v, NotMeasurableError)]
        if len(others) < _LEAST_OTHERS:
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"fewer than {_LEAST_OTHERS} other levels to compare with")
        return float((value - np.mean(others)) / max(float(np.std(others, ddof=1)), _SPREAD[sign]))

    def value(self, sign: str, level: str) -> float:
        """Return a reading; NotMeasurableError where it could not be taken."""
        found = self.readings[sign][level]
        if isinstance(found, NotMeasurableError):
            raise NotMeasurableError(found.reason, found.detail)
        return found


@examines(BIOMARKER)
def discitis_score(examined: ExaminedSpine) -> list[Result]:
    """Count signs of discitis: bright disc, lost endplate line, oedema of both bodies, enhancement, collection.

    A sign is there where its score against the other levels passes 2 (the endplate line: below -2), where a third of
    both bodies is oedematous, or where 200 mm³ of fluid lie before the canal's centre. At least three of the five
    signs must be assessable. Clinical signs and C-reactive protein are not in it; it is a count, no diagnosis.
    """
    found = _findings(examined)
    return at_levels(examined, BIOMARKER, METHODS, partial(_signs, found))


def _signs(found: _Findings, examined: ExaminedSpine, upper: str, lower: str) -> Iterator[Result]:
    level = pair_level(upper, lower)
    yield from attempt(BIOMARKER, [METHODS[0]], partial(_count, found, examined, upper, lower), level=level)
    for sign in SIGNS:
        yield from attempt(BIOMARKER, [sign], partial(_sign, found, examined, sign, level), level=level)


def _sign(found: _Findings, examined: ExaminedSpine, sign: str, level: str) -> Iterator[Result]:
    value = found.value(sign, level) if sign == "marrow_oedema_share" else found.score(sign, level)
    yield _row(found, examined, sign, "1", value, level, category="sign" if _positive(sign, value) else "no sign")


def _count(found: _Findings, examined: ExaminedSpine, upper: str, lower: str) -> Iterator[Result]:
    level = pair_level(upper, lower)
    verdicts: dict[str, bool] = {}
    for sign in SIGNS:
        try:
            value = found.value(sign, level) if sign == "marrow_oedema_share" else found.score(sign, level)
        except NotMeasurableError:
            continue
        verdicts[sign] = _positive(sign, value)
    with contextlib.suppress(NotMeasurableError):
        verdicts["collection"] = _anterior_fluid_mm3(examined, upper, lower) >= _COLLECTION_MM3
    if len(verdicts) < _LEAST_SIGNS:
        raise NotMeasurableError(
            Reason.NO_SUITABLE_SERIES, f"{len(verdicts)} of {len(_NAMES)} signs can be assessed at {level}"
        )
    there = [_NAMES[sign] for sign, yes in verdicts.items() if yes]
    missing = [text for sign, text in _NAMES.items() if sign not in verdicts]
    caution = _CAUTION + (f"; not assessed: {', '.join(missing)}" if missing else "")
    yield _row(
        found,
        examined,
        "sign_count",
        "{count}",
        len(there),
        level,
        category=", ".join(there) or "none",
        caution=caution,
    )


def _positive(sign: str, value: float) -> bool:
    if sign == "marrow_oedema_share":
        return value >= _OEDEMA_SHARE
    return value < -_Z if sign == "endplate_line_z" else value > _Z


def _row(
    found: _Findings,
    examined: ExaminedSpine,
    method: str,
    unit: str,
    value: float,
    level: str,
    *,
    category: str,
    caution: str = _CAUTION,
) -> Measurement:
    texts = [examined.time_caution(level), caution]
    return Measurement(
        biomarker=BIOMARKER,
        method=method,
        unit=unit,
        level=level,
        value=value,
        category=category,
        caution="; ".join(text for text in texts if text),
        context=Context(series=found.series),
    )


def _findings(examined: ExaminedSpine) -> _Findings:
    t2 = _marrow(lambda: describe_marrow(examined, examined.scan(*T2_CONTRASTS, plane=Plane.SAGITTAL)))
    water = _marrow(lambda: describe_marrow(examined, water_scan(examined)))
    reads: dict[str, Callable[[str, str], float]] = {
        "disc_signal_z": partial(_disc_signal, examined, t2),
        "endplate_line_z": partial(_line_depth, examined, t2),
        "marrow_oedema_share": partial(_oedema_share, examined, water),
        "disc_enhancement_z": partial(_disc_enhancement, examined),
    }
    readings = {
        sign: {pair_level(*pair): _try(read, pair) for pair in examined.spine.disc_pairs}
        for sign, read in reads.items()
    }
    return _Findings(readings, t2.scan.name if isinstance(t2, Marrow) else "")


def _try(read: Callable[[str, str], float], pair: tuple[str, str]) -> float | NotMeasurableError:
    try:
        return read(*pair)
    except NotMeasurableError as obstacle:
        return obstacle


def _marrow(make: Callable[[], Marrow]) -> Marrow | NotMeasurableError:
    try:
        return make()
    except NotMeasurableError as obstacle:
        return obstacle


def _required(marrow: Marrow | NotMeasurableError) -> Marrow:
    if isinstance(marrow, NotMeasurableError):
        raise NotMeasurableError(marrow.reason, marrow.detail)
    return marrow


def _disc_signal(examined: ExaminedSpine, t2: Marrow | NotMeasurableError, upper: str, lower: str) -> float:
    """T2 signal of the disc 2 mm and more inside it, over marrow's."""
    marrow = _required(t2)
    solid = examined.spine.disc(upper, lower)
    points = solid.deep_points_mm(2.0)
    signal = marrow.even(points if len(points) else solid.points_mm)
    examined.require_clear(~np.isfinite(signal), f"the disc {pair_level(upper, lower)}")
    return float(np.nanmedian(signal) / marrow.middle)


def _line_depth(examined: ExaminedSpine, t2: Marrow | NotMeasurableError, upper: str, lower: str) -> float:
    """Depth of the dark line at both endplates: 1 - darkest signal across the endplate / marrow; the shallower one."""
    marrow = _required(t2)
    above = examined.spine.vertebra(upper).require_inferior()
    below = examined.spine.vertebra(lower).superior
    return min(_depth(marrow, above, -1.0), _depth(marrow, below, 1.0))


def _depth(marrow: Marrow, endplate: Endplate, to_disc: float) -> float:
    steps = np.arange(-4.0, 2.1, 0.3)
    lines = endplate.points_mm[:, None] + to_disc * steps[:, None] * endplate.normal
    image = marrow.scan.image
    signal = sample_linear(image.array, image.grid, lines)
    near, deep = np.abs(steps) <= 2.0, steps <= -2.5
    inside = np.isfinite(signal)
    signal = signal[inside[:, near].any(axis=1) & inside[:, deep].any(axis=1)]
    bright = np.array([np.nanmedian(line) for line in signal[:, deep]])
    signal, bright = signal[bright > 0], bright[bright > 0]
    if len(signal) < 6:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, "an endplate lies beyond the series")
    return float(np.median(1 - np.nanmin(signal[:, near], axis=1) / bright))


def _oedema_share(examined: ExaminedSpine, water: Marrow | NotMeasurableError, upper: str, lower: str) -> float:
    """Oedematous share of the body that has less of it."""
    marrow = _required(water)
    shares = []
    for level in (upper, lower):
        vertebra = examined.spine.vertebra(level)
        oedema, _ = oedematous(marrow, vertebra, examined)
        shares.append(float(oedema.sum() / vertebra.body.mask.sum()))
    return min(shares)


def _disc_enhancement(examined: ExaminedSpine, upper: str, lower: str) -> float:
    """Enhancement of the disc in axial slices, percent of muscle's gain."""
    examined.scan(Contrast.T1_POST)
    view = level_view(examined, upper, lower)
    found = enhancement_at(examined, view)
    spine, number = examined.spine.labels, vertebra_number(upper) + DISC_OFFSET
    regions = [
        (one, (sample_nearest(spine.array, spine.grid, one.cut.points_mm) == number) & ~one.canal & ~one.cut.obscured)
        for one in view.slices
    ]
    return found.mean_percent(regions, f"the disc {view.level}")[0]


def _anterior_fluid_mm3(examined: ExaminedSpine, upper: str, lower: str) -> float:
    view = nearest_slices(examined, upper, lower)
    return sum(one.area_mm2(one.tissue(CanalTissue.COLLECTION) * one.front) * one.cut.spacing_mm for one in view.slices)
