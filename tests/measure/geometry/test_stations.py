"""Stretches of a tube on which nothing lies."""

from types import SimpleNamespace

import pytest

from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.stations import LevelledTube


def test_a_stretch_without_any_section_is_not_measurable():
    empty = SimpleNamespace(between=lambda first_mm, last_mm: [])
    with pytest.raises(NotMeasurableError, match="no section") as caught:
        LevelledTube.smallest(SimpleNamespace(), empty, 30.0, 20.0)
    assert caught.value.reason is Reason.GEOMETRY_FAILED
