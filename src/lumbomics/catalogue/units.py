"""The units that a record may use: a closed list of UCUM codes with what a reader sees."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator

from lumbomics.core.errors import CatalogueError

_PHYSICAL = {
    "1": "",
    "%": "%",
    "deg": "°",
    "mm": "mm",
    "mm2": "mm²",
    "mm3": "mm³",
    "[hnsf'U]": "HU",
    "10*-3.mm2/s": "10⁻³ mm²/s",
    "g/ml": "g/ml",
    "ms": "ms",
    "mo": "months",
    "d": "days",
    "mL/min/{1.73_m2}": "ml/min/1.73 m²",
}
_ANNOTATIONS = (
    *("class", "code", "count", "feature", "finding", "flag", "grade", "group", "image", "input_unit"),
    *("level", "region", "score", "type", "vertebra", "zone"),
)

UNITS = MappingProxyType(_PHYSICAL | {f"{{{word}}}": word.replace("_", " ") for word in _ANNOTATIONS})
"""UCUM code -> what a reader sees."""


def unit_text(code: str) -> str:
    """Show a UCUM code to a reader (``mm2`` gives ``mm²``, ``1`` gives nothing); CatalogueError if unknown."""
    if code not in UNITS:
        raise CatalogueError("unknown unit", expected=", ".join(UNITS), got=repr(code))
    return UNITS[code]


def _unit(code: str) -> str:
    if code not in UNITS:
        raise ValueError(f"not in the closed list of UCUM codes: {', '.join(UNITS)}")
    return code


Unit = Annotated[str, AfterValidator(_unit)]
"""A UCUM code of the closed list."""
