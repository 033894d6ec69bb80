"""A phantom on disk is a BIDS visit with its truth."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
from typer.testing import CliRunner

from lumbomics.cli.main import app
from lumbomics.core.errors import InputError
from lumbomics.phantom import PhantomParameters
from lumbomics.run.phantom import write_phantom
from lumbomics.write import read_measurements


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("phantoms")
    ran = CliRunner().invoke(app, ["phantom", "--seed", "11", "--out", str(root), "--json"])
    assert ran.exit_code == 0, ran.output
    return root, json.loads(ran.stdout)


def test_the_command_says_what_it_wrote(dataset):
    _, (written,) = dataset
    assert written["seed"] == 11
    assert len(written["images"]) == 3


def test_the_truth_on_disk_is_the_truth(dataset, alignment):
    _, (written,) = dataset
    expected = alignment(PhantomParameters.random(11))
    rows = [row.result for row in read_measurements(written["truth"])]
    found = {(r.biomarker, r.method, r.level, r.side): r for r in rows}
    assert len(found) == len(rows) > 300
    for key, result in expected.items():
        assert getattr(found[key], "value", None) == getattr(result, "value", None)


def test_labels_lie_on_the_t2_image(dataset):
    _, (written,) = dataset
    image = nibabel.load(written["images"][0])
    spine = next(
        nibabel.load(path) for path in written["labels"] if path.endswith("seg-spine_desc-phantom_dseg.nii.gz")
    )
    assert image.shape == spine.shape
    assert np.allclose(image.affine, spine.affine)


def test_sidecars_carry_the_sequence_in_seconds(dataset):
    root, _ = dataset
    (sidecar,) = root.glob("sub-*/ses-01/anat/*sagstir_T2w.json")
    facts = json.loads(sidecar.read_text())
    assert facts["InversionTime"] == pytest.approx(0.195)
    assert facts["EchoTime"] < 0.2


def test_an_empty_cohort_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(InputError, match="cohort"):
        write_phantom(seed=0, out=tmp_path / "new", cohort=0)
    assert not (tmp_path / "new").exists()
