"""Lumbomics: imaging biomarkers of the postoperative lumbar spine, each with its definition, error and source."""

__version__ = "0.1.0"
