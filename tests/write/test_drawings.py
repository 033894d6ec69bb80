import json

import numpy as np

from lumbomics.core.measurement import Absent, Drawing, Measurement, Reason, Shape
from lumbomics.write import write_drawings


def test_drawings_are_stored_in_lps_and_say_so(tmp_path):
    drawn = Measurement(
        biomarker="disc_height",
        method="anterior",
        unit="mm",
        level="L4-L5",
        value=9.0,
        drawings=(
            Drawing.line((10, 20, 30), (11, 21, 31), "front"),
            Drawing(Shape.POLYGON, np.eye(3), "outline"),
        ),
    )
    nothing = Absent(biomarker="slip_percent", reason=Reason.UNDEFINED, detail="")
    content = json.loads(write_drawings([drawn, nothing], tmp_path / "x.mrk.json").read_text())
    line, outline = content["markups"]
    assert (line["type"], line["coordinateSystem"], line["coordinateUnits"]) == ("Line", "LPS", "mm")
    assert [point["position"] for point in line["controlPoints"]] == [[-10, -20, 30], [-11, -21, 31]]
    assert (outline["type"], outline["curveType"]) == ("ClosedCurve", "linear")
    assert line["name"] == "disc_height anterior L4-L5"


def test_nothing_drawn_is_still_a_valid_file(tmp_path):
    assert json.loads(write_drawings([], tmp_path / "x.mrk.json").read_text())["markups"] == []
