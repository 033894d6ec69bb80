"""Kinds of patients: clusters of numbers and words that must come back, and must not be there by chance."""

from lumbomics.analyse.phenotype.choices import LABEL, Method, NoClusters, Refusal, Search
from lumbomics.analyse.phenotype.figures import profile_figure
from lumbomics.analyse.phenotype.find import find_phenotypes
from lumbomics.analyse.phenotype.relate import Relations, relate
from lumbomics.analyse.phenotype.result import Phenotypes
from lumbomics.analyse.phenotype.stability import Trial

__all__ = [
    "LABEL",
    "Method",
    "NoClusters",
    "Phenotypes",
    "Refusal",
    "Relations",
    "Search",
    "Trial",
    "find_phenotypes",
    "profile_figure",
    "relate",
]
