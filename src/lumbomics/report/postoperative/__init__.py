"""Pages of operated levels: pictures, and a summary in the words of the field, made by rules from the results."""

from lumbomics.report.postoperative.pages import LevelPage, PostoperativePart, postoperative_sections
from lumbomics.report.postoperative.visits import Change, ExaminedVisit, TwoVisits, compare_visits

__all__ = [
    "Change",
    "ExaminedVisit",
    "LevelPage",
    "PostoperativePart",
    "TwoVisits",
    "compare_visits",
    "postoperative_sections",
]
