"""The built-in engine: the network, then levels by the spine's own geometry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.image import Image, Quantity
from lumbomics.core.labels import Labels
from lumbomics.core.prediction import Prediction, SemanticMap, Tissue
from lumbomics.core.provenance import Decision
from lumbomics.segment.instances.split import split
from lumbomics.segment.network.infer import Settings, infer
from lumbomics.segment.network.missed import drawn_share
from lumbomics.segment.network.network import Network
from lumbomics.segment.network.weights import Card, load_card, load_weights


@dataclass(frozen=True, kw_only=True)
class BuiltinSegmenter:
    """Lumbar MR by the network that ships with the package; implements ``Segmenter``.

    It is loaded at the first image and kept for the next ones.

    Parameters
    ----------
    threads
        Processor threads; one for every physical core where ``None``.
    flip
        Look at every slice twice, the second time with the patient mirrored, and average: twice the time.
    weights
        Folder with other weights and their card; the shipped ones where ``None``.
    """

    threads: int | None = None
    flip: bool = False
    weights: Path | None = None

    @property
    def name(self) -> str:
        """Short name."""
        return "builtin"

    @property
    def version(self) -> str:
        """Version of the weights."""
        return self.card.version

    @cached_property
    def card(self) -> Card:
        """What is known about the weights: data, licence, agreement by structure and contrast, limits."""
        return load_card(self.weights)

    @cached_property
    def _network(self) -> Network:
        return Network.load(load_weights(self.weights), threads=self.threads)

    def classify(self, image: Image) -> SemanticMap:
        """Tissue class of every voxel, before levels are told apart; errors as in :meth:`segment`."""
        return infer(image, self._network, settings=Settings(flip=self.flip))

    def segment(self, image: Image) -> Prediction:
        """Draw the label maps of a sagittal or isotropic MR volume.

        Parameters
        ----------
        image
            Any orientation of storage; one slice is enough.

        Returns
        -------
        Spine map with levels, their confidence, the uncertainty of the boundaries, metal, and what was decided. A
        structure's confidence is what the splitting into levels says of it times the share of the structure that its
        label is expected to cover.

        Raises
        ------
        InputError
            If the image is no MR, no sagittal or isotropic volume, too small, or has no contrast.
        SegmentationError
            If the weights are missing or altered.
        """
        semantic = self.classify(image)
        engine = f"{self.name} {self.version}"
        found = split(semantic, image=image, source=engine)
        spine = found.segmentation.spine
        covered = drawn_share(spine, semantic)
        return Prediction(
            segmentation=found.segmentation,
            confidence={value: sure * covered[value] for value, sure in found.confidence.items()},
            uncertainty=Image(_doubt(spine, semantic), image.grid, Quantity.PROBABILITY),
            metal=Image(semantic.metal, image.grid, Quantity.PROBABILITY),
            engine=engine,
            decisions=(*self._decisions(image), *found.decisions),
        )

    def _decisions(self, image: Image) -> tuple[Decision, ...]:
        spacing = " x ".join(f"{mm:.3g}" for mm in image.grid.spacing_mm)
        origin = "they ship with the package" if self.weights is None else "the caller gave them"
        return (
            Decision(
                what="weights",
                choice=f"{self.card.name} {self.card.version}",
                because=f"{origin}; SHA-256 {self.card.sha256[:12]}",
            ),
            Decision(
                what="resampling",
                choice=f"voxels of {spacing} mm to {self.card.spacing_mm:g} mm in plane and back; slices as they are",
                because="the network works at one in-plane spacing",
            ),
        )


def _doubt(spine: Labels, semantic: SemanticMap) -> NDArray[np.float16]:
    """Probability that a voxel's label is wrong; where a class was left out, that is the class's own probability."""
    left_out = (spine.array == 0) & (semantic.labels != Tissue.BACKGROUND)
    return np.where(left_out, semantic.probability, 1 - semantic.probability)
