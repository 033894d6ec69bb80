"""The series of a visit after surgery, of a phantom, with the true maps on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from lumbomics.core.errors import InputError
from lumbomics.core.examination import Examination, Obscured, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels, Muscle
from lumbomics.core.visit import Plane
from lumbomics.phantom.canalmap import NAMES, canal_tissue
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.signal import Injection, sequence_of

if TYPE_CHECKING:
    from lumbomics.phantom.phantom import Phantom

SOURCE = "phantom"
_OBSCURED = MappingProxyType({int(kind): kind.name.lower() for kind in Obscured})
_MUSCLES = MappingProxyType({int(muscle): muscle.name.lower() for muscle in Muscle})


@dataclass(frozen=True, kw_only=True)
class VisitProtocol:
    """Which series are taken and how.

    Parameters
    ----------
    levels
        Discs the axial slices are laid through; the operated ones and their lower neighbours where none is named, or
        L3-L4 to the sacrum where none was operated.
    angled
        One short stack along each disc; else one straight stack through all.
    sagittal, axial
        Which contrasts.
    in_plane_mm, thickness_mm, slices
        Of the axial series; ``slices`` for each angled stack.
    sagittal_mm, sagittal_slices
        Pixel and number of 4 mm slices of the sagittal series.
    acquisition
        Noise, shading and blur of every series.
    injection
        Contrast agent before the series after contrast.
    post_gain, post_fat_suppressed
        Receiver gain and fat suppression of the series after contrast.
    """

    levels: tuple[str, ...] = ()
    angled: bool = False
    sagittal: tuple[Contrast, ...] = (Contrast.T2, Contrast.T1, Contrast.STIR)
    axial: tuple[Contrast, ...] = (Contrast.T2, Contrast.T1, Contrast.T1_POST)
    in_plane_mm: float = 0.55
    thickness_mm: float = 4.0
    slices: int = 5
    sagittal_mm: float = 0.6
    sagittal_slices: int = 15
    acquisition: Acquisition = field(default_factory=Acquisition)
    injection: Injection = field(default_factory=Injection)
    post_gain: float = 1.0
    post_fat_suppressed: bool = False

    def __post_init__(self) -> None:
        if (
            min(self.in_plane_mm, self.thickness_mm, self.sagittal_mm) <= 0
            or min(self.slices, self.sagittal_slices) < 1
        ):
            raise InputError("a series needs positive sizes", got=str(self))


def examine(phantom: Phantom, protocol: VisitProtocol) -> Examination:
    """Take the series of a visit; see :meth:`~lumbomics.phantom.Phantom.examination`."""
    sagittal = phantom.sagittal_grid(in_plane_mm=protocol.sagittal_mm, slices=protocol.sagittal_slices)
    scans = [*_series(phantom, protocol, sagittal, Plane.SAGITTAL, protocol.sagittal, run=None)]
    grids = axial_grids(phantom, protocol)
    for number, grid in enumerate(grids, start=1):
        run = number if len(grids) > 1 else None
        scans += _series(phantom, protocol, grid, Plane.AXIAL, protocol.axial, run=run)
    operations = tuple(one for extra in phantom.scene.extras for one in extra.operations())
    return Examination(segmentation=phantom.segmentation(sagittal), scans=tuple(scans), operations=operations)


def axial_grids(phantom: Phantom, protocol: VisitProtocol) -> tuple[Grid, ...]:
    """Lattices of the axial series: one through all levels, or one along each."""
    if not protocol.axial:
        return ()
    levels = protocol.levels or _usual_levels(phantom)
    if protocol.angled:
        return tuple(
            phantom.axial_grid(
                level,
                in_plane_mm=protocol.in_plane_mm,
                thickness_mm=protocol.thickness_mm,
                slices=protocol.slices,
            )
            for level in levels
        )
    return (_straight(phantom, protocol, levels),)


def _straight(phantom: Phantom, protocol: VisitProtocol, levels: tuple[str, ...]) -> Grid:
    """Lay one stack along the mean plane of the discs, 16 mm beyond the outermost."""
    frames = [phantom.disc_frame(level) for level in levels]
    stack = [
        phantom.axial_grid(level, in_plane_mm=protocol.in_plane_mm, thickness_mm=protocol.thickness_mm, slices=1)
        for level in levels
    ]
    mean = np.mean([frame.rotation for frame in frames], axis=0)
    left, _, right = np.linalg.svd(mean)
    axes = left @ right
    middles = np.array([frame.origin_mm for frame in frames]) @ axes
    low, high = middles.min(axis=0), middles.max(axis=0)
    slices = int(np.ceil((high[2] - low[2] + 32.0) / protocol.thickness_mm)) + 1
    half = np.array([stack[0].shape[0] * protocol.in_plane_mm / 2, stack[0].shape[0] * protocol.in_plane_mm * 0.62, 0])
    middle = (low + high) / 2 - half
    middle[2] = (low[2] + high[2]) / 2 - (slices - 1) / 2 * protocol.thickness_mm
    spacing = (protocol.in_plane_mm, protocol.in_plane_mm, protocol.thickness_mm)
    columns, rows, _ = stack[0].shape
    return Grid.from_spacing((columns, rows, slices), spacing, origin_mm=axes @ middle, axes=axes)


def _usual_levels(phantom: Phantom) -> tuple[str, ...]:
    discs = phantom.parameters.discs
    operated = {one.level for extra in phantom.scene.extras for one in extra.operations()}
    if not operated:
        return discs[-3:]
    places = [discs.index(level) for level in operated]
    return discs[max(min(places) - 1, 0) : max(places) + 2]


def _series(
    phantom: Phantom,
    protocol: VisitProtocol,
    grid: Grid,
    plane: Plane,
    contrasts: tuple[Contrast, ...],
    *,
    run: int | None,
) -> Iterator[Scan]:
    maps = phantom.scene.label_maps(grid)
    tissue = Labels(canal_tissue(phantom.scene, phantom.scene.tissue(grid), maps), grid, NAMES, SOURCE, 0.0)
    muscle = Labels(maps["muscle"], grid, _MUSCLES, SOURCE, 0.0)
    for contrast in contrasts:
        acquisition = _acquisition(protocol, contrast)
        yield Scan(
            name=series_name(plane, contrast, fat_suppressed=acquisition.fat_suppressed, run=run),
            image=phantom.image(grid, contrast, acquisition=acquisition),
            plane=plane,
            fat_suppressed=acquisition.fat_suppressed or contrast is Contrast.STIR,
            metal_technique=acquisition.metal_technique,
            tissue=tissue,
            muscle=muscle,
            obscured=_obscured(phantom, grid, contrast, acquisition),
            registration_error_mm=0.0,
            facts=facts_of(contrast),
        )


def _acquisition(protocol: VisitProtocol, contrast: Contrast) -> Acquisition:
    if contrast is not Contrast.T1_POST:
        return protocol.acquisition
    return replace(
        protocol.acquisition,
        gain=protocol.acquisition.gain * protocol.post_gain,
        fat_suppressed=protocol.post_fat_suppressed,
        injection=protocol.injection,
    )


def _obscured(phantom: Phantom, grid: Grid, contrast: Contrast, acquisition: Acquisition) -> Labels:
    spoilt = np.zeros(grid.shape, dtype=np.uint8)
    for extra in phantom.scene.extras:
        found = extra.obscured(grid, contrast, acquisition, phantom.anatomy)
        if found is not None:
            # a void outweighs a distortion
            spoilt = np.where((found == Obscured.VOID) | (spoilt == 0), found, spoilt)
    return Labels(spoilt, grid, _OBSCURED, SOURCE, 0.0)


def series_name(plane: Plane, contrast: Contrast, *, fat_suppressed: bool = False, run: int | None = None) -> str:
    """BIDS name of a phantom's series: ``acq-ax_ce-gadolinium_T1w``, ``acq-ax_run-2_T2w``."""
    kind = {Contrast.STIR: "STIR", Contrast.T2_SPACE: "SPACE"}.get(contrast, "FS" if fat_suppressed else "")
    suffix = {Contrast.T1: "T1w", Contrast.T1_POST: "T1w", Contrast.PD: "PDw"}.get(contrast, "T2w")
    parts = [f"acq-{'sag' if plane is Plane.SAGITTAL else 'ax'}{kind}"]
    parts += ["ce-gadolinium"] if contrast is Contrast.T1_POST else []
    parts += [] if run is None else [f"run-{run}"]
    return "_".join([*parts, suffix])


def facts_of(contrast: Contrast) -> tuple[tuple[str, str | float], ...]:
    """Say of a sequence what a scanner's header does, by the names of ``Series.facts``."""
    sequence = sequence_of(contrast)
    facts: dict[str, str | float] = {
        "field_strength_t": sequence.field_tesla,
        "repetition_time_ms": sequence.repetition_ms,
        "echo_time_ms": sequence.echo_ms,
        "flip_angle_deg": 90,
        "scanning_sequence": "SE",
        "patient_position": "HFS",
    }
    if sequence.inversion_ms is not None:
        facts |= {"inversion_time_ms": sequence.inversion_ms, "scanning_sequence": "SE\\IR"}
    if contrast is Contrast.T1_POST:
        facts["contrast_agent"] = "yes"
    return tuple(facts.items())
