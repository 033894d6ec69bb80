"""What all small shipped models share: their files, and features drawn in and standardised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from lumbomics.core.errors import CatalogueError
from lumbomics.measure.geometry.frame import FloatArray


def model_file(package: str, name: str) -> Mapping[str, Any]:
    """Read ``models/NAME.yaml`` of a package.

    Raises
    ------
    CatalogueError
        If there is no such file, or it holds no mapping.
    """
    source = files(package).joinpath("models", f"{name}.yaml")
    try:
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _unreadable(source.name, str(error)) from error
    if not isinstance(content, dict):
        raise _unreadable(source.name, type(content).__name__)
    return content


def _unreadable(name: str, got: str) -> CatalogueError:
    return CatalogueError("a shipped model cannot be read", got=got, where=name, hint="install lumbomics again")


def missing(names: Sequence[str], values: Mapping[str, float]) -> tuple[str, ...]:
    """Name the features that are not there or not finite."""
    return tuple(name for name in names if not np.isfinite(values.get(name, np.nan)))


def standardised(
    given: FloatArray, *, low: FloatArray, high: FloatArray, centre: FloatArray, scale: FloatArray
) -> FloatArray:
    """Draw features into the range they were learnt from, then (x - centre) / scale."""
    return np.asarray((np.clip(given, low, high) - centre) / scale)
