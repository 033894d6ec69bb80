"""Discs by Pfirrmann, high-intensity zones, infected discs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.phantom import PhantomParameters
from lumbomics.phantom.lesions import Discitis, DiscState, HighIntensityZone, Lesions
from lumbomics.phantom.lesions.tissues import Lesion, border_properties
from lumbomics.phantom.signal import SEQUENCES
from lumbomics.phantom.tissue import PROPERTIES, Tissue, annulus_properties, nucleus_properties

LADDER = dict(zip(("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1"), range(1, 6), strict=True))


@pytest.fixture(scope="module")
def ladder(make):
    return make(discs={disc: DiscState.of_grade(grade) for disc, grade in LADDER.items()})


@pytest.mark.parametrize("grade", range(1, 6))
def test_a_drawn_disc_has_the_grade_asked_for(grade):
    rng = np.random.default_rng(grade)
    assert {DiscState.of_grade(grade, rng=rng).grade for _ in range(40)} == {grade}


@pytest.mark.parametrize(
    ("state", "grade"),
    [
        (DiscState(), 1),
        (DiscState(cleft=True), 2),
        (DiscState(signal=0.7, border=0.9), 2),
        (DiscState(signal=0.5, border=0.5), 3),
        (DiscState(signal=0.1, border=0.1, height_share=0.8), 4),
        (DiscState(signal=0.0, border=0.0, height_share=0.4), 5),
    ],
)
def test_the_grade_follows_pfirrmanns_words(state, grade):
    assert state.grade == grade


def test_signal_of_the_middle_falls_from_grade_to_grade(ladder, around, even):
    signals = []
    for disc in LADDER:
        grid = around(ladder, disc, (6, 8, 4))
        signals.append(np.median(ladder.image(grid, Contrast.T2, acquisition=even).array))
    assert all(a > 1.2 * b for a, b in pairwise(signals[:4]))
    assert signals[4] < 1.1 * signals[3]


def test_the_border_is_sharp_in_grade_2_and_unclear_in_grade_3(ladder, around, even):
    """Share of a line through the disc that is neither as bright as nucleus nor as dark as annulus."""
    between = {}
    for disc in ("L2-L3", "L3-L4"):
        frame = ladder.disc_frame(disc)
        grid = Grid.from_spacing((1, 90, 1), 0.4, origin_mm=frame.to_world((0, -18, 2)), axes=frame.rotation)
        own = np.isin(ladder.segmentation(grid).spine.array.ravel(), (121, 122))
        signal = ladder.image(grid, Contrast.T2, acquisition=even).array.ravel()[own].astype(float)
        dark, bright = np.percentile(signal, (5, 90))
        between[disc] = np.mean((signal > dark + 0.25 * (bright - dark)) & (signal < bright - 0.25 * (bright - dark)))
    assert between["L2-L3"] < 0.1
    assert between["L3-L4"] > 0.15


def test_height_falls_to_collapse(ladder):
    normal = PhantomParameters.typical().disc_height_mm
    shares = [ladder.parameters.disc_height_mm[disc] / normal[disc] for disc in LADDER]
    assert shares[0] == pytest.approx(1, abs=0.06)
    assert shares[4] < 0.5
    assert shares == sorted(shares, reverse=True)


def test_the_border_zones_signal_lies_midway():
    sequence = SEQUENCES[Contrast.T2]
    ends = sequence.signal(nucleus_properties(0.4)), sequence.signal(annulus_properties(0.4))
    assert sequence.signal(border_properties(0.4)) == pytest.approx(np.mean(ends))


def test_shape_leaves_other_parameters_alone():
    base = PhantomParameters.random(5)
    shaped = Lesions(discs={"L4-L5": DiscState.of_grade(5)}).shape(base)
    assert shaped.degeneration["L4-L5"] > 0.9
    assert shaped.disc_height_mm["L3-L4"] == base.disc_height_mm["L3-L4"]
    assert (shaped.slip_mm, shaped.size) == (base.slip_mm, base.size)


def test_a_high_intensity_zone_is_as_bright_as_fluid_and_lies_behind_the_nucleus(make, around, even):
    """Catalogue: signal at least 0.8 of fluid, within 3 mm of the disc's posterior border."""
    zone = HighIntensityZone(disc="L4-L5", side=Side.LEFT, height_mm=4, width_mm=8, depth_mm=2)
    phantom = make(zones=(zone,))
    grid = around(phantom, "L4-L5", (60, 44, 12), 0.5)
    numbers, spine = phantom.scene.tissue(grid), phantom.segmentation(grid).spine.array
    mask = numbers == Lesion.HIGH_INTENSITY_ZONE
    assert 0.8 * zone.volume_mm3 < mask.sum() * grid.voxel_volume_mm3 < 1.05 * zone.volume_mm3
    sequence = SEQUENCES[Contrast.T2]
    bright = sequence.signal(phantom.scene.properties()[Lesion.HIGH_INTENSITY_ZONE])
    assert bright >= 0.8 * sequence.signal(PROPERTIES[Tissue.CSF])
    columns, rows, _ = np.nonzero(mask)
    assert columns.mean() < 60  # to the left of the middle
    for column in np.unique(columns):
        border = np.nonzero((spine[column] == 123).any(axis=1))[0].min()
        assert (rows[columns == column].min() - border) * 0.5 <= 3
    nucleus_back = np.nonzero((numbers >= 32) & (numbers < 48))[1].min()
    assert rows.max() < nucleus_back


@pytest.fixture(scope="module")
def infected(make):
    item = Discitis(disc="L3-L4", erosion_mm=4, oedema_share=0.6, abscess=Side.LEFT, epidural_mm=4)
    return make(infections=(item,))


def test_an_infected_disc_is_bright_and_its_endplates_are_eaten(infected, plain, around, even):
    grid = around(infected, "L3-L4", (16, 20, 30))
    t2, healthy = (p.image(grid, Contrast.T2, acquisition=even).array for p in (infected, plain))
    fluid = SEQUENCES[Contrast.T2].signal(PROPERTIES[Tissue.CSF]) * 1400
    assert np.median(t2[:, :, 13:17]) > 0.6 * fluid
    cortex = [(p.scene.tissue(grid) == Tissue.CORTEX).sum() for p in (infected, plain)]
    assert cortex[0] < 0.1 * cortex[1]
    assert healthy.min() < 0.3 * t2.min()


def test_infected_marrow_is_dark_on_t1_and_enhances(infected, plain, around, even):
    grid = around(infected, "L3-L4", (16, 20, 40))
    numbers = infected.scene.tissue(grid)
    pre, post = (infected.image(grid, c, acquisition=even).array.astype(float) for c in (Contrast.T1, Contrast.T1_POST))
    usual = np.median(plain.image(grid, Contrast.T1, acquisition=even).array[numbers == Lesion.INFECTED_MARROW])
    ill = numbers == Lesion.INFECTED_MARROW
    assert np.median(pre[ill]) < 0.65 * usual
    assert np.median(post[ill]) > 1.3 * np.median(pre[ill])


def test_pus_beside_the_sac_is_a_collection_and_pushes_it_back(infected, plain, around):
    grid = around(infected, "L3-L4", (40, 40, 8), back_mm=30)
    kinds = infected.canal_tissue(grid).array
    assert (kinds == CanalTissue.COLLECTION).sum() > 100
    centres = [np.nonzero(p.segmentation(grid).dural_sac.array)[1].mean() for p in (infected, plain)]
    assert centres[0] < centres[1] - 1.0


def test_a_psoas_abscess_lies_on_its_side(infected, around):
    numbers = infected.scene.tissue(around(infected, "L3-L4", (120, 40, 40), 2.0))
    assert np.nonzero(numbers == Lesion.ABSCESS)[0].mean() < 25


def test_signs_are_counted_by_their_knobs():
    full = Discitis(disc="L4-L5", epidural_mm=3)
    assert "".join(k for k, seen in full.signs.items() if seen) == "abcde"
    mild = Discitis(disc="L4-L5", bright=False, erosion_mm=0, oedema_share=0.3, enhancing=False, paraspinal_mm=0)
    assert not any(mild.signs.values())


def test_an_infection_that_does_not_enhance_takes_up_no_agent(make):
    properties = make(infections=(Discitis(disc="L4-L5", enhancing=False),)).scene.properties()
    assert properties[Lesion.INFECTED_MARROW].uptake_mmol_l < 0.05


@pytest.mark.parametrize(
    "build",
    [
        lambda: DiscState(signal=1.2),
        lambda: DiscState(border=0.0, cleft=True),
        lambda: DiscState.of_grade(6),
        lambda: HighIntensityZone(disc="L4-L5", depth_mm=9),
        lambda: Discitis(disc="L4-L5", oedema_share=1.4),
        lambda: Discitis(disc="L4-L5", abscess=Side.MIDLINE),
    ],
)
def test_states_out_of_range_are_refused(build):
    with pytest.raises(InputError):
        build()
