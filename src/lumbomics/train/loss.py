"""What the network is punished for."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lumbomics.core.prediction import Tissue
from lumbomics.train.network import TISSUES
from lumbomics.train.samples import IGNORE, PERHAPS_SACRUM

_METAL_WEIGHT = 0.5
_LEAST = 1e-6


def loss(logits: Tensor, labels: Tensor, metal: Tensor) -> Tensor:
    """Cross-entropy plus Dice of the tissues plus binary cross-entropy of the metal channel.

    Parameters
    ----------
    logits
        (n, 6, h, w) float.
    labels
        (n, h, w) int64, values of Tissue, PERHAPS_SACRUM or IGNORE. Where the mask does not tell sacrum from
        background, the probability of either counts as right (marginal loss for partly labelled data, Shi et al., Med
        Image Anal 2021;70:101979).
    metal
        (n, h, w) float, 1 inside a void.
    """
    probability = logits[:, :TISSUES].softmax(1)
    known = labels != IGNORE
    perhaps = labels == PERHAPS_SACRUM
    target = torch.where(known & ~perhaps, labels, 0)
    picked = probability.gather(1, target[:, None])[:, 0]
    picked = (picked + perhaps * probability[:, Tissue.SACRUM]) * known
    cross = -(picked.clamp(min=_LEAST).log() * known).sum() / known.sum().clamp(min=1)
    void = functional.binary_cross_entropy_with_logits(logits[:, TISSUES], metal, pos_weight=logits.new_tensor(4.0))
    return cross + _dice_loss(probability, picked, target, known, ~perhaps) + _METAL_WEIGHT * void


def _dice_loss(probability: Tensor, picked: Tensor, target: Tensor, known: Tensor, sacrum_told: Tensor) -> Tensor:
    """1 - mean soft Dice of the foreground classes over the whole batch."""
    both = probability.new_zeros(TISSUES).index_add(0, target.flatten(), picked.flatten())
    wanted = torch.bincount(target[known], minlength=TISSUES).to(probability.dtype)
    drawn = [(probability[:, t] * known * (sacrum_told if t == Tissue.SACRUM else 1)).sum() for t in range(1, TISSUES)]
    dice = (2 * both[1:] + 1) / (torch.stack(drawn) + wanted[1:] + 1)
    seen = wanted[1:] > 0
    return 1 - (dice * seen).sum() / seen.sum().clamp(min=1)
