"""Time and memory of the built-in segmentation, against the compute of a two-stage nnU-Net, in one run.

The volume is a phantom: T2, 448 x 448 x 17 voxels of 0.6 x 0.6 x 4 mm, as .nii.gz. Ours is timed in fresh processes,
from their start to the written label map, imports and loading of the weights included. The other side is the
plain-convolution U-Net that nnU-Net configures as 3d_fullres (Isensee et al., Nat Methods 2021;18:203) for a patch of
128 x 128 x 128: six stages of 32, 64, 128, 256, 320, 320 features, two 3 x 3 x 3 convolutions a stage with instance
normalisation and leaky ReLU, strided convolutions down and transposed ones up. It has random weights, runs on the same
ONNX Runtime with the same threads, and is timed for one patch, the faster of two looks; the time is multiplied by the
patches that half-overlapping windows need on the same volume at 1 mm, times two stages. Its resampling, mirroring,
loading, blending and post-processing are given for free. Where the machine is busy with other work, the ratio of
processor times is the one to trust.

    python benchmarks/segment_speed.py

While the package holds no weights, ours runs on random ones of --channels, the phantom's true classes stand in for
what they say, and the output says so.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import onnx

SHAPE = (17, 448, 448)
SPACING_MM = (4.0, 0.6, 0.6)
CHANNELS = (16, 32, 64, 128, 256, 256)
WORKING_MM = 0.5
NNUNET_FEATURES = (32, 64, 128, 256, 320, 320)
NNUNET_CLASSES = 12
PATCH = 128
STAGES = 2
PARTS = ("imports", "reading", "network with resampling", "levels", "loading weights, confidence", "writing")


@dataclass
class Graph:
    """An ONNX graph of convolutions in the making."""

    dimensions: int
    rng: np.random.Generator
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, values: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values.astype("float32"), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], **attributes: object) -> str:
        from onnx import helper

        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def convolution(self, x: str, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> str:
        scale = math.sqrt(2 / (inputs * kernel**self.dimensions))
        weight = self.constant(self.rng.normal(0, scale, (outputs, inputs, *(kernel,) * self.dimensions)))
        bias = self.constant(self.rng.normal(0, 0.1, outputs))
        pads, strides = [kernel // 2] * (2 * self.dimensions), [stride] * self.dimensions
        return self.node("Conv", (x, weight, bias), pads=pads, strides=strides)

    def block(self, x: str, inputs: int, outputs: int, *, stride: int, normalised: bool) -> str:
        """Two convolutions; batch normalisation has been folded into them, instance normalisation stays."""
        for number, channels in enumerate((inputs, outputs)):
            x = self.convolution(x, channels, outputs, stride=stride if number == 0 else 1)
            if normalised:
                scale, bias = (self.constant(self.rng.normal(m, 0.1, outputs)) for m in (1, 0))
                x = self.node("InstanceNormalization", (x, scale, bias))
            x = self.node("LeakyRelu", (x,), alpha=0.01) if normalised else self.node("Relu", (x,))
        return x

    def up(self, x: str, inputs: int, outputs: int) -> str:
        weight = self.constant(self.rng.normal(0, 0.05, (inputs, outputs, *(2,) * self.dimensions)))
        return self.node("ConvTranspose", (x, weight), strides=[2] * self.dimensions)


def unet(channels: Sequence[int], *, dimensions: int, inputs: int, outputs: int, normalised: bool) -> bytes:
    """A U-Net with random weights as ONNX bytes."""
    import numpy as np

    graph = Graph(dimensions, np.random.default_rng(0))
    x, kept = "slices", []
    for stage, (i, o) in enumerate(zip((inputs, *channels[:-1]), channels, strict=True)):
        x = graph.block(x, i, o, stride=1 if stage == 0 else 2, normalised=normalised)
        kept.append((x, o))
    _, width = kept.pop()
    for skip, o in reversed(kept):
        x = graph.node("Concat", (graph.up(x, width, o), skip), axis=1)
        x, width = graph.block(x, 2 * o, o, stride=1, normalised=normalised), o
    graph.convolution(x, width, outputs, kernel=1)
    return _packed(graph, inputs, outputs)


def _packed(graph: Graph, inputs: int, outputs: int) -> bytes:
    from onnx import TensorProto, checker, helper

    graph.nodes[-1].output[0] = "logits"
    sides = [f"side{n}" for n in range(graph.dimensions)]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, *sides])
        for name, channels in (("slices", inputs), ("logits", outputs))
    ]
    proto = helper.make_graph(graph.nodes, "unet", ports[:1], ports[1:], graph.constants)
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def patches(shape: Sequence[int], spacing_mm: Sequence[float]) -> tuple[int, tuple[int, ...]]:
    """Windows of ``PATCH`` that half-overlapping steps need, and the volume at 1 mm; a short side takes one window."""
    sides = tuple(math.ceil(n * mm) for n, mm in zip(shape, spacing_mm, strict=True))
    return math.prod(math.ceil(max(side - PATCH, 0) / (PATCH / 2)) + 1 for side in sides), sides


# ---- what runs in fresh processes; the heavy imports are part of what is timed


def ours(folder: Path, threads: int) -> dict[str, float]:
    """Segment ``folder/image.nii.gz`` and tell where the processor time went."""
    spent: dict[str, float] = {}
    start = time.process_time()
    import onnxruntime  # noqa: F401  loaded here so that its import is told apart

    from lumbomics.core.image import Contrast, Image
    from lumbomics.read import read_nifti_image
    from lumbomics.segment import builtin
    from lumbomics.write import write_labels_nifti

    spent["imports"] = time.process_time() - start
    read = read_nifti_image(folder / "image.nii.gz")
    image = Image(read.array, read.grid, read.quantity, Contrast.T2)
    spent["reading"] = time.process_time() - start - sum(spent.values())
    truth = folder / "classes.npy"
    builtin.infer = _timed(builtin.infer, spent, "network with resampling", truth if truth.exists() else None)
    builtin.split = _timed(builtin.split, spent, "levels")
    given = folder / "weights"
    engine = builtin.BuiltinSegmenter(threads=threads, weights=given if given.exists() else None)
    prediction = engine.segment(image)
    before = time.process_time()
    spent["loading weights, confidence"] = before - start - sum(spent.values())
    write_labels_nifti(prediction.segmentation.spine, folder / "labels.nii.gz")
    spent["writing"] = time.process_time() - before
    spent["structures"] = len(prediction.segmentation.spine.present)
    return spent


def _timed(
    call: Callable[..., Any], spent: dict[str, float], name: str, truth: Path | None = None
) -> Callable[..., Any]:
    from dataclasses import replace

    import numpy as np

    def run(*arguments: object, **named: object) -> Any:
        start = time.process_time()
        result = call(*arguments, **named)
        spent[name] = time.process_time() - start
        return result if truth is None else replace(result, labels=np.load(truth))

    return run


def nnunet(folder: Path, threads: int) -> dict[str, float]:
    """Time one patch."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    path = folder / "nnunet.onnx"
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    patch = np.random.default_rng(0).normal(size=(1, 1, PATCH, PATCH, PATCH)).astype(np.float32)
    looks = []
    for _ in range(2):
        start, begun = time.perf_counter(), time.process_time()
        session.run(None, {"slices": patch})
        looks.append((time.perf_counter() - start, time.process_time() - begun))
    wall, processor = min(looks)
    return {"patch": wall, "patch_processor": processor}


# ---- the run


def prepare(folder: Path, channels: Sequence[int], weights: Path | None) -> str:
    """Write image and networks into ``folder``; tell which weights ours runs on."""
    from importlib.resources import files

    import numpy as np

    from lumbomics.core.grid import Grid
    from lumbomics.phantom import make_phantom
    from lumbomics.write import write_image_nifti

    phantom = make_phantom(7)
    centre = phantom.sagittal_grid(slices=SHAPE[0]).centre_mm
    origin = centre - (np.array(SHAPE) - 1) / 2 * SPACING_MM
    grid = Grid.from_spacing(SHAPE, SPACING_MM, origin_mm=origin)
    write_image_nifti(phantom.image(grid, rng=np.random.default_rng(0)), folder / "image.nii.gz")
    network = unet(NNUNET_FEATURES, dimensions=3, inputs=1, outputs=NNUNET_CLASSES, normalised=True)
    (folder / "nnunet.onnx").write_bytes(network)
    if weights is not None:
        (folder / "weights").symlink_to(weights.resolve(), target_is_directory=True)
        return f"weights in {weights.name}"
    if (files("lumbomics.segment.network") / "weights" / "lumbar_mr.onnx").is_file():
        return "shipped weights"
    _random_weights(folder / "weights", channels)
    np.save(folder / "classes.npy", _classes(phantom.segmentation(grid).spine.array))
    return f"random weights of {'-'.join(map(str, channels))} channels; the phantom's true classes go into the levels"


def _classes(spine: np.ndarray) -> np.ndarray:
    import numpy as np

    table = np.zeros(256, dtype=np.uint8)
    table[8:26], table[100:200], table[60:62], table[26:34] = 1, 2, 3, 4
    return table[spine]


def _random_weights(folder: Path, channels: Sequence[int]) -> None:
    import hashlib

    import yaml

    content = unet(channels, dimensions=2, inputs=3, outputs=6, normalised=False)
    card = {"name": "random", "version": "0", "licence": "none", "data": [], "limits": ["knows nothing"]}
    card |= {"spacing_mm": WORKING_MM, "temperature": 1.0, "sha256": hashlib.sha256(content).hexdigest()}
    folder.mkdir()
    (folder / "lumbar_mr.onnx").write_bytes(content)
    (folder / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")


def fresh(part: str, folder: Path, threads: int) -> dict[str, float]:
    """Run ``part`` in a new process: its own account, with wall time, processor time and peak memory."""
    start = time.perf_counter()
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder), "--threads", str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - start
    return {**json.loads(done.stdout.splitlines()[-1]), "wall": wall}


def report(folder: Path, which: str, repeats: int, threads: int) -> None:
    runs = sorted((fresh("ours", folder, threads) for _ in range(repeats)), key=lambda run: run["wall"])
    middle, other = runs[len(runs) // 2], fresh("nnunet", folder, threads)
    count, sides = patches(SHAPE, SPACING_MM)
    print(f"{' x '.join(map(str, (*SHAPE[1:], SHAPE[0])))} voxels, {threads} threads, {which}")
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end")
    print(f"ours, cold start to written map, n = {repeats}: {middle['wall']:.2f} s", end=" ")
    print(f"({runs[0]['wall']:.2f} to {runs[-1]['wall']:.2f}), peak memory {middle['peak_mb']:.0f} MB")
    print(f"  processor time {middle['processor']:.2f} s, of these:")
    for name in PARTS:
        print(f"    {name}: {middle[name]:.2f} s")
    print(f"  structures drawn: {middle['structures']:.0f}")
    print(f"nnU-Net 3d_fullres, one patch of {PATCH}^3: {other['patch']:.2f} s", end=" ")
    print(f"(processor time {other['patch_processor']:.2f} s), peak memory {other['peak_mb']:.0f} MB")
    times = count * STAGES
    print(
        f"  {' x '.join(map(str, sides))} mm at 1 mm: {count} patches x {STAGES} stages: {other['patch'] * times:.0f} s"
    )
    print(f"ratio of wall times: {other['patch'] * times / middle['wall']:.0f}")
    print(f"ratio of processor times: {other['patch_processor'] * times / middle['processor']:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--channels", type=int, nargs="+", default=CHANNELS)
    parser.add_argument("--weights", type=Path, help="folder with other weights and their card")
    parser.add_argument("--part", choices=["ours", "nnunet"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        account = {"ours": ours, "nnunet": nnunet}[given.part](given.folder, given.threads)
        used = resource.getrusage(resource.RUSAGE_SELF)
        account |= {"processor": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
        print(json.dumps(account))
        return
    with tempfile.TemporaryDirectory() as folder:
        which = prepare(Path(folder), given.channels, given.weights)
        report(Path(folder), which, given.repeats, given.threads)


if __name__ == "__main__":
    main()
