"""What all tests share: where the real images are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real images beside the checkout, or a skip that says so."""
    stated = os.environ.get("LUMBOMICS_DATA")
    folder = Path(stated) if stated else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real images are not beside the checkout (LUMBOMICS_DATA or ../shared/data)")
    return folder


@pytest.fixture(scope="session")
def real_file(data_folder: Path) -> Callable[[str], Path]:
    """A file of the real images by its relative path, or a skip that names it."""

    def find(name: str) -> Path:
        path = data_folder / name
        if not path.exists():
            pytest.skip(f"{name} is not among the real images (LUMBOMICS_DATA or ../shared/data)")
        return path

    return find


@pytest.fixture(scope="session")
def tptbox_samples() -> Path:
    """The samples in TPTBox's wheel: a lumbar CT crop and a cervical MR crop with masks."""
    tptbox = pytest.importorskip("TPTBox", reason="TPTBox is not installed", exc_type=ImportError)
    return Path(tptbox.__file__).parent / "tests"
