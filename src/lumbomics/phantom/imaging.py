"""From tissues to an image: supersampling, texture, coil shading, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.visit import MetalTechnique
from lumbomics.phantom.errorfield import smooth_field
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.scene import Scene, fine_tissue
from lumbomics.phantom.signal import Injection, sequence_of, signal_table
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import PROPERTIES, Properties, Tissue

FloatArray = NDArray[np.float64]

_FULL_SCALE = 1400.0
_SAMPLE_MM = 1.4
_CT_NOISE_HU = 18.0


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """How an image is spoilt.

    Parameters
    ----------
    noise
        Standard deviation of the noise in each channel as a share of the fat signal at the back; CT has its own.
    texture
        Factor on the tissues' own unevenness.
    coil_reach_mm
        Depth at which the surface coil's signal has halved; infinite for an even image.
    blur_voxels
        Standard deviation of the in-plane point spread, voxels.
    gain
        Factor on signal and noise, as another receiver setting.
    fat_suppressed
        Whether fat is made dark.
    injection
        Contrast agent; the usual one where a picture after contrast is asked for and none is given.
    metal_technique, bandwidth_hz
        What the sequence does against metal, and its receiver bandwidth per pixel.
    """

    noise: float = 0.012
    texture: float = 1.0
    coil_reach_mm: float = 95.0
    blur_voxels: float = 0.45
    gain: float = 1.0
    fat_suppressed: bool = False
    injection: Injection | None = None
    metal_technique: MetalTechnique = MetalTechnique.NONE
    bandwidth_hz: float = 220.0

    def __post_init__(self) -> None:
        if self.gain <= 0 or self.bandwidth_hz <= 0:
            raise InputError("gain and bandwidth are positive", got=f"{self.gain}, {self.bandwidth_hz} Hz")


def form_image(
    scene: Scene,
    grid: Grid,
    contrast: Contrast,
    acquisition: Acquisition,
    rng: np.random.Generator,
    texture_rng: np.random.Generator | None = None,
) -> Image:
    """Form one image on ``grid``; the tissues of the last few grids are kept for further contrasts.

    ``texture_rng`` draws the tissues' own unevenness where two images shall share it.
    """
    factor = _oversampling(grid)
    tissue = fine_tissue(scene, grid, factor)
    injection = (acquisition.injection or Injection()) if contrast is Contrast.T1_POST else None
    properties = scene.properties(injection)
    table = signal_table(properties, contrast, injection=injection, fat_suppressed=acquisition.fat_suppressed)
    values = _averaged(table.astype(np.float32)[tissue], factor)
    quantity = Quantity.HOUNSFIELD if contrast is Contrast.CT else Quantity.ARBITRARY
    if contrast is Contrast.CT:
        values += rng.normal(0, _CT_NOISE_HU, values.shape).astype(np.float32)
        return Image(np.rint(np.clip(values, -1024, 3071)).astype(np.int16), grid, quantity, contrast)
    values *= 1 + acquisition.texture * _texture(properties, grid, tissue, factor, texture_rng or rng)
    for extra in scene.extras:
        values = extra.form(values, grid, contrast, acquisition, scene.anatomy)
    values = _blurred(np.maximum(values, 0), grid, acquisition.blur_voxels)
    values *= coil_shading(scene.soft, grid, acquisition.coil_reach_mm)
    # the noise belongs to coil and receiver: the same before and after contrast, with and without fat suppression
    level = acquisition.noise * sequence_of(contrast).signal(PROPERTIES[Tissue.FAT])
    return Image(_rician(values, level, acquisition.gain, rng), grid, quantity, contrast)


def coil_shading(soft: SoftTissue, grid: Grid, reach_mm: float) -> NDArray[np.float32]:
    """Sensitivity (i, j, k) of a coil behind the back, 1 at the skin; a saturation band darkens the abdomen."""
    index = [np.arange(n) for n in grid.shape]
    middle = (np.array(grid.shape) - 1) / 2
    y = (
        sum(
            (grid.affine[1, axis] * index[axis]).reshape([-1 if a == axis else 1 for a in range(3)])
            for axis in range(3)
        )
        + grid.affine[1, 3]
    )
    axis = int(np.argmax(np.abs(grid.affine[2, :3])))
    line = middle[:, None] * np.ones(grid.shape[axis])
    line[axis] = index[axis]
    z = (grid.affine[:3, :3] @ line)[2] + grid.affine[2, 3]
    form = [-1 if a == axis else 1 for a in range(3)]
    depth = np.maximum(y - soft.skin_y(z).reshape(form), 0) / reach_mm
    front = (y - soft.front_y(z).reshape(form) - 18) / 12
    band = 0.12 + 0.88 / (1 + np.exp(np.clip(front, -30, 30)))
    return np.asarray(band / (1 + depth**1.6), dtype=np.float32)


def _oversampling(grid: Grid) -> tuple[int, int, int]:
    """How often each voxel is sampled along each axis so that samples lie about 1.4 mm apart or closer."""
    first, second, third = (max(int(np.ceil(float(s) / _SAMPLE_MM)), 1) for s in grid.spacing_mm)
    return first, second, third


def _averaged(fine: NDArray[np.float32], factor: tuple[int, int, int]) -> NDArray[np.float32]:
    for axis, times in enumerate(factor):
        if times > 1:
            form = [*fine.shape[:axis], fine.shape[axis] // times, times, *fine.shape[axis + 1 :]]
            fine = fine.reshape(form).mean(axis=axis + 1)
    return fine


def _texture(
    properties: list[Properties], grid: Grid, tissue: Numbers, factor: tuple[int, int, int], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Relative unevenness (i, j, k) of each voxel: two smooth fields scaled by the tissue's own texture."""
    amounts = [p.texture for p in properties]
    middle = tissue[tuple(slice(f // 2, None, f) for f in factor)]
    fine = smooth_field(grid, sd=0.75, correlation_mm=2.0, rng=rng)
    fine += smooth_field(grid, sd=0.65, correlation_mm=8.0, rng=rng)
    return np.asarray(fine * np.array(amounts, dtype=np.float32)[middle])


def _blurred(values: NDArray[np.float32], grid: Grid, sd_voxels: float) -> NDArray[np.float32]:
    for axis in range(3):
        if sd_voxels > 0 and grid.spacing_mm[axis] < 2 * grid.spacing_mm.min():
            values = gaussian_filter1d(values, sd_voxels, axis=axis, mode="nearest", truncate=3.0)
    return values


def _rician(values: NDArray[np.float32], sd: float, gain: float, rng: np.random.Generator) -> NDArray[np.int16]:
    real = values + rng.standard_normal(values.shape, dtype=np.float32) * np.float32(sd)
    imaginary = rng.standard_normal(values.shape, dtype=np.float32) * np.float32(sd)
    magnitude = np.minimum(np.hypot(real, imaginary) * (_FULL_SCALE * gain), 32767)
    return np.asarray(np.rint(magnitude).astype(np.int16))
