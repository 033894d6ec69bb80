from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from lumbomics.analyse.power import (
    plan_binary_prediction,
    plan_continuous_prediction,
    plan_correlation,
    plan_icc_width,
    plan_paired_change,
    power_of_correlation,
    power_of_paired_change,
)
from lumbomics.core.errors import FaultsError, InputError


@pytest.mark.parametrize(("r", "published"), [(0.1, 783), (0.2, 194), (0.3, 85), (0.5, 30)])
def test_correlations_need_the_participants_of_hulleys_table(r: float, published: int) -> None:
    # Hulley et al., Designing Clinical Research, appendix 6C, two-sided alpha 0.05, beta 0.20; rounding to 1.
    assert plan_correlation(r).n == pytest.approx(published, abs=1)


def test_a_covariate_costs_one_participant_and_more_tests_cost_more() -> None:
    assert plan_correlation(0.3, covariates=5).n == plan_correlation(0.3).n + 5
    assert plan_correlation(0.3, tests=20000).n > 3 * plan_correlation(0.3).n


def test_the_planned_number_is_the_first_with_the_power() -> None:
    n = plan_correlation(-0.25, covariates=3, power=0.9).n
    assert power_of_correlation(-0.25, n=n, covariates=3) >= 0.9 > power_of_correlation(-0.25, n=n - 1, covariates=3)


def test_the_power_without_a_correlation_is_alpha() -> None:
    assert power_of_correlation(0.0, n=50, alpha=0.01) == pytest.approx(0.01)


def test_dropout_raises_the_number_invited_alone() -> None:
    plan = plan_correlation(0.3, dropout=0.2)
    assert (plan.n, plan.invited) == (85, 107)
    assert plan_correlation(0.3).invited == 85


@pytest.mark.parametrize(
    ("icc", "width", "k", "assurance", "expected"),
    # By hand: 1 + 8 (1.96 · 0.19 / 0.1)² / 2 + 4.5 = 60.97; 1 + 8 (1.96 · 0.72 / 0.2)² / 6 = 67.4;
    # and 1 + 2 ((0.3724 + sqrt(0.3724² + 0.2 · 1.96 · 0.8416 · 0.19 · 1.8)) / 0.1)² / 2 = 77.4.
    [(0.9, 0.1, 2, None, 61), (0.7, 0.2, 3, None, 68), (0.9, 0.1, 2, 0.8, 78)],
)
def test_the_formulas_of_bonett_and_zou_worked_by_hand(
    icc: float, width: float, k: int, assurance: float | None, expected: int
) -> None:
    assert plan_icc_width(icc, width=width, ratings=k, assurance=assurance).n == expected


def test_assurance_of_one_half_asks_for_the_mean_width() -> None:
    # Without Bonett's correction (three ratings) both formulas are then the same.
    assert plan_icc_width(0.8, width=0.15, ratings=3, assurance=0.5).n == plan_icc_width(0.8, width=0.15, ratings=3).n


@pytest.mark.slow
def test_the_interval_of_a_planned_reliability_study_is_as_narrow_as_promised() -> None:
    k, icc, width = 3, 0.8, 0.2
    n = plan_icc_width(icc, width=width, ratings=k, assurance=0.8).n
    draw, studies = np.random.default_rng(0), 4000
    truth = draw.normal(0, math.sqrt(icc), (studies, n, 1))
    ratings = truth + draw.normal(0, math.sqrt(1 - icc), (studies, n, k))
    means = ratings.mean(axis=2)
    between = k * means.var(axis=1, ddof=1)
    within = ratings.var(axis=2, ddof=1).mean(axis=1)
    ends = [
        (f - 1) / (f + k - 1)
        for f in (
            between / within / stats.f.ppf(0.975, n - 1, n * (k - 1)),
            between / within * stats.f.ppf(0.975, n * (k - 1), n - 1),
        )
    ]
    assert np.mean(ends[1] - ends[0] <= width) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("effect", [0.2, 0.5, 0.8])
def test_paired_change_needs_what_statsmodels_solves_for(effect: float) -> None:
    solved = TTestPower().solve_power(effect_size=effect, alpha=0.05, power=0.8)
    # r = 0.5 makes the standard deviation of the change that of one visit.
    assert plan_paired_change(effect, sd=1, correlation=0.5).n == math.ceil(solved)


def test_a_medium_paired_effect_needs_34_pairs() -> None:
    # Cohen 1988, and every table since: d = 0.5, power 0.80, two-sided 0.05.
    plan = plan_paired_change(-5.0, sd=10, correlation=0.5)
    assert plan.n == 34
    assert power_of_paired_change(5.0, n=34, sd_change=10) >= 0.8 > power_of_paired_change(5.0, n=33, sd_change=10)


def test_measurement_error_costs_participants() -> None:
    exact, noisy = (plan_paired_change(1, sd=2, correlation=0.8, measurement_error=e) for e in (0.0, 1.5))
    assert noisy.assumptions["sd_change"] == pytest.approx(math.sqrt(2 * 4 * 0.2 + 2 * 2.25))
    assert noisy.n > exact.n


def numbers(plan: object) -> list[int]:
    return [criterion.n for criterion in plan.criteria]


def test_the_worked_example_of_a_binary_outcome_in_the_bmj() -> None:
    # Riley et al. 2020, pre-eclampsia: risk 0.05, 30 parameters, 15 % of the largest Cox-Snell R² 0.33, hence 0.05.
    plan = plan_binary_prediction(parameters=30, prevalence=0.05, r2_cox_snell=0.05)
    assert numbers(plan)[:2] == [73, 544]
    assert numbers(plan)[2] == 5249
    assert plan.assumptions["r2_largest"] == pytest.approx(0.33, abs=0.005)
    # By hand with the largest R² rounded to 0.33: S = 0.75, 30 / (0.25 · 0.06899) = 1739.
    assert numbers(plan)[3] == pytest.approx(1739, rel=0.02)
    assert plan.n == numbers(plan)[2]


def test_fewer_parameters_need_the_3500_participants_of_the_bmj() -> None:
    assert plan_binary_prediction(parameters=20, prevalence=0.05, r2_cox_snell=0.05).n == 3500


@pytest.mark.parametrize(
    ("prevalence", "published"),
    [(0.5, 0.75), (0.4, 0.74), (0.3, 0.71), (0.2, 0.63), (0.1, 0.48), (0.05, 0.33), (0.01, 0.11)],
)
def test_the_largest_cox_snell_r2_is_that_of_the_bmj_table(prevalence: float, published: float) -> None:
    plan = plan_binary_prediction(parameters=5, prevalence=prevalence, r2_cox_snell=0.02)
    assert plan.assumptions["r2_largest"] == pytest.approx(published, abs=0.005)


def test_the_worked_example_of_a_continuous_outcome_in_the_bmj() -> None:
    # Riley et al. 2020, fat-free mass of children: 20 parameters, adjusted R² 0.9, mean 26.7 kg, SD 8.7 kg.
    plan = plan_continuous_prediction(parameters=20, r2_adjusted=0.9, mean=26.7, sd=8.7)
    assert plan.n == 254


@pytest.mark.parametrize(
    ("given", "published"),
    [({"r2_cox_snell": 0.288, "parameters": 24, "prevalence": 0.174}, [623, 662, 221])],
)
def test_binary_criteria_equal_pmsampsize(given: dict, published: list[int]) -> None:
    # Ensor, Martin and Riley, pmsampsize, example of the manual: shrinkage, optimism, overall risk.
    found = numbers(plan_binary_prediction(**given))
    assert [found[2], found[3], found[0]] == published


def test_continuous_criteria_equal_pmsampsize() -> None:
    # pmsampsize's manual: FEV1, R² 0.2, 25 parameters, mean 1.9, SD 0.6: 918, 401 and 259, 918 in all.
    plan = plan_continuous_prediction(parameters=25, r2_adjusted=0.2, mean=1.9, sd=0.6)
    assert [numbers(plan)[i] for i in (2, 3, 1)] == [918, 401, 259]
    assert plan.n == 918


def test_events_and_their_absence_need_the_same() -> None:
    one, other = (plan_binary_prediction(parameters=10, prevalence=p, r2_nagelkerke=0.15) for p in (0.2, 0.8))
    assert numbers(one) == numbers(other)


def test_an_r2_beyond_what_the_prevalence_allows_is_refused() -> None:
    with pytest.raises(InputError, match="R² out of range"):
        plan_binary_prediction(parameters=10, prevalence=0.05, r2_cox_snell=0.5)
    with pytest.raises(InputError, match="state one R²"):
        plan_binary_prediction(parameters=10, prevalence=0.05)


def test_all_arguments_out_of_range_are_named_at_once() -> None:
    with pytest.raises(FaultsError, match="3 fault"):
        plan_continuous_prediction(parameters=0, r2_adjusted=1.2, mean=1, sd=-1)
    with pytest.raises(FaultsError, match="power out of range"):
        plan_correlation(0.3, power=1.2)


def test_many_parameters_carry_a_note() -> None:
    assert plan_binary_prediction(parameters=60, prevalence=0.3, r2_nagelkerke=0.15).notes
    assert not plan_binary_prediction(parameters=30, prevalence=0.3, r2_nagelkerke=0.15).notes


def test_the_frame_marks_the_criterion_that_decides() -> None:
    frame = plan_continuous_prediction(parameters=25, r2_adjusted=0.2, mean=1.9, sd=0.6).to_frame()
    assert frame.loc[frame["decides"], "n"].tolist() == [918]


@pytest.mark.slow
def test_a_model_developed_on_the_planned_number_shrinks_as_planned() -> None:
    # 10 noise-like predictors that explain R² 0.2 together: the calibration slope on fresh data is 0.9 on average.
    parameters, r2 = 10, 0.2
    plan = plan_continuous_prediction(parameters=parameters, r2_adjusted=r2, mean=100, sd=1)
    n = next(c.n for c in plan.criteria if c.name.startswith("shrinkage"))
    draw, slopes = np.random.default_rng(1), []
    weights = np.full(parameters, math.sqrt(r2 / parameters))
    for _ in range(1500):
        x = draw.normal(size=(n, parameters))
        y = x @ weights + draw.normal(0, math.sqrt(1 - r2), n)
        fitted = np.linalg.lstsq(np.column_stack([np.ones(n), x]), y, rcond=None)[0][1:]
        # Slope of the outcome on the prediction in the population with unit covariance.
        slopes.append(float(weights @ fitted / (fitted @ fitted)))
    assert np.mean(slopes) == pytest.approx(0.9, abs=0.02)


@pytest.mark.slow
def test_a_planned_association_is_found_as_often_as_planned() -> None:
    n = plan_correlation(0.3, covariates=1, power=0.8).n
    draw, studies = np.random.default_rng(2), 4000
    age = draw.normal(size=(studies, n))
    x = draw.normal(size=(studies, n))
    y = 0.3 * x + math.sqrt(1 - 0.09) * draw.normal(size=(studies, n))
    x, y = x + age, y + 2 * age
    found = 0
    for one, two, third in zip(x, y, age, strict=True):
        left, right = (v - np.polyval(np.polyfit(third, v, 1), third) for v in (one, two))
        r = float(np.corrcoef(left, right)[0, 1])
        t = r * math.sqrt((n - 3) / (1 - r**2))
        found += 2 * stats.t.sf(abs(t), n - 3) < 0.05
    assert found / studies == pytest.approx(0.8, abs=0.03)
