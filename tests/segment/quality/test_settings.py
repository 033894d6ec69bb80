"""The limits are complete, and a wrong file is told with every fault."""

from __future__ import annotations

import pytest
import yaml

from lumbomics.core.errors import FaultsError
from lumbomics.segment.quality.settings import default_settings, settings_from


def test_every_limit_is_positive_or_zero() -> None:
    assert min(vars(default_settings()).values()) >= 0


def test_all_faults_of_a_file_are_told_at_once() -> None:
    limits = {name: {"value": value} for name, value in vars(default_settings()).items()}
    del limits["metal_share"]
    del limits["one_sided"]
    limits["colour"] = {"value": 1}
    with pytest.raises(FaultsError) as told:
        settings_from(yaml.safe_dump({"limits": limits}))
    assert [fault.where for fault in told.value.faults] == ["metal_share", "one_sided", "colour"]


def test_a_negative_limit_is_refused() -> None:
    limits = {name: {"value": value} for name, value in vars(default_settings()).items()}
    limits["metal_share"] = {"value": -0.1}
    with pytest.raises(FaultsError, match="metal_share"):
        settings_from(yaml.safe_dump({"limits": limits}))
