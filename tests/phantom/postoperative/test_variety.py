"""Scar and displaced disc differ from patient to patient: they overlap in every single reading, their truth stays."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.phantom import Injection
from lumbomics.phantom.postoperative import (
    DiscFragment,
    EpiduralScar,
    Kind,
    Quadrant,
    ScarPlug,
    ScarTissue,
    Vessels,
    draw_state,
)
from lumbomics.phantom.signal import signal_table, with_agent

LEFT = Quadrant.LEFT_ANTERIOR
USUAL = Injection()


def states(kind: Kind, count: int = 60):
    return [
        draw_state(np.random.default_rng(seed), kind, level="L4-L5", side=(Side.LEFT, Side.RIGHT)[seed % 2])
        for seed in range(count)
    ]


def gain(tissue) -> float:
    """Enhancement of T1 signal."""
    before = signal_table([tissue], Contrast.T1)[0]
    return float(signal_table([tissue], Contrast.T1_POST, injection=USUAL)[0] / before - 1)


def test_scar_that_starts_at_the_disc_lies_nearer_to_it_and_takes_the_same_share(operated, cut):
    depths, shares = [], []
    for start in ({}, {LEFT: (0.4, 0.95)}):
        seen = cut(operated(EpiduralScar(level="L4-L5", fraction={LEFT: 0.5}, start=start)))
        quarter = seen.canal & ~seen.sac & (seen.x < 0) & (seen.y > 0)
        scar = seen.of(CanalTissue.SCAR) & quarter
        depths.append(seen.y[scar].mean())
        shares.append(scar.sum() / quarter.sum())
    assert depths[1] > depths[0] + 1
    assert shares == pytest.approx([0.5, 0.5], abs=0.03)


def test_a_core_with_vessels_takes_up_its_share_and_one_without_none():
    bare, grown = Vessels(), Vessels(core_share=0.5)
    deep = (20.0, 0.6, USUAL)
    assert bare.uptake(*deep) == 0
    assert grown.uptake(*deep) == pytest.approx(0.5 * grown.uptake(0.1, 0.6, USUAL))
    assert grown.uptake(*deep[:2], None) == 0


def test_faster_diffusion_brings_agent_deeper():
    slow, fast = (Vessels(diffusion_mm2_s=d).uptake(1.2, 0.6, USUAL) for d in (1e-4, 4e-4))
    assert fast > 1.5 * slow


def test_wet_scar_is_brighter_on_t2_and_long_t1_darker_on_t1():
    plain, wet, long = (ScarTissue(**k).properties(None) for k in ({}, {"wetness": 1.4}, {"t1_ms": 1150.0}))
    assert wet.t2_ms == pytest.approx(1.4 * plain.t2_ms)
    assert signal_table([plain, wet], Contrast.T2)[1] > signal_table([plain, wet], Contrast.T2)[0]
    assert signal_table([plain, long], Contrast.T1)[1] < signal_table([plain, long], Contrast.T1)[0]


def test_scar_and_disc_overlap_in_t1_in_t2_and_in_the_way_the_sac_goes():
    """Without contrast agent one scar in three passes for disc (Hueftle et al. 1988): no reading may part them."""
    scars, discs = states(Kind.SCAR), states(Kind.DISC)
    for name in ("t1_ms", "t2_ms"):
        one = [getattr(s.scar.tissue.properties(None), name) for s in scars]
        other = [getattr(s.fragments[0], name) for s in discs]
        assert min(one) < np.median(other) < max(one)
        assert min(other) < np.median(one) < max(other)
    signs = np.resize([-1, 1], len(scars))
    away = np.array([-s.shift.right_mm * sign > 0.1 for s, sign in zip(scars, signs, strict=True)])
    held = np.array([np.hypot(s.shift.right_mm, s.shift.front_mm) < 0.1 * s.fragments[0].size_mm for s in discs])
    assert 0.15 < away.mean() < 0.5
    assert 0.15 < held.mean() < 0.6


def test_contrast_agent_tells_more_scar_enhances_more_than_most_cores():
    scar = [gain(s.scar.tissue.properties(USUAL)) for s in states(Kind.SCAR)]
    cores = []
    for one in states(Kind.DISC):
        (fragment,) = one.fragments
        cores.append(gain(next(iter(fragment.properties(None, USUAL).values()))))
    assert np.mean(np.array(cores) < min(scar)) > 0.7
    assert max(cores) > min(scar) > 0.1


def test_a_plug_of_scar_has_the_shape_of_displaced_disc_and_is_scar(operated, cut):
    """Whether it is scar or disc is a matter of tissue alone: the same solid, once of each."""
    shape = DiscFragment(level="L4-L5", side=Side.LEFT, size_mm=6.0)
    disc, scar = cut(operated(shape)), cut(operated(ScarPlug(shape=shape)))
    was, now = disc.of(CanalTissue.DISC), scar.of(CanalTissue.SCAR)
    assert was.sum() * disc.pixel_mm2 > 20
    assert (was & now).sum() == pytest.approx(was.sum(), rel=0.03)
    assert now.sum() == pytest.approx(was.sum(), rel=0.1)
    assert not (scar.sac & was).any()
    assert not scar.of(CanalTissue.DISC).any()


def test_no_root_runs_through_a_plug_of_scar(operated, cut):
    shape = DiscFragment(level="L4-L5", side=Side.LEFT, size_mm=7.0)
    before, after = (cut(operated(*extra)).of(CanalTissue.ROOT).sum() for extra in ((), (ScarPlug(shape=shape),)))
    assert after > 0.85 * before


def test_the_label_of_the_disc_does_not_take_a_plug_of_scar_for_disc(operated, planes):
    shape = DiscFragment(level="L4-L5", side=Side.LEFT, size_mm=6.0)
    counts = []
    for extra in ((), (ScarPlug(shape=shape),), (shape,)):
        phantom = operated(*extra)
        grid = planes(phantom, mm=0.5)
        counts.append(int((phantom.segmentation(grid).spine.array == 123).sum()))
    assert counts[0] == counts[1] < counts[2]


@pytest.mark.parametrize(
    ("make", "bad"),
    [
        (ScarTissue, {"t1_ms": 50.0}),
        (ScarTissue, {"wetness": 5.0}),
        (Vessels, {"core_share": 1.5}),
        (Vessels, {"diffusion_mm2_s": 0.0}),
    ],
)
def test_tissue_that_cannot_be_is_refused(make, bad):
    with pytest.raises(InputError):
        make(**bad)


def test_scar_that_starts_outside_the_canal_is_refused():
    with pytest.raises(InputError, match="outside the canal"):
        EpiduralScar(level="L4-L5", fraction={}, start={LEFT: (2.0, 0.5)})


def test_agent_shortens_the_relaxation_of_what_takes_it_up():
    """1/T1 = 1/T1_0 + 4.5 C, C in mmol/L and s (Rohrer et al. 2005)."""
    scar = ScarTissue(months=3, uptake_mmol_l=0.2).properties(USUAL)
    assert 1 / with_agent(scar, USUAL).t1_ms == pytest.approx(1 / scar.t1_ms + 4.5 * 0.2 / 1000)
