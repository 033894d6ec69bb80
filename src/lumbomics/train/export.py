"""From trained weights to an ONNX file, batch normalisation folded into the convolutions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from lumbomics.train.network import INPUT_SLICES, OUTPUTS, UNet

OPSET = 17
_EPSILON = 1e-5
Weights = NDArray[np.float32]


def to_onnx(network: UNet, *, half: bool = True) -> onnx.ModelProto:
    """Write the network as a graph ``slices`` (n, 3, h, w) -> ``logits`` (n, 6, h, w).

    Parameters
    ----------
    network
        Trained U-Net.
    half
        Keep the weights as float16 in the file; they are computed with as float32.
    """
    graph = _Graph(half=half)
    name, kept = "slices", []
    for stage, block in enumerate(network.down):
        name = graph.block(name, block, f"down{stage}")
        kept.append(name)
    kept.pop()
    for stage, (up, merge) in enumerate(zip(network.up, network.merge, strict=True)):
        grown = graph.transposed(name, up, f"up{stage}")
        joined = graph.node("Concat", [grown, kept.pop()], f"join{stage}", axis=1)
        name = graph.block(joined, merge, f"merge{stage}")
    graph.convolution(name, _array(network.head.weight), _array(_bias(network.head)), "logits", pads=0)
    return graph.model()


class _Graph:
    """Nodes and weights collected on the way."""

    def __init__(self, *, half: bool) -> None:
        self._half = half
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def weight(self, values: Weights, name: str) -> str:
        if not self._half:
            self._weights.append(numpy_helper.from_array(values, name))
            return name
        self._weights.append(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        return self.node("Cast", [f"{name}_half"], name, to=TensorProto.FLOAT)

    def convolution(self, name: str, kernel: Weights, bias: Weights, output: str, *, pads: int, stride: int = 1) -> str:
        inputs = [name, self.weight(kernel, f"{output}_kernel"), self.weight(bias, f"{output}_bias")]
        return self.node("Conv", inputs, output, pads=[pads] * 4, strides=[stride] * 2)

    def block(self, name: str, block: nn.Module, output: str) -> str:
        parts = ((block.first, block.first_norm), (block.second, block.second_norm))
        for number, (convolution, norm) in enumerate(parts):
            kernel, bias = _folded(convolution.weight, norm.state_dict())
            raw = self.convolution(name, kernel, bias, f"{output}_{number}", pads=1, stride=int(convolution.stride[0]))
            name = self.node("Relu", [raw], f"{raw}_relu")
        return name

    def transposed(self, name: str, layer: nn.Module, output: str) -> str:
        inputs = [
            name,
            self.weight(_array(layer.weight), f"{output}_kernel"),
            self.weight(_array(_bias(layer)), f"{output}_bias"),
        ]
        return self.node("ConvTranspose", inputs, output, strides=[2, 2])

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes,
            "lumbar_mr",
            [helper.make_tensor_value_info("slices", TensorProto.FLOAT, ["n", INPUT_SLICES, "h", "w"])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", OUTPUTS, "h", "w"])],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="lumbomics")
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model


def _folded(kernel: Tensor, norm: Mapping[str, Tensor]) -> tuple[Weights, Weights]:
    """Kernel and bias of a convolution followed by batch normalisation at rest."""
    factor = norm["weight"] / torch.sqrt(norm["running_var"] + _EPSILON)
    bias = norm["bias"] - norm["running_mean"] * factor
    return _array(kernel * factor[:, None, None, None]), _array(bias)


def _bias(layer: nn.Module) -> Tensor:
    bias = layer.bias
    if not isinstance(bias, Tensor):
        raise TypeError("the layer has no bias")
    return bias


def _array(values: Tensor) -> Weights:
    return np.asarray(values.detach().float().contiguous().numpy(), dtype=np.float32)
