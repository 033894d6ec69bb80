"""Real label maps: what is there is measured and believable, what is not is Absent, and storage changes nothing."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.measure import describe_spine, measure
from lumbomics.measure.geometry.orientation import AnteriorSource

pytestmark = pytest.mark.realdata
VERSE = "verse014/sub-verse014_seg-vert_msk.nii.gz"
TRUNK = "totalsegmentator/example_seg_fast_force_split.nii.gz"
BODIES = "vertebra-volumes/VB3-01_dseg.nii.gz"
OWN = ("lumbar_lordosis_l1_s1", "lumbar_lordosis_l1_l5", "vertebral_height", "segmental_lordosis", "disc_height")


def labels_of(path: Path, numbers: dict[int, int] | None = None) -> Labels:
    image = nib.load(path)
    array = np.asarray(image.dataobj).astype(np.int32)
    table = np.zeros(max(int(array.max()) + 1, 400), dtype=np.uint8)
    for old, new in (numbers or {n: n for n in range(1, 34)}).items():
        table[old] = new
    return Labels(table[array], Grid(array.shape, image.affine))


@pytest.fixture(scope="module")
def load(real_file):
    def loader(name: str, numbers: dict[int, int] | None = None) -> Labels:
        return labels_of(real_file(name), numbers)

    return loader


def keyed(results):
    return {(r.biomarker, r.method, r.level): r for r in results}


def test_whole_vertebrae_on_ct_without_a_canal_label_are_all_described(load):
    labels = load(VERSE)
    spine = describe_spine(Segmentation(spine=labels))
    for level in ("L1", "L2", "L3", "L4", "L5"):
        vertebra = spine.vertebra(level)
        assert vertebra.anterior_source is AnteriorSource.VERTEBRAL_FORAMEN
        assert 24 < vertebra.depth_mm < 40
        assert 30 < vertebra.width_mm < 56
    results = keyed(measure(Segmentation(spine=labels), only=OWN))
    assert results["lumbar_lordosis_l1_s1", "endplate_line_midsagittal", None].reason is Reason.FIELD_OF_VIEW
    assert 40 < results["lumbar_lordosis_l1_l5", "endplate_line_midsagittal", None].value < 65
    for level in ("L2", "L3", "L4", "L5"):
        assert 20 < results["vertebral_height", "mid", level].value < 32


def test_storage_order_of_a_real_map_changes_no_digit(load):
    labels = load(VERSE)
    affine = labels.grid.affine.copy()
    affine[:3, 3] += affine[:3, 1] * (labels.grid.shape[1] - 1)
    affine[:3, 1] *= -1
    turned = np.transpose(labels.array[:, ::-1], (2, 0, 1))
    other = Labels(turned, Grid(turned.shape, affine[:, [2, 0, 1, 3]]))
    one, two = (keyed(measure(Segmentation(spine=m), only=OWN)) for m in (labels, other))
    assert one.keys() == two.keys()
    for key, result in one.items():
        assert type(result) is type(two[key])
        if isinstance(result, Measurement):
            assert two[key].value == pytest.approx(result.value, abs=1e-6)


def test_a_sacrum_without_canal_label_gives_lordosis_and_cut_vertebrae_give_none(load):
    numbers = {25: 26, 26: 26} | {27 + i: 24 - i for i in range(5)} | {32 + i: 19 - i for i in range(12)}
    results = keyed(measure(Segmentation(spine=load(TRUNK, numbers)), only=OWN))
    whole = results["lumbar_lordosis_l1_s1", "endplate_line_midsagittal", None]
    assert isinstance(whole, Measurement)
    assert 35 < whole.value < 65
    assert results["vertebral_height", "mid", "T12"].reason is Reason.FIELD_OF_VIEW
    assert results["disc_height", "mean_central80", "T12-L1"].reason is Reason.FIELD_OF_VIEW


def test_bare_bodies_take_their_front_from_the_image(load):
    labels = load(BODIES, {n: 19 + n for n in range(1, 6)})
    spine = describe_spine(Segmentation(spine=labels))
    assert {spine.vertebra(f"L{n}").anterior_source for n in range(1, 6)} == {AnteriorSource.IMAGE_ORIENTATION}
    results = keyed(measure(Segmentation(spine=labels), only=OWN))
    assert all(isinstance(results["vertebral_height", "mid", f"L{n}"], Measurement) for n in range(1, 6))


@pytest.fixture(scope="module")
def tptbox() -> Path:
    package = pytest.importorskip("importlib.util").find_spec("TPTBox")
    if package is None or package.origin is None:
        pytest.skip("the development package TPTBox, which carries the samples, is not installed")
    return Path(package.origin).parent / "tests"


def test_a_cervical_mr_gives_no_lumbar_number(tptbox):
    labels = labels_of(tptbox / "sample_mri" / "sub-mri_seg-vert_label-6_msk.nii.gz")
    results = measure(Segmentation(spine=labels))
    assert results
    assert all(isinstance(r, Absent) for r in results)


def test_a_crop_round_one_vertebra_measures_that_one_alone(tptbox):
    folder = tptbox / "sample_ct"
    crop = Segmentation(
        spine=labels_of(folder / "sub-ct_seg-vert_label-22_msk.nii.gz"),
        subregion=labels_of(folder / "sub-ct_seg-subreg_label-22_msk.nii.gz", {n: n for n in range(1, 255)}),
    )
    results = keyed(measure(crop, only=["vertebral_height"]))
    found = {level for (_, _, level), r in results.items() if isinstance(r, Measurement)}
    assert found == {"L3"}
    assert 22 < results["vertebral_height", "mid", "L3"].value < 30
    assert results["vertebral_height", "mid", "L2"].reason is Reason.FIELD_OF_VIEW
