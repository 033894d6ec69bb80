"""UCI vertebral column (310 patients, CC BY 4.0): spinopelvic quantities against the diagnosis of three surgeons.

Its authors (Rocha Neto and Barreto, IEEE Latin America Trans 2009;7:487) part normal from abnormal with 85.9 % correct
answers (support vector machine, 80 % of rows for training); 67.7 % of the patients are abnormal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lumbomics.analyse.phenotype import find_phenotypes
from lumbomics.analyse.prediction import Prediction, predict

pytestmark = pytest.mark.realdata
NAMES = [
    "pelvic_incidence",
    "pelvic_tilt",
    "lumbar_lordosis_angle",
    "sacral_slope",
    "pelvic_radius",
    "degree_spondylolisthesis",
]


@pytest.fixture(scope="module")
def table(real_file: Callable[[str], Path]) -> pd.DataFrame:
    read = pd.read_csv(real_file("tabular/uci_vertebral_column_3C.csv"))
    return read.assign(participant=range(len(read)), abnormal=(read["status"] != "Normal").astype(int))


@pytest.fixture(scope="module")
def found(table: pd.DataFrame) -> Prediction:
    return predict(
        table, outcome="abnormal", features=NAMES, outer=5, inner=3, repeats=1, bootstrap=50, permutations=0, seed=1
    )


def test_the_diagnosis_is_told_as_well_as_its_authors_told_it(found: Prediction) -> None:
    assert (found.design.participants, found.design.events) == (310, 100)
    right = ((found.predictions["predicted"] > 0.5) == found.predictions["outcome"]).mean()
    assert right == pytest.approx(0.859, abs=0.03)
    assert found.estimate("auc")[0] == pytest.approx(0.93, abs=0.03)
    assert found.estimate("calibration_slope")[0] == pytest.approx(1, abs=0.25)


def test_few_features_of_many_patients_are_no_leak(found: Prediction) -> None:
    assert not found.leaks
    assert found.size.parameters == 6


def test_the_slip_is_what_parts_the_patients(table: pd.DataFrame) -> None:
    made = find_phenotypes(table, features=NAMES, clusters=(2, 3), nulls=19, bootstrap=10, seed=1)
    assert made.clusters == 3
    cross = pd.crosstab(made.labels().to_numpy(), table["status"])
    slipped = cross["Spondylolisthesis"] / cross.sum(axis=1)
    assert slipped.max() > 0.95
    assert cross["Normal"].idxmax() == cross["Hernia"].idxmax()  # these two do not part by their pelves
