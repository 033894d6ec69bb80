"""Implants in a phantom, and what they do to its MR images."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.examination import Obscured
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.visit import MetalTechnique
from lumbomics.phantom.anatomy import MUSCLE, Anatomy
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.metal.distort import Axes, Displaced, displace
from lumbomics.phantom.metal.field import packed
from lumbomics.phantom.metal.implants import Implant, Kind, Material, Part, Rod, build_parts
from lumbomics.phantom.metal.technique import MetalSequence
from lumbomics.phantom.paint import index_box
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties

METAL_TISSUE, POLYMER_TISSUE = 126, 127
_PROPERTIES = {
    METAL_TISSUE: Properties(0.0, 1000, 10, 3071, 0.0),
    POLYMER_TISSUE: Properties(0.0, 1000, 10, 160, 0.0),
}


@dataclass(frozen=True, eq=False)
class Metal(Extra):
    """Implants of one patient.

    Parameters
    ----------
    implants
        Screws, cages, leads.
    field_tesla
        Field strength of the magnet, which displacement grows with.
    readout
        Storage axis that is frequency-encoded; the one nearest front-back where not given.
    void_below, piled_above
        Share of the tissue that should be there below or above which a voxel counts as void or piled up.
    shift_mm
        Mean displacement in the plane, and across it as a share (``shift_slices``) of a slice, from which a voxel
        counts as distorted.
    shift_slices
        See ``shift_mm``.
    """

    implants: tuple[Implant, ...]
    field_tesla: float = 1.5
    readout: int | None = None
    void_below: float = 0.3
    piled_above: float = 2.0
    shift_mm: float = 1.0
    shift_slices: float = 0.5

    def __post_init__(self) -> None:
        if not self.implants:
            raise InputError("no implant was named", expected="screws, cages or leads", where="implants")
        if not (0 < self.void_below < 1 < self.piled_above and min(self.shift_mm, self.shift_slices) > 0):
            raise InputError("limits of void and shift are out of order", got=str(self), where="metal")

    def parts(self, anatomy: Anatomy) -> tuple[Part, ...]:
        """Return the rods and balls of all implants in a spine."""
        return build_parts(self.implants, anatomy)

    def map(self, anatomy: Anatomy, grid: Grid) -> NDArray[np.uint8]:
        """Tell which voxels (i, j, k) hold an implant: 1 + the place of its :class:`Kind` in the list of kinds."""
        result = np.zeros(grid.shape, dtype=np.uint8)
        for part in self.parts(anatomy):
            _fill(result, part, grid, list(Kind).index(part.kind) + 1)
        return result

    def relabel(self, maps: MutableMapping[str, Numbers], anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Take the implants out of the muscles; bone keeps its label."""
        if MUSCLE in maps:
            maps[MUSCLE][self.map(anatomy, grid) > 0] = 0

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Paint the implants."""
        for part in self.parts(anatomy):
            metal = part.material is not Material.POLYMER
            _fill(tissue, part, grid, METAL_TISSUE if metal else POLYMER_TISSUE)

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Implants send nothing back and are bright in CT."""
        return _PROPERTIES

    def sequence(self, acquisition: Acquisition) -> MetalSequence:
        """Return what displaces: the acquisition's technique and bandwidth, at least the technique's usual one."""
        usual = MetalSequence.usual(acquisition.metal_technique, field_tesla=self.field_tesla)
        if acquisition.metal_technique is MetalTechnique.NONE or acquisition.bandwidth_hz > usual.bandwidth_hz:
            return MetalSequence(
                technique=usual.technique,
                field_tesla=self.field_tesla,
                bandwidth_hz=acquisition.bandwidth_hz,
                excitation_hz=usual.excitation_hz,
            )
        return usual

    def form(
        self,
        values: NDArray[np.float32],
        grid: Grid,
        contrast: Contrast,
        acquisition: Acquisition,
        anatomy: Anatomy,
    ) -> NDArray[np.float32]:
        """Lay the signal where the sequence sees it; CT is left as it is."""
        if contrast is Contrast.CT:
            return values
        return self.displaced(values, grid, self.sequence(acquisition), anatomy).values

    def displaced(
        self, values: NDArray[np.float32], grid: Grid, sequence: MetalSequence, anatomy: Anatomy
    ) -> Displaced:
        """Displace a signal (i, j, k) as ``sequence`` would."""
        inside = self.map(anatomy, grid) > 0
        table = packed(self.parts(anatomy))
        return displace(values, inside, grid, table, sequence, Axes.of(grid, readout=self.readout))

    def obscured(self, grid: Grid, contrast: Contrast, acquisition: Acquisition, anatomy: Anatomy) -> Numbers | None:
        """Map of void and distortion, exact for the displacement this phantom uses."""
        if contrast is Contrast.CT:
            return None
        return _obscured(self, grid, self.sequence(acquisition), anatomy).copy()


@lru_cache(maxsize=4)
def _obscured(metal: Metal, grid: Grid, sequence: MetalSequence, anatomy: Anatomy) -> Numbers:
    even = np.ones(grid.shape, dtype=np.float32)
    moved = metal.displaced(even, grid, sequence, anatomy)
    across = metal.shift_slices * float(grid.spacing_mm[Axes.of(grid, readout=metal.readout).slices])
    result = np.zeros(grid.shape, dtype=np.uint8)
    result[(moved.in_plane_mm > metal.shift_mm) | (moved.through_plane_mm > across)] = Obscured.DISTORTED
    # the plain share of tissue shown, and metal itself
    void = (moved.density < metal.void_below) | (moved.density > metal.piled_above)
    result[void | (metal.map(anatomy, grid) > 0)] = Obscured.VOID
    return result


def _fill(target: Numbers, part: Part, grid: Grid, value: int) -> None:
    """Set the voxels whose centre lies in a part."""
    ends = np.array([part.start_mm, part.end_mm] if isinstance(part, Rod) else [part.centre_mm, part.centre_mm])
    box = index_box(grid, ends, margin_mm=part.radius_mm + float(grid.spacing_mm.max()))
    if box is None:
        return
    index = np.stack(np.meshgrid(*(np.arange(b.start, b.stop) for b in box), indexing="ij"), axis=-1)
    points = grid.to_world(index) - ends[0]
    if isinstance(part, Rod):
        axis = (part.end_mm - part.start_mm) / part.length_mm
        points = points - np.clip(points @ axis, 0, part.length_mm)[..., None] * axis
    view = target[box]
    view[(points**2).sum(axis=-1) <= part.radius_mm**2] = value
