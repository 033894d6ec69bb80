"""The measuring functions and the catalogue hold each other."""

from __future__ import annotations

from lumbomics import measure
from lumbomics.catalogue import load_biomarkers, load_quantities


def test_what_is_implemented_is_what_has_exact_quantities_and_a_record() -> None:
    assert {biomarker for biomarker, _ in load_quantities()} == set(measure.IMPLEMENTED)
    assert set(measure.IMPLEMENTED) <= set(load_biomarkers())


def test_only_implemented_biomarkers_carry_reference_intervals() -> None:
    carrying = {record.id for record in load_biomarkers().values() if record.reference_intervals}
    assert carrying <= set(measure.IMPLEMENTED)
