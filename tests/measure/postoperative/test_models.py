"""Small logistic models: the arithmetic, abstention, the shipped files, and what they make of plain cases."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import CatalogueError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Reason
from lumbomics.measure.postoperative.logistic import LogisticModel, load_model

PATTERN, GROUP = "disc_vs_scar_pattern", "delamarter_group"
SCAR, DISC, ROOT = CanalTissue.SCAR, CanalTissue.DISC, CanalTissue.ROOT
CARD = {
    "trained_on": "numbers",
    "n_trained": 10,
    "tested_on": "numbers",
    "n_tested": 5,
    "auc": 0.9,
    "auc_of": "a against b",
    "accuracy": 0.8,
    "limits": "none of it is real",
}


def _model(**changes: object) -> LogisticModel:
    content = {
        "name": "test",
        "version": "1",
        "classes": ["a", "b"],
        "features": [{"name": "x", "mean": 1.0, "sd": 2.0, "low": -3.0, "high": 5.0}],
        "coefficients": [[0.0], [1.5]],
        "intercepts": [0.0, 0.5],
        "abstain_below": 0.6,
        "card": CARD,
    }
    return LogisticModel.model_validate({**content, **changes})


def test_probabilities_are_the_softmax_of_standardised_features() -> None:
    chance = _model().probabilities({"x": 3.0})
    assert chance["b"] == pytest.approx(1 / (1 + np.exp(-(0.5 + 1.5 * 1.0))))
    assert sum(chance.values()) == pytest.approx(1)


def test_values_beyond_the_training_range_count_as_its_end_and_far_beyond_make_it_abstain() -> None:
    model = _model()
    assert model.probabilities({"x": 7.0}) == model.probabilities({"x": 5.0})
    assert not model.abstains({"x": 7.0})
    assert model.unknown({"x": 9.5}) == ("x",)
    assert model.abstains({"x": 9.5})


def test_a_case_between_the_classes_makes_it_abstain() -> None:
    assert _model().abstains({"x": 1 - 2 / 3})
    assert not _model().abstains({"x": 4.0})


def test_numbers_that_do_not_fit_together_make_no_model() -> None:
    with pytest.raises(ValidationError, match="differ in number"):
        _model(intercepts=[0.0])


@pytest.mark.parametrize("name", ["disc_or_scar", "disc_or_scar_precontrast", "delamarter"])
def test_every_shipped_model_loads_with_its_card(name: str) -> None:
    model = load_model(name)
    assert model.name == name
    assert 0.5 < model.card.auc <= 1
    assert "patient" in model.card.limits


def test_a_model_nobody_shipped_is_an_error() -> None:
    with pytest.raises(CatalogueError, match="cannot be read"):
        load_model("nonsense")


def test_enhancing_tissue_that_draws_the_sac_is_rather_scar_and_a_dark_lump_that_pushes_it_rather_disc(
    scene, ring, disc_at
) -> None:
    scar = scene((SCAR, ring(10, 75)), changes={SCAR: (330, 300, 1.7)}).measure(PATTERN)
    lump = scene((DISC, disc_at(7.5, 8, 4.2)), changes={DISC: (250, 300, 1.05)}).measure(PATTERN)
    assert scar.value("scar_probability", Side.RIGHT) > 2 * scar.value("disc_probability", Side.RIGHT)
    assert lump.value("disc_probability", Side.RIGHT) > 2 * lump.value("scar_probability", Side.RIGHT)
    one = scar.measured("disc_probability", Side.RIGHT)
    assert "not a verdict" in one.caution
    total = sum(scar.value(f"{kind}_probability", Side.RIGHT) for kind in ("scar", "disc", "mixed"))
    assert total == pytest.approx(1)


def test_labels_of_the_tissue_do_not_enter_the_probability(scene, disc_at) -> None:
    looks = (300, 300, 1.3)
    values = [
        scene((kind, disc_at(7.5, 8, 4.2)), changes={kind: looks})
        .measure(PATTERN)
        .value("disc_probability", Side.RIGHT)
        for kind in (SCAR, DISC)
    ]
    assert values[0] == pytest.approx(values[1])


def test_without_contrast_the_pattern_is_absent_and_the_precontrast_one_labelled(scene, disc_at) -> None:
    found = scene((DISC, disc_at(7.5, 8, 4.2)), contrasts=(Contrast.T2, Contrast.T1)).measure(PATTERN)
    assert found.absent("disc_probability", Side.RIGHT).reason is Reason.NO_CONTRAST_SERIES
    assert "without contrast agent" in found.measured("precontrast_disc_probability", Side.RIGHT).caution


def test_a_side_without_tissue_has_no_pattern(scene, disc_at) -> None:
    found = scene((DISC, disc_at(7.5, 8, 4.2))).measure(PATTERN)
    assert found.absent("disc_probability", Side.LEFT).reason is Reason.UNDEFINED


def test_probabilities_of_groups_add_up_and_a_filled_sac_is_no_plain_one(scene, disc_at) -> None:
    plain = scene(*[(ROOT, disc_at(s * x, y, 0.8)) for s in (1, -1) for x, y in ((1.6, -3.5), (3.5, -2.5), (4.5, 0.0))])
    full = scene((ROOT, disc_at(0, 0, 6.4)))
    known, filled = plain.measure(GROUP), full.measure(GROUP)
    for found in (known, filled):
        groups = sum(found.value(f"group_{n}_probability") for n in "123")
        assert groups == pytest.approx(found.value("any_probability"))
    assert filled.value("any_probability") > 0.7 > known.value("any_probability")
