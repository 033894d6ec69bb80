from __future__ import annotations

import struct

import numpy as np
import pandas as pd
import pytest

from lumbomics.analyse.change import MeasurementError, patient_timeline
from lumbomics.core.errors import InputError


def course() -> pd.DataFrame:
    months = [-2.0, 3.0, 12.0, 24.0]
    frames = []
    for level, start in (("L4-L5", 10.0), ("L5-S1", 8.0)):
        values = start - 0.05 * np.array(months)
        frames.append(
            pd.DataFrame({"biomarker": "disc_height", "level": level, "value": values, "unit": "mm", "se": 0.3})
        )
    frames.append(
        pd.DataFrame({"biomarker": "odi", "level": None, "value": [52.0, 30.0, 24.0, 28.0], "unit": "points"})
    )
    table = pd.concat([f.assign(months_since_surgery=months, session=list("abcd")) for f in frames])
    return table.assign(participant="07")


def test_every_panel_level_and_event_is_named_in_the_picture() -> None:
    svg = patient_timeline(
        course(), participant="07", biomarkers=["disc_height", "odi"], events={"stimulator": 6.0},
        errors={"odi": MeasurementError(sem=4, source="x")},
    ).decode()  # fmt: skip
    for text in ("disc height", "(mm)", "odi", "L4-L5", "L5-S1", "surgery", "stimulator", "Research use only"):
        assert text in svg


def test_the_same_course_gives_the_same_bytes() -> None:
    one, other = (patient_timeline(course(), participant="07", biomarkers=["odi"]) for _ in range(2))
    assert one == other


def test_more_panels_make_a_taller_picture() -> None:
    heights = [
        struct.unpack(">II", patient_timeline(course(), participant="07", biomarkers=names, kind="png")[16:24])[1]
        for names in (["odi"], ["odi", "disc_height"])
    ]
    assert heights[1] > heights[0]


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        patient_timeline(course(), participant="07", biomarkers=["lordosis"])
    with pytest.raises(InputError, match="svg or png"):
        patient_timeline(course(), participant="07", biomarkers=["odi"], kind="gif")


def test_more_lines_than_colours_are_refused() -> None:
    table = pd.concat([course().query("biomarker == 'odi'").assign(level=f"L{i}") for i in range(8)])
    with pytest.raises(InputError, match="too many lines"):
        patient_timeline(table, participant="07", biomarkers=["odi"])
