"""Signals told relative to the patient's own fluid, muscle and fat, so that scanners and gains can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from lumbomics.core.anatomy import CANAL
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue, Scan
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels
from lumbomics.prepare.resample import resample_labels

Mask = NDArray[np.bool_]

_LEAST_VOXELS = 60
_MAD_TO_SD = 1.4826


class ReferenceTissue(StrEnum):
    """Tissue of the patient's own to which signals are related."""

    FLUID = "fluid"
    """Cerebrospinal fluid in the dural sac."""
    MUSCLE = "muscle"
    """Paraspinal muscle without the fat in it."""
    FAT = "fat"
    """Subcutaneous fat of the back."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Signal of one reference tissue.

    Parameters
    ----------
    tissue
        Which.
    signal
        Median over its voxels, in the image's own values; ``None`` where it could not be found.
    spread
        1.4826 times the median absolute deviation.
    voxels
        How many were looked at.
    reason
        Why there is none.
    """

    tissue: ReferenceTissue
    signal: float | None = None
    spread: float | None = None
    voxels: int = 0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class References:
    """Signals of the reference tissues of one image."""

    found: Mapping[ReferenceTissue, Reference] = field(default_factory=lambda: MappingProxyType({}))

    def ratio(self, image: Image, tissue: ReferenceTissue) -> Image:
        """Divide an image by the signal of a reference tissue.

        Raises
        ------
        InputError
            If that tissue was not found.
        """
        reference = self.found[tissue]
        if not reference.signal:
            raise InputError(f"there is no {tissue} to relate signals to", got=reference.reason, where="references")
        return Image(np.asarray(image.array / reference.signal, dtype=np.float32), image.grid, contrast=image.contrast)


def find_references(
    image: Image, *, spine: Labels | None = None, tissue: Labels | None = None, muscle: Labels | None = None
) -> References:
    """Measure the reference tissues of an image.

    Parameters
    ----------
    image
        Take the shading off first: a reference at the back and a disc at the front are lit differently.
    spine
        Spine map; its canal gives the fluid where no ``tissue`` is given.
    tissue
        Map of :class:`~lumbomics.core.examination.CanalTissue`.
    muscle
        Muscle map; the fat is looked for behind it.

    Notes
    -----
    Maps may lie on any grid of the image's space. The outermost voxels in the plane of each mask are left out.
    Fluid is the brighter half of the canal on T2 and the darker half on T1, because roots share the sac. Muscle is
    the darker half of its map, because fat shares it. Fat is the brightest mode behind the muscles where fat is bright
    (T1, T2, PD), else none.
    """
    maps = {
        name: None if one is None else (one if one.grid.same_place(image.grid) else resample_labels(one, image.grid))
        for name, one in (("spine", spine), ("tissue", tissue), ("muscle", muscle))
    }
    values = np.asarray(image.array, dtype=np.float32)
    found = (
        _fluid(values, image.contrast, maps["spine"], maps["tissue"]),
        _muscle(values, maps["muscle"]),
        _fat(values, image, maps["muscle"]),
    )
    return References(MappingProxyType({one.tissue: one for one in found}))


def references_of(scan: Scan, *, spine: Labels | None = None) -> References:
    """Measure the reference tissues of a scan from its own maps, and from the spine map of the examination."""
    return find_references(scan.image, spine=spine, tissue=scan.tissue, muscle=scan.muscle)


def _fluid(values: NDArray[np.float32], contrast: Contrast, spine: Labels | None, tissue: Labels | None) -> Reference:
    kind = ReferenceTissue.FLUID
    if tissue is not None and (tissue.array == CanalTissue.FLUID).sum() >= _LEAST_VOXELS:
        return _summed(kind, values[_core(tissue.array == CanalTissue.FLUID)])
    if spine is None:
        return Reference(tissue=kind, reason="neither canal nor fluid is labelled")
    inside = values[_core(spine.array == CANAL)]
    if len(inside) < _LEAST_VOXELS:
        return Reference(tissue=kind, voxels=len(inside), reason="too little of the canal lies in the image")
    middle = np.median(inside)
    return _summed(kind, inside[inside >= middle] if contrast.is_t2 else inside[inside <= middle])


def _muscle(values: NDArray[np.float32], muscle: Labels | None) -> Reference:
    kind = ReferenceTissue.MUSCLE
    if muscle is None:
        return Reference(tissue=kind, reason="no muscle is labelled")
    inside = values[_core(muscle.array > 0)]
    if len(inside) < _LEAST_VOXELS:
        return Reference(tissue=kind, voxels=len(inside), reason="too little muscle lies in the image")
    return _summed(kind, inside[inside <= np.median(inside)])


def _fat(values: NDArray[np.float32], image: Image, muscle: Labels | None) -> Reference:
    kind = ReferenceTissue.FAT
    if image.contrast not in {Contrast.T1, Contrast.T1_POST, Contrast.T2, Contrast.T2_SPACE, Contrast.PD}:
        return Reference(tissue=kind, reason=f"fat is not bright in {image.contrast}")
    if muscle is None or not (muscle.array > 0).any():
        return Reference(tissue=kind, reason="no muscle is labelled behind which fat could be looked for")
    behind = values[_behind(image, muscle)]
    ordinary = float(np.median(values[muscle.array > 0]))
    bright = behind[behind > 1.5 * ordinary]
    if len(bright) < _LEAST_VOXELS:
        return Reference(tissue=kind, voxels=len(bright), reason="no bright layer lies behind the muscles")
    # skin and septa make a tail below the mode, bright vessels hardly any above
    counts, edges = np.histogram(bright, bins=40)
    peak = int(np.argmax(counts))
    mode, width = (edges[peak] + edges[peak + 1]) / 2, 0.25
    return _summed(kind, bright[np.abs(bright / mode - 1) < width])


def _behind(image: Image, muscle: Labels) -> Mask:
    """Voxels behind the rearmost muscle of their height."""
    axis = int(np.argmax(np.abs(image.grid.axes[1])))
    up = int(np.argmax(np.abs(image.grid.axes[2])))
    forward = image.grid.axes[1, axis] > 0
    across = next(a for a in range(3) if a not in {axis, up})
    held = np.any(muscle.array > 0, axis=across, keepdims=True)
    held = held if forward else np.flip(held, axis)
    before = np.cumsum(held, axis=axis) == 0
    before &= np.any(held, axis=axis, keepdims=True)
    before = before if forward else np.flip(before, axis)
    return np.asarray(np.broadcast_to(before, image.grid.shape))


def _core(mask: Mask) -> Mask:
    """Leave out the outermost voxels along the fine axes."""
    cross = np.zeros((3, 3, 3), dtype=bool)
    thick = int(np.argmin(mask.shape))
    cut: list[int | slice] = [slice(None)] * 3
    cut[thick] = 1
    cross[tuple(cut)] = True
    return np.asarray(binary_erosion(mask, cross))


def _summed(kind: ReferenceTissue, values: NDArray[np.float32]) -> Reference:
    if len(values) < _LEAST_VOXELS:
        return Reference(tissue=kind, voxels=len(values), reason=f"{len(values)} voxels, {_LEAST_VOXELS} are needed")
    middle = float(np.median(values))
    spread = _MAD_TO_SD * float(np.median(np.abs(values - middle)))
    if middle <= 0:
        return Reference(tissue=kind, voxels=len(values), reason="it gives no signal")
    return Reference(tissue=kind, signal=middle, spread=spread, voxels=len(values))
