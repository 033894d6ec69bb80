"""Pictures name what they show and stay apart without colour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.association import Associations, associate, forest, volcano
from lumbomics.core.errors import InputError

ADJUST = ["age", "sex"]
B, S = [f"b{i}" for i in range(5)], [f"s{i}" for i in range(3)]


@pytest.fixture(scope="module")
def found(cohort: pd.DataFrame) -> Associations:
    return associate(cohort, biomarkers=B, scores=S, adjust=ADJUST)


def texts(figure: object) -> list[str]:
    axes = figure.axes[0]
    written = [*axes.texts, *figure.texts, *axes.get_yticklabels(), *axes.get_xticklabels()]
    return [t.get_text() for t in written]


def test_the_volcano_names_its_findings_and_says_what_it_is(found: Associations) -> None:
    figure = volcano(found)
    written = texts(figure)
    assert {"b0 → s0", "b1 → s1"} <= set(written)
    assert any(t.startswith("Hypothesis-generating") and "adjusted for age, sex" in t for t in written)
    assert sum(len(c.get_offsets()) for c in figure.axes[0].collections) == 15


def test_points_stand_at_effect_and_evidence(found: Associations) -> None:
    rows = found.to_frame()
    drawn = np.vstack([c.get_offsets() for c in volcano(found).axes[0].collections])
    expected = np.column_stack([rows["effect"], -np.log10(rows["p"])])
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(expected, axis=0))


def test_names_do_not_lie_on_each_other(cohort: pd.DataFrame) -> None:
    same = cohort.assign(**{f"b{i}": cohort["b0"] + 0.1 * np.sin(np.arange(120) * (i + 1)) for i in range(1, 5)})
    figure = volcano(associate(same, biomarkers=B, scores=["s0"]))
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    boxes = [t.get_window_extent(renderer) for t in figure.axes[0].texts if "→" in t.get_text()]
    names = sorted((t.get_position()[1] for t in figure.axes[0].texts if "→" in t.get_text()), reverse=True)
    assert len(boxes) == 5
    assert (-np.diff(names) > 0.05).all()


def test_a_volcano_without_findings_says_so(cohort: pd.DataFrame) -> None:
    written = texts(volcano(associate(cohort, biomarkers=["b3"], scores=["s2"])))
    assert "no pair at adjusted p ≤ 0.05" in [t.strip() for t in written]


def test_the_forest_writes_effect_interval_and_patients(found: Associations) -> None:
    row = found.findings().iloc[0]
    written = texts(forest(found, rows=4))
    number = f"{row['effect']:.2f} [{row['effect_low']:.2f}, {row['effect_high']:.2f}]".replace("-", "\N{MINUS SIGN}")
    assert number in written
    assert "120" in written
    assert sum("→" in t for t in written) == 4


def test_odds_ratios_stand_on_their_own_scale(cohort: pd.DataFrame) -> None:
    better = cohort.assign(s0=cohort["s0"] > cohort["s0"].median())
    found = associate(better, biomarkers=B, scores=["s0"], model="logit")
    assert forest(found).axes[0].get_xscale() == "log"
    assert "1" in texts(volcano(found))
    drawn = np.vstack([c.get_offsets() for c in volcano(found).axes[0].collections])
    np.testing.assert_allclose(np.sort(drawn[:, 0]), np.sort(np.log(found.to_frame()["effect"])))


def test_nothing_estimated_is_nothing_to_draw(cohort: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"no pair has an estimate to draw; .* got constant_biomarker"):
        forest(associate(cohort.assign(b0=1.0), biomarkers=["b0"], scores=["s0"]))
