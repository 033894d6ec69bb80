"""Scar fills the share of each quadrant that was asked for, and enhances as its age says."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.phantom import Injection
from lumbomics.phantom.postoperative import EpiduralScar, Quadrant, SacShift, ScarTissue
from lumbomics.phantom.postoperative.tissues import Number
from lumbomics.phantom.signal import R1_PER_MMOL_S, signal_table

ASKED = {Quadrant.LEFT_ANTERIOR: 0.7, Quadrant.LEFT_POSTERIOR: 0.4, Quadrant.RIGHT_POSTERIOR: 0.15}


def shares(cut):
    """Share of scar in each quadrant's epidural area, counted on the map."""
    epidural = cut.canal & ~cut.sac
    return {
        q: float(
            (cut.tissue[epidural & (cut.x * q.signs[0] > 0) & (cut.y * q.signs[1] > 0)] == CanalTissue.SCAR).mean()
        )
        for q in Quadrant
    }


@pytest.mark.parametrize("moved", [(), (SacShift(level="L4-L5", right_mm=1.5, front_mm=-0.5),)])
def test_scar_takes_the_share_of_every_quadrant_that_was_asked_for(operated, cut, moved):
    found = shares(cut(operated(*moved, EpiduralScar(level="L4-L5", fraction=ASKED))))
    for quadrant in Quadrant:
        assert found[quadrant] == pytest.approx(ASKED.get(quadrant, 0.0), abs=0.03)


def test_scar_fades_out_along_the_canal(operated, cut):
    phantom = operated(EpiduralScar(level="L4-L5", fraction={Quadrant.LEFT_POSTERIOR: 0.8}, half_length_mm=12.0))
    areas = [cut(phantom, height_mm=h).of(CanalTissue.SCAR).sum() for h in (0.0, 10.0, 14.0)]
    assert areas[0] > areas[1] > areas[2] == 0


def test_swapped_sides_give_mirrored_scar(operated, cut):
    mirrored = {Quadrant.RIGHT_ANTERIOR: 0.7, Quadrant.RIGHT_POSTERIOR: 0.4, Quadrant.LEFT_POSTERIOR: 0.15}
    one, other = (shares(cut(operated(EpiduralScar(level="L4-L5", fraction=asked)))) for asked in (ASKED, mirrored))
    assert one[Quadrant.LEFT_ANTERIOR] == pytest.approx(other[Quadrant.RIGHT_ANTERIOR], abs=0.02)
    assert one[Quadrant.LEFT_POSTERIOR] == pytest.approx(other[Quadrant.RIGHT_POSTERIOR], abs=0.02)


def enhancement(months, injection):
    scar = EpiduralScar(level="L4-L5", fraction={}, tissue=ScarTissue(months=months))
    tables = [
        signal_table([scar.properties(None, i)[Number.SCAR]], Contrast.T1, injection=i) for i in (None, injection)
    ]
    return float(tables[1][0] / tables[0][0] - 1)


def test_scar_enhances_most_in_the_first_nine_months_and_never_stops():
    """Nguyen et al. 1993: strongest up to 9 months; old scar still enhances."""
    usual = Injection()
    assert enhancement(2, usual) == pytest.approx(enhancement(9, usual))
    assert enhancement(9, usual) > enhancement(24, usual) > enhancement(120, usual) > 0.15


def test_early_enhancement_is_the_spin_echo_equation_with_shortened_t1():
    """Worked by hand: C = 0.30 mmol/L, 1/T1 = 1/980 + 4.5 C / 1000, 1/T2 += 5.5 C / 1000, TR 550, TE 10."""
    t1, t2 = 980.0, 56.0 + 26.0 * np.exp(-3.0 / 6.0)
    t1_post, t2_post = 1 / (1 / t1 + R1_PER_MMOL_S * 0.30 / 1000), 1 / (1 / t2 + 5.5 * 0.30 / 1000)
    before = (1 - np.exp(-550 / t1)) * np.exp(-10 / t2)
    after = (1 - np.exp(-550 / t1_post)) * np.exp(-10 / t2_post)
    assert enhancement(3, Injection(delay_min=5)) == pytest.approx(after / before - 1, rel=1e-6)


def test_twice_the_dose_enhances_more_and_long_after_less():
    assert enhancement(3, Injection(dose_mmol_kg=0.2)) > enhancement(3, Injection())
    assert enhancement(3, Injection(delay_min=45)) < enhancement(3, Injection())


@pytest.mark.parametrize("bad", [{"fraction": {Quadrant.LEFT_ANTERIOR: 1.2}}, {"fraction": {}, "half_length_mm": 1.0}])
def test_a_scar_that_cannot_be_is_refused(bad):
    with pytest.raises(InputError, match="scar"):
        EpiduralScar(level="L4-L5", **bad)


def test_a_level_that_is_not_there_is_named(operated, cut):
    with pytest.raises(InputError, match="no such disc"):
        cut(operated(EpiduralScar(level="L7-S1", fraction=ASKED)))
