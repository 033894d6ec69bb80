"""A visit's results as one page to read: pictures, tables, what was not assessable, provenance, cautions."""

from lumbomics.report.check import SeriesCheck
from lumbomics.report.compose import compose_report
from lumbomics.report.pdf import render_pdf
from lumbomics.report.profile import Profile

__all__ = ["Profile", "SeriesCheck", "compose_report", "render_pdf"]
