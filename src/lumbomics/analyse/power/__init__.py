"""How many participants a planned study needs."""

from lumbomics.analyse.power.association import plan_correlation, power_of_correlation
from lumbomics.analyse.power.change import plan_paired_change, power_of_paired_change
from lumbomics.analyse.power.plan import Criterion, StudyPlan
from lumbomics.analyse.power.prediction import plan_binary_prediction, plan_continuous_prediction
from lumbomics.analyse.power.reliability import plan_icc_width

__all__ = [
    "Criterion",
    "StudyPlan",
    "plan_binary_prediction",
    "plan_continuous_prediction",
    "plan_correlation",
    "plan_icc_width",
    "plan_paired_change",
    "power_of_correlation",
    "power_of_paired_change",
]
