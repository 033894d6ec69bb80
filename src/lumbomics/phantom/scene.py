"""All that a phantom's pictures are made of: the closed-form spine, the soft tissue and what comes on top."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import MUSCLE, SPINE, Anatomy, build_anatomy
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.paint import Maps, paint_grid
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.signal import Injection, tissue_properties
from lumbomics.phantom.soft import SoftTissue, build_soft_tissue, muscle_labels
from lumbomics.phantom.tissue import Properties
from lumbomics.phantom.tissuemap import paint_tissue


@dataclass(frozen=True, eq=False)
class Scene:
    """One body.

    Parameters
    ----------
    anatomy
        The closed-form spine, extras built in.
    soft
        Muscles, fat, vessels and skin around it.
    extras
        Surgery, lesions, metal, in the order in which they act.
    """

    anatomy: Anatomy = field(repr=False)
    soft: SoftTissue = field(repr=False)
    extras: tuple[Extra, ...] = ()

    def properties(self, injection: Injection | None = None) -> list[Properties]:
        """List the properties by tissue number, those of the extras included."""
        table = tissue_properties(self.anatomy.parameters.degeneration)
        for extra in self.extras:
            for number, values in extra.properties(self.anatomy, injection).items():
                table[number] = values
        return table

    def tissue(self, grid: Grid) -> Numbers:
        """Tissue number (i, j, k) of every voxel centre."""
        numbers = paint_tissue(self.anatomy, self.soft, grid)
        for extra in self.extras:
            extra.paint(numbers, self.anatomy, self.soft, grid)
        return numbers

    def label_maps(self, grid: Grid, *, error: NDArray[np.float32] | None = None) -> Maps:
        """Sample all label maps, the muscles' included; ``error`` shifts the boundaries of the closed form (mm)."""
        maps = paint_grid(self.anatomy, grid, error=error)
        muscle = muscle_labels(self.soft.codes(grid))
        muscle[maps[SPINE] > 0] = 0
        maps[MUSCLE] = muscle
        for extra in self.extras:
            extra.relabel(maps, self.anatomy, self.soft, grid)
        return maps


def build_scene(parameters: PhantomParameters, extras: tuple[Extra, ...]) -> Scene:
    """Build the body from the parameters and let every extra change it."""
    anatomy = build_anatomy(parameters)
    soft = build_soft_tissue(anatomy.chain, anatomy.canal, parameters)
    for extra in extras:
        anatomy = extra.build(anatomy)
    return Scene(anatomy, soft, extras)


@lru_cache(maxsize=3)
def fine_tissue(scene: Scene, grid: Grid, factor: tuple[int, int, int]) -> Numbers:
    """Tissue numbers on a raster ``factor`` times finer than ``grid``; those of the last few grids are kept."""
    affine = grid.affine.copy()
    affine[:3, :3] = grid.affine[:3, :3] / np.array(factor)
    affine[:3, 3] = grid.to_world((1 / np.array(factor) - 1) / 2)
    shape = tuple(n * f for n, f in zip(grid.shape, factor, strict=True))
    return scene.tissue(Grid((shape[0], shape[1], shape[2]), affine, grid.frame))
