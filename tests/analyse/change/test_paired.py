from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lumbomics.analyse.change import paired_change, pairs_of_sessions
from lumbomics.analyse.tables import long_table

# Student's sleep data (Cushny and Peebles 1905; Student, Biometrika 1908): extra hours under two drugs, 10 patients.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def table_of(before: list[float], after: list[float], biomarker: str = "sleep", **more: object) -> pd.DataFrame:
    people = [f"{i:02d}" for i in range(len(before))]
    visits = {"a": before, "b": after}
    return pd.concat(
        [
            pd.DataFrame({"participant": people, "session": s, "biomarker": biomarker, "value": v, **more})
            for s, v in visits.items()
        ]
    )


def judged(table: pd.DataFrame) -> pd.DataFrame:
    pairs = pairs_of_sessions(long_table(table), before="a", after="b")
    return paired_change(table, pairs).to_frame()


def test_students_sleep_data_give_his_result() -> None:
    found = judged(table_of(FIRST, SECOND)).iloc[0]
    assert found["change"] == pytest.approx(1.58)
    # As printed by R's t.test: t = 4.0621, p = 0.002833, interval 0.7001 to 2.4599.
    assert found["p_t"] == pytest.approx(0.002833, abs=5e-7)
    assert (found["change_ci_low"], found["change_ci_high"]) == pytest.approx((0.7001, 2.4599), abs=1e-4)
    assert found["response_mean"] * np.sqrt(10) == pytest.approx(4.0621, abs=1e-4)


def test_missing_values_leave_complete_pairs_and_are_counted() -> None:
    found = judged(table_of([*FIRST, 5.0, np.nan], [*SECOND, np.nan, np.nan])).iloc[0]
    assert (found["n"], found["missing"]) == (10, 2)
    assert found["change"] == pytest.approx(1.58)


def test_levels_and_sides_are_judged_apart() -> None:
    table = pd.concat(
        [table_of(FIRST, SECOND, level="L4-L5", side="left"), table_of(SECOND, FIRST, level="L4-L5", side="right")]
    )
    found = judged(table).set_index("side")["change"]
    assert found["left"] == pytest.approx(-found["right"])


def test_the_false_discovery_rate_is_that_of_benjamini_and_hochberg() -> None:
    draw = np.random.default_rng(0)
    table = pd.concat(
        [table_of(list(draw.normal(0, 1, 20)), list(draw.normal(shift, 1, 20)), f"b{shift}") for shift in (0, 1, 2)]
    )
    found = judged(table)
    np.testing.assert_allclose(found["p_fdr"], stats.false_discovery_control(found["p_t"]))


def test_a_group_that_changed_alike_has_no_test() -> None:
    found = judged(table_of([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])).iloc[0]
    assert found["change"] == pytest.approx(1.0)
    assert found["p_t"] is None


def test_too_few_pairs_are_absent_with_their_reason() -> None:
    frame = judged(pd.concat([table_of(FIRST, SECOND), table_of([1.0, 2.0], [2.0, 3.0], "lordosis")]))
    lost = frame.set_index("biomarker").loc["lordosis"]
    assert lost["status"] == "absent"
    assert "2 participants" in lost["detail"]
