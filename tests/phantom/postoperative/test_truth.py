"""Truth agrees with what was asked for and with counting; random draws are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue, Surgery
from lumbomics.phantom import PhantomParameters, Zone, make_phantom
from lumbomics.phantom.postoperative import (
    Arachnoiditis,
    BoneDefect,
    Collection,
    Delamarter,
    DiscFragment,
    Displacement,
    EpiduralScar,
    Kind,
    Postoperative,
    Quadrant,
    SacShift,
    make_postoperative,
)

DEFECT = BoneDefect(level="L4-L5", side=Side.LEFT, months=8.0)


def truth(state):
    phantom = make_phantom(0, PhantomParameters(), extras=(state,))
    return {(r.biomarker, r.method, r.side): r for r in state.truth(phantom.scene)}, phantom


@pytest.fixture(scope="module")
def pulled():
    scar = EpiduralScar(
        level="L4-L5", fraction={Quadrant.LEFT_ANTERIOR: 0.5, Quadrant.LEFT_POSTERIOR: 0.8}, half_length_mm=25
    )
    return truth(
        Postoperative(defect=DEFECT, scar=scar, shift=SacShift(level="L4-L5", right_mm=-1.6, half_length_mm=25))
    )[0]


@pytest.fixture(scope="module")
def pushed():
    disc = DiscFragment(level="L4-L5", zone=Zone.SUBARTICULAR, side=Side.LEFT, kind=Displacement.EXTRUSION, size_mm=8)
    shift = SacShift(level="L4-L5", right_mm=1.5, half_length_mm=25)
    return truth(
        Postoperative(
            defect=DEFECT,
            fragments=(disc,),
            shift=shift,
            roots=(Arachnoiditis(upper="L4-L5", lower="L4-L5", group=Delamarter.EMPTY_SAC),),
        )
    )


def test_the_share_of_scar_is_the_one_asked_for(pulled):
    for half, asked in (("anterior", 50.0), ("posterior", 80.0)):
        assert pulled["ross_fibrosis_sum", f"{half}_epidural_percent", Side.LEFT].value == pytest.approx(asked, abs=4)
        assert pulled["ross_fibrosis_sum", f"{half}_epidural_percent", Side.RIGHT].value == 0


def test_scar_pulls_and_disc_pushes(pulled, pushed):
    assert pulled["sac_traction", "towards_tissue", Side.LEFT].value == pytest.approx(1.6, abs=0.35)
    assert pushed[0]["sac_traction", "towards_tissue", Side.LEFT].value < -1.0


def test_only_the_operated_side_lacks_its_arch(pulled):
    assert pulled["laminectomy_defect", "mr_missing_fraction", Side.LEFT].value > 15
    assert pulled["laminectomy_defect", "mr_missing_fraction", Side.RIGHT].value == 0
    assert 2 < pulled["laminectomy_defect", "mr_defect_width", Side.LEFT].value < 12


def test_volume_of_displaced_disc_is_that_of_its_voxels(pushed, planes):
    values, phantom = pushed
    grid = planes(phantom, mm=0.5, planes=60, apart_mm=0.5, half_mm=(16.0, 16.0))
    counted = (phantom.canal_tissue(grid).array == CanalTissue.DISC).sum() * grid.voxel_volume_mm3
    assert values["herniation_volume", "volume", None].value == pytest.approx(counted, rel=0.04)
    assert values["herniation_type", "fardon_2014_displaced_map", None].category == "extrusion"
    assert values["herniation_zone", "fardon_2014", None].category == "left subarticular"


def test_the_group_of_arachnoiditis_is_told(pushed, pulled):
    assert pushed[0]["delamarter_group", "group", None].category == "2"
    assert pulled["delamarter_group", "group", None].category == "none"


def test_volume_of_a_collection_is_that_of_its_ellipsoid():
    defect = BoneDefect(level="L4-L5", side=None, kind=Surgery.LAMINECTOMY)
    fluid = Collection(level="L4-L5", half_sizes_mm=(9.0, 7.0, 12.0), neck_mm=None)
    values, _ = truth(Postoperative(defect=defect, fluid=fluid))
    sides = [values["fluid_collection", "volume", side].value for side in (Side.LEFT, Side.RIGHT)]
    assert sum(sides) == pytest.approx(4 / 3 * np.pi * 9 * 7 * 12, rel=0.05)
    assert sides[0] == pytest.approx(sides[1], rel=0.1)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_can_be_drawn_and_twice_the_same(kind):
    one, again = (make_postoperative(5, kind) for _ in range(2))
    first, second = (phantom.scene.extras[0] for phantom in (one, again))
    assert first.defect.months == second.defect.months
    assert first.scar.fraction == second.scar.fraction
    present = {
        Kind.DISC: bool(first.fragments),
        Kind.MIXED: bool(first.fragments),
        Kind.ARACHNOIDITIS: any(isinstance(r, Arachnoiditis) for r in first.roots),
        Kind.COLLECTION: first.fluid is not None,
        Kind.HAEMATOMA: first.blood is not None,
    }
    assert all(found == (asked is kind) or {asked, kind} == {Kind.DISC, Kind.MIXED} for asked, found in present.items())


def test_drawn_levels_exist_and_both_sides_occur():
    drawn = [make_postoperative(seed) for seed in range(8)]
    assert all(p.scene.extras[0].defect.level in p.parameters.discs for p in drawn)
    assert {p.scene.extras[0].defect.side for p in drawn} >= {Side.LEFT, Side.RIGHT}


def test_herniations_of_the_spine_itself_are_left_out():
    assert make_postoperative(3, Kind.SCAR).parameters.herniations == ()


def test_an_approach_without_a_side_is_refused():
    with pytest.raises(InputError, match="side"):
        make_postoperative(0, Kind.SCAR, side=Side.MIDLINE)
