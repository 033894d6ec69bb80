"""The measuring functions and the catalogue hold each other."""

from __future__ import annotations

from lumbomics import measure
from lumbomics.catalogue import load_biomarkers, load_quantities

MEASURED = set(measure.IMPLEMENTED) | set(measure.EXAMINED)


def test_what_is_implemented_is_what_has_exact_quantities_and_a_record() -> None:
    assert {biomarker for biomarker, _ in load_quantities()} == MEASURED
    assert set(load_biomarkers()) >= MEASURED


def test_only_implemented_biomarkers_carry_reference_intervals() -> None:
    carrying = {record.id for record in load_biomarkers().values() if record.reference_intervals}
    assert carrying <= MEASURED


def test_no_biomarker_is_measured_in_two_ways() -> None:
    assert not set(measure.IMPLEMENTED) & set(measure.EXAMINED)
