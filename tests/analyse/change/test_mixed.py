from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from lumbomics.analyse.change import mixed_course
from lumbomics.core.errors import FaultsError, InputError


def course(
    *, people: int = 40, visits: int = 4, levels: int = 1, slope_sd: float = 0.0, effect: float = -0.5, seed: int = 0
) -> pd.DataFrame:
    """Score with planted course: 0.2 a month, stimulation ``effect`` more; SD of persons 4, levels 2, error 1.5."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        [(p, level, v) for p in range(people) for level in range(levels) for v in range(visits)],
        columns=["person", "place", "visit"],
    )
    frame["months_since_surgery"] = 3.0 * frame["visit"]
    frame["arm"] = np.where(frame["person"] % 2 == 0, "conservative", "stimulation")
    person, tilt = draw.normal(20, 4, people), draw.normal(0, slope_sd, people)
    place = draw.normal(0, 2 if levels > 1 else 0, (people, levels))
    rate = 0.2 + effect * (frame["arm"] == "stimulation") + tilt[frame["person"]]
    frame["value"] = (
        person[frame["person"]] + place[frame["person"], frame["place"]] + rate * frame["months_since_surgery"]
        + draw.normal(0, 1.5, len(frame))
    )  # fmt: skip
    frame["level"] = [f"L{place + 1}" for place in frame["place"]] if levels > 1 else None
    frame["participant"] = frame["person"].map("{:03d}".format)
    frame["session"] = frame["visit"].map("v{}".format)
    return frame.drop(columns=["person", "place", "visit"]).assign(biomarker="odi", unit="points")


def test_the_planted_effect_of_treatment_on_the_course_is_recovered() -> None:
    found = mixed_course(course(), biomarker="odi", treatment="arm")
    assert found.converged
    effect = found.effect("time:treatment[stimulation]").estimate
    assert effect.ci_low < -0.5 < effect.ci_high
    assert found.sd_residual == pytest.approx(1.5, rel=0.15)
    assert found.sd_participants == pytest.approx(4, rel=0.35)
    assert (found.n, found.participants, found.dropped) == (160, 40, 0)


@pytest.mark.filterwarnings("ignore")
def test_the_fit_equals_statsmodels_formula_interface() -> None:
    table = course()
    theirs = smf.mixedlm("value ~ months_since_surgery * C(arm)", table, groups=table["participant"]).fit(reml=True)
    ours = mixed_course(table, biomarker="odi", treatment="arm")
    pairs = {
        "intercept": "Intercept", "time": "months_since_surgery", "treatment[stimulation]": "C(arm)[T.stimulation]",
        "time:treatment[stimulation]": "months_since_surgery:C(arm)[T.stimulation]",
    }  # fmt: skip
    for own, other in pairs.items():
        assert ours.effect(own).estimate.value == pytest.approx(theirs.fe_params[other], abs=1e-6)
        assert ours.effect(own).se == pytest.approx(theirs.bse_fe[other], abs=1e-4)
    assert ours.sd_residual == pytest.approx(np.sqrt(theirs.scale), abs=1e-3)


def test_levels_of_one_spine_are_nested_in_their_person() -> None:
    found = mixed_course(course(levels=3), biomarker="odi", treatment="arm")
    assert found.sd_levels == pytest.approx(2, rel=0.25)
    assert found.sd_residual == pytest.approx(1.5, rel=0.15)
    assert {"level[L2]", "level[L3]"} <= {effect.term for effect in found.effects}


def test_a_random_slope_finds_the_planted_spread_of_courses() -> None:
    found = mixed_course(course(people=60, slope_sd=0.4), biomarker="odi", treatment="arm", random_slope=True)
    assert found.converged
    assert found.sd_slopes == pytest.approx(0.4, rel=0.3)


def test_no_spread_of_courses_is_not_invented() -> None:
    # Gradient optimisers stop at 0.2 and more here; only a maximum that two optimisers share counts.
    found = mixed_course(course(people=30), biomarker="odi", treatment="arm", random_slope=True)
    assert not found.converged or found.sd_slopes < 0.12


def test_a_model_without_a_maximum_gives_no_effects_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumbomics.analyse.change.mixed._LIKELIHOOD_TOLERANCE", -1.0)
    found = mixed_course(course(people=10), biomarker="odi")
    assert not found.converged
    assert found.effects == ()
    assert found.sd_residual is None
    assert "no two optimisers agreed" in found.to_frame().loc[0, "notes"]
    with pytest.raises(InputError, match="no such term"):
        found.effect("time")


def test_values_without_time_are_counted_as_dropped() -> None:
    table = course()
    table.loc[table.index[:3], "months_since_surgery"] = np.nan
    assert mixed_course(table, biomarker="odi").dropped == 3


def test_a_numeric_treatment_may_change_between_visits() -> None:
    table = course().assign(on=lambda t: (t["session"] > "v1").astype(float))
    found = mixed_course(table, biomarker="odi", treatment="on")
    assert {"treatment", "time:treatment"} <= {effect.term for effect in found.effects}


def test_a_covariate_that_copies_another_term_is_refused() -> None:
    table = course().assign(weeks=lambda t: 4 * t["months_since_surgery"])
    with pytest.raises(InputError, match="linear combinations"):
        mixed_course(table, biomarker="odi", covariates=["weeks"])


def test_too_little_data_and_two_visits_for_slopes_are_refused() -> None:
    with pytest.raises(InputError, match="too little data"):
        mixed_course(course(people=4), biomarker="odi")
    with pytest.raises(InputError, match="too few visits"):
        mixed_course(course(people=20, visits=2), biomarker="odi", random_slope=True)


def test_missing_columns_and_texts_for_numbers_are_named_at_once() -> None:
    with pytest.raises(FaultsError, match="2 fault"):
        mixed_course(course(), biomarker="odi", time="weeks", covariates=["arm"])
    with pytest.raises(InputError, match="no value of this biomarker"):
        mixed_course(course(), biomarker="rmdq")


def test_two_methods_are_never_mixed() -> None:
    table = pd.concat([course().assign(method="x"), course().assign(method="y")])
    with pytest.raises(InputError, match="several methods"):
        mixed_course(table, biomarker="odi")


def test_the_frame_has_one_row_a_term() -> None:
    frame = mixed_course(course(people=20), biomarker="odi", treatment="arm").to_frame()
    assert frame["term"].tolist() == ["intercept", "time", "treatment[stimulation]", "time:treatment[stimulation]"]


@pytest.mark.slow
def test_the_interval_of_the_treatment_effect_holds_the_truth() -> None:
    hits = 0
    for seed in range(100):
        found = mixed_course(course(people=40, levels=2, visits=3, seed=seed), biomarker="odi", treatment="arm")
        effect = found.effect("time:treatment[stimulation]").estimate
        hits += effect.ci_low <= -0.5 <= effect.ci_high
    assert hits >= 89
