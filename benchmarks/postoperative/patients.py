"""Operated digital patients as the benchmark sees them: axial series through one level, true maps on them.

Only what the operated level needs is formed: the canal and the back muscles beside it, 6 x 6 cm, one level,
0.55 x 0.55 x 4 mm unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.examination import Examination, Obscured, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, describe_spine
from lumbomics.phantom import Injection, Phantom
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.postoperative import Kind, make_postoperative

_BEHIND_MM = 22.0
_AROUND_MM = np.array([34.0, 55.0, 56.0])
KINDS = (Kind.SCAR, Kind.DISC, Kind.MIXED, Kind.ARACHNOIDITIS, Kind.COLLECTION, Kind.HAEMATOMA, Kind.PLAIN)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """How the axial series are taken and spoilt.

    ``moved_mm`` shifts the post-contrast series along the right axis without anybody noticing: motion between series.
    ``blur_voxels`` is motion within a series. ``hidden`` is the share of the canal's width that metal spoils. The stack
    reaches ``half_height_mm`` to either side of the disc.
    """

    name: str = "clinical"
    in_plane_mm: float = 0.55
    thickness_mm: float = 4.0
    width_mm: float = 60.0
    half_height_mm: float = 9.0
    noise: float = 0.012
    blur_voxels: float = 0.45
    moved_mm: float = 0.0
    hidden: float = 0.0
    contrasts: tuple[Contrast, ...] = (Contrast.T2, Contrast.T1, Contrast.T1_POST)


@dataclass(frozen=True, eq=False)
class Patient:
    """A phantom, where it was operated, and what kind of finding it has."""

    seed: int
    kind: Kind
    level: str
    phantom: Phantom = field(repr=False)


def patient(seed: int, kinds: Sequence[Kind] = KINDS) -> Patient:
    """The patient of a seed; kinds take turns."""
    kind = kinds[seed % len(kinds)]
    phantom = make_postoperative(seed, kind)
    (level,) = {one.level for extra in phantom.scene.extras for one in extra.operations()}
    return Patient(seed, kind, level, phantom)


def injection(one: Patient) -> Injection:
    """Contrast agent of a patient: the axial series comes 3 to 12 minutes after it."""
    return Injection(delay_min=float(np.random.default_rng([one.seed, 41]).uniform(3, 12)))


def examined(one: Patient, conditions: Sequence[Condition]) -> list[ExaminedSpine]:
    """The patient's level under each condition; the labels of the spine are described once."""
    phantom = one.phantom
    spine = describe_spine(phantom.segmentation(label_grid(phantom, one.level)))
    operations = tuple(op for extra in phantom.scene.extras for op in extra.operations())
    return [
        ExaminedSpine(
            spine=spine,
            examination=Examination(
                segmentation=spine.segmentation, scans=scans(one, condition), operations=operations
            ),
        )
        for condition in conditions
    ]


def scans(one: Patient, condition: Condition) -> tuple[Scan, ...]:
    """The axial series of a level, with true tissue and muscle maps."""
    phantom = one.phantom
    grid = slice_grid(phantom, one.level, condition)
    tissue = phantom.canal_tissue(grid)
    muscle = phantom.segmentation(grid).muscle
    acquisition = Acquisition(noise=condition.noise, blur_voxels=condition.blur_voxels, injection=injection(one))
    obscured = _hidden(tissue, condition.hidden) if condition.hidden else None
    found = []
    for contrast in condition.contrasts:
        image = phantom.image(grid, contrast, acquisition=acquisition)
        if contrast is Contrast.T1_POST and condition.moved_mm:
            image = replace(image, array=_shifted(image.array, condition.moved_mm / condition.in_plane_mm))
        found.append(
            Scan(
                name=f"acq-ax_{contrast.value}",
                image=image,
                plane=Plane.AXIAL,
                tissue=tissue,
                muscle=muscle,
                obscured=obscured,
            )
        )
    return tuple(found)


def _shifted(array: NDArray[np.int16], columns: float) -> NDArray[np.float32]:
    from scipy.ndimage import shift

    return np.asarray(shift(array.astype(np.float32), (columns, 0, 0), order=1, mode="nearest"))


def _hidden(tissue: Labels, share: float) -> Labels:
    """Hide the left part of the canal as metal would: a share of its width, on all slices."""
    canal = tissue.array > 0
    columns = np.flatnonzero(canal.any(axis=(1, 2)))
    last = int(columns[0] + share * (columns[-1] - columns[0]))
    hidden = np.zeros(tissue.array.shape, dtype=np.uint8)
    hidden[:last] = Obscured.VOID
    return Labels(hidden, tissue.grid)


def slice_grid(phantom: Phantom, level: str, condition: Condition) -> Grid:
    """Slices along the disc about its middle, as they happen to lie; rows from the back muscles to the disc."""
    frame = phantom.disc_frame(level)
    columns, slices = (
        int(condition.width_mm / condition.in_plane_mm),
        2 * int(condition.half_height_mm / condition.thickness_mm) + 1,
    )
    spacing = np.array([condition.in_plane_mm, condition.in_plane_mm, condition.thickness_mm])
    half = (np.array([columns, columns, slices]) - 1) / 2 * spacing
    aside = np.random.default_rng([phantom.seed, 40]).uniform(-0.5, 0.5, 3) * spacing
    origin = frame.to_world(np.array([0.0, -_BEHIND_MM, 0.0]) - half + aside)
    return Grid.from_spacing((columns, columns, slices), spacing, origin_mm=origin, axes=frame.rotation)


def label_grid(phantom: Phantom, level: str) -> Grid:
    """Sagittal slices of 4 mm about a level, both vertebrae whole."""
    spacing = np.array([4.0, 1.0, 1.0])
    low = phantom.disc_frame(level).origin_mm - _AROUND_MM - (0.0, 12.0, 0.0)
    shape = (2 * _AROUND_MM / spacing).astype(int) + 1
    return Grid.from_spacing((int(shape[0]), int(shape[1]), int(shape[2])), spacing, origin_mm=low)
