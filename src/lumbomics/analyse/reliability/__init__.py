"""How far a number can be trusted: agreement, error of measurement, smallest change beyond error."""

from lumbomics.analyse.reliability.bland_altman import BlandAltman, bland_altman
from lumbomics.analyse.reliability.estimate import Estimate
from lumbomics.analyse.reliability.grades import Weighting
from lumbomics.analyse.reliability.gwet import GwetAgreement, gwet_ac
from lumbomics.analyse.reliability.intraclass import (
    FORMS,
    IntraclassCorrelation,
    IntraclassForm,
    intraclass_correlation,
)
from lumbomics.analyse.reliability.kappa import Kappa, weighted_kappa
from lumbomics.analyse.reliability.krippendorff import KrippendorffAlpha, Scale, krippendorff_alpha
from lumbomics.analyse.reliability.precision import PrecisionGroup, PrecisionProfile, precision_profile
from lumbomics.analyse.reliability.repeatability import Repeatability, repeatability
from lumbomics.analyse.reliability.study import (
    BiomarkerReliability,
    GradeReliability,
    Pair,
    ReliabilityStudy,
    ratings_table,
    reliability_study,
)

__all__ = [
    "FORMS",
    "BiomarkerReliability",
    "BlandAltman",
    "Estimate",
    "GradeReliability",
    "GwetAgreement",
    "IntraclassCorrelation",
    "IntraclassForm",
    "Kappa",
    "KrippendorffAlpha",
    "Pair",
    "PrecisionGroup",
    "PrecisionProfile",
    "ReliabilityStudy",
    "Repeatability",
    "Scale",
    "Weighting",
    "bland_altman",
    "gwet_ac",
    "intraclass_correlation",
    "krippendorff_alpha",
    "precision_profile",
    "ratings_table",
    "reliability_study",
    "repeatability",
    "weighted_kappa",
]
