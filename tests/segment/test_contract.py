"""What every engine promises (``segment/protocol.py``), held for each of them.

A new engine joins by a line in ``ENGINES``: a function that makes it ready to draw the image of ``small_mr``.
"""

import os
import tempfile
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from lumbomics.core.conventions import Convention, names_of, to_segmentation
from lumbomics.core.errors import LumbomicsError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.phantom import make_phantom
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.segment.external import EXTERNAL_ENGINES, external_engine
from lumbomics.segment.given import GivenLabels
from lumbomics.segment.protocol import Segmenter


def _external(name):
    def make(request):
        tool = request.getfixturevalue("installed")(name)
        recording = "mr" if name == "totalsegmentator" else name
        tool.behave(writes=request.getfixturevalue("recorded")(recording))
        return external_engine(name, executable=tool.executable, weights=tool.weights, device="cpu")

    return make


def _given(request):
    image = request.getfixturevalue("small_mr")()
    array = np.zeros(image.grid.shape, np.uint8)
    array[1:3, 1:3, 2:6] = 23
    return GivenLabels(labels=to_segmentation(Labels(array, image.grid), "verse"), source="reader A")


ENGINES = {
    "given": _given,
    "totalspineseg": _external("totalspineseg"),
    "spineps": _external("spineps"),
    "totalsegmentator": _external("totalsegmentator"),
    "builtin": lambda request: BuiltinSegmenter(threads=1),
}


@pytest.fixture(params=ENGINES)
def engine(request):
    made = ENGINES[request.param](request)
    assert made.name == request.param
    return made


@pytest.fixture
def picture(engine, small_mr):
    """An image the engine takes; the built-in one wants a field of view that can hold a vertebra."""
    if engine.name != "builtin":
        return small_mr
    phantom = make_phantom(3)
    grid = phantom.sagittal_grid(in_plane_mm=1.5, thickness_mm=6.0, slices=3)
    return lambda: phantom.image(grid, Contrast.T2)


def _maps(segmentation: Segmentation):
    return {name: value for name, value in vars(segmentation).items() if isinstance(value, Labels)}


def test_it_is_a_segmenter_and_tells_its_version(engine):
    assert isinstance(engine, Segmenter)
    assert engine.version not in {"", "not installed", "unknown"}


def test_maps_lie_on_the_image_s_grid_in_our_numbers(engine, picture):
    image = picture()
    prediction = engine.segment(image)
    for name, labels in _maps(prediction.segmentation).items():
        assert labels.grid.same_place(image.grid), name
        assert labels.grid.frame == image.grid.frame, name
    assert set(prediction.segmentation.spine.present) <= set(names_of(Convention.LUMBOMICS))
    assert prediction.engine != "unknown"


def test_the_image_is_not_changed_and_the_same_image_gives_the_same_result(engine, picture):
    image = picture()
    before = image.array.copy()
    first, second = engine.segment(image), engine.segment(image)
    assert np.array_equal(image.array, before)
    assert _maps(first.segmentation).keys() == _maps(second.segmentation).keys()
    for name, labels in _maps(first.segmentation).items():
        assert np.array_equal(labels.array, _maps(second.segmentation)[name].array), name
    assert first.decisions == second.decisions


def test_nothing_stays_behind_in_working_or_temporary_folder(engine, picture, tmp_path, monkeypatch):
    scratch, here = tmp_path / "scratch", tmp_path / "here"
    scratch.mkdir()
    here.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.chdir(here)
    engine.segment(picture())
    assert list(scratch.iterdir()) == list(here.iterdir()) == []
    assert Path.cwd() == here


def test_the_environment_is_left_as_it_was(engine, picture):
    before = dict(os.environ)
    engine.segment(picture())
    assert dict(os.environ) == before


def test_what_cannot_be_drawn_is_an_error_of_ours_that_says_what_to_do(request, small_mr, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    image = small_mr()
    elsewhere = Image(image.array, Grid(image.grid.shape, image.grid.affine @ np.diag([1.1, 1, 1, 1])))
    for made in (_given(request), *(external_engine(name) for name in EXTERNAL_ENGINES)):
        with pytest.raises(LumbomicsError) as caught:
            made.segment(elsewhere)
        assert caught.value.hint


def test_confidences_are_read_only(engine, picture):
    assert isinstance(engine.segment(picture()).confidence, MappingProxyType)
