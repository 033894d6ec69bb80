"""One check for the ranges of all lesions."""

from __future__ import annotations

import math

from lumbomics.core.errors import InputError


def require_range(name: str, value: float, low: float, high: float, *, where: str) -> None:
    """Raise InputError unless ``low <= value <= high``."""
    if math.isfinite(value) and low <= value <= high:
        return
    raise InputError(
        f"{name} outside what the phantom can build", expected=f"{low} to {high}", got=str(value), where=where
    )
