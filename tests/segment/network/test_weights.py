"""Weights run only with the card they were made with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lumbomics.core.errors import InputError, SegmentationError
from lumbomics.segment.network.network import Network
from lumbomics.segment.network.weights import CARD_NAME, WEIGHTS_NAME, Weights, load_weights

from .conftest import convolution, write_weights

ONNX = convolution(np.zeros((6, 3, 1, 1), dtype=np.float32), np.zeros(6, dtype=np.float32))


def test_untouched_weights_are_read(tmp_path: Path) -> None:
    weights = load_weights(write_weights(tmp_path, ONNX))
    assert weights.onnx == ONNX
    assert weights.card.name == "tiny"


def test_one_changed_bit_is_noticed(tmp_path: Path) -> None:
    write_weights(tmp_path, ONNX)
    (tmp_path / WEIGHTS_NAME).write_bytes(bytes([*ONNX[:-1], ONNX[-1] ^ 1]))
    with pytest.raises(SegmentationError, match="not those their card describes"):
        load_weights(tmp_path)


@pytest.mark.parametrize("name", [WEIGHTS_NAME, CARD_NAME])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (write_weights(tmp_path, ONNX) / name).unlink()
    with pytest.raises(SegmentationError, match=f"{name}.*cannot be read.*to do: install"):
        load_weights(tmp_path)


@pytest.mark.parametrize("change", [{"temperature": 0}, {"sha256": "abc"}, {"limits": []}, {"colour": "red"}])
def test_a_card_that_breaks_its_form_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(SegmentationError, match=next(iter(change))):
        load_weights(write_weights(tmp_path, ONNX, **change))


def test_a_network_of_other_outputs_is_refused(tmp_path: Path) -> None:
    other = convolution(np.zeros((4, 3, 1, 1), dtype=np.float32), np.zeros(4, dtype=np.float32))
    with pytest.raises(SegmentationError, match="other inputs or outputs"):
        Network.load(load_weights(write_weights(tmp_path, other)))


def test_bytes_that_are_no_network_are_refused(tmp_path: Path) -> None:
    card = load_weights(write_weights(tmp_path, ONNX)).card
    with pytest.raises(SegmentationError, match="cannot read the weights"):
        Network.load(Weights(card, b"no network"))


def test_no_thread_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 1"):
        Network.load(load_weights(write_weights(tmp_path, ONNX)), threads=0)
