import importlib.util
import itertools
import sys
from datetime import date
from pathlib import Path

import pytest

from lumbomics.registry.parse import parse
from lumbomics.registry.record import Record


@pytest.fixture(scope="session")
def exports():
    path = Path(__file__).with_name("exports.py")
    spec = importlib.util.spec_from_file_location("registry_exports", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["registry_exports"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def labelled(exports):
    """Records of three synthetic exports, and the report each truly is."""
    found, truth = [], {}
    for export in exports.make_exports(2024):
        parsed = parse(export.content, batch=export.database.lower(), today=date(2025, 1, 1))
        assert parsed.faults == ()
        found += parsed.records
        truth |= dict(zip((r.id for r in parsed.records), export.truth, strict=True))
    return found, truth


@pytest.fixture
def make():
    """Records that differ from one paper in what is stated."""
    numbers = itertools.count(1)

    def build(**changes):
        standard = {
            "title": "Epidural fibrosis on contrast-enhanced MRI after lumbar discectomy: a cohort study",
            "authors": ("Müller, Jörg", "García López, M", "Kim, S"),
            "year": 2010,
            "journal": "European Spine Journal",
            "volume": "19",
            "start_page": "123",
        }
        number = next(numbers)
        return Record(**{"id": f"x-{number:04d}", "batch": "x", "line": number, **standard, **changes})

    return build


@pytest.fixture
def read():
    def parsed(content, **options):
        raw = content if isinstance(content, bytes) else content.encode()
        return parse(raw, batch="b", today=date(2025, 6, 1), **options)

    return parsed
