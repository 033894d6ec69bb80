"""The outside engines against fake tools that take the real options and hand out recorded outputs."""

import os
import time
from pathlib import Path

import nibabel
import numpy as np
import pytest

from lumbomics.core.errors import GridError, GridMismatchError, InputError, LabelError, SegmentationError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Subregion
from lumbomics.segment.external import EXTERNAL_ENGINES, external_engine

NAMES = tuple(EXTERNAL_ENGINES)
# rows 0, 4, 8 … of the recorded maps along the third axis
PLACES = {"L4": (1, 1, 0), "disc": (1, 1, 4), "L5": (1, 1, 8), "sacrum": (1, 1, 16), "behind": (1, 4, 0)}


def engine(tool, **options):
    return external_engine(tool.name, executable=tool.executable, weights=tool.weights, device="cpu", **options)


def at(labels, place):
    return int(labels.array[PLACES[place]])


def recording(name):
    return "mr" if name == "totalsegmentator" else name


@pytest.fixture
def ready(installed, recorded):
    """A tool that works: name -> installation."""

    def make(name, **behaviour):
        tool = installed(name)
        tool.behave(writes=recorded(recording(name)), **behaviour)
        return tool

    return make


def test_totalspineseg_s_numbers_become_ours_on_the_image_s_grid(ready, small_mr):
    given = small_mr()
    prediction = engine(ready("totalspineseg")).segment(given)
    spine = prediction.segmentation.spine
    assert {place: at(spine, place) for place in PLACES} == {
        "L4": 23,
        "disc": 123,
        "L5": 24,
        "sacrum": 26,
        "behind": 61,
    }
    assert spine.grid is given.grid
    assert set(spine.present) == {23, 24, 26, 61, 123, 124}


def test_spineps_s_two_maps_become_ours(ready, small_mr):
    segmentation = engine(ready("spineps")).segment(small_mr()).segmentation
    assert {at(segmentation.spine, place) for place in ("L4", "L5", "sacrum")} == {23, 24, 26}
    assert at(segmentation.spine, "disc") == 123
    assert at(segmentation.spine, "behind") == 61
    assert at(segmentation.subregion, "L4") == Subregion.CORPUS_BORDER
    assert at(segmentation.subregion, "disc") == Subregion.DISC


def test_totalsegmentator_draws_levels_and_semantic_discs_in_mr(ready, small_mr):
    tool = ready("totalsegmentator")
    segmentation = engine(tool).segment(small_mr()).segmentation
    assert [run["arguments"][run["arguments"].index("-ta") + 1] for run in tool.saw] == ["vertebrae_mr", "total_mr"]
    assert {at(segmentation.spine, place) for place in ("L4", "L5", "sacrum")} == {23, 24, 26}
    assert at(segmentation.spine, "behind") == 60
    assert at(segmentation.spine, "disc") == 0
    assert at(segmentation.subregion, "disc") == Subregion.DISC


def test_totalsegmentator_runs_total_alone_on_ct(installed, recorded, small_mr):
    tool = installed("totalsegmentator")
    tool.behave(writes=recorded("total"))
    spine = engine(tool).segment(small_mr(ct=True)).segmentation.spine
    (run,) = tool.saw
    asked = run["arguments"][run["arguments"].index("-rs") + 1 :]
    assert {at(spine, place) for place in ("L4", "L5", "sacrum", "behind")} == {23, 24, 26, 60}
    assert {"vertebrae_L5", "vertebrae_C1", "sacrum", "spinal_cord"} <= set(asked)
    assert not {"liver", "aorta", "hip_left"} & set(asked)


def test_a_structure_is_never_mended_from_a_second_run(installed, recorded, small_mr):
    second = np.full(small_mr().grid.shape, 18, np.uint8)
    tool = installed("totalsegmentator")
    tool.behave(writes=recorded("mr", total_mr=second))
    spine = engine(tool).segment(small_mr()).segmentation.spine
    assert spine.voxels[26] == 2 * 3 * 3


@pytest.mark.parametrize("name", NAMES)
def test_the_record_names_tool_version_and_weights(name, ready, small_mr):
    tool = ready(name)
    prediction = engine(tool).segment(small_mr())
    number = {"totalspineseg": "20260807", "spineps": "2.1.3", "totalsegmentator": "2.18.0"}[name]
    assert f" {number}+weights." in prediction.engine
    assert prediction.segmentation.spine.source == prediction.engine
    (weights,) = [d.choice for d in prediction.decisions if d.what == "weights"]
    assert set(weights.split(", ")) == {folder for run in tool.saw for folder in run["weights"]}


def test_other_weights_are_another_version(ready):
    tool = ready("spineps")
    before = engine(tool).version
    (tool.weights / "T2w_semantic_v1.0.9" / "model.bin").write_bytes(b"123456")
    assert engine(tool).version != before


@pytest.mark.parametrize("name", NAMES)
def test_the_tool_works_in_a_private_folder_that_is_gone_afterwards(name, ready, small_mr, tmp_path):
    tool = ready(name)
    engine(tool).segment(small_mr())
    for run in tool.saw:
        environment = run["environment"]
        assert run["mode"] == 0o700
        assert not Path(run["folder"]).exists()
        for variable in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "MPLCONFIGDIR", "nnUNet_results"):
            assert environment[variable].startswith(run["folder"]), variable
    assert not (tmp_path / "own-home").exists()


@pytest.mark.parametrize("name", NAMES)
def test_statistics_are_off_and_the_network_is_closed(name, ready, small_mr, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("PYTHONPATH", "ours")
    tool = ready(name)
    engine(tool).segment(small_mr())
    for run in tool.saw:
        environment = run["environment"]
        assert {environment[v] for v in ("http_proxy", "https_proxy", "HTTPS_PROXY")} == {"http://127.0.0.1:9"}
        assert not {"NO_PROXY", "no_proxy", "PYTHONPATH"} & set(environment)
        assert environment["DO_NOT_TRACK"] == "1"
        if name == "totalsegmentator":
            assert run["settings"]["send_usage_stats"] is False


@pytest.mark.parametrize("name", NAMES)
def test_the_tool_s_weights_are_not_written_to(name, ready, small_mr):
    tool = ready(name)
    before = sorted(tool.weights.rglob("*"))
    engine(tool).segment(small_mr())
    assert sorted(tool.weights.rglob("*")) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_that_is_not_installed_says_what_to_install(name, installed, small_mr, monkeypatch):
    installed(name)
    monkeypatch.setenv("PATH", "/nowhere")
    missing = external_engine(name)
    assert missing.version == "not installed"
    with pytest.raises(SegmentationError, match=r"not installed.*pip install.*licence is"):
        missing.segment(small_mr())


@pytest.mark.parametrize("name", NAMES)
def test_a_stated_executable_is_not_replaced_by_another(name, ready, small_mr, monkeypatch, tmp_path):
    tool = ready(name)
    monkeypatch.setenv("PATH", str(tool.executable.parent))
    with pytest.raises(SegmentationError, match="not where it was said to be") as caught:
        external_engine(name, executable=tmp_path / "secret-name" / "tool", weights=tool.weights).segment(small_mr())
    assert "secret-name" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_tool_and_weights_are_found_by_path_and_environment(name, ready, small_mr, monkeypatch):
    tool = ready(name)
    monkeypatch.setenv("PATH", f"{tool.executable.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(f"LUMBOMICS_{name.upper()}_WEIGHTS", str(tool.weights))
    assert external_engine(name, device="cpu").segment(small_mr()).segmentation.spine.present
    monkeypatch.setenv("PATH", os.environ["PATH"].split(os.pathsep, 1)[1])
    monkeypatch.setenv(f"LUMBOMICS_{name.upper()}", str(tool.executable))
    assert external_engine(name, device="cpu").segment(small_mr()).segmentation.spine.present


@pytest.mark.parametrize("name", NAMES)
def test_missing_weights_are_named_and_nothing_is_started(name, installed, small_mr, tmp_path):
    tool = installed(name)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SegmentationError, match="missing from their folder") as caught:
        external_engine(name, executable=tool.executable, weights=empty).segment(small_mr())
    expected = {
        "totalspineseg": ("Dataset101_TotalSpineSeg_step1", "Dataset102_TotalSpineSeg_step2"),
        "spineps": ("t2w_semantic", "instance", "t2w_labeling"),
        "totalsegmentator": ("Dataset756_", "Dataset850_", "Dataset852_"),
    }[name]
    assert all(model in str(caught.value) for model in expected)
    assert not (tmp_path / name / "saw.jsonl").exists()


@pytest.mark.parametrize("name", NAMES)
def test_no_folder_of_weights_at_all_says_where_to_get_them(name, installed, small_mr):
    tool = installed(name)
    with pytest.raises(SegmentationError, match=r"weights of .* are not there.*on a connected machine"):
        external_engine(name, executable=tool.executable).segment(small_mr())


def test_weights_kept_in_the_tool_s_own_package_are_found(ready, small_mr):
    tool = ready("spineps")
    (tool.packages / "spineps").mkdir()
    tool.weights.rename(tool.packages / "spineps" / "models")
    own = external_engine("spineps", executable=tool.executable, device="cpu")
    assert own.segment(small_mr()).segmentation.spine.present


@pytest.mark.parametrize("name", NAMES)
def test_an_exit_code_is_an_error_with_the_last_words_and_without_paths(name, installed, small_mr):
    tool = installed(name)
    tool.behave(code=3, says="Loading /data/Doe^Jane/t2.nii.gz\nCUDA out of memory in C:\\Users\\doe\\x")
    with pytest.raises(SegmentationError, match=r"exit code 3.*CUDA out of memory in") as caught:
        engine(tool).segment(small_mr())
    assert "doe" not in str(caught.value).lower()


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_that_takes_too_long_is_stopped_with_its_children(name, installed, small_mr, tmp_path):
    tool = installed(name)
    tool.behave(sleep=30, child=str(tmp_path / "child.pid"))
    started = time.monotonic()
    with pytest.raises(SegmentationError, match="did not end in time"):
        engine(tool, timeout_s=1.0).segment(small_mr())
    assert time.monotonic() - started < 10
    child = int((tmp_path / "child.pid").read_text())
    assert not _runs(child)


def _runs(pid):
    for _ in range(20):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("name", NAMES)
def test_no_output_is_an_error_even_with_exit_code_0(name, installed, small_mr):
    tool = installed(name)
    with pytest.raises(SegmentationError, match="wrote no label map"):
        engine(tool).segment(small_mr())


@pytest.mark.parametrize("name", NAMES)
def test_a_map_on_another_grid_is_refused(name, installed, recorded, small_mr, tmp_path):
    tool = installed(name)
    shifted = small_mr().grid.affine.copy()
    shifted[2, 3] += 1.5
    kind = "vertebrae_mr" if name == "totalsegmentator" else "labels"
    writes = recorded(recording(name))
    _rewrite(writes[kind], affine=shifted)
    tool.behave(writes=writes)
    with pytest.raises(GridMismatchError, match="does not lie on the image's grid"):
        engine(tool).segment(small_mr())


def _rewrite(path, *, affine=None, array=None):
    old = nibabel.load(path)
    values = np.asarray(old.dataobj) if array is None else array
    nibabel.save(nibabel.Nifti1Image(values, old.affine if affine is None else affine), path)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_numbers_are_refused_and_named(name, installed, recorded, small_mr):
    tool = installed(name)
    kind = "vertebrae_mr" if name == "totalsegmentator" else "labels"
    writes = recorded(recording(name))
    array = np.zeros(small_mr().grid.shape, np.uint8)
    array[1, 1, :3], array[2, 1, :2] = 251, 252
    _rewrite(writes[kind], array=array)
    tool.behave(writes=writes)
    with pytest.raises(LabelError, match=r"251 \(3 voxels\), 252 \(2 voxels\)"):
        engine(tool).segment(small_mr())


@pytest.mark.parametrize("array", [np.full((4, 6, 20), 0.5, np.float32), np.full((4, 6, 20), -1, np.int16)])
def test_a_map_of_other_than_whole_numbers_is_refused(array, ready, recorded, small_mr):
    tool = ready("totalspineseg")
    writes = recorded("totalspineseg", labels=array)
    tool.behave(writes=writes)
    with pytest.raises(SegmentationError, match="is no label map"):
        engine(tool).segment(small_mr())


def test_a_truncated_file_is_refused(ready, recorded, small_mr):
    tool = ready("totalspineseg")
    writes = recorded("totalspineseg")
    path = Path(writes["labels"])
    path.write_bytes(path.read_bytes()[:60])
    tool.behave(writes=writes)
    with pytest.raises(SegmentationError, match="is no label map"):
        engine(tool).segment(small_mr())


def test_no_spine_in_the_image_is_an_empty_map(installed, recorded, small_mr):
    tool = installed("totalsegmentator")
    nothing = np.zeros(small_mr().grid.shape, np.uint8)
    tool.behave(writes=recorded("mr", vertebrae_mr=nothing, total_mr=nothing))
    _assert_empty(engine(tool).segment(small_mr()))


def test_totalspineseg_that_drops_the_image_after_its_first_step_saw_nothing(installed, recorded, small_mr):
    tool = installed("totalspineseg")
    tool.behave(writes={"step1": recorded("totalspineseg")["labels"]})
    _assert_empty(engine(tool).segment(small_mr()))


def test_spineps_that_says_its_mask_was_empty_saw_nothing(installed, small_mr):
    tool = installed("spineps")
    tool.behave(code=1, says="the image or one of the predicted masks was empty. Does the input really show a spine?")
    _assert_empty(engine(tool).segment(small_mr()))


def _assert_empty(prediction):
    assert prediction.segmentation.spine.present == ()
    assert "no spine" in " ".join(decision.because for decision in prediction.decisions)


def test_spineps_without_its_second_map_is_refused(installed, recorded, small_mr):
    tool = installed("spineps")
    writes = recorded("spineps")
    del writes["second"]
    tool.behave(writes=writes)
    with pytest.raises(SegmentationError, match="seg-spine"):
        engine(tool).segment(small_mr())


@pytest.mark.parametrize(
    ("contrast", "model"), [(Contrast.T1, "T1w_semantic_v1.0.9"), (Contrast.STIR, "T2w_semantic_v1.0.9")]
)
def test_spineps_gets_the_model_of_the_contrast(contrast, model, ready, small_mr):
    tool = ready("spineps")
    engine(tool).segment(small_mr(contrast))
    (run,) = tool.saw
    assert model in run["weights"]
    assert run["input"] == f"sub-image_{model[:3]}.nii.gz"


def test_spineps_of_the_first_generation_gets_its_own_option_for_the_cpu(ready, small_mr, monkeypatch):
    tool = ready("spineps")
    monkeypatch.setenv("FAKE_CPU_OPTION", "-cpu")
    (tool.packages / "spineps-2.1.3.dist-info").rename(tool.packages / "SPINEPS-1.5.0.dist-info")
    assert engine(tool).segment(small_mr()).engine.startswith("SPINEPS 1.5.0")


def test_spineps_does_not_read_ct(ready, small_mr):
    with pytest.raises(InputError, match="totalsegmentator for CT"):
        engine(ready("spineps")).segment(small_mr(ct=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_radiograph_is_refused(name, installed, small_mr):
    with pytest.raises(InputError, match="MR and CT alone"):
        engine(installed(name)).segment(small_mr(Contrast.RADIOGRAPH))


@pytest.mark.parametrize("name", NAMES)
def test_a_sheared_lattice_is_refused_before_the_tool_starts(name, installed, small_mr):
    affine = np.array(small_mr().grid.affine)
    affine[:3, 0] += 0.3 * affine[:3, 2]
    sheared = Image(small_mr().array, Grid(small_mr().grid.shape, affine))
    with pytest.raises(GridError, match="gantry tilt"):
        engine(installed(name)).segment(sheared)


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.uint16, np.bool_, np.float16])
def test_images_of_any_type_of_number_are_handed_over(dtype, ready, small_mr):
    tool = ready("totalspineseg")
    given = small_mr()
    other = Image(given.array.astype(dtype), given.grid, contrast=given.contrast)
    assert engine(tool).segment(other).segmentation.spine.present


def test_a_program_that_cannot_be_executed_is_told(installed, small_mr):
    tool = installed("totalspineseg")
    tool.executable.write_text("no program")
    with pytest.raises(SegmentationError, match="cannot be started"):
        engine(tool).segment(small_mr())


def test_a_version_that_nothing_tells_is_unknown(ready, small_mr):
    tool = ready("totalspineseg")
    (tool.packages / "totalspineseg-20260807.dist-info").rmdir()
    assert "unknown+weights." in engine(tool).segment(small_mr()).engine


@pytest.mark.parametrize("options", [{"timeout_s": 0}, {"timeout_s": float("nan")}, {"device": "tpu"}])
def test_senseless_options_are_refused(options):
    with pytest.raises(InputError):
        external_engine("spineps", **options)


def test_an_engine_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(InputError, match="totalspineseg, spineps, totalsegmentator"):
        external_engine("magic")
