"""What a segmenter hands back: label maps, how sure they are, and what was decided on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import GridError, InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.provenance import Decision


class Tissue(IntEnum):
    """Classes of the built-in network, levels not told apart."""

    BACKGROUND = 0
    VERTEBRA = 1
    DISC = 2
    CANAL = 3
    SACRUM = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class SemanticMap:
    """Classes of every voxel before they are split into levels.

    Parameters
    ----------
    labels
        (i, j, k) uint8, values of :class:`Tissue`.
    probability
        (i, j, k) float16, calibrated probability in [0, 1] that ``labels`` is right.
    metal
        (i, j, k) float16, probability in [0, 1] that the signal is lost or displaced by metal.
    grid
        Where the voxels lie.
    """

    labels: NDArray[np.uint8] = field(repr=False)
    probability: NDArray[np.float16] = field(repr=False)
    metal: NDArray[np.float16] = field(repr=False)
    grid: Grid

    def __post_init__(self) -> None:
        for name in ("labels", "probability", "metal"):
            shape = getattr(self, name).shape
            if shape != self.grid.shape:
                raise GridError(f"{name} and grid differ in shape", expected=str(self.grid.shape), got=str(shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """A segmentation with what is known about its reliability.

    Parameters
    ----------
    segmentation
        Label maps on the image's own grid; structures that are not believed are left out, never invented.
    confidence
        Value in the spine map -> estimated probability in [0, 1] that the structure is there and well drawn; empty
        where the engine does not tell.
    uncertainty
        Probability in [0, 1] per voxel that its label is wrong, on the image's grid; ``None`` where the engine does
        not tell. It is about the boundary, not about the level's number.
    metal
        Probability in [0, 1] per voxel that metal spoils the signal, on the image's grid; ``None`` where unknown.
    engine
        Name and version of what drew the labels.
    decisions
        Choices made on the way (level numbering, resampling, what was left out and why).
    """

    segmentation: Segmentation
    confidence: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    uncertainty: Image | None = None
    metal: Image | None = None
    engine: str = "unknown"
    decisions: tuple[Decision, ...] = ()

    def __post_init__(self) -> None:
        for value, confidence in self.confidence.items():
            if not 0 <= confidence <= 1:
                raise InputError("confidence out of range", expected="0 to 1", got=f"{confidence} for {value}")
        object.__setattr__(self, "confidence", MappingProxyType(dict(self.confidence)))
