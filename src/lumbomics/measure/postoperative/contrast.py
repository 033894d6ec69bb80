"""Signal before and after contrast at the same places, relative to muscle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import binary_erosion

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels, Muscle
from lumbomics.core.measurement import Reason
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.measure.attempt import both
from lumbomics.measure.examined import ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.postoperative.view import CanalSlice, LevelView

MUSCLES = {
    Side.LEFT: (Muscle.MULTIFIDUS_LEFT, Muscle.ERECTOR_SPINAE_LEFT),
    Side.RIGHT: (Muscle.MULTIFIDUS_RIGHT, Muscle.ERECTOR_SPINAE_RIGHT),
}
ENHANCING_PERCENT = 20.0
"""Least enhancement called enhancing (engineering default of the catalogue)."""
LEAST_PIXELS = 6
SHARED_PIXELS = 2.5
"""Neighbouring pixels whose noise the reconstruction's point spread makes one."""
_LEAST_MUSCLE = 60
_CORE_PIXELS = 12
_MOST_MOVED_MM = 1.0
_TIMES = ("repetition_time_ms", "echo_time_ms")
_SAME_TIMING = 0.05

Regions = Sequence[tuple[CanalSlice, Mask]]


@dataclass(frozen=True, eq=False)
class Enhancement:
    """A pair of T1 series before and after contrast, and what muscle did between them.

    Parameters
    ----------
    pre, post
        The series.
    gain
        Median of post / pre over muscle: gain of the receiver, and the little that muscle enhances.
    gain_se
        Its relative standard error.
    muscle_sd
        Standard deviation, by side, of muscle's enhancement from pixel to pixel, percent.
    caution
        What the reader must know of this pair.
    """

    pre: Scan = field(repr=False)
    post: Scan = field(repr=False)
    gain: float
    gain_se: float
    muscle_sd: dict[Side, float]
    caution: str | None = None

    def floor_percent(self, side: Side) -> float:
        """Enhancement of one pixel that muscle's unevenness and noise do not feign: two standard deviations."""
        return 2 * self.muscle_sd[side]

    def signals(self, regions: Regions) -> tuple[FloatArray, FloatArray]:
        """Signal before, and after contrast in the gain of before, at the pixels (n,) of all regions."""
        points = [one.cut.points_mm[mask] for one, mask in regions]
        where = np.concatenate(points) if points else np.empty((0, 3))
        before, after = (sample_linear(s.image.array, s.image.grid, where) for s in (self.pre, self.post))
        known = np.isfinite(before) & np.isfinite(after) & (before > 0)
        return before[known], after[known] / self.gain

    def mean_percent(self, regions: Regions, what: str, *, whole: bool = False) -> tuple[float, float]:
        """Enhancement 100 x (post / pre - 1) of the regions' mean signals, and its standard error.

        Pixels at the border, which share their voxel with a neighbour, are left out where enough others remain, unless
        the ``whole`` region is asked for, its rim included.
        """
        before, after = self.signals(regions if whole else deep(regions))
        if len(before) < LEAST_PIXELS:
            raise NotMeasurableError(
                Reason.UNDEFINED, f"{what} holds {len(before)} pixels on both series, {LEAST_PIXELS} are needed"
            )
        ratio = float(after.mean() / before.mean())
        spread = float(np.std(after - ratio * before, ddof=1) / before.mean())
        se = both(spread / np.sqrt(max(1.0, len(before) / SHARED_PIXELS)), ratio * self.gain_se)
        return 100 * (ratio - 1), 100 * se

    def percents(self, regions: Regions) -> FloatArray:
        """Enhancement of every pixel (n,)."""
        before, after = self.signals(regions)
        return np.asarray(100 * (after / before - 1))


def deep(regions: Regions) -> Regions:
    """Take off the outermost pixels of every region, unless too few would be left over all."""
    inner = [(one, np.asarray(binary_erosion(mask))) for one, mask in regions]
    return inner if sum(int(mask.sum()) for _, mask in inner) >= _CORE_PIXELS else regions


def border_share(regions: Regions, *, whole: bool = False) -> float:
    """Share of the pixels that :meth:`Enhancement.mean_percent` reads which lie at the border of their region."""
    read = regions if whole else deep(regions)
    count = sum(int(mask.sum()) for _, mask in read)
    inner = sum(int((mask & binary_erosion(full)).sum()) for (_, mask), (_, full) in zip(read, regions, strict=True))
    return 1 - inner / count if count else 1.0


@once
def enhancement_at(examined: ExaminedSpine, view: LevelView) -> Enhancement:
    """Find the T1 pair that shows a level, and muscle's part in it.

    Raises
    ------
    NotMeasurableError
        Without a post-contrast series, without one before contrast prepared in the same way, or without muscle to
        compare with.
    """
    examined.scan(Contrast.T1_POST)
    post = showing(examined, view, Contrast.T1_POST)
    pre = showing(examined, view, Contrast.T1, like=post)
    pixels = muscle_regions(examined, view)
    plain = Enhancement(pre, post, 1.0, 0.0, {})
    ratios = {side: _ratio(plain, regions, side, view.level) for side, regions in pixels.items()}
    every = np.concatenate(list(ratios.values()))
    gain = float(np.median(every))
    relative = 1.2533 * _spread(every) / gain / np.sqrt(len(every) / SHARED_PIXELS)
    spread = {side: 100 * _spread(ratio / gain) for side, ratio in ratios.items()}
    return Enhancement(pre, post, gain, float(relative), spread, _pair_caution(pre, post))


def signal_of(scan: Scan, regions: Regions) -> FloatArray:
    """Signal (n,) of a series at the pixels of all regions; pixels beyond the series are left out."""
    points = [one.cut.points_mm[mask] for one, mask in regions]
    values = sample_linear(scan.image.array, scan.image.grid, np.concatenate(points) if points else np.empty((0, 3)))
    return np.asarray(values[np.isfinite(values)])


def showing(examined: ExaminedSpine, view: LevelView, contrast: Contrast, like: Scan | None = None) -> Scan:
    """Return the series of a contrast that covers the canal at a level: same plane and preparation as ``like``."""
    points = np.concatenate([one.cut.points_mm[one.canal] for one in view.slices])
    alike = examined.examination.of([contrast], fat_suppressed=None if like is None else like.fat_suppressed)
    plane = view.scan.plane if like is None else like.plane
    ordered = sorted(alike, key=lambda scan: scan.plane != plane)
    for scan in ordered:
        if _covers(scan, points):
            return scan
    prepared = "" if like is None else f", prepared like {like.name},"
    which = "post-contrast T1" if contrast is Contrast.T1_POST else "T1"
    reason = Reason.NO_CONTRAST_SERIES if contrast is Contrast.T1_POST else Reason.NO_SUITABLE_SERIES
    raise NotMeasurableError(reason, f"no {which} series{prepared} shows {view.level}")


def _covers(scan: Scan, points: FloatArray) -> bool:
    index = scan.image.grid.to_index(points)
    inside = ((index >= -0.5) & (index <= np.array(scan.image.grid.shape) - 0.5)).all(axis=1)
    return bool(inside.mean() > 0.95)


def muscle_regions(examined: ExaminedSpine, view: LevelView) -> dict[Side, Regions]:
    """Pixels of the back muscles of each side on the level's slices, by the first map that shows enough of them."""
    others = [scan.muscle for scan in examined.examination.scans]
    for labels in (view.scan.muscle, *others, examined.examination.segmentation.muscle):
        if labels is None:
            continue
        found = {side: _marked(view, labels, kinds) for side, kinds in MUSCLES.items()}
        if all(sum(int(mask.sum()) for _, mask in regions) >= _LEAST_MUSCLE for regions in found.values()):
            return found
    raise NotMeasurableError(
        Reason.STRUCTURE_NOT_LABELLED, f"no back muscle to compare with is labelled at {view.level}"
    )


def _marked(view: LevelView, labels: Labels, kinds: tuple[Muscle, ...]) -> Regions:
    found = []
    for one in view.slices:
        same = labels.grid is one.cut.scan.image.grid
        values = one.cut.of(labels.array) if same else sample_nearest(labels.array, labels.grid, one.cut.points_mm)
        found.append((one, np.isin(values, kinds) & ~one.cut.obscured))
    return found


def _ratio(pair: Enhancement, regions: Regions, side: Side, level: str) -> FloatArray:
    before, after = pair.signals(regions)
    if len(before) < _LEAST_MUSCLE:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"too little {side} muscle of {level} lies in both T1 series")
    return np.asarray(after / before)


def _spread(values: FloatArray) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _pair_caution(pre: Scan, post: Scan) -> str | None:
    before, after = dict(pre.facts), dict(post.facts)
    texts = []
    for key in _TIMES:
        first, second = before.get(key), after.get(key)
        if isinstance(first, float) and isinstance(second, float) and abs(first - second) > _SAME_TIMING * first:
            texts.append(f"{key} differs between both series ({first:g} and {second:g}): the ratio is not enhancement")
    moved = max(_off_mm(pre), _off_mm(post))
    if moved > _MOST_MOVED_MM:
        texts.append(f"the series lie in one space to {moved:.1f} mm only")
    return "; ".join(texts) or None


def _off_mm(scan: Scan) -> float:
    """How far the series may lie off the others of its stack."""
    return scan.registration_error_mm or 0.0 if scan.stack_error_mm is None else scan.stack_error_mm
