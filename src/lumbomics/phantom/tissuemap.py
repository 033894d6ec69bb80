"""Sampling of all tissues on a grid, finer than the labels: cortex, marrow, roots, ligaments, discs' inner parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import DISC_OFFSET
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import SPINE, Anatomy, Layer
from lumbomics.phantom.paint import canal_stretches, index_box, local_coordinates
from lumbomics.phantom.roots import details
from lumbomics.phantom.shapes import Array, Solid
from lumbomics.phantom.soft import SoftTissue, tissue_numbers
from lumbomics.phantom.tissue import Tissue, annulus_of, nucleus_of

Numbers = NDArray[np.uint8]

NUCLEUS_MARGIN_MM = 0.9
"""Least distance of the nucleus from the disc's surface."""
_CORTEX_MM = 0.9
_FLAVUM_MM = 3.2
_DURA_MM = 0.45


def paint_tissue(anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> Numbers:
    """Tissue number of every voxel centre."""
    tissue = tissue_numbers(soft.codes(grid))
    _paint_flavum(tissue, anatomy, grid)
    for layer in anatomy.arches:
        _paint_bone(tissue, layer, grid)
    _paint_canal(tissue, anatomy, grid)
    order = {v.number: i for i, v in enumerate(anatomy.chain[:-1])}
    for layer in anatomy.fronts:
        number = layer.values.get(SPINE, 0)
        if number > DISC_OFFSET:
            _paint_disc(tissue, layer, grid, order[number - DISC_OFFSET])
        elif number:
            _paint_bone(tissue, layer, grid)
    for kind, solid, over in details(anatomy):
        box = index_box(grid, solid.corners_mm)
        if box is not None:
            inside = solid.level(*local_coordinates(grid, box, solid.frame)) <= 0
            view = tissue[box]
            view[inside & np.isin(view, over)] = kind
    return tissue


def nucleus_radius(solid: Solid, x: Array, y: Array) -> Array:
    """Relative distance from the nucleus' axis in the disc's frame; the nucleus reaches to 1."""
    half_x, half_y = solid.high[0] - 2.5, solid.high[1] - 2.5
    return np.asarray((x / (0.66 * half_x)) ** 2 + ((y + 0.06 * half_y) / (0.62 * half_y)) ** 2)


def _paint_bone(tissue: Numbers, layer: Layer, grid: Grid) -> None:
    box = index_box(grid, layer.solid.corners_mm)
    if box is None:
        return
    level = layer.solid.level(*local_coordinates(grid, box, layer.solid.frame))
    view = tissue[box]
    inside = level <= 0
    if not layer.values.get(SPINE, 0):
        view[inside & np.isin(view, (Tissue.CORTEX, Tissue.MARROW))] = Tissue.REMOVED
        return
    deep = level <= -_CORTEX_MM
    view[inside & ~deep & (view != Tissue.MARROW)] = Tissue.CORTEX
    view[deep] = Tissue.MARROW


def _paint_disc(tissue: Numbers, layer: Layer, grid: Grid, index: int) -> None:
    """Annulus outside, nucleus in the inner part; the outer annulus is as dark as a ligament."""
    box = index_box(grid, layer.solid.corners_mm)
    if box is None:
        return
    x, y, z = local_coordinates(grid, box, layer.solid.frame)
    level = layer.solid.level(x, y, z)
    view = tissue[box]
    open_space = ~np.isin(view, (Tissue.CORTEX, Tissue.MARROW))
    radius = nucleus_radius(layer.solid, x, y)
    view[(level <= 0) & open_space] = annulus_of(index)
    view[(level <= 0) & (level > -1.2) & open_space & (radius > 1.6)] = Tissue.LIGAMENT
    view[(level <= -NUCLEUS_MARGIN_MM) & (radius < 1) & open_space] = nucleus_of(index)


def _paint_flavum(tissue: Numbers, anatomy: Anatomy, grid: Grid) -> None:
    for stretch in canal_stretches(anatomy.canal, grid, _FLAVUM_MM + 1):
        s, x, y = stretch.place
        wall = anatomy.canal.canal_level(s, x, y)
        behind = (wall <= _FLAVUM_MM) & (y < -0.25 * anatomy.canal.at(anatomy.canal.half_depth, s))
        view = tissue[stretch.box]
        flat = view.ravel()
        flat[stretch.where[behind]] = Tissue.FLAVUM
        view[...] = flat.reshape(view.shape)


def _paint_canal(tissue: Numbers, anatomy: Anatomy, grid: Grid) -> None:
    canal = anatomy.canal
    for stretch in canal_stretches(canal, grid, 1.0):
        s, x, y = stretch.place
        view = tissue[stretch.box]
        flat = view.ravel()
        inside = canal.canal_level(s, x, y) <= 0
        sac = canal.sac_level(s, x, y)
        flat[stretch.where[inside]] = np.where(y[inside] > 0, Tissue.EPIDURAL_VEINS, Tissue.EPIDURAL_FAT)
        flat[stretch.where[(sac <= _DURA_MM) & inside]] = Tissue.LIGAMENT
        flat[stretch.where[sac <= 0]] = Tissue.CSF
        flat[stretch.where[(sac <= -0.2) & (anatomy.cauda.level(s, x, y) <= 0)]] = Tissue.ROOT
        flat[stretch.where[canal.cord_level(s, x, y) <= 0]] = Tissue.CORD
        view[...] = flat.reshape(view.shape)
