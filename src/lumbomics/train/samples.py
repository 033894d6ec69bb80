"""What a crop is cut from: slices with their labels, on the network's own voxels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import GridError

IGNORE = 255
"""Label of pixels nobody knows (inside a metal void, doubtful pseudo-labels)."""
PERHAPS_SACRUM = 254
"""Label of pixels that are background or sacrum: masks without a sacrum, near and below the lowest disc."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Slices of one image on the network's voxels, as the network's preprocessing gives them.

    Parameters
    ----------
    name
        Patient and series, for the log.
    slices
        (slices, rows, columns): float16 normalised signal, or uint8 tissue numbers of a phantom.
    labels
        (slices, rows, columns) uint8, values of core.prediction.Tissue, PERHAPS_SACRUM or IGNORE.
    spacing_mm
        Distance of the slices.
    painted
        Whether ``slices`` are tissue numbers still to be given a signal.
    signal
        (rows of signal tables, 64) float32, only for painted samples.
    """

    name: str
    slices: NDArray[np.float16] | NDArray[np.uint8] = field(repr=False)
    labels: NDArray[np.uint8] = field(repr=False)
    spacing_mm: float
    painted: bool = False
    signal: NDArray[np.float32] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.slices.shape != self.labels.shape:
            raise GridError(
                "slices and labels differ in shape", expected=str(self.slices.shape), got=str(self.labels.shape)
            )
