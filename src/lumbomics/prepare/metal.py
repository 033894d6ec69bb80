"""What metal spoils in an MR image: thick signal voids in or behind the spine, and piled-up signal at their rims.

A void is told from cortex, ligament and flow by its thickness, its depth and its place: nothing in a spine is as thick
and as black as the surroundings of a screw, and the large vessels and the bowel's gas lie outside. Where labels err, a
dark disc, ligament or scar of the approach lies in what is called bone and is as thick: those are dark on T2 and grey
on T1, while metal leaves no signal in either; a picture of the other kind must bear a void out.

Displaced signal that is neither dark nor bright leaves no trace in one image: a rim about voids is marked as distorted,
wide where the sequence does nothing against metal. How much that misses is measured in
``benchmarks/postoperative/findings.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, label

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, VERTEBRA_NAMES
from lumbomics.core.examination import Obscured
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels
from lumbomics.core.sampling import sample_linear
from lumbomics.core.visit import MetalTechnique
from lumbomics.prepare.resample import resample_labels

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

METAL_NAMES = MappingProxyType({int(kind): kind.name.lower() for kind in Obscured})
"""Number -> name of the map."""
_SOURCE = "lumbomics metal"
_T1 = (Contrast.T1, Contrast.T1_POST)
_POINTS = 20_000
_RIM_MM = MappingProxyType(
    {MetalTechnique.NONE: 10.0, MetalTechnique.VAT: 8.0, MetalTechnique.SEMAC: 4.0, MetalTechnique.MAVRIC: 4.0}
)


@dataclass(frozen=True, kw_only=True)
class MetalOptions:
    """Limits of the search; engineering defaults, set on phantoms.

    Parameters
    ----------
    void_share
        Voxels darker than this share of the bones' upper quartile are dark.
    piled_share
        Voxels brighter than this multiple of the spine's 99th percentile, beside a void, are piled up.
    thickness_mm
        Dark tissue must be at least so thick in the plane.
    least_mm3
        Smallest void.
    reach_mm
        How far beside and behind the labelled spine a void that begins in it is followed.
    inside_mm3
        So much of a void must lie in vertebrae and canal: flow and gas lie beside them, a vacuum in a disc.
    beside_mm
        How near to a void bright signal is piled up.
    also_dark
        Least share of a void that must be dark in a picture of the other kind (T1, or not T1) that shows half of it.
    large_mm3
        A void from this size on is an implant's; a smaller one may be a screw's tip, or cortex within labels that err.
    rim_mm
        How far about a large void signal is taken to be displaced, by the sequence's technique; about others
        ``beside_mm``.
    """

    void_share: float = 0.22
    piled_share: float = 1.25
    thickness_mm: float = 4.5
    least_mm3: float = 150.0
    reach_mm: float = 18.0
    inside_mm3: float = 60.0
    beside_mm: float = 4.0
    also_dark: float = 0.35
    large_mm3: float = 600.0
    rim_mm: Mapping[MetalTechnique, float] = field(default_factory=lambda: _RIM_MM)


def find_metal(
    image: Image,
    spine: Labels,
    *,
    others: Sequence[Image] = (),
    technique: MetalTechnique = MetalTechnique.NONE,
    options: MetalOptions | None = None,
) -> Labels:
    """Mark the voxels that metal spoils.

    Parameters
    ----------
    image
        MR image in which fat and marrow are bright: T1, T2, PD.
    spine
        Spine map in the image's space, on any grid.
    others
        Pictures of the same patient in the same space in which fat is bright, on any grids. Those of the other kind
        (T1, or not T1) bear the voids out; a void that none of them shows is kept.
    technique
        What the sequence does against metal; nothing, where it is not known.
    options
        Limits of the search.

    Returns
    -------
    Map of :class:`~lumbomics.core.examination.Obscured` on the image's voxels; blank where no metal was found.
    """
    chosen = options or MetalOptions()
    carried = resample_labels(spine, image.grid).array
    box = _box(carried > 0, image, chosen.reach_mm)
    result = np.zeros(image.grid.shape, dtype=np.uint8)
    if box is not None:
        kinds = [one for one in others if (one.contrast in _T1) != (image.contrast in _T1)]
        rim_mm = chosen.rim_mm.get(technique, _RIM_MM[MetalTechnique.NONE])
        result[box] = _found(image, np.asarray(carried[box]), box, kinds, chosen, rim_mm)
    return Labels(result, image.grid, METAL_NAMES, _SOURCE)


def _box(held: Mask, image: Image, reach_mm: float) -> tuple[slice, slice, slice] | None:
    if not held.any():
        return None
    sides = []
    for axis in range(3):
        filled = np.flatnonzero(np.any(held, axis=tuple(a for a in range(3) if a != axis)))
        reach = int(np.ceil(2 * reach_mm / image.grid.spacing_mm[axis]))
        sides.append(slice(max(int(filled[0]) - reach, 0), int(filled[-1]) + reach + 1))
    return sides[0], sides[1], sides[2]


def _found(
    image: Image,
    carried: NDArray[np.integer],
    box: tuple[slice, slice, slice],
    others: Sequence[Image],
    options: MetalOptions,
    rim_mm: float,
) -> NDArray[np.uint8]:
    spacing = image.grid.spacing_mm
    values = np.asarray(image.array[box], dtype=np.float32)
    # half a millimetre of blur in the plane: a lone noisy voxel is no void and no void's end
    smooth = gaussian_filter(values, [0.5 / s if s < 2 else 0 for s in spacing])
    bone = np.isin(carried, [*VERTEBRA_NAMES, CANAL, CORD])
    # the upper quartile: beside steel most of the bone itself is void
    ordinary = float(np.percentile(values[bone] if bone.any() else values, 75))
    near = _near(carried > 0, image, options.reach_mm)
    dark = (smooth < options.void_share * ordinary) & near
    void = _thick(dark, bone, carried > DISC_OFFSET, spacing, options)
    if others and void.any():
        first = np.array([one.start for one in box])
        places = [image.grid.to_world(np.argwhere(mask) + first) for mask in (void, bone)]
        void = _borne_out(void, places[0], places[1], others, options)
    result = np.zeros(values.shape, dtype=np.uint8)
    if not void.any():
        return result
    away = distance_transform_edt(~void, sampling=spacing)
    piled = (away <= options.beside_mm) & (smooth > options.piled_share * np.percentile(values[carried > 0], 99))
    result[away <= options.beside_mm] = Obscured.DISTORTED
    parts, _ = label(void, np.ones((3, 3, 3)))
    large = np.bincount(parts.ravel()) * float(np.prod(spacing)) >= options.large_mm3
    large[0] = False
    if large.any():
        result[distance_transform_edt(~large[parts], sampling=spacing) <= rim_mm] = Obscured.DISTORTED
    result[void | piled] = Obscured.VOID
    return result


def _near(spine: Mask, image: Image, reach_mm: float) -> Mask:
    """Voxels in the spine and beside or behind it, not in front: vessels are dark there, and bowel gas."""
    axis = int(np.argmax(np.abs(image.grid.axes[1])))
    forward = image.grid.axes[1, axis] > 0
    away = distance_transform_edt(~spine, sampling=image.grid.spacing_mm)
    held = spine if forward else np.flip(spine, axis)
    behind_front = np.flip(np.cumsum(np.flip(held, axis), axis=axis), axis) > 0
    behind_front = behind_front if forward else np.flip(behind_front, axis)
    return np.asarray((away <= reach_mm) & behind_front)


def _thick(dark: Mask, bone: Mask, disc: Mask, spacing: NDArray[np.float64], options: MetalOptions) -> Mask:
    """Keep dark regions thick enough in the plane, large enough, and begun in bone or canal.

    A worn disc is as dark and thick as a void: a void is followed into one by half the thickness asked for, no more.
    """
    plane = [0.0 if s == spacing.max() else 1.0 for s in spacing]
    sampling = [s if p else 1e6 for s, p in zip(spacing, plane, strict=True)]
    depth = distance_transform_edt(dark & ~disc, sampling=sampling)
    seeds = depth >= options.thickness_mm / 2
    # grown back by the depth that was taken off, inside the dark region alone
    grown = distance_transform_edt(~seeds, sampling=sampling) <= options.thickness_mm / 2
    kept = dark & grown if seeds.any() else np.zeros_like(dark)
    parts, _ = label(kept, np.ones((3, 3, 3)))
    voxel = float(np.prod(spacing))
    volumes = np.bincount(parts.ravel()) * voxel
    inside = np.bincount(parts[bone], minlength=len(volumes)) * voxel
    fit = (volumes >= options.least_mm3) & (inside >= options.inside_mm3)
    fit[0] = False
    return np.asarray(fit[parts])


def _borne_out(
    void: Mask, points_mm: FloatArray, bone_mm: FloatArray, others: Sequence[Image], options: MetalOptions
) -> Mask:
    """Keep the voids that one of the other pictures shows dark as well, and those of which none shows half.

    ``points_mm`` (n, 3) are the void's voxels in their order, ``bone_mm`` (m, 3) voxels of bone and canal.
    """
    parts, count = label(void, np.ones((3, 3, 3)))
    part = parts[void]
    size = np.bincount(part, minlength=count + 1)
    seen, kept = np.zeros(count + 1, dtype=bool), np.zeros(count + 1, dtype=bool)
    for other in others:
        usual = sample_linear(other.array, other.grid, bone_mm[:: 1 + len(bone_mm) // _POINTS])
        values = sample_linear(other.array, other.grid, points_mm)
        inside = np.isfinite(values)
        if not inside.any() or not np.isfinite(usual).any():
            continue
        ordinary = np.percentile(usual[np.isfinite(usual)], 75)
        shown = np.bincount(part, inside, minlength=count + 1)
        dark = np.bincount(part, inside & (values < options.void_share * ordinary), minlength=count + 1)
        enough = 2 * shown >= size
        seen |= enough
        kept |= enough & (dark >= options.also_dark * shown)
    return np.asarray((kept | ~seen)[parts] & void)
