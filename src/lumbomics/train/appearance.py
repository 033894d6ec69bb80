"""Making one anatomy look like many scanners and sequences."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lumbomics.core.prediction import Tissue

_CLASSWISE, _CURVE, _SHADING, _COARSE, _NOISE, _GHOST = 0.45, 0.4, 0.5, 0.3, 0.5, 0.08
_ALONE, _ONE_MISSING = 0.15, 0.1


def restyle(signal: Tensor, labels: Tensor, rng: np.random.Generator, *, plain: float = 0.0) -> Tensor:
    """Random contrast, shading, sharpness and noise of a crop, (3, h, w) both; brought back to about [0, 1].

    A share ``plain`` of all crops keeps its own look.
    """
    if rng.random() < plain:
        return _drop_neighbours(_normalised(signal, rng), rng)
    if rng.random() < _CLASSWISE:
        signal = _recolour(signal, labels, rng)
    if rng.random() < _CURVE:
        signal = _curve(signal, rng)
    if rng.random() < _SHADING:
        signal = signal * _shading(signal.shape[1:], rng)
    if rng.random() < _COARSE:
        signal = _coarsen(signal, rng)
    if rng.random() < _GHOST:
        signal = signal + float(rng.uniform(0.05, 0.25)) * torch.roll(signal, int(rng.integers(20, 120)), 1)
    if rng.random() < _NOISE:
        signal = signal + torch.randn_like(signal) * float(rng.uniform(0.005, 0.12))
    return _drop_neighbours(_normalised(signal, rng), rng)


def paint(numbers: Tensor, tables: NDArray[np.float32], rng: np.random.Generator) -> Tensor:
    """Signal of a phantom's tissue numbers (3, h, w): a sequence with altered values, or values at random."""
    if rng.random() < 0.6:
        table = tables[int(rng.integers(len(tables)))] * np.exp(rng.normal(0, 0.15, tables.shape[1]))
    else:
        table = np.asarray(rng.uniform(0, 1, tables.shape[1]))
        table[32:48] = table[32] + rng.normal(0, 0.08, 16)  # the discs' nuclei resemble one another
        table[48:64] = table[48] + rng.normal(0, 0.04, 16)
    signal = torch.from_numpy(table.astype(np.float32))[numbers.long().clamp(0, 63)]
    signal = signal * (1 + float(rng.uniform(0.03, 0.2)) * _texture(signal.shape, rng))
    return _blurred(signal, float(rng.uniform(0.4, 1.4)))


def _texture(shape: torch.Size, rng: np.random.Generator) -> Tensor:
    coarse = torch.randn(1, shape[0], shape[1] // 12 + 1, shape[2] // 12 + 1)
    fine = torch.randn(1, shape[0], shape[1] // 3 + 1, shape[2] // 3 + 1)
    share = float(rng.uniform(0, 1))
    grow = [functional.interpolate(f, shape[1:], mode="bilinear", align_corners=False)[0] for f in (coarse, fine)]
    return share * grow[0] + (1 - share) * grow[1]


def _recolour(signal: Tensor, labels: Tensor, rng: np.random.Generator) -> Tensor:
    """Shift and stretch the signal of whole tissues; the rims stay soft."""
    level = {Tissue.CANAL: 0.5, Tissue.DISC: 0.3, Tissue.VERTEBRA: 0.3}
    for tissue, reach in level.items():
        inside = (labels == tissue).float()
        inside = functional.avg_pool2d(inside[None], 3, 1, 1)[0]
        gain = float(np.exp(rng.normal(0, 0.35)))
        if tissue is Tissue.CANAL and rng.random() < 0.4:
            gain = -gain  # dark fluid with bright nerves, as in T1
        shift = float(rng.normal(0, reach)) + (1 - gain) * float(signal[labels == tissue].mean()) if inside.any() else 0
        signal = signal + inside * ((gain - 1) * signal + shift)
    return signal


def _curve(signal: Tensor, rng: np.random.Generator) -> Tensor:
    """Piecewise linear curve through random knots: rising, or now and then any (fluid dark, fat suppressed)."""
    knots = rng.uniform(0, 1, 7)
    if rng.random() < 0.6:
        knots = np.sort(knots)
    x = signal.clamp(0, 1) * (len(knots) - 1)
    low = x.long().clamp(max=len(knots) - 2)
    table = torch.from_numpy(knots.astype(np.float32))
    return torch.lerp(table[low], table[low + 1], x - low) + (signal - signal.clamp(0, 1))


def _shading(size: torch.Size, rng: np.random.Generator) -> Tensor:
    knots = torch.from_numpy(rng.normal(0, 0.45, (1, 1, 4, 3)).astype(np.float32))
    return functional.interpolate(knots, tuple(size), mode="bicubic", align_corners=True)[0].exp()


def _coarsen(signal: Tensor, rng: np.random.Generator) -> Tensor:
    """Coarser voxels, blurred or filled in between."""
    factor = float(rng.uniform(0.33, 0.9))
    small = functional.interpolate(signal[None], scale_factor=factor, mode="bilinear", antialias=True)
    return functional.interpolate(small, signal.shape[1:], mode="bilinear", align_corners=False)[0]


def _blurred(signal: Tensor, sd: float) -> Tensor:
    reach = torch.arange(-3, 4, dtype=torch.float32)
    kernel = torch.exp(-(reach**2) / (2 * sd**2))
    kernel = kernel / kernel.sum()
    padded = functional.pad(signal[:, None], (3, 3, 3, 3), mode="replicate")
    return functional.conv2d(functional.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])[:, 0]


def _normalised(signal: Tensor, rng: np.random.Generator) -> Tensor:
    """As the network's preprocessing does for a whole volume, with the scatter that a crop brings."""
    some = signal[:, ::4, ::4].flatten()
    low, high = torch.quantile(some, torch.tensor([0.01, 0.99])).tolist()
    high += (high - low) * float(rng.normal(0, 0.12))
    return ((signal - low) / max(high - low, 1e-3)).clamp_(-0.2, 1.5)


def _drop_neighbours(signal: Tensor, rng: np.random.Generator) -> Tensor:
    """Single slices and the ends of a stack have no neighbour."""
    chance = rng.random()
    if chance < _ALONE:
        signal[::2] = 0
    elif chance < _ALONE + _ONE_MISSING:
        signal[2 * int(rng.integers(2))] = 0
    return signal
