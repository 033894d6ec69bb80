"""Enhancement is that of the tissue itself, however much its border pixels share with fat and fluid."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Reason
from lumbomics.measure import ExaminedSpine, NotMeasurableError
from lumbomics.measure.postoperative.contrast import enhancement_at
from lumbomics.measure.postoperative.enhancement import side_tissue
from lumbomics.measure.postoperative.mixing import unmixed_percent
from lumbomics.measure.postoperative.view import level_view

SCAR, DISC = CanalTissue.SCAR, CanalTissue.DISC


def readings(made, kind, side=Side.RIGHT):
    """Enhancement as the pixels' mean has it, and unmixed with its standard error."""
    examined = ExaminedSpine(spine=made.spine, examination=made.examination())
    view = level_view(examined, "L4", "L5")
    found, regions = enhancement_at(examined, view), side_tissue(view, side, (kind,))
    plain, _ = found.mean_percent(regions, "tissue", whole=True)
    return plain, *unmixed_percent(found, regions, "tissue", plain_percent=plain)


@pytest.mark.parametrize("blur_pixels", [0.45, 0.6, 0.8])
def test_blur_does_not_dilute_the_enhancement_of_thin_scar(scene, ring, blur_pixels) -> None:
    plain, value, _ = readings(scene((SCAR, ring(20, 80)), blur_pixels=blur_pixels), SCAR)
    assert value == pytest.approx(80, abs=2)
    assert plain < 78


def test_a_disc_without_uptake_between_bright_fat_and_fluid_stays_without(scene, disc_at) -> None:
    _, value, _ = readings(scene((DISC, disc_at(8, 5, 3)), blur_pixels=0.6), DISC)
    assert value == pytest.approx(0, abs=1)


def test_enhancing_scar_beside_it_does_not_leak_into_a_disc(scene, disc_at) -> None:
    made = scene((SCAR, disc_at(8, 0, 5)), (DISC, disc_at(8, 0, 3)), blur_pixels=0.8)
    plain, value, _ = readings(made, DISC)
    assert plain > 6
    assert value == pytest.approx(0, abs=2)


def test_the_standard_error_holds_what_the_correction_changes_and_the_noise(scene, ring) -> None:
    sharp, blurred = (readings(scene((SCAR, ring(20, 80)), blur_pixels=b), SCAR) for b in (0.0, 0.8))
    assert blurred[2] > 0.999 * abs(blurred[1] - blurred[0]) > 5
    assert sharp[2] < 1
    noisy = readings(scene((SCAR, ring(20, 80)), noise=25.0), SCAR)
    assert noisy[2] > sharp[2] + 0.5


def test_receiver_gain_and_noise_leave_it_unbiased(scene, ring) -> None:
    values = [
        readings(scene((SCAR, ring(20, 80)), blur_pixels=0.6, gain=gain, noise=10.0), SCAR)[1] for gain in (0.7, 1.5)
    ]
    assert np.allclose(values, 80, atol=5)


def test_a_handful_of_pixels_is_no_tissue_to_measure(scene, disc_at) -> None:
    made = scene((SCAR, disc_at(8, 0, 5)))
    examined = ExaminedSpine(spine=made.spine, examination=made.examination())
    view = level_view(examined, "L4", "L5")
    found = enhancement_at(examined, view)
    regions = [(one, np.zeros_like(mask)) for one, mask in side_tissue(view, Side.RIGHT, (SCAR,))]
    with pytest.raises(NotMeasurableError) as obstacle:
        unmixed_percent(found, regions, "scar", plain_percent=0.0)
    assert obstacle.value.reason is Reason.UNDEFINED
