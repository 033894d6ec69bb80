"""Facet joints, ligamentum flavum, epidural fat."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import IN_SAC, CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.phantom.lesions import FacetState, Lipomatosis, ThickFlavum
from lumbomics.phantom.lesions.facets import joint_frame, joint_of
from lumbomics.phantom.lesions.sections import canal_truth
from lumbomics.phantom.tissue import Tissue

LEVEL = "L4-L5"
BONE = (Tissue.CORTEX, Tissue.MARROW)


def across(phantom, side, tissues, half=6.0, step=0.02):
    """Length (mm) of some tissues on the line across the middle of a joint."""
    place, *_ = joint_of(phantom.anatomy, LEVEL, side)
    frame = joint_frame(place)
    offsets = np.arange(-half, half, step)
    grid = Grid.from_spacing(
        (len(offsets), 1, 1), (step, 1, 1), origin_mm=frame.to_world((-half, 0, 0)), axes=frame.rotation
    )
    return float(np.isin(phantom.scene.tissue(grid), tissues).sum() * step)


@pytest.mark.parametrize("grade", range(4))
def test_a_joint_of_a_grade_has_that_grade(grade):
    assert FacetState.of_grade(LEVEL, Side.LEFT, grade).grade == grade


def test_grades_follow_weishaupts_words():
    base = {"disc": LEVEL, "side": Side.LEFT}
    assert FacetState(**base, space_mm=1.5).grade == 1
    assert FacetState(**base, osteophyte_mm=1.5).grade == 1
    assert FacetState(**base, osteophyte_mm=3.0).grade == 2
    assert FacetState(**base, eroded=True).grade == 2
    assert FacetState(**base, osteophyte_mm=5.0).grade == 3
    assert FacetState(**base, cysts=True).grade == 3


@pytest.mark.parametrize("fluid", [0.6, 2.0, 3.5])
def test_fluid_is_as_wide_as_stated(make, fluid):
    phantom = make(facets=(FacetState(disc=LEVEL, side=Side.RIGHT, fluid_mm=fluid),))
    assert across(phantom, Side.RIGHT, [Tissue.JOINT_FLUID]) == pytest.approx(fluid, abs=0.05)


def test_the_joint_space_is_as_narrow_as_stated(make):
    narrow = FacetState(disc=LEVEL, side=Side.LEFT, space_mm=1.0, fluid_mm=0.3)
    phantom = make(facets=(narrow, FacetState(disc=LEVEL, side=Side.RIGHT)))
    free, wide = (5.0 - across(phantom, side, BONE, half=2.5) for side in (Side.LEFT, Side.RIGHT))
    assert free == pytest.approx(1.0, abs=0.1)
    assert wide == pytest.approx(2.0, abs=0.1)


def test_fluid_is_facet_fluid_in_the_canal_map_and_no_bone(make, around):
    phantom = make(facets=(FacetState(disc=LEVEL, side=Side.RIGHT, fluid_mm=4.0),))
    grid = around(phantom, LEVEL, (70, 50, 16), 0.8, back_mm=35)
    fluid = phantom.canal_tissue(grid).array == CanalTissue.FACET_FLUID
    assert np.nonzero(fluid)[0].mean() > 43  # on the right
    assert not (phantom.segmentation(grid).spine.array[fluid] > 0).any()


def test_osteophytes_are_bone_of_the_joints_vertebrae_on_their_side(make, plain, around):
    phantom = make(facets=(FacetState(disc=LEVEL, side=Side.LEFT, osteophyte_mm=5.0),))
    grid = around(phantom, LEVEL, (90, 60, 30), 1.0, back_mm=35)
    new, old = (p.segmentation(grid).spine.array for p in (phantom, plain))
    grown = (new != old) & (old == 0)
    assert set(new[grown]) == {23, 24}
    assert grown.sum() > 150
    assert (np.nonzero(grown)[0] < 45).all()


@pytest.fixture(scope="module")
def thick(make):
    return make(flava=(ThickFlavum(disc=LEVEL, side=Side.LEFT, thickness_mm=6.0),))


def values(phantom, biomarker, method):
    found = canal_truth(phantom.scene, discs=("L2-L3", LEVEL))
    return {(r.level, r.side): r.value for r in found if (r.biomarker, r.method) == (biomarker, method)}


def test_the_flavums_true_thickness_follows_the_knob(thick, plain):
    new, old = (values(p, "ligamentum_flavum_thickness", "max_inscribed") for p in (thick, plain))
    assert 1.0 < new[LEVEL, Side.LEFT] - old[LEVEL, Side.LEFT] < 6.0 - 3.2 + 0.3  # bone behind takes a part
    assert new[LEVEL, Side.RIGHT] == pytest.approx(old[LEVEL, Side.RIGHT], abs=0.3)
    assert new["L2-L3", Side.LEFT] == old["L2-L3", Side.LEFT]


def test_lipomatosis_turns_the_sacs_room_into_fat(make, plain):
    fatty = make(fats=(Lipomatosis(disc=LEVEL, sac_share=0.6, half_length_mm=25),))
    new, old = (values(p, "epidural_fat", "fat_to_canal_area") for p in (fatty, plain))
    sac = 100 - old[LEVEL, None]
    assert new[LEVEL, None] == pytest.approx(100 - sac * 0.36, abs=2.0)
    assert new["L2-L3", None] == pytest.approx(old["L2-L3", None], abs=0.5)


def test_roots_stay_inside_a_squeezed_sac(make, around):
    phantom = make(fats=(Lipomatosis(disc=LEVEL, sac_share=0.5),))
    kinds = phantom.canal_tissue(around(phantom, LEVEL, (40, 40, 4), 0.4, back_mm=28)).array
    roots, sac = kinds == CanalTissue.ROOT, np.isin(kinds, list(IN_SAC))
    assert roots.sum() > 0.05 * sac.sum()


@pytest.mark.parametrize(
    "build",
    [
        lambda: FacetState(disc=LEVEL, side=Side.MIDLINE),
        lambda: FacetState(disc=LEVEL, side=Side.LEFT, space_mm=4.0),
        lambda: FacetState.of_grade(LEVEL, Side.LEFT, 4),
        lambda: ThickFlavum(disc=LEVEL, side=Side.MIDLINE),
        lambda: ThickFlavum(disc=LEVEL, side=Side.LEFT, thickness_mm=1.0),
        lambda: Lipomatosis(disc=LEVEL, sac_share=0.1),
    ],
)
def test_states_out_of_range_are_refused(build):
    with pytest.raises(InputError):
        build()
