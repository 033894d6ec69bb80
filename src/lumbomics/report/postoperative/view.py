"""Which acquired slices of an examination stand for a level, and how bright they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from lumbomics.core.examination import CanalTissue, Examination, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.visit import Plane
from lumbomics.report.frame import FloatArray
from lumbomics.report.postoperative.place import NativeSlice, Place, axial_slices, nearest
from lumbomics.report.raster import Raster, sample_image

CANAL_MM = (64.0, 55.0)
"""Width and height of the pictures of the canal."""
T2 = (Contrast.T2, Contrast.T2_SPACE)
NEW_TISSUE = (
    CanalTissue.SCAR,
    CanalTissue.DISC,
    CanalTissue.EPIDURAL_TISSUE,
    CanalTissue.COLLECTION,
    CanalTissue.HAEMATOMA,
)
"""What an operation or a herniation puts beside the sac."""
_MUCH = 0.7  # of the largest area: a slice farther from the disc is shown only where it holds clearly more
_DARK = 0.15
_NEAR_MM = 18.0
_WHITE_PERCENTILE = 99.5


@dataclass(frozen=True, eq=False)
class LevelView:
    """The slices that stand for a level, all through nearly the same plane.

    Parameters
    ----------
    place
        The level in space.
    t2, before, after
        Axial T2, axial T1 before and after contrast medium; ``None`` where no slice of such a series passes here.
    """

    place: Place
    t2: NativeSlice | None = field(default=None, repr=False)
    before: NativeSlice | None = field(default=None, repr=False)
    after: NativeSlice | None = field(default=None, repr=False)

    @property
    def slices(self) -> tuple[NativeSlice, ...]:
        """Those that are there."""
        return tuple(one for one in (self.t2, self.before, self.after) if one is not None)

    @property
    def tissue(self) -> Labels | None:
        """Tissue map of the level, of T2 first."""
        return next((one.scan.tissue for one in self.slices if one.scan.tissue is not None), None)

    def tissue_on(self, one: NativeSlice) -> Labels | None:
        """Tissue map for a slice: its own, else that of another series at the same place."""
        return one.scan.tissue if one.scan.tissue is not None else self.tissue

    def displaced_mm(self) -> FloatArray | None:
        """Middle of the displaced disc material about the level, (3,) RAS+ mm; ``None`` where none is in the map."""
        if self.tissue is None:
            return None
        points = self.tissue.points_mm(CanalTissue.DISC)
        near = points[np.abs((points - self.place.disc_mm) @ self.place.up) <= _NEAR_MM]
        return np.asarray(near.mean(axis=0), dtype=np.float64) if len(near) else None

    @property
    def subtracts(self) -> bool:
        """Whether pre and post are there and prepared alike, so that their difference is enhancement."""
        if self.before is None or self.after is None:
            return False
        return self.before.scan.fat_suppressed == self.after.scan.fat_suppressed


def view_level(examination: Examination, place: Place, *, size_mm: tuple[float, float] = CANAL_MM) -> LevelView:
    """Choose the slices that show a level: one with much new tissue beside the sac, and its neighbours in the others.

    Where no tissue map tells, the slice nearest to the middle of the disc.
    """
    after = _slices(examination.of((Contrast.T1_POST,), plane=Plane.AXIAL), place, size_mm)
    before = _slices(examination.of((Contrast.T1,), plane=Plane.AXIAL), place, size_mm)
    t2 = _slices(examination.of(T2, plane=Plane.AXIAL), place, size_mm)
    leading = _telling([*t2, *before, *after]) or nearest(t2) or nearest(before) or nearest(after)
    if leading is None:
        return LevelView(place)
    last = _beside(after, leading)
    if last is not None:
        alike = [one for one in before if one.scan.fat_suppressed == last.scan.fat_suppressed]
        before = alike or before
    return LevelView(place, _beside(t2, leading), _beside(before, leading), last)


def _slices(scans: Iterable[Scan], place: Place, size_mm: tuple[float, float]) -> list[NativeSlice]:
    return [one for scan in scans for one in axial_slices(scan, place, about_mm=place.canal_mm, size_mm=size_mm)]


def _telling(slices: Iterable[NativeSlice]) -> NativeSlice | None:
    """Of the slices whose map holds much new tissue, the one nearest to the disc; ``None`` where none holds any."""
    areas = [(_new_tissue_mm2(one), one) for one in slices]
    most = max((area for area, _ in areas), default=0.0)
    return nearest(one for area, one in areas if area >= _MUCH * most) if most > 0 else None


def _new_tissue_mm2(one: NativeSlice) -> float:
    if one.scan.tissue is None:
        return 0.0
    plane = np.take(one.scan.tissue.array, one.index, axis=one.axis)
    spacing = np.delete(one.scan.image.grid.spacing_mm, one.axis)
    return float(np.isin(plane, NEW_TISSUE).sum() * spacing.prod())


def _beside(slices: Iterable[NativeSlice], leading: NativeSlice) -> NativeSlice | None:
    """Slice that passes nearest to the middle of the leading picture."""
    middle = leading.raster.cut.centre_mm
    return min(
        slices, key=lambda one: abs(float((middle - one.raster.cut.centre_mm) @ one.raster.normal)), default=None
    )


def pixels_of(one: NativeSlice) -> FloatArray:
    """Signal of a slice on its raster."""
    return sample_image(one.scan.image, one.raster)


def window_of(*pictures: FloatArray) -> tuple[float, float]:
    """Grey window that several pictures share: black is no signal, white their brightest half percent."""
    seen = np.concatenate([picture[np.isfinite(picture)] for picture in pictures])
    low, high = (
        (min(0.0, float(seen.min())), float(np.percentile(seen, _WHITE_PERCENTILE))) if seen.size else (0.0, 1.0)
    )
    return low, max(high, low + 1e-6)


def gain_between(before: NativeSlice, after: NativeSlice) -> float:
    """Factor that brings the post-contrast signal to the scale of the one before: the median ratio of bright pixels.

    Most tissue about the canal takes up little contrast medium, so that the median tells the scanner's gain. Meant for
    pictures alone: no number is taken from it.
    """
    one, other = pixels_of(before), sample_image(after.scan.image, before.raster)
    usable = np.isfinite(one) & np.isfinite(other)
    if not usable.any():
        return 1.0
    usable &= (one > _DARK * np.percentile(one[usable], 95)) & (other > 0)
    return float(np.median(one[usable] / other[usable])) if usable.any() else 1.0


def enhancement(before: NativeSlice, after: NativeSlice, gain: float) -> FloatArray:
    """Signal gained after contrast medium, on the raster of the slice before."""
    return gain * sample_image(after.scan.image, before.raster) - pixels_of(before)


def centred(one: NativeSlice, size_mm: tuple[float, float], spacing_mm: float) -> Raster:
    """Lay another raster about the same middle of a slice."""
    cut = one.raster.cut
    return Raster(type(cut)(cut.centre_mm, cut.right, cut.up, size_mm, spacing_mm))
