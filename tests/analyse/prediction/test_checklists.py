"""The checklists are whole, and filled only with what a run knows."""

from __future__ import annotations

import pytest

from lumbomics.analyse.prediction import Prediction, calibration_figure, checklists, decision_figure
from lumbomics.core.errors import FaultsError


def test_every_item_of_the_three_lists_is_there_once(study: Prediction) -> None:
    table = checklists(study)
    numbers = {name: list(part["item"]) for name, part in table.groupby("checklist")}
    assert numbers["CLEAR"] == [str(i) for i in range(1, 59)]
    assert numbers["METRICS"] == [str(i) for i in range(1, 31)]
    main = [item.rstrip("abcdefg") for item in numbers["TRIPOD+AI"]]
    assert sorted(set(main), key=int) == [str(i) for i in range(1, 28)]
    assert len(set(numbers["TRIPOD+AI"])) == 52
    assert table["source"].str.contains("doi:10").all()


def test_the_run_fills_what_it_knows_and_leaves_the_rest_open(study: Prediction) -> None:
    table = checklists(study).set_index(["checklist", "item"])
    assert "3 outer and 3 inner folds, 2 repeats" in table.loc[("TRIPOD+AI", "12a"), "answer"]
    assert table.loc[("METRICS", "22"), "answer"].startswith("calibration_slope ")
    assert "age, sex" in table.loc[("METRICS", "24"), "answer"]
    assert table.loc[("METRICS", "27"), "state"] == "open"
    assert table.loc[("TRIPOD+AI", "17"), "state"] == "open"
    assert table.loc[("METRICS", "4"), "state"] == "open"  # no site was named
    assert ((table["state"] == "open") == (table["answer"] == "")).all()


def test_answers_of_the_authors_take_precedence_and_unknown_items_are_refused(study: Prediction) -> None:
    table = checklists(study, stated={"TRIPOD+AI 5b": "2019 to 2024"}).set_index(["checklist", "item"])
    assert tuple(table.loc[("TRIPOD+AI", "5b"), ["state", "answer"]]) == ("stated", "2019 to 2024")
    with pytest.raises(FaultsError, match="'CLEAR 59'"):
        checklists(study, stated={"CLEAR 59": "?"})


def test_figures_draw_the_tables(study: Prediction) -> None:
    drawn = calibration_figure(study).axes[0]
    curve = study.calibration[study.calibration["model"] == "model"]
    assert list(drawn.lines[0].get_ydata()) == list(curve["observed"])
    assert study.decisions is not None
    lines = {line.get_label(): line for line in decision_figure(study).axes[0].lines}
    every = study.decisions[study.decisions["model"] == "clinical"]
    assert list(lines["clinical only"].get_ydata()) == list(every["net_benefit"])
    assert {"model", "treat all", "treat none"} <= set(lines)
