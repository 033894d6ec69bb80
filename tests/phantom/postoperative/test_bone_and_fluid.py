"""Bone is missing where it was taken, fluid and blood lie where they were put."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import IN_SAC, CanalTissue, Surgery
from lumbomics.core.image import Contrast
from lumbomics.phantom.postoperative import BloodAge, BoneDefect, Collection, Haematoma, SacShift
from lumbomics.phantom.postoperative.tissues import Number
from lumbomics.phantom.signal import signal_table
from lumbomics.phantom.tissue import PROPERTIES, Tissue

LEFT = BoneDefect(level="L4-L5", side=Side.LEFT)
BOTH = BoneDefect(level="L4-L5", side=None, kind=Surgery.LAMINECTOMY)


@pytest.fixture(scope="module")
def bone(planes):
    """Bone of L4 and L5 (mask) and canal tissue behind and about the canal, with the grid."""

    def of(phantom):
        grid = planes(phantom, mm=1.0, planes=40, half_mm=(26.0, 30.0), height_mm=6.0)
        spine = phantom.segmentation(grid).spine.array
        return np.isin(spine, (23, 24)), phantom.canal_tissue(grid).array, grid

    return of


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
def test_bone_is_missing_on_the_operated_side_alone(operated, untouched, bone, side):
    before, _, grid = bone(untouched)
    after, tissue, _ = bone(operated(BoneDefect(level="L4-L5", side=side)))
    gone = before & ~after
    assert not (after & ~before).any()
    assert gone.sum() > 200
    sign = -1 if side is Side.LEFT else 1
    x = (grid.to_world(np.argwhere(gone)) - grid.centre_mm) @ grid.axes[:, 0]
    assert (sign * x).min() > -1.0
    defect = (grid.to_world(np.argwhere(tissue == CanalTissue.DEFECT)) - grid.centre_mm) @ grid.axes[:, 0]
    assert (sign * defect > 0).mean() > 0.98


def test_all_of_the_missing_bone_is_the_defect(operated, untouched, bone):
    gone = bone(untouched)[0] & ~bone(operated(LEFT))[0]
    tissue = bone(operated(LEFT))[1]
    assert (tissue[gone] == CanalTissue.DEFECT).mean() > 0.98


def test_a_laminectomy_takes_more_than_a_window(operated, untouched, bone):
    before = bone(untouched)[0].sum()
    window, lamina, both = (
        before - bone(operated(one))[0].sum()
        for one in (LEFT, BoneDefect(level="L4-L5", side=Side.LEFT, kind=Surgery.LAMINECTOMY), BOTH)
    )
    assert window < lamina < both


def test_the_canal_is_the_same_without_its_roof(operated, untouched, cut, untouched_cut):
    found = cut(operated(LEFT))
    assert np.array_equal(found.canal, untouched_cut.canal)
    assert np.array_equal(found.sac, untouched_cut.sac)


def test_there_is_no_muscle_label_in_the_defect(operated, planes):
    phantom = operated(BOTH)
    grid = planes(phantom, mm=1.0, planes=12, half_mm=(26.0, 40.0), height_mm=6.0)
    muscle = phantom.segmentation(grid).muscle.array
    assert not muscle[phantom.canal_tissue(grid).array == CanalTissue.DEFECT].any()


@pytest.fixture(scope="module")
def fluid(planes):
    """Canal tissue and grid behind the canal."""

    def of(phantom):
        grid = planes(phantom, mm=1.0, planes=50, half_mm=(20.0, 42.0))
        return phantom.canal_tissue(grid).array, grid

    return of


def test_a_seroma_has_the_volume_of_its_ellipsoid_and_leaves_the_sac_alone(operated, fluid):
    tissue, grid = fluid(operated(BOTH, Collection(level="L4-L5", half_sizes_mm=(9.0, 8.0, 14.0), neck_mm=None)))
    collection = tissue == CanalTissue.COLLECTION
    expected = 4 / 3 * np.pi * 9 * 8 * 14
    assert collection.sum() * grid.voxel_volume_mm3 == pytest.approx(expected, rel=0.05)
    assert not (ndimage.binary_dilation(collection) & np.isin(tissue, list(IN_SAC))).any()


def test_a_pseudomeningocele_reaches_the_sac_through_its_neck(operated, planes):
    phantom = operated(BOTH, Collection(level="L4-L5", half_sizes_mm=(9.0, 8.0, 14.0), neck_mm=2.0))
    grid = planes(phantom, mm=0.5, planes=3, half_mm=(15.0, 30.0), height_mm=1.0)
    tissue = phantom.canal_tissue(grid).array
    collection = tissue == CanalTissue.COLLECTION
    assert ndimage.label(collection)[1] == 1
    # no more than the dura lies between
    reached = ndimage.binary_dilation(collection, iterations=2)
    assert (reached & np.isin(tissue, list(IN_SAC))).any()


def test_leaked_fluid_looks_like_cerebrospinal_fluid_on_t2():
    leak, seroma = (Collection(level="L4-L5", neck_mm=n).properties(None, None)[Number.COLLECTION] for n in (1.5, None))
    csf, muscle = PROPERTIES[Tissue.CSF], PROPERTIES[Tissue.MUSCLE]
    signals = signal_table([leak, seroma, csf, muscle], Contrast.T2)
    assert signals[0] == pytest.approx(signals[2], rel=0.1)
    assert min(signals[:2]) > 5 * signals[3]


def test_blood_lies_behind_the_sac_in_the_canal(operated, cut):
    found = cut(operated(SacShift(level="L4-L5", front_mm=2.0, flattening=0.4), Haematoma(level="L4-L5")))
    blood = found.of(CanalTissue.HAEMATOMA)
    assert blood.sum() * found.pixel_mm2 > 40
    assert found.y[blood].mean() < found.y[found.sac].mean() - 3
    assert found.canal[blood].all()


def test_blood_of_each_age_looks_as_bradley_says():
    """Acute: dark on T2; early subacute: bright on T1, dark on T2; late subacute: bright on both."""
    muscle = PROPERTIES[Tissue.MUSCLE]

    def ratio(age, contrast):
        blood = Haematoma(level="L4-L5", age=age).properties(None, None)[Number.HAEMATOMA]
        one, other = signal_table([blood, muscle], contrast)
        return one / other

    assert ratio(BloodAge.ACUTE, Contrast.T2) < 1.1
    assert ratio(BloodAge.EARLY_SUBACUTE, Contrast.T1) > 1.5
    assert ratio(BloodAge.EARLY_SUBACUTE, Contrast.T2) < 1.1
    assert ratio(BloodAge.LATE_SUBACUTE, Contrast.T1) > 1.5
    assert ratio(BloodAge.LATE_SUBACUTE, Contrast.T2) > 2


@pytest.mark.parametrize(
    "bad",
    [
        lambda: BoneDefect(level="L4-L5", side=None),
        lambda: BoneDefect(level="L4-L5", side=Side.LEFT, width_mm=40.0),
        lambda: BoneDefect(level="L4-L5", side=Side.LEFT, months=-1.0),
        lambda: BoneDefect(level="L4-L5", side=Side.LEFT, kind=Surgery.FUSION),
        lambda: Collection(level="L4-L5", half_sizes_mm=(0.5, 5.0, 5.0)),
        lambda: Haematoma(level="L4-L5", share=0.0),
    ],
)
def test_what_cannot_be_is_refused(bad):
    with pytest.raises(InputError):
        bad()
