"""Tissue of the canal drawn on digital patients, against their exact maps and by invariance."""

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import CANAL
from lumbomics.core.errors import FrameMismatchError, InputError
from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.segment.axial import DrawnTissue, draw_canal_tissue


@pytest.fixture(scope="module")
def drawn(plain):
    return draw_canal_tissue(plain.scans["t2"], plain.segmentation, t1=plain.scans["t1"])


@pytest.fixture(scope="module")
def drawn_operated(operated):
    return draw_canal_tissue(
        operated.scans["t2"], operated.segmentation, t1=operated.scans["t1"], post=operated.scans["post"]
    )


def mask(labels, kinds):
    return np.isin(labels.array if isinstance(labels, Labels) else labels, list(kinds))


def test_sac_canal_and_roots_overlap_the_truth(plain, drawn, overlap):
    assert overlap(mask(drawn.labels, IN_SAC), mask(plain.tissue, IN_SAC)) > 0.95
    assert overlap(mask(drawn.labels, IN_CANAL), mask(plain.tissue, IN_CANAL)) > 0.90
    assert overlap(mask(drawn.labels, {CanalTissue.ROOT}), mask(plain.tissue, {CanalTissue.ROOT})) > 0.7
    fat = {CanalTissue.EPIDURAL_FAT}
    assert overlap(mask(drawn.labels, fat), mask(plain.tissue, fat)) > 0.7


def test_without_t1_the_sac_is_still_found(plain, overlap):
    found = draw_canal_tissue(plain.scans["t2"], plain.segmentation)
    assert overlap(mask(found.labels, IN_SAC), mask(plain.tissue, IN_SAC)) > 0.93


def test_labels_drawn_along_the_dura_still_give_the_space_behind_it(plain, overlap):
    spine, sac = plain.segmentation.spine, plain.segmentation.dural_sac
    narrow = np.where((spine.array == CANAL) & (sac.array == 0), 0, spine.array)
    labels = Segmentation(spine=Labels(narrow, spine.grid, source="along the dura"))
    found = draw_canal_tissue(plain.scans["t2"], labels, t1=plain.scans["t1"])
    assert overlap(mask(found.labels, IN_SAC), mask(plain.tissue, IN_SAC)) > 0.93
    assert overlap(mask(found.labels, IN_CANAL), mask(plain.tissue, IN_CANAL)) > 0.80
    fat = {CanalTissue.EPIDURAL_FAT}
    assert overlap(mask(found.labels, fat), mask(plain.tissue, fat)) > 0.5


def test_the_map_names_its_values_and_its_source(drawn):
    assert drawn.labels.names[int(CanalTissue.ROOT)] == "root"
    assert drawn.labels.source.startswith("lumbomics axial ")
    assert set(drawn.confidence) == {"L4-L5"}
    assert drawn.confidence["L4-L5"] > 0.8
    assert not drawn.findings


def test_receiver_gain_changes_nothing(plain, drawn):
    louder = {
        name: replace(scan, image=replace(scan.image, array=scan.image.array.astype(np.float32) * factor))
        for (name, scan), factor in zip(plain.scans.items(), (7.0, 0.3, 1.0), strict=True)
    }
    again = draw_canal_tissue(louder["t2"], plain.segmentation, t1=louder["t1"])
    assert (again.labels.array != drawn.labels.array).mean() < 1e-5


def reflected(labels_or_image):
    grid = labels_or_image.grid
    affine = np.diag([-1.0, 1, 1, 1]) @ grid.affine
    return replace(labels_or_image, grid=Grid(grid.shape, affine, grid.frame))


def test_a_mirrored_patient_gets_the_mirrored_map(operated, drawn_operated, overlap):
    scans = {name: replace(scan, image=reflected(scan.image)) for name, scan in operated.scans.items()}
    other = Segmentation(spine=reflected(operated.segmentation.spine))
    again = draw_canal_tissue(scans["t2"], other, t1=scans["t1"], post=scans["post"])
    for kinds in (IN_SAC, {CanalTissue.DISC}, {CanalTissue.ROOT}):
        assert overlap(mask(again.labels, kinds), mask(drawn_operated.labels, kinds)) > 0.97


def test_storage_order_does_not_matter(plain, drawn):
    def turned(image):
        affine = image.grid.affine.copy()
        affine[:3, 3] = image.grid.to_world((image.grid.shape[0] - 1, 0, 0))
        affine[:3, 0] *= -1
        grid = Grid((image.grid.shape[2], *image.grid.shape[:2]), affine[:, [2, 0, 1, 3]], image.grid.frame)
        return replace(image, array=np.moveaxis(image.array[::-1], 2, 0), grid=grid)

    scans = [replace(plain.scans[name], image=turned(plain.scans[name].image)) for name in ("t2", "t1")]
    again = draw_canal_tissue(scans[0], plain.segmentation, t1=scans[1])
    back = np.moveaxis(again.labels.array, 0, 2)[::-1]
    assert (back != drawn.labels.array).mean() < 1e-3


def test_metal_gets_no_tissue_and_much_of_it_leaves_the_slice_blank(plain):
    scan = plain.scans["t2"]
    spoilt = np.zeros(scan.image.grid.shape, dtype=np.uint8)
    spoilt[:, :, 0] = 1
    spoilt[: spoilt.shape[0] // 2, :, 1] = 1
    metal = replace(scan, obscured=Labels(spoilt, scan.image.grid))
    found = draw_canal_tissue(metal, plain.segmentation, t1=plain.scans["t1"])
    assert not found.labels.array[spoilt > 0].any()
    assert any("slice 0" in finding.message for finding in found.findings)
    assert found.labels.array[:, :, 2].any()


def test_uptake_tells_disc_from_scar(operated, drawn_operated, overlap):
    disc = {CanalTissue.DISC}
    assert overlap(mask(drawn_operated.labels, disc), mask(operated.tissue, disc)) > 0.5
    taken = mask(drawn_operated.labels, {CanalTissue.SCAR}) & mask(operated.tissue, disc)
    assert taken.sum() < 0.1 * mask(operated.tissue, disc).sum()


def test_without_contrast_nothing_is_called_scar_or_disc(operated):
    found = draw_canal_tissue(operated.scans["t2"], operated.segmentation, t1=operated.scans["t1"])
    present = set(found.labels.present)
    assert CanalTissue.EPIDURAL_TISSUE in present
    assert not present & {CanalTissue.SCAR, CanalTissue.DISC}


def test_fluid_behind_the_canal_is_a_collection(leaking, overlap):
    found = draw_canal_tissue(leaking.scans["t2"], leaking.segmentation, t1=leaking.scans["t1"])
    pool = {CanalTissue.COLLECTION}
    assert overlap(mask(found.labels, pool), mask(leaking.tissue, pool)) > 0.8


def test_a_stack_beyond_the_canal_is_left_blank_and_told(plain):
    scan = plain.scans["t2"]
    affine = scan.image.grid.affine.copy()
    affine[2, 3] += 900
    away = replace(scan, image=replace(scan.image, grid=Grid(scan.image.grid.shape, affine)))
    found = draw_canal_tissue(away, plain.segmentation)
    assert not found.labels.array.any()
    assert "no slice of t2 passes the labelled canal" in found.findings[0].message


def test_a_series_that_is_no_t2_or_a_lone_contrast_series_is_refused(plain):
    with pytest.raises(InputError, match="drawn on T2"):
        draw_canal_tissue(plain.scans["t1"], plain.segmentation)
    with pytest.raises(InputError, match="series before it"):
        draw_canal_tissue(plain.scans["t2"], plain.segmentation, post=plain.scans["post"])


def test_labels_of_another_frame_are_refused(plain):
    scan = plain.scans["t2"]
    foreign = replace(scan, image=replace(scan.image, grid=replace(scan.image.grid, frame="1.2.3")))
    spine = plain.segmentation.spine
    other = Segmentation(spine=replace(spine, grid=replace(spine.grid, frame="1.2.4")))
    with pytest.raises(FrameMismatchError):
        draw_canal_tissue(foreign, other)


def test_an_empty_image_is_left_blank(plain):
    scan = plain.scans["t2"]
    dark = replace(scan, image=Image(np.zeros(scan.image.grid.shape), scan.image.grid, contrast=Contrast.T2))
    found = draw_canal_tissue(dark, plain.segmentation)
    assert not found.labels.array.any()
    assert found.findings


def test_a_confidence_beyond_one_is_refused(drawn):
    with pytest.raises(InputError, match="confidence out of range"):
        DrawnTissue(labels=drawn.labels, confidence={"L4-L5": 1.2})
