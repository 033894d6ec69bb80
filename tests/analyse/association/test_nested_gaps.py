"""Nested models where a biomarker is missing at every row of one level."""

import numpy as np
import pandas as pd

from lumbomics.analyse.association import associate


def test_a_level_without_any_value_is_left_out_of_the_model_not_a_crash():
    rng = np.random.default_rng(0)
    rows = [(f"p{n:02d}", level) for n in range(40) for level in ("L3-L4", "L4-L5", "L5-S1")]
    table = pd.DataFrame(rows, columns=["participant_id", "level"])
    table["score"] = rng.normal(size=len(table))
    table["height"] = 0.8 * table["score"] + rng.normal(size=len(table))
    table.loc[table["level"] == "L5-S1", "height"] = np.nan
    arguments = {"biomarkers": ["height"], "scores": ["score"], "adjust": ["level"], "model": "gee_exchangeable"}
    found = associate(table, **arguments).to_frame().iloc[0]
    alone = associate(table[table["level"] != "L5-S1"], **arguments).to_frame().iloc[0]
    assert found["status"] == "estimated"
    assert found["n"] == 80
    np.testing.assert_allclose([found["beta"], found["se"]], [alone["beta"], alone["se"]], rtol=1e-6)
