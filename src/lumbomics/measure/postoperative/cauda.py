"""Roots of the cauda equina in axial slices: separate components, how they lie in the sac and to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from lumbomics.core.anatomy import Side, rank, vertebra_number
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Reason
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.postoperative.view import CanalSlice, LevelView, level_view, other

COARSEST_MM = 0.7
EXPECTED = {"L2-L3": 14.0, "L3-L4": 12.0, "L4-L5": 9.0, "L5-L6": 8.0, "L5-S1": 7.0, "L6-S1": 7.0}
"""Components of both sides expected at a level: the catalogue's 10 to 14 at L3 falling to 6 to 8 at L5, in between by
a straight line (engineering default, to be calibrated on people without surgery)."""
_DURA_MM = 1.0
_LEAST_ROOT_MM2 = 0.4


@dataclass(frozen=True, eq=False)
class RootSlice:
    """Roots of one slice.

    Parameters
    ----------
    one
        The slice.
    expected
        Components expected on each side.
    """

    one: CanalSlice = field(repr=False)
    expected: float

    @cached_property
    def roots(self) -> Mask:
        """Pixels of roots."""
        return self.one.tissue(CanalTissue.ROOT)

    @cached_property
    def components(self) -> NDArray[np.intp]:
        """Number (rows, columns) of the component each pixel belongs to; specks and all else are 0.

        Pixels that meet at an edge belong together: roots that touch are one component, which is what clumping means.
        """
        found, count = label(self.roots)
        sizes = np.bincount(found.ravel(), minlength=count + 1) * self.one.cut.pixel_mm2
        kept = np.flatnonzero(sizes >= _LEAST_ROOT_MM2)
        renumbered = np.zeros(count + 1, dtype=np.intp)
        renumbered[kept[kept > 0]] = np.arange(1, int((kept > 0).sum()) + 1)
        return np.asarray(renumbered[found])

    def half(self, side: Side | None) -> FloatArray:
        """Share of every pixel on a side of the sac's own midline; 1 everywhere where no side is asked for."""
        if side is None:
            return np.ones(self.roots.shape)
        across = self.one.cut.local_mm[..., 0] - self.one.centroid_mm(self.one.sac)[0]
        sign = 1 if side is Side.RIGHT else -1
        return np.asarray(np.clip(0.5 + sign * across / self.one.pixel_mm, 0, 1))

    def areas(self, side: Side | None) -> FloatArray:
        """Area (n,) mm² of every component that lies on a side."""
        weights = np.bincount(self.components.ravel(), weights=self.half(side).ravel())
        return np.asarray(weights[1:] * self.one.cut.pixel_mm2)

    def count(self, side: Side | None) -> float:
        """Count the components on a side; one that crosses the midline counts by its area's share."""
        whole = self.areas(None)
        return float((self.areas(side) / whole).sum()) if len(whole) else 0.0

    def index(self, side: Side | None) -> float:
        """Clumping index 1 - components / expected components."""
        return 1 - self.count(side) / (self.expected * (2 if side is None else 1))

    def largest_share(self, side: Side | None) -> float:
        """Part of the roots' area on a side that the largest component takes; NaN without roots."""
        areas = self.areas(side)
        return float(areas.max() / areas.sum()) if areas.sum() > 0 else np.nan

    def neighbour_mm(self, side: Side | None) -> float:
        """Mean distance of the components of a side from their nearest neighbour; NaN below two components."""
        centres = np.array([self.one.centroid_mm(self.components == n) for n in range(1, self.components.max() + 1)])
        if len(centres) < 2:
            return np.nan
        apart = np.linalg.norm(centres[:, None] - centres[None], axis=-1) + np.diag(np.full(len(centres), np.inf))
        weight = self.areas(side) / self.areas(None)
        return float(np.average(apart.min(axis=1), weights=weight)) if weight.sum() > 0 else np.nan

    def peripheral(self, side: Side | None) -> float:
        """Share of the roots' area on a side within 1 mm of the sac's border; NaN without roots."""
        depth = distance_transform_edt(np.pad(self.one.sac, 1))[1:-1, 1:-1] * self.one.pixel_mm
        weight = self.roots * self.half(side)
        return float(weight[depth <= _DURA_MM].sum() / weight.sum()) if weight.sum() > 0 else np.nan

    def spread(self, side: Side | None) -> float:
        """Spread of the roots of a side about their centroid over that of the sac's part on that side; NaN without."""
        roots, sac = self.roots * self.half(side), self.one.sac * self.half(side)
        return float(self._scatter(roots) / self._scatter(sac)) if roots.sum() > 0 and sac.sum() > 0 else np.nan

    def filling(self, side: Side | None) -> float:
        """Share of the sac's area on a side that roots take."""
        half = self.half(side)
        return float((self.roots * half).sum() / max((self.one.sac * half).sum(), 1e-9))

    def asymmetry(self, side: Side) -> float:
        """Clumping index of a side minus that of the other side."""
        return self.index(side) - self.index(other(side))

    def _scatter(self, weight: FloatArray) -> float:
        away = self.one.cut.local_mm[..., :2] - self.one.centroid_mm(weight)
        where = weight > 0
        return float(np.sqrt(np.average((away[where] ** 2).sum(axis=-1), weights=weight[where])))


def root_slices(examined: ExaminedSpine, upper: str, lower: str) -> tuple[LevelView, tuple[RootSlice, ...]]:
    """Return the slices through a disc that show roots and no cord.

    Raises
    ------
    NotMeasurableError
        Above L2-L3, where the cord may still be; where pixels exceed 0.7 mm; where no slice is left.
    """
    if rank(vertebra_number(upper)) < rank(vertebra_number("L2")):
        raise NotMeasurableError(Reason.UNDEFINED, f"roots are counted below L2, not at {upper}-{lower}")
    view = level_view(examined, upper, lower, contrasts=T2_CONTRASTS)
    first = view.slices[0].cut
    widest = float(np.delete(view.scan.image.grid.spacing_mm, first.axis).max())
    if widest > COARSEST_MM:
        raise NotMeasurableError(
            Reason.RESOLUTION_TOO_COARSE, f"pixels of {widest:.2f} mm do not part roots, {COARSEST_MM} mm are needed"
        )
    expected = EXPECTED[view.level] / 2
    free = [one for one in view.slices if not one.tissue(CanalTissue.CORD).any()]
    if not free:
        raise NotMeasurableError(Reason.UNDEFINED, f"the cord still lies at {view.level}: roots are not counted there")
    return view, tuple(RootSlice(one, expected) for one in free)


def over_slices(slices: Sequence[RootSlice], read: Callable[[RootSlice], float]) -> tuple[float, float | None] | None:
    """Mean of a reading over slices and its standard error (``None`` for one slice); ``None`` where no slice has it."""
    values = np.array([read(one) for one in slices])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
