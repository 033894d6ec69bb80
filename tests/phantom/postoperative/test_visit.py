"""The series of a visit after surgery: names, maps on the same voxels, contrast agent where it belongs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.visit import Plane
from lumbomics.phantom import Acquisition, PhantomParameters, VisitProtocol
from lumbomics.phantom.postoperative import Kind, make_postoperative

EVEN = Acquisition(noise=0.0, texture=0.0, coil_reach_mm=1e9, blur_voxels=0.0)
QUICK = VisitProtocol(
    levels=("L4-L5",), in_plane_mm=0.9, sagittal_mm=1.5, sagittal_slices=3, acquisition=EVEN, slices=3, angled=True
)


@pytest.fixture(scope="module")
def scarred():
    return make_postoperative(0, Kind.SCAR, parameters=PhantomParameters(), level="L4-L5", side=Side.LEFT)


@pytest.fixture(scope="module")
def visit(scarred):
    return scarred.examination(QUICK)


def signal(scan, kind):
    return float(np.median(scan.image.array[scan.tissue.array == kind]))


def by_name(visit, name):
    return next(scan for scan in visit.scans if scan.name == name)


def test_a_visit_has_the_series_of_a_postoperative_protocol(visit):
    assert [scan.name for scan in visit.scans] == [
        "acq-sag_T2w",
        "acq-sag_T1w",
        "acq-sagSTIR_T2w",
        "acq-ax_T2w",
        "acq-ax_T1w",
        "acq-ax_ce-gadolinium_T1w",
    ]
    assert {scan.plane for scan in visit.scans} == {Plane.SAGITTAL, Plane.AXIAL}
    assert dict(visit.scans[-1].facts)["contrast_agent"] == "yes"
    (operation,) = visit.operations
    assert (operation.level, operation.side) == ("L4-L5", Side.LEFT)


def test_scar_enhances_and_fluid_does_not(visit):
    pre, post = by_name(visit, "acq-ax_T1w"), by_name(visit, "acq-ax_ce-gadolinium_T1w")
    assert signal(post, CanalTissue.SCAR) / signal(pre, CanalTissue.SCAR) > 1.3
    assert signal(post, CanalTissue.FLUID) / signal(pre, CanalTissue.FLUID) == pytest.approx(1, abs=0.02)


def test_the_unevenness_of_tissue_cancels_in_the_subtraction(scarred):
    """Muscle texture is the same before and after contrast agent; only noise and uptake remain."""
    grid = scarred.axial_grid("L4-L5", in_plane_mm=1.2, slices=1)
    acquisition = replace(EVEN, texture=1.0)
    pre, post = (
        scarred.image(grid, c, acquisition=acquisition).array.astype(float) for c in (Contrast.T1, Contrast.T1_POST)
    )
    muscle = scarred.segmentation(grid).muscle.array == 3
    assert np.corrcoef(pre[muscle], post[muscle])[0, 1] > 0.97


def test_gain_scales_the_picture_and_fat_suppression_darkens_fat(scarred):
    visit = scarred.examination(replace(QUICK, post_gain=1.5, post_fat_suppressed=True))
    pre, post = by_name(visit, "acq-ax_T1w"), visit.scans[-1]
    assert post.name == "acq-axFS_ce-gadolinium_T1w"
    assert post.fat_suppressed
    assert signal(post, CanalTissue.FLUID) / signal(pre, CanalTissue.FLUID) == pytest.approx(1.5, abs=0.03)
    fat = pre.image.array >= np.percentile(pre.image.array, 90)
    assert post.image.array[fat].mean() < 0.5 * pre.image.array[fat].mean()


def test_angled_stacks_are_series_of_their_own_along_their_discs(scarred):
    levels = ("L3-L4", "L5-S1")
    visit = scarred.examination(replace(QUICK, levels=levels, sagittal=(), axial=(Contrast.T2,)))
    assert [scan.name for scan in visit.scans] == ["acq-ax_run-1_T2w", "acq-ax_run-2_T2w"]
    for scan, level in zip(visit.scans, levels, strict=True):
        assert scan.image.grid.axes[:, 2] == pytest.approx(scarred.disc_frame(level).superior)


def test_one_straight_stack_passes_through_every_level(scarred):
    levels = ("L3-L4", "L4-L5", "L5-S1")
    visit = scarred.examination(
        replace(QUICK, levels=levels, angled=False, sagittal=(), axial=(Contrast.T2,), in_plane_mm=2.0)
    )
    (scan,) = visit.scans
    for level in levels:
        index = scan.image.grid.to_index(scarred.disc_frame(level).origin_mm)
        assert ((index > 2) & (index < np.array(scan.image.grid.shape) - 3)).all()


def test_the_usual_levels_are_the_operated_one_and_its_neighbours(scarred):
    visit = scarred.examination(replace(QUICK, levels=(), sagittal=(), axial=(Contrast.T2,)))
    assert len(visit.scans) == 3


def test_tissue_names_the_map_and_metal_was_looked_for(visit):
    for scan in visit.scans:
        assert scan.tissue.names[int(CanalTissue.SCAR)] == "scar"
        assert not scan.obscured.array.any()


def test_a_protocol_without_size_is_refused():
    with pytest.raises(InputError, match="positive"):
        VisitProtocol(in_plane_mm=0)
