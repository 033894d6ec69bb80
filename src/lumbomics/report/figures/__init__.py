"""Pictures of the report, one function each, as embedded PNG; the only place that loads matplotlib."""

from lumbomics.report.figures.axial import axial_figure
from lumbomics.report.figures.coronal import coronal_figure
from lumbomics.report.figures.foramina import foramina_figure
from lumbomics.report.figures.profile import profile_figure
from lumbomics.report.figures.sagittal import sagittal_figure

__all__ = ["axial_figure", "coronal_figure", "foramina_figure", "profile_figure", "sagittal_figure"]
