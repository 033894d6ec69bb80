"""The built-in engine: what the network sees becomes numbered levels with honest confidence."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lumbomics.core.anatomy import CANAL
from lumbomics.core.errors import InputError, SegmentationError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.labels import Labels
from lumbomics.core.prediction import SemanticMap, Tissue
from lumbomics.phantom import Phantom, make_phantom
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.segment.network.missed import drawn_share
from lumbomics.segment.network.prepare import intensity_bounds
from lumbomics.segment.protocol import Segmenter

SPACING_MM = 0.9
SHARPNESS = 400.0


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(3)


@pytest.fixture(scope="module")
def grid(phantom: Phantom) -> Grid:
    return phantom.sagittal_grid(in_plane_mm=SPACING_MM)


@pytest.fixture(scope="module")
def truth(phantom: Phantom, grid: Grid) -> Labels:
    return phantom.segmentation(grid).spine


@pytest.fixture(scope="module")
def picture(truth: Labels) -> Image:
    """An image whose grey value is the tissue's number."""
    spine = truth.array
    tissue = np.zeros(spine.shape, dtype=np.float32)
    tissue[(spine >= 8) & (spine <= 25)] = Tissue.VERTEBRA
    tissue[spine >= 100] = Tissue.DISC
    tissue[(spine == 60) | (spine == CANAL)] = Tissue.CANAL
    tissue[(spine == 26) | ((spine >= 29) & (spine <= 33))] = Tissue.SACRUM
    return Image(tissue, truth.grid)


@pytest.fixture(scope="module")
def weights(picture: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that reads the tissue's number off the grey value: each logit is a tangent of the parabola."""
    low, high = intensity_bounds(picture.array)
    level = (np.arange(5) - low) / (high - low)
    weight = np.zeros((6, 3, 1, 1), dtype=np.float32)
    weight[:5, 1, 0, 0] = 2 * SHARPNESS * level
    bias = np.array([*(-SHARPNESS * level**2), -9.0], dtype=np.float32)
    content = _convolution(weight, bias)
    folder = tmp_path_factory.mktemp("weights")
    (folder / "lumbar_mr.onnx").write_bytes(content)
    card = {
        "name": "grey reader",
        "version": "7.1",
        "licence": "CC0-1.0",
        "data": [],
        "limits": ["reads label maps alone"],
        "spacing_mm": SPACING_MM,
        "temperature": 1.0,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    (folder / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
    return folder


def _convolution(weight: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"])
        for name, channels in (("slices", 3), ("logits", 6))
    ]
    constants = [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")]
    node = helper.make_node("Conv", ["slices", "weight", "bias"], ["logits"])
    graph = helper.make_graph([node], "grey", ports[:1], ports[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


def test_it_is_a_segmenter_and_names_its_weights(weights: Path) -> None:
    engine = BuiltinSegmenter(weights=weights)
    assert isinstance(engine, Segmenter)
    assert (engine.name, engine.version, engine.card.spacing_mm) == ("builtin", "7.1", SPACING_MM)


def test_a_phantom_comes_back_with_its_levels(weights: Path, picture: Image, truth: Labels) -> None:
    prediction = BuiltinSegmenter(weights=weights, threads=1).segment(picture)
    spine = prediction.segmentation.spine
    for value in (21, 22, 23, 24, 122, 123, 124):  # L2-L5 and their discs, whole in every field of view
        drawn, true = spine.array == value, truth.array == value
        assert 2 * (drawn & true).sum() / (drawn.sum() + true.sum()) > 0.9, value
        assert prediction.confidence[value] > 0.9
    assert set(prediction.confidence) == set(spine.present)
    assert prediction.engine == "builtin 7.1"
    assert spine.source == "builtin 7.1"
    assert {"weights", "resampling"} <= {d.what for d in prediction.decisions}


def test_uncertainty_is_high_where_two_tissues_are_equally_near(weights: Path, picture: Image) -> None:
    blurred = picture.array.copy()
    at = tuple(np.argwhere(picture.array == Tissue.DISC)[500])
    blurred[at] = 1.5  # half way between vertebra and disc
    prediction = BuiltinSegmenter(weights=weights, threads=1).segment(Image(blurred, picture.grid))
    assert prediction.uncertainty is not None
    assert prediction.metal is not None
    assert prediction.uncertainty.array[at] == pytest.approx(0.5, abs=0.02)
    assert np.median(prediction.uncertainty.array) < 0.01
    assert prediction.uncertainty.quantity is Quantity.PROBABILITY
    assert prediction.metal.array.max() < 0.001


def test_a_class_that_belongs_to_no_level_is_left_out_and_told_as_doubt(weights: Path, picture: Image) -> None:
    array = picture.array.copy()
    speck = (slice(3, 6), slice(2, 6), slice(2, 4))
    assert not array[speck].any()
    array[speck] = Tissue.DISC
    prediction = BuiltinSegmenter(weights=weights, threads=1).segment(Image(array, picture.grid))
    assert prediction.uncertainty is not None
    assert not prediction.segmentation.spine.array[speck].any()
    assert prediction.uncertainty.array[speck].min() > 0.9


def test_specks_that_form_no_spine_give_an_empty_map(weights: Path, picture: Image) -> None:
    specks = np.random.default_rng(0).random(picture.array.shape) < 0.02
    prediction = BuiltinSegmenter(weights=weights, threads=1).segment(Image(specks * 4.0, picture.grid))
    assert prediction.segmentation.spine.present == ()
    assert prediction.confidence == {}


def test_ct_is_refused_before_anything_is_drawn(weights: Path, picture: Image) -> None:
    with pytest.raises(InputError, match="MR alone"):
        BuiltinSegmenter(weights=weights).segment(Image(picture.array, picture.grid, Quantity.HOUNSFIELD, Contrast.CT))


def test_missing_weights_are_told(tmp_path: Path, picture: Image) -> None:
    with pytest.raises(SegmentationError, match="cannot be read"):
        BuiltinSegmenter(weights=tmp_path).segment(picture)


def test_doubtful_background_beside_a_structure_counts_as_missed() -> None:
    grid = Grid.from_spacing((5, 40, 40), (4.0, 1.0, 1.0))
    array = np.zeros(grid.shape, dtype=np.uint8)
    array[2, 10:20, 10:20] = 22
    array[2, 30:35, 10:20] = 23
    probability = np.ones(grid.shape, dtype=np.float16)
    probability[array > 0] = 0.75
    probability[2, 20, 10:20] = 0.5  # touching the first structure: ten voxels, five of them missed
    probability[2, 25, 10:20] = 0.5  # five voxels from either: nobody's
    metal = np.zeros(grid.shape, dtype=np.float16)
    semantic = SemanticMap(labels=(array > 0).astype(np.uint8), probability=probability, metal=metal, grid=grid)
    share = drawn_share(Labels(array, grid), semantic)
    assert share == {22: pytest.approx(75 / 80), 23: pytest.approx(1.0)}


def test_the_end_of_one_row_is_no_neighbour_of_the_start_of_the_next() -> None:
    grid = Grid.from_spacing((3, 20, 20), (1.0, 1.0, 1.0))
    array = np.zeros(grid.shape, dtype=np.uint8)
    array[1, 5, 10:] = 22
    array[1, 19, :] = 23
    probability = np.ones(grid.shape, dtype=np.float16)
    probability[1, 8, 0] = probability[2, 0, 5] = 0.5  # next to neither, though next in memory
    probability[1, 6, 0] = 0.5
    semantic = SemanticMap(labels=(array > 0).astype(np.uint8), probability=probability, metal=probability, grid=grid)
    assert drawn_share(Labels(array, grid), semantic) == {22: 1.0, 23: 1.0}


def test_no_structure_has_no_share() -> None:
    grid = Grid.from_spacing((2, 8, 8), (4.0, 1.0, 1.0))
    empty = np.zeros(grid.shape, dtype=np.uint8)
    half = np.full(grid.shape, 0.5, dtype=np.float16)
    assert drawn_share(Labels(empty, grid), SemanticMap(labels=empty, probability=half, metal=half, grid=grid)) == {}
