"""Two images made ready to be laid over each other, and what can be asked of a motion between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.prepare.borders import Agreement, Borders
from lumbomics.prepare.descent import Pair, descend
from lumbomics.prepare.information import Sampled, best_shifts
from lumbomics.prepare.pyramid import Layer, layer
from lumbomics.prepare.rigid import inverse, moved

FloatArray = NDArray[np.float64]

_MARGIN_MM = 20.0
_LATTICE_MM = 4.0
_SEARCH_SAMPLES = 2500
_SEARCH_STEP_MM = 12.0
_STARTS = 10
_SHORTER = 0.25
_BORDER_SAMPLES = 10_000
_MIRRORS_MM = np.arange(-16.0, 17.0, 4.0)
_SEED = 3


class Matching:
    """A fixed image's box and a moving image, on layers from blurred to sharp.

    Motions are 4 x 4 and map the fixed image's points to the moving one, as ITK wants them.

    Parameters
    ----------
    fixed, moving
        The images.
    about_mm
        (n, 3) points of the fixed image in whose bounding box the motion counts; ``None``: the whole image.
    start
        Motion to begin with.
    widths_mm
        Sharpness of the layers, coarse to fine.
    samples
        Points compared on each layer.
    """

    def __init__(
        self,
        fixed: Image,
        moving: Image,
        *,
        about_mm: FloatArray | None,
        start: FloatArray,
        widths_mm: tuple[float, ...],
        samples: int,
    ) -> None:
        self.start = start
        self.contrasts = fixed.contrast, moving.contrast
        self._samples = samples
        self._moving_grid = moving.grid
        low, high = _box(fixed.grid, about_mm)
        self._points = fixed.grid.to_world(_lattice(low, high, fixed.grid.spacing_mm))
        # what lies far from the moving image, wherever the search may take it, would only cost time
        low, high = _narrowed(low, high, fixed.grid, moved(inverse(start), _corners(moving.grid)))
        self._low_mm, self._high_mm = low * fixed.grid.spacing_mm, high * fixed.grid.spacing_mm
        self.pairs = tuple(
            Pair(
                fixed=_cropped(layer(fixed.array, fixed.grid, moving.grid, width), fixed.grid, low, high),
                moving=layer(moving.array, moving.grid, fixed.grid, width),
                step_mm=width / 2,
            )
            for width in widths_mm
        )

    def shared_mm(self, motion: FloatArray) -> FloatArray:
        """Points of a 4 mm lattice in the fixed box that the moving image covers, (n, 3)."""
        index = self._moving_grid.to_index(moved(motion, self._points))
        inside = ((index >= -0.5) & (index <= np.array(self._moving_grid.shape) - 0.5)).all(axis=1)
        return np.asarray(self._points[inside])

    def overlap(self, motion: FloatArray) -> float:
        """Share of the smaller volume (fixed box, moving image) that both cover."""
        mine = len(self._points) * _LATTICE_MM**3
        return len(self.shared_mm(motion)) * _LATTICE_MM**3 / min(mine, _volume_mm3(self._moving_grid))

    def forward(self) -> FloatArray | None:
        """Best motion when the fixed image's points are looked up in the moving one; ``None`` where they never meet."""
        motion: FloatArray | None = self.start
        for pair in self.pairs:
            if motion is not None:
                motion = self._improved(pair, motion)
        return motion

    def _improved(self, pair: Pair, start: FloatArray) -> FloatArray | None:
        """Descend on one layer; where that ends worse than it began, in shorter steps, or not at all.

        Steps of one length may leave a sharp optimum and end where the images hardly meet.
        """
        told, found = self._told(pair), None
        for share in (1.0, _SHORTER):
            short = replace(pair, step_mm=share * pair.step_mm)
            found = descend([short], start, self._middle, samples=self._samples)
            if found is not None and told(found) >= told(start):
                return found
        return start if found is not None else None

    def backward(self, start: FloatArray) -> FloatArray | None:
        """Best motion when the moving image's points are looked up in the fixed one, on all but the coarsest layer."""
        pairs = [
            Pair(fixed=pair.moving, moving=pair.fixed, step_mm=pair.step_mm) for pair in self.pairs[1:] or self.pairs
        ]
        pairs = [Pair(fixed=self._near(p.fixed, start), moving=p.moving, step_mm=p.step_mm) for p in pairs]
        found = descend(pairs, inverse(start), moved(start, self._middle), samples=self._samples)
        return None if found is None else inverse(found)

    def halves(self, motion: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        """Best motions of the two halves of the shared region, cut across its longest side."""
        pair = self._sharp
        shared = pair.fixed.grid.to_index(self.shared_mm(motion))
        axis = int(np.argmax(np.ptp(shared, axis=0) * pair.fixed.grid.spacing_mm))
        cut = int(np.rint(np.median(shared[:, axis])))
        ends = np.clip(
            [np.floor(shared[:, axis].min()), cut, np.ceil(shared[:, axis].max()) + 1], 0, pair.fixed.grid.shape[axis]
        )
        found = []
        for first, last in zip(ends[:-1].astype(int), ends[1:].astype(int), strict=True):
            if last - first < 2:
                return None
            half = Pair(fixed=_part(pair.fixed, axis, first, last), moving=pair.moving, step_mm=pair.step_mm)
            best = descend([half], motion, self._middle, samples=self._samples // 2)
            if best is None:
                return None
            found.append(best)
        return found[0], found[1]

    def agreement(self, motion: FloatArray) -> Agreement:
        """Tell how borders agree at a motion."""
        return self._borders(self._sharp.moving, self.shared_mm(motion)).about(motion)

    def mirrored(self, motion: FloatArray) -> Agreement:
        """Mirror the moving image left to right, and find the same at the best motion near one.

        The mirror stands in the middle of the shared region; where the body's own middle lies beside it, a shift
        across brings the two together.
        """
        sharp, shared, across = self._sharp, self.shared_mm(motion), np.diag([-1.0, 1.0, 1.0, 1.0])
        across[0, 3] = 2 * shared[:, 0].mean()
        affine = motion @ across @ inverse(motion) @ sharp.moving.grid.affine
        flipped = Layer(sharp.moving.array, Grid(sharp.moving.grid.shape, affine))
        borders = self._borders(flipped, shared)
        starts = np.repeat(motion[None], len(_MIRRORS_MM), axis=0)
        starts[:, :3, 3] += np.outer(_MIRRORS_MM, motion[:3, 0])
        start = max(starts, key=borders.at)
        best = self._improved(replace(sharp, moving=flipped), start)
        return borders.about(start if best is None else best)

    def searched(self, reach_mm: tuple[float, float, float]) -> FloatArray:
        """Best start among shifts on a lattice: of those that tell most, each improved on the coarsest layer.

        One level lies as well over the next as over itself as far as information goes; borders tell them apart.
        """
        coarse = self.pairs[0]
        told = self._told(coarse)
        starts = best_shifts(told, self.start, reach_mm=np.array(reach_mm), step_mm=_SEARCH_STEP_MM, keep=_STARTS)
        ends = [descend([coarse], start, self._middle, samples=self._samples) for start in starts]
        return max([end for end in ends if end is not None] or [self.start], key=self._likely)

    def _likely(self, motion: FloatArray) -> float:
        shared = self.shared_mm(motion)
        return self._borders(self._sharp.moving, shared).about(motion).place if len(shared) else -1.0

    def _told(self, pair: Pair) -> Callable[[FloatArray], float]:
        """Mutual information at a motion, at points of the smaller image: most of the larger one's meet nothing."""
        if _volume_mm3(pair.fixed.grid) <= _volume_mm3(pair.moving.grid):
            return Sampled(pair.fixed, pair.moving, samples=_SEARCH_SAMPLES, seed=_SEED).at
        sampled = Sampled(pair.moving, pair.fixed, samples=_SEARCH_SAMPLES, seed=_SEED)
        return lambda motion: sampled.at(inverse(motion))

    def _borders(self, moving: Layer, shared_mm: FloatArray) -> Borders:
        rng = np.random.default_rng(_SEED)
        drawn = shared_mm[rng.permutation(len(shared_mm))[:_BORDER_SAMPLES]]
        # off the lattice, whose steps may be the slices' own
        return Borders(self._sharp.fixed, moving, drawn + rng.uniform(-0.5, 0.5, drawn.shape) * _LATTICE_MM)

    @property
    def _sharp(self) -> Pair:
        """Layers on which borders are compared: sharp enough to see them, blurred enough not to see noise."""
        return self.pairs[min(1, len(self.pairs) - 1)]

    @property
    def _middle(self) -> FloatArray:
        return self.pairs[0].fixed.grid.centre_mm

    def _near(self, one: Layer, motion: FloatArray) -> Layer:
        """Part of a moving layer near the fixed box."""
        low, high = np.zeros(3), np.array(one.grid.shape) - 1.0
        corners = moved(motion, _corners(self.pairs[0].fixed.grid))
        return _cropped(one, one.grid, *_narrowed(low, high, one.grid, corners))


def _box(grid: Grid, about_mm: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest index of the box that counts."""
    top = np.array(grid.shape) - 1.0
    if about_mm is None:
        return np.zeros(3), top
    index = grid.to_index(about_mm)
    margin = _MARGIN_MM / grid.spacing_mm
    low, high = np.clip(index.min(axis=0) - margin, 0, top), np.clip(index.max(axis=0) + margin, 0, top)
    return (low, high) if (high > low).all() else (np.zeros(3), top)


def _lattice(low: FloatArray, high: FloatArray, spacing_mm: FloatArray) -> FloatArray:
    ways = [np.arange(a, b + 1e-6, _LATTICE_MM / s) for a, b, s in zip(low, high, spacing_mm, strict=True)]
    return np.stack(np.meshgrid(*ways, indexing="ij"), axis=-1).reshape(-1, 3)


def _volume_mm3(grid: Grid) -> float:
    return grid.voxel_volume_mm3 * float(np.prod(grid.shape))


def _corners(grid: Grid) -> FloatArray:
    ends = np.array(np.meshgrid(*((0, n - 1) for n in grid.shape))).reshape(3, -1).T
    return grid.to_world(ends)


def _narrowed(low: FloatArray, high: FloatArray, grid: Grid, corners_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Narrow an index box to what lies within a margin of the corners' bounding box; left as it is where apart."""
    index = grid.to_index(corners_mm)
    margin = _MARGIN_MM / grid.spacing_mm
    first = np.maximum(low, index.min(axis=0) - margin)
    last = np.minimum(high, index.max(axis=0) + margin)
    return (first, last) if (last - first > 1).all() else (low, high)


def _cropped(one: Layer, grid: Grid, low: FloatArray, high: FloatArray) -> Layer:
    """Part of a layer between two indices of the full grid it was thinned out from."""
    ends = one.grid.to_index(grid.to_world(np.array([low, high])))
    for axis in range(3):
        first = int(np.clip(np.floor(ends[0, axis]), 0, one.grid.shape[axis] - 1))
        last = int(np.clip(np.ceil(ends[1, axis]) + 1, first + 1, one.grid.shape[axis]))
        one = _part(one, axis, first, last)
        ends[:, axis] -= first
    return one


def _part(one: Layer, axis: int, first: int, last: int) -> Layer:
    cut = [slice(None)] * 3
    cut[axis] = slice(first, last)
    array = one.array[tuple(cut)]
    affine = one.grid.affine.copy()
    affine[:3, 3] = one.grid.to_world(np.eye(3)[axis] * first)
    return Layer(array, Grid((array.shape[0], array.shape[1], array.shape[2]), affine))
