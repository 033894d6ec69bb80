"""The canal at a level, slice by slice: its tissues, its centre, its halves and quadrants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Context, Drawing, Measurement, Reason, Result, Shape
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import attempt, pair_level
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once
from lumbomics.measure.geometry.slices import AxialSlice, Mask

SIDES = (Side.LEFT, Side.RIGHT)
_ACROSS = (Plane.AXIAL, Plane.OBLIQUE, Plane.ISOTROPIC)
_CONTRASTS = (*T2_CONTRASTS, Contrast.T1, Contrast.T1_POST)
_LEAST_CANAL_MM2 = 30.0

LevelFunction = Callable[[ExaminedSpine, str, str], Iterable[Result]]
SideFunction = Callable[[ExaminedSpine, str, str, Side], Iterable[Result]]


@dataclass(frozen=True, eq=False)
class CanalSlice:
    """The canal in one axial slice.

    Parameters
    ----------
    cut
        The slice.
    canal, sac
        Pixels (rows, columns) inside the spinal canal and inside the dural sac.
    """

    cut: AxialSlice = field(repr=False)
    canal: Mask = field(repr=False)
    sac: Mask = field(repr=False)

    @cached_property
    def centre_mm(self) -> FloatArray:
        """Centroid of the canal, (2,) mm along the slice's right and anterior axis."""
        return self.centroid_mm(self.canal)

    def centroid_mm(self, weight: NDArray[np.bool_] | FloatArray) -> FloatArray:
        """Weighted mean position (2,) mm along the slice's right and anterior axis of pixels (rows, columns)."""
        where = np.nonzero(weight)
        return np.asarray(np.average(self.cut.local_mm[where][:, :2], axis=0, weights=weight[where]))

    @cached_property
    def relative_mm(self) -> FloatArray:
        """Positions (rows, columns, 2) along right and anterior about the canal's centre."""
        return np.asarray(self.cut.local_mm[..., :2] - self.centre_mm)

    def side(self, side: Side) -> FloatArray:
        """Share of every pixel (rows, columns) that lies on a side of the canal's centre."""
        return self._share(self.relative_mm[..., 0] * (1 if side is Side.RIGHT else -1))

    @cached_property
    def front(self) -> FloatArray:
        """Share of every pixel (rows, columns) that lies before the canal's centre."""
        return self._share(self.relative_mm[..., 1])

    def tissue(self, *kinds: CanalTissue) -> Mask:
        """Pixels of the kinds of tissue."""
        return self.cut.tissue(*kinds)

    def area_mm2(self, weight: NDArray[np.bool_] | FloatArray) -> float:
        """Area of weighted pixels."""
        return float(weight.sum()) * self.cut.pixel_mm2

    @property
    def pixel_mm(self) -> float:
        """Side of a square of a pixel's area."""
        return float(np.sqrt(self.cut.pixel_mm2))

    def _share(self, distance_mm: FloatArray) -> FloatArray:
        return np.asarray(np.clip(0.5 + distance_mm / self.pixel_mm, 0, 1))


@dataclass(frozen=True, eq=False)
class LevelView:
    """All slices of one axial series through a disc level, and what every value there shares.

    Parameters
    ----------
    level
        Name of the level.
    scan
        The series whose tissue map is read.
    slices
        From the feet to the head, at least one; each shows the canal.
    caution
        What the time since surgery says.
    """

    level: str
    scan: Scan = field(repr=False)
    slices: tuple[CanalSlice, ...] = field(repr=False)
    caution: str | None = None

    def value(
        self,
        biomarker: str,
        method: str,
        unit: str,
        value: float | None,
        *,
        se: float | None = None,
        side: Side | None = None,
        category: str | None = None,
        caution: str | None = None,
        drawings: Sequence[Drawing] = (),
    ) -> Measurement:
        """Make a measurement of this level; ``caution`` is joined to what the time since surgery says."""
        cautions = [text for text in (self.caution, caution) if text]
        return Measurement(
            biomarker=biomarker,
            method=method,
            unit=unit,
            level=self.level,
            side=side,
            value=value,
            se=se,
            category=category,
            caution="; ".join(cautions) or None,
            drawings=tuple(drawings),
            context=Context(series=self.scan.name),
        )

    @property
    def volume_mm3(self) -> float:
        """Volume a pixel stands for."""
        cut = self.slices[0].cut
        return cut.pixel_mm2 * cut.spacing_mm

    def count(self, *kinds: CanalTissue, side: Side | None = None) -> float:
        """Pixels of the kinds over all slices, of one side where given; those on the line count in part."""
        return sum(float((one.tissue(*kinds) * (1.0 if side is None else one.side(side))).sum()) for one in self.slices)


@once
def level_view(
    examined: ExaminedSpine,
    upper: str,
    lower: str,
    *,
    contrasts: Sequence[Contrast] = _CONTRASTS,
    half_height_mm: float | None = None,
) -> LevelView:
    """Return the slices of the best axial series with a tissue map through a disc.

    Raises
    ------
    NotMeasurableError
        If there is no such series, none passes through the level or none shows the canal there, or metal spoils the
        canal.
    """
    level = pair_level(upper, lower)
    scan, cuts = _drawn(examined, upper, lower, contrasts, half_height_mm)
    shown = [CanalSlice(cut, cut.tissue(*IN_CANAL), cut.tissue(*IN_SAC)) for cut in cuts]
    shown = [one for one in shown if one.area_mm2(one.canal) >= _LEAST_CANAL_MM2 and one.sac.any()]
    if not shown:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"no slice of {scan.name} shows the canal and the dural sac at {level}"
        )
    obscured = np.concatenate([one.cut.obscured[one.canal] for one in shown])
    examined.require_clear(obscured, f"the canal at {level}")
    return LevelView(level, scan, tuple(shown), examined.time_caution(level))


def at_levels(examined: ExaminedSpine, biomarker: str, methods: Sequence[str], compute: LevelFunction) -> list[Result]:
    """Run ``compute(examined, upper, lower)`` at every disc in question."""
    return [
        result
        for pair in examined.spine.disc_pairs
        for result in attempt(biomarker, methods, partial(compute, examined, *pair), level=pair_level(*pair))
    ]


def at_sides(examined: ExaminedSpine, biomarker: str, methods: Sequence[str], compute: SideFunction) -> list[Result]:
    """Run ``compute(examined, upper, lower, side)`` on both sides of every disc in question."""
    return [
        result
        for pair in examined.spine.disc_pairs
        for side in SIDES
        for result in attempt(
            biomarker, methods, partial(compute, examined, *pair, side), level=pair_level(*pair), side=side
        )
    ]


def points_of(slices: Iterable[tuple[CanalSlice, Mask]], label: str, *, most: int = 120) -> tuple[Drawing, ...]:
    """Draw the pixels of masks, thinned to at most ``most`` points; nothing where there is none."""
    found = [one.cut.points_mm[mask] for one, mask in slices]
    points = np.concatenate(found) if found else np.empty((0, 3))
    if not len(points):
        return ()
    return (Drawing(Shape.POINTS, points[:: max(1, len(points) // most)], label),)


def other(side: Side) -> Side:
    """Return the opposite side."""
    return Side.LEFT if side is Side.RIGHT else Side.RIGHT


def drawn_maps(examined: ExaminedSpine) -> tuple[Labels, ...]:
    """Tissue maps of all series that are no sagittal ones, the best contrast first."""
    scans = examined.examination.of(_CONTRASTS)
    return tuple(scan.tissue for scan in scans if scan.plane in _ACROSS and scan.tissue is not None)


def _drawn(
    examined: ExaminedSpine,
    upper: str,
    lower: str,
    contrasts: Sequence[Contrast],
    half_height_mm: float | None,
) -> tuple[Scan, tuple[AxialSlice, ...]]:
    across = [scan for scan in examined.examination.of(contrasts) if scan.plane in _ACROSS]
    if not across:
        which = " or ".join(dict.fromkeys(contrasts))
        raise NotMeasurableError(Reason.NO_SUITABLE_SERIES, f"the examination has no axial {which} series")
    drawn = [scan for scan in across if scan.tissue is not None]
    if not drawn:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "no tissue of the canal is labelled on an axial series")
    obstacles = []
    for scan in drawn:
        try:
            return scan, examined.slices(scan, upper, lower, half_height_mm=half_height_mm)
        except NotMeasurableError as obstacle:
            obstacles.append(obstacle)
    raise obstacles[0]
