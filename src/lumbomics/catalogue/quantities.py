"""Exact quantities: the contract between measuring functions, phantom truth and the text shown to users."""

from __future__ import annotations

from typing import Literal

from lumbomics.catalogue._record import Identifier, Record, Text
from lumbomics.catalogue.units import Unit


class Quantity(Record):
    """One (biomarker, method): unit, where it is measured, and its exact definition."""

    biomarker: Identifier
    method: Identifier
    unit: Unit
    site: Literal["global", "vertebra", "disc"]
    sides: bool
    definition: Text

    @property
    def key(self) -> tuple[str, str]:
        """(biomarker, method)."""
        return self.biomarker, self.method
