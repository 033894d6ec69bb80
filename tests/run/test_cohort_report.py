"""From a simulated cohort on disk to sections, a page and single analyses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from lumbomics.cli.analyse import app
from lumbomics.core.errors import FaultsError, InputError
from lumbomics.run.analyse import analyse_association, analyse_change, analyse_power, analyse_reliability
from lumbomics.run.cohort_phantom import phantom_cohort
from lumbomics.run.cohort_report import cohort_report
from lumbomics.run.cohort_sections import association_section, flow_section, people_section, side_section
from lumbomics.run.cohort_tables import CohortView, cohort_view, read_cohort
from lumbomics.run.cohort_together import averaged, improvement


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cohort")
    phantom_cohort(out=root, n=80, seed=2, images=0)
    return root


@pytest.fixture(scope="module")
def view(folder: Path) -> CohortView:
    return cohort_view(read_cohort(folder / "derivatives"))


@pytest.fixture(scope="module")
def wide_file(view: CohortView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "wide.csv"
    view.wide[["participant", *view.biomarkers, *view.scores, *view.covariates]].to_csv(path, index=False)
    return path


def test_what_was_written_is_read_back_to_the_last_digit(folder: Path, view: CohortView) -> None:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert view.wide["participant"].tolist() == [one["participant_id"] for one in truth["of_each_participant"]]
    raw = pd.read_csv(folder / "visits.csv").query("session_id == 'pre'").set_index("participant_id")
    held = view.wide.set_index("participant")
    pd.testing.assert_series_equal(held["odi"].dropna(), raw["odi_total"].dropna(), check_names=False)
    pd.testing.assert_series_equal(held["nrs_leg_left"].dropna(), raw["nrs_leg_left"].dropna(), check_names=False)


def test_the_visits_of_most_and_the_later_one_are_taken_and_the_first_rater(view: CohortView) -> None:
    assert (view.baseline, view.followup, view.rater) == ("pre", "post", "R1")
    assert view.covariates == ("age_years", "sex", "bmi", "site")
    assert set(view.readings["rater"]) == {"R1"}


def test_unknown_sessions_are_all_told(folder: Path) -> None:
    with pytest.raises(FaultsError) as caught:
        cohort_view(read_cohort(folder / "derivatives"), baseline="x", followup="y")
    assert len(caught.value.faults) == 2


def test_a_visit_without_a_valid_record_is_left_out_and_named(folder: Path, tmp_path: Path) -> None:
    source = folder / "derivatives" / "sub-sim0001" / "ses-pre"
    for session, whole in (("ses-pre", True), ("ses-post", False)):
        target = tmp_path / "sub-sim0001" / session
        target.mkdir(parents=True)
        for file in source.iterdir():
            if whole or file.name != "run.json":
                (target / file.name).write_bytes(file.read_bytes())
    assert read_cohort(tmp_path).unfinished == ("sub-sim0001/ses-post",)


def test_a_folder_without_visits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished visit"):
        read_cohort(tmp_path)


def test_the_flow_ends_with_those_who_came_again(view: CohortView) -> None:
    rows = flow_section(view, 0).pictures[0].data
    again = view.tables.measurements.query("session == 'post'")["participant"].nunique()
    assert rows["participants"].iloc[0] == 80
    assert rows["participants"].is_monotonic_decreasing
    assert rows["participants"].iloc[-1] <= again


def test_table_one_counts_missing_answers(view: CohortView) -> None:
    rows = people_section(view, 0).tables[0].frame.set_index("characteristic")
    assert rows.loc["odi, mean (SD)", "missing"] == view.wide["odi"].isna().sum()


def test_the_planted_foramen_is_found_side_by_side(view: CohortView) -> None:
    section = side_section(view, 0)
    rows = section.pictures[0].data.set_index("biomarker")
    assert rows.loc["foraminal_dimensions/L5-S1", "finding"]
    assert not rows.loc["foraminal_dimensions/L3-L4", "finding"]
    assert rows.loc["foraminal_dimensions/L5-S1", "slope"] == pytest.approx(-0.032, abs=0.012)


def test_associations_say_with_what_they_were_adjusted_and_what_adjustment_changed(view: CohortView) -> None:
    section = association_section(view, 0)
    assert "adjusted for age_years, sex, bmi, site" in section.methods
    assert len(section.tables[1].frame) == len(view.biomarkers) * len(view.scores)
    assert "Without adjustment" in section.lead[1]


def test_averages_are_over_levels_and_sides(view: CohortView) -> None:
    table, names = averaged(view)
    assert len(names) == 7
    own = view.wide.filter(regex="^foraminal_dimensions/").mean(axis=1)
    pd.testing.assert_series_equal(table["foraminal_dimensions"], own, check_names=False)


def test_improvement_is_that_of_the_side_that_hurt_more(view: CohortView) -> None:
    found = improvement(view)
    scores = view.tables.scores[view.tables.scores["instrument"] == "nrs_leg"]
    wide = scores.pivot(index=["participant", "side"], columns="session", values="value").dropna().reset_index("side")
    clear = wide[wide["pre"] != wide.groupby(level=0)["pre"].transform("min")]
    fell = clear["pre"] - clear["post"]
    assert found.loc[fell.index[fell >= 5]].eq(1).all()
    assert found.loc[fell.index[fell <= 0]].eq(0).all()


def test_single_analyses_write_their_tables_pictures_and_methods(wide_file: Path, tmp_path: Path) -> None:
    made = analyse_association(
        wide_file, score=["nrs_back"], biomarker=["lumbar_lordosis_l1_s1"], adjust=["age_years"], out=tmp_path
    )
    assert {path.name for path in made.files} == {"associations.csv", "volcano.png", "forest.png", "methods.md"}
    assert made.table["effect"].iloc[0] < 0


def test_rater_reliability_of_lordosis_is_near_what_was_planted(folder: Path) -> None:
    rows = analyse_reliability(folder / "derivatives", session="pre").table.set_index("biomarker")
    assert rows.loc["lumbar_lordosis_l1_s1", "bias"] == pytest.approx(-2.0, abs=1.2)
    assert rows.loc["foraminal_dimensions", "sem_consistency"] == pytest.approx(5.0, rel=0.25)


def test_the_disc_that_lost_height_is_found(folder: Path) -> None:
    rows = analyse_change(folder / "derivatives", before="pre", after="post", rater="R1").table
    own = rows[(rows["biomarker"] == "disc_height") & (rows["level"] == "L5-S1")].iloc[0]
    assert own["change_ci_low"] < -0.8 < own["change_ci_high"]


def test_power_needs_one_whole_design() -> None:
    with pytest.raises(InputError, match="one whole design"):
        analyse_power(correlation=0.3, icc=0.8)
    with pytest.raises(InputError, match="one whole design"):
        analyse_power(change=1.0, sd=2.0)


def test_the_power_command_gives_the_number_of_the_textbook() -> None:
    # Hulley et al., Designing Clinical Research (4th ed. 2013), table 6C: r = 0.3, power 0.8, two-sided 0.05: 85.
    done = CliRunner().invoke(app, ["power", "--correlation", "0.3", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)[0]["n"] == 85


def test_a_table_of_another_kind_is_refused_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_text("x", encoding="utf-8")
    done = CliRunner().invoke(app, ["association", str(tmp_path / "a.docx"), "--score", "odi"])
    assert done.exit_code == 2


def test_what_the_tables_do_not_allow_is_left_out_with_a_reason(folder: Path, tmp_path: Path) -> None:
    for session in sorted((folder / "derivatives").glob("sub-sim000*/ses-pre")):
        target = tmp_path / session.parent.name / session.name
        target.mkdir(parents=True)
        for file in session.iterdir():
            (target / file.name).write_bytes(file.read_bytes())
    made = cohort_report(tmp_path)
    assert set(dict(made.left_out)) >= {"people", "association", "sides", "change", "prediction"}
    assert "no later visit" in dict(made.left_out)["change"]
    assert made.path.is_file()


@pytest.mark.slow
def test_a_whole_report_holds_every_section(folder: Path, tmp_path: Path) -> None:
    made = cohort_report(folder / "derivatives", out=tmp_path / "report.html")
    assert made.left_out == ()
    html = made.path.read_text(encoding="utf-8")
    assert html.count('href="data:text/csv') >= 12
    assert str(tmp_path) not in html
