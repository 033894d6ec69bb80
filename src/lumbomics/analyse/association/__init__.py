"""Every biomarker against every score: adjusted, corrected for the number of looks, hypothesis-generating."""

from lumbomics.analyse.association.associate import associate
from lumbomics.analyse.association.choices import LABEL, Correction, Family, Missing, Model, Plan, Response, Separation
from lumbomics.analyse.association.confirm import patients_for_partial_correlation, patients_for_statistic
from lumbomics.analyse.association.figures import forest, volcano
from lumbomics.analyse.association.result import Associations
from lumbomics.analyse.association.sensitivity import e_value
from lumbomics.analyse.association.sides import match_sides

__all__ = [
    "LABEL",
    "Associations",
    "Correction",
    "Family",
    "Missing",
    "Model",
    "Plan",
    "Response",
    "Separation",
    "associate",
    "e_value",
    "forest",
    "match_sides",
    "patients_for_partial_correlation",
    "patients_for_statistic",
    "volcano",
]
