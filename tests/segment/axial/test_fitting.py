"""The fit of the classifier: its ONNX form, its examples, and what its card says of it."""

import numpy as np
import pytest

from lumbomics.core.examination import CanalTissue
from lumbomics.segment.axial import learned
from lumbomics.segment.axial.canal import look_at
from lumbomics.segment.axial.evidence import evidence
from lumbomics.segment.axial.learned import CLASSES, classifier_of
from lumbomics.train import epidural
from lumbomics.train.trees import fit_trees, to_onnx


@pytest.fixture(scope="module")
def trees():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, 3)).astype(np.float32)
    kind = (rows[:, 0] > 0).astype(np.intp) + (rows[:, 1] * rows[:, 0] > 0.3)
    kind = np.where(rng.random(600) < 0.3, rng.integers(0, 3, 600), kind)
    return rows, kind, fit_trees(rows, kind, np.ones(600))


def test_the_onnx_form_says_what_the_fitted_trees_say(trees):
    rows, _, fitted = trees
    found = classifier_of(to_onnx(fitted), ("a", "b", "c")).chances(rows)
    assert np.allclose(found, fitted.model.predict_proba(rows), atol=1e-5)


def test_what_counts_more_is_told_more_often(trees):
    rows, kind, even = trees
    stressed = fit_trees(rows, kind, np.where(kind == 2, 8.0, 1.0))
    mean = [classifier_of(to_onnx(one), ("a", "b", "c")).chances(rows)[:, 2].mean() for one in (even, stressed)]
    assert mean[1] > mean[0] + 0.02


@pytest.fixture(scope="module")
def seen_patient(operated):
    return epidural.Patient(
        seed=1010, scans=operated.scans, labels={"truth": operated.segmentation}, tissue=operated.tissue
    )


def test_examples_hold_each_class_by_its_rate_and_the_numbers_the_classifier_looks_at(seen_patient):
    found = epidural.examples_of(seen_patient)
    scans = seen_patient.scans
    stack = look_at(scans["t2"], seen_patient.labels["truth"], t1=scans["t1"], post=scans["post"]).stack
    true = np.concatenate([seen_patient.tissue[seen.patch.whole][seen.about] for seen in stack])
    assert found.names == tuple(evidence(stack)[0])
    assert found.rows.shape == (len(found.kind), len(found.names))
    disc, fat = (CLASSES.index(kind) for kind in (CanalTissue.DISC, CanalTissue.EPIDURAL_FAT))
    assert (found.kind == disc).sum() == pytest.approx(
        epidural.RATES[disc] * (true == CanalTissue.DISC).sum(), rel=0.01
    )
    assert (found.kind == fat).sum() == pytest.approx(
        epidural.RATES[fat] * (true == CanalTissue.EPIDURAL_FAT).sum(), rel=0.3
    )


def test_validation_tells_dice_of_what_is_there_and_volumes_of_what_is_not(seen_patient):
    result = epidural.validate(seen_patient, "truth", learned.load_classifier())
    assert result["dice disc"] > 0.6
    assert result["false haematoma"] == 0
    assert "false disc" not in result


def test_the_summary_counts_discs_found_and_false_ones():
    found = [("truth", {"dice disc": 0.8}), ("truth", {"dice disc": 0.0}), ("truth", {"false disc": 30.0})]
    said = epidural.summary(found)
    assert said["dice disc, labels of truth, mean"] == 0.4
    assert said["dice disc, labels of truth, share over 0.1"] == 0.5
    assert said["false disc, labels of truth, share over 20 mm3"] == 1.0


def test_what_is_published_loads_again_with_its_card(trees, tmp_path):
    _, _, fitted = trees
    epidural.publish(fitted, ("a", "b", "c"), {"dice disc": 0.5}, 12, tmp_path)
    card = learned.read_card(tmp_path)
    assert card.numbers == ("a", "b", "c")
    assert card.patients == 12
    assert card.limits[0].startswith("Fitted on digital patients alone")
