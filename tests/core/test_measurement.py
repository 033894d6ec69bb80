import numpy as np
import pytest
from scipy import stats

from lumbomics.core.errors import InputError
from lumbomics.core.measurement import Absent, Context, Drawing, Measurement, Posture, Reason, Shape


def measured(**facts):
    return Measurement(**{"biomarker": "disc_height", "method": "mean", "unit": "mm", "value": 8.0} | facts)


@pytest.mark.parametrize("facts", [{"value": float("nan")}, {"value": float("inf")}, {"se": float("nan")}])
def test_a_number_that_is_none_is_refused(facts):
    with pytest.raises(InputError, match="not finite"):
        measured(**facts)


def test_a_measurement_needs_a_value_or_a_category_and_no_negative_error():
    with pytest.raises(InputError, match="value or a category"):
        measured(value=None)
    with pytest.raises(InputError, match="negative"):
        measured(se=-1.0)
    assert measured(value=None, category="II").value is None


def test_the_interval_holds_95_percent_of_a_normal_error():
    low, high = measured(se=2.0).interval
    assert stats.norm.cdf(high, 8, 2) - stats.norm.cdf(low, 8, 2) == pytest.approx(0.95)
    assert measured().interval is None
    assert measured(value=None, category="II", se=1.0).interval is None


def test_context_is_added_without_touching_the_rest():
    standing = Context(posture=Posture.STANDING, months_since_surgery=12.0)
    value, absent = measured(se=1.0), Absent(biomarker="disc_height", reason=Reason.FIELD_OF_VIEW, detail="L5 is cut")
    assert value.within(standing).context is standing
    assert value.within(standing).value == value.value
    assert value.context.posture is Posture.UNKNOWN
    assert absent.within(standing).reason is Reason.FIELD_OF_VIEW
    assert absent.within(standing).context is standing


def test_nothing_measured_here_is_a_diagnosis_by_default():
    assert measured().research_only
    assert Absent(biomarker="x", reason=Reason.UNDEFINED, detail="").research_only


def test_a_drawing_holds_finite_points_in_space():
    line = Drawing.line((0, 0, 0), (1, 2, 3), "endplate")
    assert (line.shape, line.points_mm.shape) == (Shape.LINE, (2, 3))
    for points in ([[0, 0]], [[0, 0, np.nan]], [0, 0, 0]):
        with pytest.raises(InputError, match="finite points"):
            Drawing(Shape.POINTS, np.array(points, float))
    with pytest.raises(ValueError, match="read-only"):
        line.points_mm[0, 0] = 1
