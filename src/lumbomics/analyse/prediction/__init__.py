"""Prediction of outcomes in patients never seen: nested cross-validation, calibration, decision curves, leak tests."""

from lumbomics.analyse.prediction.chance import ChanceAudit, PermutationTest, audit_chance
from lumbomics.analyse.prediction.checklists import checklists
from lumbomics.analyse.prediction.choices import Design, Learner, Shortage, Task
from lumbomics.analyse.prediction.decision import net_benefit
from lumbomics.analyse.prediction.figures import calibration_figure, decision_figure
from lumbomics.analyse.prediction.folds import check_folds, grouped_folds
from lumbomics.analyse.prediction.leaks import Leak, LeakKind, find_leaks
from lumbomics.analyse.prediction.predict import predict
from lumbomics.analyse.prediction.result import Prediction

__all__ = [
    "ChanceAudit",
    "Design",
    "Leak",
    "LeakKind",
    "Learner",
    "PermutationTest",
    "Prediction",
    "Shortage",
    "Task",
    "audit_chance",
    "calibration_figure",
    "check_folds",
    "checklists",
    "decision_figure",
    "find_leaks",
    "grouped_folds",
    "net_benefit",
    "predict",
]
