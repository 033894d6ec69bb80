"""Batches: crops of every kind, each looking like another scanner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lumbomics.train.appearance import paint, restyle
from lumbomics.train.config import TrainConfig
from lumbomics.train.hardware import operate
from lumbomics.train.samples import Sample
from lumbomics.train.spatial import crop, pick_slices


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """What one step learns from: inputs (n, 3, h, w), labels (n, h, w), metal (n, h, w)."""

    inputs: Tensor
    labels: Tensor
    metal: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """All training samples by kind."""

    volumes: Sequence[Sample]
    midsagittal: Sequence[Sample]
    phantoms: Sequence[Sample]


def make_batch(pool: Pool, config: TrainConfig, rng: np.random.Generator) -> Batch:
    """Draw one batch; a kind without samples gives its place to the volumes."""
    wanted = [
        *_draw(pool.volumes, config.batch.volume, rng),
        *_draw(pool.midsagittal or pool.volumes, config.batch.midsagittal, rng),
        *_draw(pool.phantoms or pool.volumes, config.batch.phantom, rng),
    ]
    crops = [make_crop(sample, config, rng) for sample in wanted]
    inputs, labels, metal = (torch.stack(part) for part in zip(*crops, strict=True))
    layout = torch.channels_last
    return Batch(inputs=inputs.contiguous(memory_format=layout), labels=labels, metal=metal)


def make_crop(sample: Sample, config: TrainConfig, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """One crop: input (3, h, w), labels (h, w) int64 and metal (h, w) of the middle slice."""
    picked, drawn = pick_slices(sample, rng)
    signal, labels = crop(
        torch.from_numpy(picked),
        torch.from_numpy(drawn),
        config.crop,
        spacing_mm=config.spacing_mm,
        smooth=not sample.painted,
        rng=rng,
    )
    if sample.painted and sample.signal is not None:
        signal = paint(signal, sample.signal, rng)
    signal, labels, metal = operate(signal, labels, spacing_mm=config.spacing_mm, rng=rng)
    return restyle(signal, labels, rng, plain=config.plain), labels[1].long(), metal


def _draw(samples: Sequence[Sample], count: int, rng: np.random.Generator) -> list[Sample]:
    return [samples[int(n)] for n in rng.integers(len(samples), size=count)] if samples else []
