"""The network: a plain U-Net over one slice with its two neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

INPUT_SLICES = 3
TISSUES = 5
OUTPUTS = TISSUES + 1
"""Tissue classes and, last, metal."""


class Block(nn.Module):
    """Two 3 x 3 convolutions, each with batch normalisation and ReLU; the first may halve the size."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        x = torch.relu_(self.first_norm(self.first(x)))
        return torch.relu_(self.second_norm(self.second(x)))


class UNet(nn.Module):
    """U-Net (Ronneberger et al., MICCAI 2015) with strided convolutions down and transposed ones up.

    Parameters
    ----------
    channels
        Feature channels of each stage, finest first.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        before = [INPUT_SLICES, *channels[:-1]]
        self.down = nn.ModuleList(
            Block(i, o, 1 if stage == 0 else 2) for stage, (i, o) in enumerate(zip(before, channels, strict=True))
        )
        finer = list(channels[-2::-1])
        coarser = list(channels[:0:-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(i, o, 2, 2) for i, o in zip(coarser, finer, strict=True))
        self.merge = nn.ModuleList(Block(2 * o, o) for o in finer)
        self.head = nn.Conv2d(channels[0], OUTPUTS, 1)

    def forward(self, slices: Tensor) -> Tensor:
        """Logits (n, 6, h, w) of slices (n, 3, h, w); h and w are multiples of 2 ** (stages - 1)."""
        kept: list[Tensor] = []
        x = slices
        for block in self.down:
            x = block(x)
            kept.append(x)
        kept.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([up(x), kept.pop()], 1))
        return self.head(x)
