"""What every engine that draws label maps promises."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from lumbomics.core.image import Image
from lumbomics.core.prediction import Prediction


@runtime_checkable
class Segmenter(Protocol):
    """An engine that turns one image into label maps.

    The contract, held by a test that every engine passes:

    - the label maps lie on the image's own grid, in the project's numbers;
    - the image is not changed; the same image gives the same result;
    - what is not seen is not drawn: an empty map is an answer, not an error;
    - ``SegmentationError`` (or another ``LumbomicsError``) says what to do where the engine cannot run at all;
    - nothing is sent anywhere, nothing is written outside the engine's own temporary folder.
    """

    @property
    def name(self) -> str:
        """Short name: ``builtin``, ``given``, ``totalspineseg``, ``spineps``, ``totalsegmentator``."""

    @property
    def version(self) -> str:
        """Version of engine and weights, as it goes into the record."""

    def segment(self, image: Image) -> Prediction:
        """Draw the label maps of ``image``."""
