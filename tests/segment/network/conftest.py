"""Tiny networks whose answers are known in closed form."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lumbomics.segment.network.network import Network
from lumbomics.segment.network.weights import CARD_NAME, WEIGHTS_NAME, load_weights

MakeNetwork = Callable[..., Network]


def convolution(weight: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    """One convolution (6, 3, k, k) that keeps the size, zeros outside."""
    reach = weight.shape[-1] // 2
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"])
        for name, channels in (("slices", 3), ("logits", len(weight)))
    ]
    node = helper.make_node("Conv", ["slices", "weight", "bias"], ["logits"], pads=[reach] * 4)
    constants = [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")]
    graph = helper.make_graph([node], "tiny", ports[:1], ports[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def write_weights(folder: Path, onnx_bytes: bytes, **changes: object) -> Path:
    card = {
        "name": "tiny",
        "version": "0",
        "licence": "CC0-1.0",
        "data": [],
        "limits": ["knows nothing"],
        "spacing_mm": 0.6,
        "temperature": 1.0,
        "sha256": hashlib.sha256(onnx_bytes).hexdigest(),
    }
    folder.mkdir(exist_ok=True)
    (folder / WEIGHTS_NAME).write_bytes(onnx_bytes)
    (folder / CARD_NAME).write_text(yaml.safe_dump({**card, **changes}), encoding="utf-8")
    return folder


@pytest.fixture
def make_network(tmp_path: Path) -> MakeNetwork:
    """Make a network of one convolution from its weights (6, 3, k, k) and bias (6,)."""

    def make(weight: NDArray[np.float64], bias: NDArray[np.float64], *, threads: int = 1, **card: object) -> Network:
        content = convolution(weight.astype(np.float32), np.asarray(bias, dtype=np.float32))
        return Network.load(load_weights(write_weights(tmp_path / "weights", content, **card)), threads=threads)

    return make


def pixelwise(rules: dict[tuple[int, int], float], bias: dict[int, float]) -> tuple[NDArray[np.float64], list[float]]:
    """Weights of a 1 x 1 convolution: {(output, input channel): factor} and {output: offset}."""
    weight = np.zeros((6, 3, 1, 1))
    for (output, channel), factor in rules.items():
        weight[output, channel] = factor
    return weight, [bias.get(n, 0.0) for n in range(6)]
