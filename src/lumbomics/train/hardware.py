"""Metal and surgery drawn into a crop: voids, distortion, and arches that were taken away."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lumbomics.core.prediction import Tissue
from lumbomics.train.samples import IGNORE

_METAL, _DEFECT = 0.12, 0.12


def operate(
    signal: Tensor, labels: Tensor, *, spacing_mm: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Now and then take an arch away and put metal in.

    Parameters
    ----------
    signal, labels
        (3, h, w), the slice between its neighbours.

    Returns
    -------
    signal, labels and the metal (h, w) of the middle slice; labels inside a void are unknown.
    """
    if rng.random() < _DEFECT:
        signal, labels = _laminectomy(signal, labels, spacing_mm, rng)
    metal = torch.zeros(signal.shape[1:])
    if rng.random() < _METAL:
        for _ in range(int(rng.integers(1, 6))):
            signal, labels, void = _implant(signal, labels, spacing_mm, rng)
            metal = torch.maximum(metal, void)
    return signal, labels, metal


def _laminectomy(signal: Tensor, labels: Tensor, spacing_mm: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Fill the bone behind the canal over 15 to 70 mm of height with what scar or fat looks like."""
    canal = torch.nonzero(labels[1] == Tissue.CANAL)
    if len(canal) == 0:
        return signal, labels
    row = int(canal[int(rng.integers(len(canal))), 0])
    half = int(rng.uniform(7, 35) / spacing_mm)
    rows = torch.arange(labels.shape[1])[:, None]
    columns = torch.arange(labels.shape[2])[None, :]
    back = torch.zeros(labels.shape[1])
    back.scatter_reduce_(0, canal[:, 0], canal[:, 1].float(), "amax")
    gone = (labels == Tissue.VERTEBRA) & (columns > back[:, None]) & (back[:, None] > 0) & ((rows - row).abs() < half)
    fill = float(rng.uniform(0.05, 1.0)) * (1 + 0.25 * _rough(signal.shape[1:], rng))
    soft = functional.avg_pool2d(gone.float()[None], 5, 1, 2)[0]
    return torch.lerp(signal, fill.expand_as(signal), soft), torch.where(gone, 0, labels)


def _implant(
    signal: Tensor, labels: Tensor, spacing_mm: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """One void with a bright rim whose surroundings are pulled along the columns or rows, as a field offset does."""
    height, width = signal.shape[1:]
    bone = torch.nonzero((labels[1] == Tissue.VERTEBRA) | (labels[1] == Tissue.DISC))
    if len(bone) == 0:
        bone = torch.tensor([[height // 2, width // 2]])
    row, column = (bone[int(rng.integers(len(bone)))] + torch.from_numpy(rng.normal(0, 8, 2))).tolist()
    turn = float(rng.uniform(0, math.pi))
    long, short = float(rng.uniform(5, 22)) / spacing_mm, float(rng.uniform(2.5, 9)) / spacing_mm
    y = torch.arange(height)[:, None] - row
    x = torch.arange(width)[None, :] - column
    a, b = math.cos(turn) * x + math.sin(turn) * y, math.cos(turn) * y - math.sin(turn) * x
    radius = torch.sqrt((a / long) ** 2 + (b / short) ** 2) * (1 + 0.15 * _rough(signal.shape[1:], rng))
    signal = _pulled(signal, radius, float(rng.uniform(-6, 6)) / spacing_mm, along_rows=rng.random() < 0.5)
    rim = torch.exp(-(((radius - 1.15) / 0.12) ** 2)) * float(rng.uniform(0, 1.2))
    void = torch.sigmoid((1 - radius) * 12)
    signal = (signal + rim) * (1 - void) + void * float(rng.uniform(-0.02, 0.06))
    inside = radius < 1
    return signal, torch.where(inside, IGNORE, labels), inside.float()


def _pulled(signal: Tensor, radius: Tensor, reach_px: float, *, along_rows: bool) -> Tensor:
    shift = reach_px * torch.exp(-((radius - 1).clamp(min=0) ** 2) / 0.5)
    height, width = radius.shape
    y = torch.arange(height)[:, None].expand(height, width) + (shift if along_rows else 0)
    x = torch.arange(width)[None, :].expand(height, width) + (0 if along_rows else shift)
    field = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], -1)[None]
    return functional.grid_sample(signal[None], field.float(), padding_mode="border", align_corners=False)[0]


def _rough(size: torch.Size, rng: np.random.Generator) -> Tensor:
    knots = torch.from_numpy(rng.normal(0, 1, (1, 1, 24, 20)).astype(np.float32))
    return functional.interpolate(knots, tuple(size), mode="bilinear", align_corners=False)[0, 0]
