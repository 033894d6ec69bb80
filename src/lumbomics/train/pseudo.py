"""The network's own labels for slices without masks, kept where it is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from lumbomics.train.samples import IGNORE, Sample
from lumbomics.train.validation import probabilities

SURE = 0.85
"""Probability from which a label is taken over (engineering default)."""


def label_slices(network: nn.Module, groups: Sequence[Sequence[Sample]]) -> tuple[Sample, ...]:
    """Label slices of one patient that lie on the same voxels by their mean probability.

    So each contrast learns from what the others show. Pixels below ``SURE`` stay unknown.
    """
    labelled = []
    for group in groups:
        mean = np.mean([next(iter(probabilities(network, sample))) for sample in group], axis=0)
        labels = mean.argmax(axis=0).astype(np.uint8)
        labels[mean.max(axis=0) < SURE] = IGNORE
        labelled += [replace(sample, labels=labels[None]) for sample in group]
    return tuple(labelled)
