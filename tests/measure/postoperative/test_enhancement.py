"""Enhancement against signals that were set: muscle's gain cancels, rims are told from cores."""

from __future__ import annotations

import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Absent, Reason

ID = "enhancement_ratio"
SCAR, DISC = CanalTissue.SCAR, CanalTissue.DISC


@pytest.mark.parametrize("gain", [1.0, 0.6, 1.7])
def test_receiver_gain_between_both_series_cancels(scene, ring, gain) -> None:
    found = scene((SCAR, ring(20, 80)), gain=gain).measure(ID)
    assert found.value("scar", Side.RIGHT) == pytest.approx(80, abs=0.5)
    assert found.measured("scar", Side.RIGHT).category == "enhancing"


def test_displaced_disc_that_takes_up_nothing_does_not_enhance(scene, disc_at) -> None:
    found = scene((DISC, disc_at(-8, 6, 4))).measure(ID)
    assert found.value("disc", Side.LEFT) == pytest.approx(0, abs=0.5)
    assert found.measured("disc", Side.LEFT).category == "not enhancing"
    assert found.measured("pattern", Side.LEFT).category == "none"


def test_standard_error_covers_the_noise(scene, ring) -> None:
    one = scene((SCAR, ring(20, 80)), noise=15.0).measure(ID).measured("scar", Side.RIGHT)
    assert one.se is not None
    assert 0 < abs(one.value - 80) < 3 * one.se < 13


def test_thin_scar_states_a_larger_error_than_thick_scar_of_the_same_enhancement(scene, disc_at) -> None:
    """Scar without pixels inside shares all of its voxels."""
    thick = scene((SCAR, disc_at(8, 0, 5))).measure(ID).measured("scar", Side.RIGHT)
    thin = scene((SCAR, disc_at(8, 0, 0.6))).measure(ID).measured("scar", Side.RIGHT)
    assert thin.se > 3 * thick.se > 0


def test_a_ring_of_enhancement_about_a_core_is_a_rim(scene, disc_at) -> None:
    wall, core = (SCAR, disc_at(8, 0, 5)), (DISC, disc_at(8, 0, 3.5))
    found = scene(wall, core).measure(ID)
    assert found.measured("pattern", Side.RIGHT).category == "rim"
    assert found.value("rim_to_core", Side.RIGHT) > 2.5
    even = scene((SCAR, disc_at(8, 0, 5))).measure(ID)
    assert even.value("rim_to_core", Side.RIGHT) == pytest.approx(1, abs=0.05)
    assert even.measured("pattern", Side.RIGHT).category == "homogeneous"


def test_enhancing_fraction_is_the_share_of_tissue_that_enhances(scene, ring) -> None:
    found = scene((SCAR, ring(20, 50)), (DISC, ring(50, 80))).measure(ID)
    assert found.value("enhancing_fraction", Side.RIGHT) == pytest.approx(50, abs=3)


def test_noise_of_muscle_is_the_floor(scene, ring) -> None:
    quiet, noisy = (
        scene((SCAR, ring(20, 80)), noise=n).measure(ID).value("muscle_noise_floor", Side.LEFT) for n in (5.0, 20.0)
    )
    # two SD of a ratio of two signals of 300 with noise n each: 2 x √2 x n / 300
    assert quiet == pytest.approx(100 * 2 * 2**0.5 * 5 / 300, rel=0.1)
    assert noisy == pytest.approx(100 * 2 * 2**0.5 * 20 / 300, rel=0.1)


def test_fat_suppression_of_one_series_only_forbids_the_ratio(scene, ring) -> None:
    found = scene((SCAR, ring(20, 80)), fat_suppressed_post=True).measure(ID)
    assert found.absent("scar", Side.RIGHT).reason is Reason.NO_SUITABLE_SERIES


def test_without_contrast_or_without_a_series_before_it_nothing_is_guessed(scene, ring) -> None:
    region = (SCAR, ring(20, 80))
    plain = scene(region, contrasts=(Contrast.T2, Contrast.T1)).measure(ID)
    assert plain.absent("scar", Side.RIGHT).reason is Reason.NO_CONTRAST_SERIES
    alone = scene(region, contrasts=(Contrast.T2, Contrast.T1_POST)).measure(ID)
    assert alone.absent("scar", Side.RIGHT).reason is Reason.NO_SUITABLE_SERIES


def test_a_side_without_tissue_has_no_ratio_but_a_noise_floor(scene, ring) -> None:
    found = scene((SCAR, ring(20, 80))).measure(ID)
    absent = {r.method for r in found.every if isinstance(r, Absent) and (r.level, r.side) == ("L4-L5", Side.LEFT)}
    assert absent == {"scar", "disc", "tissue", "enhancing_fraction", "variation", "rim_to_core", "pattern"}
