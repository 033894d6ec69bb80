"""Enhancement of a tissue freed from what its border pixels share with their neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, gaussian_filter

from lumbomics.core.examination import IN_SAC, CanalTissue
from lumbomics.core.measurement import Reason
from lumbomics.core.sampling import sample_linear
from lumbomics.measure.attempt import both
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.postoperative.contrast import LEAST_PIXELS, SHARED_PIXELS, Enhancement, Regions
from lumbomics.measure.postoperative.view import CanalSlice

NEIGHBOURS: tuple[tuple[CanalTissue, ...], ...] = (
    tuple(sorted(IN_SAC)),
    (CanalTissue.EPIDURAL_FAT,),
    (CanalTissue.SCAR,),
    (CanalTissue.DISC,),
    (CanalTissue.EPIDURAL_TISSUE,),
    (CanalTissue.FLAVUM,),
    (CanalTissue.COLLECTION, CanalTissue.HAEMATOMA),
)
"""Tissues that are taken as even in signal; what is none of them is one more."""
SPREADS_PIXELS = (0.0, 0.3, 0.45, 0.6, 0.8, 1.1)
"""Standard deviations in the slice tried for a pixel's point spread: the one that leaves the least residue is taken."""
THROUGH = (0.0, 0.125)
"""Shares of a slice's signal tried for that of each neighbouring slice; 1/8 where borders run straight in between."""
_OUTER_MM = 1.0
_PRIOR_SHARE = 0.3
"""Standard deviation, as a share of its pixels' mean, by which a tissue's own signal is expected to differ from it."""
_NEAR_PIXELS, _MARGIN_PIXELS = 2, 6
_LEAST_WEIGHT = 1.0
Box = tuple[slice, slice]


def unmixed_percent(found: Enhancement, regions: Regions, what: str, *, plain_percent: float) -> tuple[float, float]:
    """Enhancement of a tissue's own signal, and its standard error, both percent.

    Every pixel within two pixels of the tissue holds a mixture: its signal is the sum over tissues of share x signal,
    the shares those of the map blurred with the point spread. Least squares gives the signals before and after contrast
    of the tissue's outer millimetre, of its inside and of every neighbour (the regional correction of Rousset et al., J
    Nucl Med 1998;39:904, pixel by pixel), and the residue the point spread. The enhancement is that of the mean over
    the tissue's pixels. Where a tissue is so thin that its pixels tell little, its signal stays near their mean: that
    mean, with a standard deviation of 30 %, is what is known of it beforehand.

    The correction rests on the borders of the map and cannot know what slices of 4 mm hide of a border that slopes, so
    all that it changes of ``plain_percent`` counts as standard error besides the noise.

    Raises
    ------
    NotMeasurableError
        If the tissue has too few pixels.
    """
    count = sum(int(mask.sum()) for _, mask in regions)
    if count < LEAST_PIXELS:
        raise NotMeasurableError(Reason.UNDEFINED, f"{what} holds {count} pixels, {LEAST_PIXELS} are needed")
    box = _box(regions)
    parts = np.array([_parts(one, mask, box) for one, mask in regions])
    near = np.array([binary_dilation(mask[box], iterations=_NEAR_PIXELS) for _, mask in regions])
    points = np.concatenate([one.cut.points_mm[box][here] for (one, _), here in zip(regions, near, strict=True)])
    before, after = (sample_linear(scan.image.array, scan.image.grid, points) for scan in (found.pre, found.post))
    known = np.isfinite(before) & np.isfinite(after)
    signals = np.stack([before[known], after[known] / found.gain], axis=1)
    weights = parts[:, :2].sum(axis=(0, 2, 3))
    tried = [_Mixture.of(rows[known], signals, weights) for rows in _rows(parts, near)]
    mean_before, mean_after = found.signals(regions)
    plain = np.array([mean_before.mean(), mean_after.mean()])
    percent, se = min(tried, key=lambda one: one.residue).enhancement(plain)
    # muscle's own scatter belongs to the gain both series are compared by
    error = both(se, (100 + percent) * found.gain_se)
    return percent, both(error, percent - plain_percent)


def _box(regions: Regions) -> Box:
    """Rows and columns that hold the tissue and a margin."""
    where = np.nonzero(np.logical_or.reduce([mask for _, mask in regions]))
    first, second = (
        slice(max(int(axis.min()) - _MARGIN_PIXELS, 0), int(axis.max()) + _MARGIN_PIXELS + 1) for axis in where
    )
    return first, second


def _parts(one: CanalSlice, mask: Mask, box: Box) -> NDArray[np.bool_]:
    """Masks (parts, rows, columns): the tissue's outer millimetre, its inside, its neighbours, all else."""
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] * one.pixel_mm
    known = [mask & (depth <= _OUTER_MM), mask & (depth > _OUTER_MM)]
    known += [one.tissue(*kinds) & ~mask for kinds in NEIGHBOURS]
    return np.array([*known, ~np.logical_or.reduce(known)])[:, box[0], box[1]]


def _rows(parts: NDArray[np.bool_], near: NDArray[np.bool_]) -> Iterator[FloatArray]:
    """Share (pixels, parts) that every part has of the signal of the pixels near the tissue, by point spread."""
    for sd in SPREADS_PIXELS:
        spread = gaussian_filter(parts.astype(np.float64), (0, 0, sd, sd), mode="nearest")
        beside = np.concatenate([spread[:1], spread[:-1]]) + np.concatenate([spread[1:], spread[-1:]])
        for share in THROUGH:
            mixed = (1 - 2 * share) * spread + share * beside
            yield np.moveaxis(mixed, 1, -1)[near]


@dataclass(frozen=True, eq=False)
class _Mixture:
    """Signals (parts, 2) of the parts before and after contrast, as least squares finds them.

    ``wanted`` weighs the parts of the tissue itself; ``residue`` is the sum of squares that no mixture explains.
    """

    rows: FloatArray
    signals: FloatArray
    wanted: FloatArray
    own: NDArray[np.bool_]
    solved: FloatArray
    residue: float

    @classmethod
    def of(cls, rows: FloatArray, signals: FloatArray, weights: FloatArray) -> Self:
        """Solve for the parts that make at least a pixel of the signal."""
        used = rows.sum(axis=0) > _LEAST_WEIGHT
        used[:2] = weights > 0
        wanted = np.zeros(len(used))
        wanted[:2] = weights / weights.sum()
        own = np.arange(len(used)) < 2
        kept = rows[:, used]
        solved = np.asarray(np.linalg.lstsq(kept, signals, rcond=None)[0], dtype=np.float64)
        residue = float(((signals - kept @ solved) ** 2).sum())
        return cls(kept, signals, wanted[used], own[used], solved, residue)

    def enhancement(self, plain: FloatArray) -> tuple[float, float]:
        """Enhancement of the tissue, percent, and its standard error; ``plain`` (2,) its pixels' mean signals."""
        free = max(len(self.rows) - self.rows.shape[1], 1)
        left = self.signals - self.rows @ self.solved
        noise = np.maximum((left**2).sum(axis=0) / free * SHARED_PIXELS, 1e-12)
        means, inverses = zip(*(self._known(one, noise[one], plain[one]) for one in (0, 1)), strict=True)
        first, second = (float(self.wanted @ mean) for mean in means)
        ratio = second / first
        # what both series are off by alike leaves the ratio as it is
        both_off = float(np.sum((left @ np.array([-ratio, 1.0])) ** 2)) / free * SHARED_PIXELS
        variance = both_off / noise[0] * float(self.wanted @ inverses[0] @ self.wanted)
        return 100 * (ratio - 1), 100 * float(np.sqrt(variance)) / first

    def _known(self, series: int, noise: float, plain: float) -> tuple[FloatArray, FloatArray]:
        """Signals (parts,) of one series with what is known of the tissue beforehand, and their covariance."""
        prior = np.where(self.own, 1 / (_PRIOR_SHARE * plain) ** 2, 0.0)
        inverse = np.linalg.pinv(self.rows.T @ self.rows / noise + np.diag(prior))
        return inverse @ (self.rows.T @ self.signals[:, series] / noise + prior * plain), np.asarray(inverse)
