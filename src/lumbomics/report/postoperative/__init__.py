"""Pages of operated levels: pictures, and a summary in the words of the field, made by rules from the results."""

from lumbomics.report.postoperative.pages import LevelPage, PostoperativePart, PreviousVisit, postoperative_sections

__all__ = ["LevelPage", "PostoperativePart", "PreviousVisit", "postoperative_sections"]
