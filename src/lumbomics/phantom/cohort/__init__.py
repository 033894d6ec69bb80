"""Simulated cohorts: many patients as tables, with effects that were planted and are therefore known."""

from lumbomics.phantom.cohort.draw import SimulatedCohort, simulate_cohort
from lumbomics.phantom.cohort.effects import PHENOTYPES, Effects
from lumbomics.phantom.cohort.quantities import QUANTITIES, Quantity
from lumbomics.phantom.cohort.truth import planted_pairs, planted_truth

__all__ = [
    "PHENOTYPES",
    "QUANTITIES",
    "Effects",
    "Quantity",
    "SimulatedCohort",
    "planted_pairs",
    "planted_truth",
    "simulate_cohort",
]
