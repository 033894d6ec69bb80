"""Files and features of the small shipped models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from lumbomics.core.errors import CatalogueError
from lumbomics.measure.learned import missing, model_file, standardised


def test_a_model_nobody_shipped_is_an_error_that_names_it() -> None:
    with pytest.raises(CatalogueError, match=r"cannot be read.*nonsense"):
        model_file("lumbomics.measure.degeneration", "nonsense")


@pytest.mark.parametrize("content", ["- a list", "a: [unclosed"])
def test_a_file_that_holds_no_model_is_an_error(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "toy_models"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models" / "one.yaml").write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CatalogueError, match="cannot be read"):
        model_file("toy_models", "one")


def test_absent_and_infinite_features_are_missing() -> None:
    assert missing(["a", "b", "c"], {"a": 1.0, "b": float("inf")}) == ("b", "c")


def test_features_within_the_range_are_scikit_learns_standard_scores_and_others_stay_at_its_end() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (50, 2))
    ends = {"low": x.min(axis=0), "high": x.max(axis=0), "centre": x.mean(axis=0), "scale": x.std(axis=0)}
    assert standardised(x, **ends) == pytest.approx(StandardScaler().fit_transform(x))
    assert standardised(np.array([99.0, -99.0]), **ends) == pytest.approx(
        standardised(np.array([x[:, 0].max(), x[:, 1].min()]), **ends)
    )
