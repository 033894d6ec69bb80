"""Cutting a crop: which slices, where, turned, scaled and bent how."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lumbomics.train.samples import PERHAPS_SACRUM, Sample

_MAX_TURN_DEG = 15.0
_SCALE = (0.8, 1.25)
_ELASTIC_MM = 2.5
_THICKNESS_MM = 4.5
_NEIGHBOUR_MM = (1.5, 5.0)
_EMPTY_CENTRE = 0.1
_RIM = 0.25
"""Share of the picture at each edge about which no crop is cut."""


def pick_slices(sample: Sample, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Slice with two neighbours, (3, rows, columns) signal and labels; a neighbour outside is zero.

    Thin slices are averaged to imitate thick ones; the labels are those of the middle slice.
    """
    count = len(sample.slices)
    step = max(round(float(rng.uniform(*_NEIGHBOUR_MM)) / sample.spacing_mm), 1)
    most = 1 if sample.painted else max(int(_THICKNESS_MM / sample.spacing_mm), 1)
    thick = int(rng.integers(1, most + 1))
    middle = int(rng.integers(count))
    signal = np.zeros((3, *sample.slices.shape[1:]), dtype=np.float32)
    labels = np.zeros(signal.shape, dtype=np.uint8)
    for channel, index in enumerate((middle - step, middle, middle + step)):
        if 0 <= index < count:
            first = max(index - (thick - 1) // 2, 0)
            signal[channel] = sample.slices[first : first + thick].astype(np.float32).mean(axis=0)
            labels[channel] = sample.labels[index]
    return signal, labels


def crop(
    signal: Tensor, labels: Tensor, size: tuple[int, int], *, spacing_mm: float, smooth: bool, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Random affine and elastic crop of signal and labels (3, rows, columns) to (3, *size).

    ``smooth`` interpolates the signal linearly; tissue numbers must not be interpolated.
    """
    place = _centre(labels[1], rng)
    field = _grid(size, place, (signal.shape[1], signal.shape[2]), spacing_mm=spacing_mm, rng=rng)
    mode = "bilinear" if smooth else "nearest"
    out = functional.grid_sample(signal[None], field, mode=mode, padding_mode="zeros", align_corners=False)[0]
    cut = functional.grid_sample(labels[None].float(), field, mode="nearest", padding_mode="zeros", align_corners=False)
    return out, cut[0].to(torch.uint8)


def _centre(labels: Tensor, rng: np.random.Generator) -> tuple[float, float]:
    """Row and column about which to cut: near the spine, now and then anywhere."""
    rows, columns = labels.shape
    places = torch.nonzero((labels[::4, ::4] > 0) & (labels[::4, ::4] < PERHAPS_SACRUM)) * 4
    if len(places) == 0 or rng.random() < _EMPTY_CENTRE:
        return float(rng.uniform(0.2, 0.8) * rows), float(rng.uniform(0.2, 0.8) * columns)
    row, column = places[int(rng.integers(len(places)))].tolist()
    row += float(rng.normal(0, 0.05 * rows))
    column += float(rng.normal(0, 0.08 * columns))
    return _inside(row, rows), _inside(column, columns)


def _inside(place: float, size: int) -> float:
    return float(np.clip(place, _RIM * size, (1 - _RIM) * size))


def _grid(
    size: tuple[int, int],
    centre: tuple[float, float],
    shape: tuple[int, int],
    *,
    spacing_mm: float,
    rng: np.random.Generator,
) -> Tensor:
    """Lay out sampling places (1, rows, columns, 2) in grid_sample's coordinates."""
    angle = math.radians(float(np.clip(rng.normal(0, 0.5), -1, 1)) * _MAX_TURN_DEG)
    scale = float(np.exp(rng.uniform(*np.log(_SCALE))))
    stretch = float(np.exp(rng.normal(0, 0.06)))
    shear = float(rng.normal(0, 0.05))
    rows = (torch.arange(size[0]) - (size[0] - 1) / 2)[:, None].expand(size) / (scale * stretch)
    columns = (torch.arange(size[1]) - (size[1] - 1) / 2)[None, :].expand(size) * stretch / scale
    y = math.cos(angle) * rows - math.sin(angle) * columns + centre[0]
    x = math.sin(angle) * rows + (math.cos(angle) + shear) * columns + centre[1]
    if rng.random() < 0.5:
        bend = torch.from_numpy(rng.normal(0, _ELASTIC_MM / spacing_mm, (1, 2, 7, 6)).astype(np.float32))
        shift = functional.interpolate(bend, size, mode="bicubic", align_corners=True)[0]
        y, x = y + shift[0], x + shift[1]
    return torch.stack([(2 * x + 1) / shape[1] - 1, (2 * y + 1) / shape[0] - 1], -1)[None]
