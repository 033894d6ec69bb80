"""Parameters are valid by construction, and random ones are plausible."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.errors import FaultsError, InputError
from lumbomics.phantom import Herniation, PhantomParameters, Zone


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 2.0},
        {"slip_mm": {"L4-L5": 40.0}},
        {"disc_height_mm": {"L4-L5": 0.0}},
        {"disc_angle_deg": {"L4-L6": 4.0}},
        {"slip_mm": {"L6-S1": 1.0}},
        {"canal_narrowing": {"L4-L5": float("nan")}},
        {"foraminal_narrowing": {("L4-L5", Side.MIDLINE): 0.2}},
        {"foraminal_narrowing": {("L9-S1", Side.LEFT): 0.2}},
        {"coronal_apex": "L5"},
        {"coronal_side": Side.MIDLINE},
        {"transition": Transition.UNKNOWN},
        {"herniations": (Herniation(level="L4-L5", zone=Zone.FORAMINAL, side=Side.MIDLINE),)},
        {"herniations": (Herniation(level="L4-L5", zone=Zone.CENTRAL, side=Side.LEFT),)},
        {"herniations": (Herniation(level="L4-L5", size_mm=60.0),)},
    ],
)
def test_what_the_geometry_cannot_build_is_refused(wrong):
    with pytest.raises(FaultsError):
        PhantomParameters(**wrong)


def test_all_faults_are_named_at_once():
    with pytest.raises(FaultsError) as caught:
        PhantomParameters(size=3.0, sacral_slope_deg=200.0, slip_mm={"L4-L5": 99.0})
    assert len(caught.value.faults) == 3
    assert "slip_mm[L4-L5]" in str(caught.value)


def test_parameters_cannot_be_changed_afterwards():
    parameters = PhantomParameters()
    with pytest.raises(TypeError):
        parameters.slip_mm["L4-L5"] = 3.0


def test_the_same_seed_draws_the_same_spine_and_another_seed_another():
    assert PhantomParameters.random(7) == PhantomParameters.random(7)
    assert PhantomParameters.random(7) != PhantomParameters.random(8)


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="seed"):
        PhantomParameters.random(-1)


def test_random_spines_are_spread_like_people():
    drawn = [PhantomParameters.random(seed) for seed in range(300)]
    lordosis = np.array([p.lordosis_l1_s1_deg for p in drawn])
    assert 46 < lordosis.mean() < 54
    assert 7 < lordosis.std() < 13
    assert np.corrcoef(lordosis, [p.sacral_slope_deg for p in drawn])[0, 1] > 0.5
    assert 0.05 < np.mean([p.coronal_cobb_deg > 10 for p in drawn]) < 0.25
    transitional = np.mean([p.transition is not Transition.NONE for p in drawn])
    assert 0.08 < transitional < 0.25
    heights = np.array([p.disc_height_mm["L3-L4"] for p in drawn])
    assert 7 < heights.mean() < 11


def test_healthy_spines_have_no_pathology():
    for seed in range(20):
        parameters = PhantomParameters.random(seed, healthy=True)
        assert not parameters.herniations
        assert parameters.coronal_cobb_deg == 0
        assert max(parameters.canal_narrowing.values()) == 0
        assert max(map(abs, parameters.slip_mm.values())) <= 2


@pytest.mark.parametrize("transition", [t for t in Transition if t is not Transition.UNKNOWN])
def test_the_transition_can_be_fixed(transition):
    assert PhantomParameters.random(3, transition=transition).transition is transition
