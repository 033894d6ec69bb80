from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.reliability import intraclass_correlation, reliability_study
from lumbomics.core.errors import FaultsError, InputError
from lumbomics.core.measurement import Reason


def two_raters(
    *, people: int = 30, levels: int = 3, error: float = 0.5, shift: float = 0.3, seed: int = 0
) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    truth = np.repeat(draw.normal(9, 1.5, people), levels) + draw.normal(0, 0.5, people * levels)
    units = pd.DataFrame(
        {
            "participant": np.repeat([f"{person:03d}" for person in range(people)], levels),
            "session": "1",
            "biomarker": "disc_height",
            "level": ["L3-L4", "L4-L5", "L5-S1"][:levels] * people,
            "unit": "mm",
        }
    )
    ratings = {"A": truth + draw.normal(0, error, len(units)), "B": truth + shift + draw.normal(0, error, len(units))}
    return pd.concat([units.assign(rater=rater, value=values) for rater, values in ratings.items()])


def test_the_planted_error_of_two_raters_is_found() -> None:
    found = reliability_study(two_raters(people=150), between="rater").numbers[0]
    assert found.raters == ("A", "B")
    assert (found.participants, found.intraclass.n) == (150, 450)
    assert found.intraclass.sem_consistency.value == pytest.approx(0.5, rel=0.07)
    # Three standard errors of a mean of 450 differences with standard deviation 0.5 √2.
    assert found.pairs[0].agreement.bias.value == pytest.approx(-0.3, abs=0.1)
    # Rater shift 0.3 counts as error between raters: within-subject variance 0.25 + 0.3² / 2.
    assert found.mdc95 == pytest.approx(1.96 * np.sqrt(2 * (0.25 + 0.045)), rel=0.07)
    assert found.intraclass.interval == "cluster bootstrap"


def test_the_study_gives_what_the_function_gives_on_the_table() -> None:
    table = two_raters(levels=1)
    direct = intraclass_correlation(table.pivot(index="participant", columns="rater", values="value"))
    found = reliability_study(table, between="rater").numbers[0].intraclass
    assert found.form("ICC(2,1)").value == pytest.approx(direct.form("ICC(2,1)").value, abs=1e-12)
    assert found.interval == "F"


def test_a_rater_on_two_scanners_gives_units_for_each_scanner() -> None:
    table = pd.concat([two_raters(seed=1).assign(scanner="x"), two_raters(seed=2).assign(scanner="y")])
    found = reliability_study(table, between="rater").numbers[0]
    assert found.intraclass.n == 180
    assert reliability_study(table, between="scanner").numbers[0].raters == ("x", "y")


@pytest.mark.parametrize("column", ["scanner", "version", "repeat", "session"])
def test_scanners_versions_repeats_and_sessions_are_compared_alike(column: str) -> None:
    table = two_raters().rename(columns={"rater": column} if column != "session" else {})
    if column == "session":
        table["session"], table["rater"] = table["rater"], "A"
    found = reliability_study(table, between=column).numbers[0]
    assert found.between == column
    assert found.intraclass.n == 90


def test_a_biomarker_that_cannot_be_judged_is_absent_with_its_reason() -> None:
    lone = pd.DataFrame(
        {"participant": ["01"], "session": ["1"], "biomarker": ["lordosis"], "rater": ["A"], "value": [40.0]}
    )
    study = reliability_study(pd.concat([two_raters(), lone]), between="rater")
    assert study.absent[0].biomarker == "lordosis"
    assert study.absent[0].reason is Reason.UNDEFINED
    frame = study.to_frame().set_index("biomarker")
    assert frame.loc["lordosis", "status"] == "absent"
    assert frame.loc["disc_height", "icc_agreement"] > 0.8


def test_grades_get_ac_alpha_and_kappa() -> None:
    draw = np.random.default_rng(3)
    truth = draw.integers(1, 6, 80)
    names = np.array(["I", "II", "III", "IV", "V"])
    rows = [
        {"participant": f"{i // 4}", "session": "1", "biomarker": "pfirrmann", "level": f"L{i % 4 + 1}", "rater": rater,
         "category": names[np.clip(grade + draw.integers(0, 2), 1, 5) - 1], "value": np.nan}
        for i, grade in enumerate(truth) for rater in ("A", "B", "C")
    ]  # fmt: skip
    study = reliability_study(pd.DataFrame(rows), between="rater", grades={"pfirrmann": list(names)})
    found = study.grades[0]
    assert len(found.pairs) == 3
    assert 0.7 < found.pairs[0].agreement.kappa.value < 1
    assert 0.7 < found.alpha.alpha.value < 1
    assert found.ac.coefficient.ci_low < found.ac.coefficient.value
    assert study.grades_frame().loc[0, "participants"] == 20
    assert len(study.pairs_frame()) == 3


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(InputError, match="does not name two or more"):
        reliability_study(two_raters().query("rater == 'A'"), between="rater")
    with pytest.raises(InputError, match="does not name two or more"):
        reliability_study(two_raters(), between="scanner")


def test_graded_biomarkers_that_the_table_lacks_are_all_named() -> None:
    with pytest.raises(FaultsError, match="2 fault"):
        reliability_study(two_raters(), between="rater", grades={"modic": [0, 1], "ross": [0, 1]})


def test_the_same_seed_gives_the_same_frame() -> None:
    one, other = (reliability_study(two_raters(), between="rater", seed=5).to_frame() for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
