"""How far metal spoils an image: areas, lengths and volumes read from the exact map of what is obscured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lumbomics.core.errors import GridError
from lumbomics.core.examination import Obscured
from lumbomics.core.labels import Labels


@dataclass(frozen=True, kw_only=True)
class MetalExtent:
    """Size of one artefact.

    Parameters
    ----------
    void_mm3, distorted_mm3
        Volumes of void (or piled-up) and of distorted voxels.
    void_area_mm2
        Void area summed over the three neighbouring slices that hold most of it.
    in_plane_mm, through_plane_mm
        Largest extent of void and distortion within any slice (longest run along a storage axis), and across the
        slices.
    """

    void_mm3: float
    distorted_mm3: float
    void_area_mm2: float
    in_plane_mm: float
    through_plane_mm: float


def metal_extent(obscured: Labels, *, slice_axis: int | None = None) -> MetalExtent:
    """Measure a map of :class:`~lumbomics.core.examination.Obscured`.

    Parameters
    ----------
    obscured
        The map; 0 where nothing is spoilt.
    slice_axis
        Storage axis across the slices; the coarsest where not given.

    Raises
    ------
    GridError
        If there is no such axis.
    """
    spacing = obscured.grid.spacing_mm
    axis = int(np.argmax(spacing)) if slice_axis is None else slice_axis
    if axis not in (0, 1, 2):
        raise GridError("no such storage axis", expected="0, 1 or 2", got=str(slice_axis), where="slice_axis")
    array = np.moveaxis(np.asarray(obscured.array), axis, -1)
    first, second = (spacing[a] for a in range(3) if a != axis)
    void = array == Obscured.VOID
    by_slice = void.sum(axis=(0, 1)) * first * second
    spoilt = array > 0
    slices = spoilt.any(axis=(0, 1))
    voxel = obscured.grid.voxel_volume_mm3
    return MetalExtent(
        void_mm3=float(void.sum() * voxel),
        distorted_mm3=float((array == Obscured.DISTORTED).sum() * voxel),
        void_area_mm2=float(np.convolve(by_slice, np.ones(3)).max()),
        in_plane_mm=float(max(spoilt.sum(axis=0).max() * first, spoilt.sum(axis=1).max() * second)),
        through_plane_mm=float(slices.sum() * spacing[axis]),
    )
