"""The shipped classifier of pixels about the dural sac: gradient boosted trees, run by ONNX Runtime."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Annotated

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.ndimage import gaussian_filter

from lumbomics.core.errors import SegmentationError
from lumbomics.core.examination import CanalTissue
from lumbomics.segment.axial.evidence import Seen, evidence

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FloatArray = NDArray[np.float64]

MODEL_NAME, CARD_NAME = "epidural.onnx", "epidural.yaml"
INPUT, OUTPUT = "numbers", "chances"
CLASSES: tuple[CanalTissue | None, ...] = (
    None,
    CanalTissue.EPIDURAL_FAT,
    CanalTissue.FLAVUM,
    CanalTissue.SCAR,
    CanalTissue.DISC,
    CanalTissue.HAEMATOMA,
    CanalTissue.FLUID,
)
"""What the classifier tells apart; ``None`` is all beyond the canal, ``FLUID`` stands for all within the sac."""
_SMOOTH_MM = 0.45
_HINT = "install lumbomics again"


class Card(BaseModel):
    """What is known about the classifier.

    Parameters
    ----------
    name, version, licence
        Of the classifier.
    data, patients
        What it was fitted on, and on how many.
    method
        Kind of model, and how its answers were checked.
    held_out
        Numbers measured on patients that took no part in the fit, by what they say.
    limits
        What it cannot do, one sentence each.
    numbers
        What it looks at, in the order of its input; see :func:`~lumbomics.segment.axial.evidence.evidence`.
    sha256
        Of the file, 64 hexadecimal digits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    licence: str
    data: str
    patients: int = Field(ge=1)
    method: str
    held_out: dict[str, float]
    limits: Annotated[tuple[str, ...], Field(min_length=1)]
    numbers: Annotated[tuple[str, ...], Field(min_length=1)]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


@dataclass(frozen=True, eq=False)
class Classifier:
    """The loaded classifier.

    Parameters
    ----------
    numbers
        What it looks at, in the order of its input.
    session
        ONNX Runtime's session.
    """

    numbers: tuple[str, ...]
    session: InferenceSession = field(repr=False)

    def chances(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Chance (n, classes) of each of ``CLASSES``, from numbers (n, numbers) in that order."""
        return np.asarray(self.session.run([OUTPUT], {INPUT: rows})[0], dtype=np.float32)


@lru_cache(maxsize=1)
def load_classifier() -> Classifier:
    """Load the shipped classifier; SegmentationError where it is missing or not what its card describes."""
    folder = files("lumbomics.segment.axial") / "weights"
    card = read_card(folder)
    try:
        content = (folder / MODEL_NAME).read_bytes()
    except OSError as error:
        raise SegmentationError("a shipped model is missing", got=str(error), where=MODEL_NAME, hint=_HINT) from error
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise SegmentationError(
            "the classifier is not the one its card describes",
            expected=f"SHA-256 {card.sha256}",
            got=found,
            where=MODEL_NAME,
            hint=_HINT,
        )
    return classifier_of(content, card.numbers)


def read_card(folder: Traversable) -> Card:
    """Read the card in a folder; SegmentationError where it is missing or unreadable."""
    try:
        return Card.model_validate(yaml.safe_load((folder / CARD_NAME).read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SegmentationError(
            "the card of the classifier cannot be read", got=str(error), where=CARD_NAME, hint=_HINT
        ) from error


def classifier_of(content: bytes, numbers: Sequence[str]) -> Classifier:
    """Start ONNX Runtime on a classifier's bytes; ``numbers`` names its input."""
    import onnxruntime  # noqa: PLC0415 - 0.1 s that only those pay who draw

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return Classifier(tuple(numbers), session)


def tissue_chances(stack: Sequence[Seen], classifier: Classifier) -> list[FloatArray]:
    """Chance (classes, rows, columns) of each of ``CLASSES`` in every slice; beyond the reach all is no tissue.

    Parameters
    ----------
    stack
        Slices with T1 and uptake.
    classifier
        See :func:`load_classifier`.
    """
    found = []
    for seen, numbers in zip(stack, evidence(stack), strict=True):
        about = seen.about
        rows = np.stack([numbers[name][about] for name in classifier.numbers], axis=-1).astype(np.float32)
        chances = np.zeros((len(CLASSES), *about.shape))
        chances[0] = 1.0
        chances[:, about] = classifier.chances(rows).T
        sd = _SMOOTH_MM / seen.patch.pixel_mm
        found.append(gaussian_filter(chances, (0, sd, sd)))
    return found
