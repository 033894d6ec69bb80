"""How good the network is on patients it never saw, while it trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn

from lumbomics.core.prediction import Tissue
from lumbomics.segment.network.stack import pad_to_multiple, stack_neighbours
from lumbomics.train.network import TISSUES
from lumbomics.train.samples import IGNORE, PERHAPS_SACRUM, Sample

JUDGED = (Tissue.VERTEBRA, Tissue.DISC, Tissue.CANAL)


def probabilities(network: nn.Module, sample: Sample) -> Iterator[NDArray[np.float32]]:
    """Tissue probabilities (5, rows, columns) slice by slice, on the network's voxels."""
    for logits in logits_of(network, sample):
        yield softmax(logits, axis=0)


def logits_of(network: nn.Module, sample: Sample) -> Iterator[NDArray[np.float32]]:
    """Tissue logits (5, rows, columns) slice by slice, on the network's voxels."""
    rows, columns = sample.slices.shape[1:]
    slices = sample.slices.astype(np.float32)
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for number in range(len(sample.slices)):
            stack = stack_neighbours(slices, slice_spacing_mm=sample.spacing_mm, numbers=[number])
            inputs = torch.from_numpy(pad_to_multiple(stack)).contiguous(memory_format=torch.channels_last)
            yield network(inputs)[0, :TISSUES, :rows, :columns].float().numpy()


def dice(network: nn.Module, sample: Sample) -> dict[str, float]:
    """Dice of vertebra, disc and canal over all slices of one sample; unknown pixels do not count."""
    both, drawn, wanted = (np.zeros(TISSUES) for _ in range(3))
    for probability, labels in zip(probabilities(network, sample), sample.labels, strict=True):
        known = labels != IGNORE
        found = probability.argmax(axis=0)[known]
        truth = np.where(labels[known] == PERHAPS_SACRUM, Tissue.BACKGROUND, labels[known])
        both += np.bincount(truth[found == truth], minlength=TISSUES)[:TISSUES]
        drawn += np.bincount(found, minlength=TISSUES)[:TISSUES]
        wanted += np.bincount(truth, minlength=TISSUES)[:TISSUES]
    return {t.name.lower(): float(2 * both[t] / max(drawn[t] + wanted[t], 1)) for t in JUDGED}


def summary(network: nn.Module, samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Mean and worst Dice by structure over ``samples``; empty where there are none."""
    scores = [dice(network, sample) for sample in samples]
    if not scores:
        return {}
    return {
        name: {"mean": float(np.mean([s[name] for s in scores])), "worst": float(min(s[name] for s in scores))}
        for name in scores[0]
    }
