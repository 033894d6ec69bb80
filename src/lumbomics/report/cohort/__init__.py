"""A cohort's results as one page: who was there, what is reliable, associated, changed, alike and predictable."""

from lumbomics.report.cohort.figures import change_figure, flow_figure, png_of, reliability_figure
from lumbomics.report.cohort.page import compose_cohort_report
from lumbomics.report.cohort.parts import Picture, Section, Table
from lumbomics.report.cohort.table_one import table_one

__all__ = [
    "Picture",
    "Section",
    "Table",
    "change_figure",
    "compose_cohort_report",
    "flow_figure",
    "png_of",
    "reliability_figure",
    "table_one",
]
