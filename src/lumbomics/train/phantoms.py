"""Phantoms as training samples: tissue numbers that get a new signal each time they are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, SACRUM
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Segmentation
from lumbomics.core.prediction import Tissue
from lumbomics.phantom import SEQUENCES, Phantom, make_phantom
from lumbomics.phantom.signal import signal_table, tissue_properties
from lumbomics.phantom.tissuemap import paint_tissue
from lumbomics.segment.network.view import SagittalView
from lumbomics.train.samples import Sample

FIRST_SEED = 100_000
"""Training phantoms come from seeds no accuracy figure uses."""
_SLICE_MM = 2.5
_SLICES = 25


def phantom_sample(seed: int, *, spacing_mm: float, cache: Path | None = None) -> Sample:
    """Paint one phantom on a sagittal slab; ``cache`` keeps it for the next run."""
    phantom = make_phantom(FIRST_SEED + seed)
    path = None if cache is None else cache / f"phantom-{spacing_mm:g}mm-{seed}.npz"
    if path is not None and path.exists():
        with np.load(path) as kept:
            tissue, labels = kept["tissue"], kept["labels"]
    else:
        tissue, labels = _painted(phantom, spacing_mm)
        if path is not None:
            np.savez_compressed(path, tissue=tissue, labels=labels)
    return Sample(
        name=f"phantom {FIRST_SEED + seed}",
        slices=tissue,
        labels=labels,
        spacing_mm=_SLICE_MM,
        painted=True,
        signal=_signals(phantom),
    )


def tissue_classes(segmentation: Segmentation) -> NDArray[np.uint8]:
    """Classes of the network from a phantom's label maps.

    The canal is the dural sac, as the real masks draw it: without the fat behind it, ending with the sac.
    """
    spine = np.asarray(segmentation.spine.array)
    out = np.zeros(spine.shape, dtype=np.uint8)
    out[(spine > 0) & (spine != CANAL) & (spine != CORD)] = Tissue.VERTEBRA
    out[spine > DISC_OFFSET] = Tissue.DISC
    out[spine == SACRUM] = Tissue.SACRUM
    if segmentation.dural_sac is not None:
        out[(segmentation.dural_sac.array > 0) & ((spine == CANAL) | (spine == CORD))] = Tissue.CANAL
    return out


def _painted(phantom: Phantom, spacing_mm: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    grid = _wide(phantom.sagittal_grid(in_plane_mm=spacing_mm, thickness_mm=_SLICE_MM, slices=_SLICES), spacing_mm)
    view = SagittalView.of(grid)
    tissue = paint_tissue(phantom.anatomy, phantom.soft, grid)
    labels = tissue_classes(phantom.segmentation(grid))
    return np.ascontiguousarray(view.turn(tissue)), np.ascontiguousarray(view.turn(labels))


def _wide(grid: Grid, spacing_mm: float) -> Grid:
    """Add 45 mm in front, where real pictures show the belly."""
    more = int(45 / spacing_mm)
    i, j, k = grid.shape
    return Grid((i, j + more, k), grid.affine, grid.frame)


def _signals(phantom: Phantom) -> NDArray[np.float32]:
    properties = tissue_properties(phantom.parameters.degeneration)
    tables = np.stack([signal_table(properties, contrast) for contrast in SEQUENCES])
    return np.asarray(tables / tables.max(axis=1, keepdims=True), dtype=np.float32)
