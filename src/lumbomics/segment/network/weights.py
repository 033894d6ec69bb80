"""The shipped weights, checked against their card before anything runs on them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lumbomics.core.errors import SegmentationError

WEIGHTS_NAME = "lumbar_mr.onnx"
CARD_NAME = "card.yaml"
_HINT = "install lumbomics again, or give a folder that holds both files as they were made together"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSource(_Strict):
    """Images the network learned from.

    Parameters
    ----------
    name, licence, attribution
        Data set, its licence, and the words its licence asks for.
    patients
        How many patients took part in training.
    use
        What they were used for.
    """

    name: str
    licence: str
    attribution: str
    patients: int = Field(ge=0)
    use: str


class Metric(_Strict):
    """One measured agreement.

    Parameters
    ----------
    structure, contrast
        What was drawn, on which kind of picture.
    data
        Images it was measured on, and whether they were kept out of training.
    measure
        What was measured (``dice``, ``instance F1`` …).
    n
        Patients.
    mean, sd, worst
        Over patients; ``sd`` is ``None`` for one patient.
    """

    structure: str
    contrast: str
    data: str
    measure: str = "dice"
    n: int = Field(ge=1)
    mean: float
    sd: float | None = None
    worst: float


class Card(_Strict):
    """What is known about the weights.

    Parameters
    ----------
    name, version, licence
        Of the weights.
    data
        What they learned from.
    metrics
        Agreement by structure and contrast.
    limits
        What the network cannot do, one sentence each.
    spacing_mm
        In-plane sample distance it works on.
    temperature
        The tissue logits are divided by it before the softmax (Guo et al., ICML 2017), so that a probability is a
        frequency.
    sha256
        Of the weights file, 64 hexadecimal digits.
    """

    name: str
    version: str
    licence: str
    data: tuple[DataSource, ...]
    metrics: tuple[Metric, ...] = ()
    limits: Annotated[tuple[str, ...], Field(min_length=1)]
    spacing_mm: float = Field(gt=0.2, lt=2)
    temperature: float = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


@dataclass(frozen=True, eq=False)
class Weights:
    """A network as ONNX bytes, and its card; :func:`load_weights` makes it.

    Parameters
    ----------
    card
        What is known about it.
    onnx
        The file's bytes, their hash checked.
    """

    card: Card
    onnx: bytes = field(repr=False)


def load_card(folder: Path | None = None) -> Card:
    """Read the card in ``folder``, the shipped one where ``None``; SegmentationError if missing or unreadable."""
    text = _read(_place(folder) / CARD_NAME).decode("utf-8", errors="replace")
    try:
        return Card.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise SegmentationError(
            "the card of the weights cannot be read", got=str(error), where=CARD_NAME, hint=_HINT
        ) from error


def load_weights(folder: Path | None = None) -> Weights:
    """Read and check the weights in ``folder``, the shipped ones where ``None``.

    Raises
    ------
    SegmentationError
        If a file is missing or the weights are not those the card was written for.
    """
    card = load_card(folder)
    onnx = _read(_place(folder) / WEIGHTS_NAME)
    found = hashlib.sha256(onnx).hexdigest()
    if found != card.sha256:
        raise SegmentationError(
            "the weights are not those their card describes",
            expected=f"SHA-256 {card.sha256}",
            got=found,
            where=WEIGHTS_NAME,
            hint=_HINT,
        )
    return Weights(card, onnx)


def _place(folder: Path | None) -> Traversable:
    return files("lumbomics.segment.network") / "weights" if folder is None else folder


def _read(file: Traversable) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SegmentationError(
            "the weights of the built-in network cannot be read",
            expected=f"{WEIGHTS_NAME} and {CARD_NAME}",
            got=error.strerror or type(error).__name__,
            where=file.name,
            hint=_HINT,
        ) from error
