"""The library's calls, one for each command, with the command's name and arguments."""

from __future__ import annotations

from lumbomics.catalogue import describe_biomarker as biomarker
from lumbomics.catalogue import list_biomarkers as biomarkers
from lumbomics.run.convert import convert_labels
from lumbomics.run.demo import demo
from lumbomics.run.phantom import write_phantom as phantom
from lumbomics.run.pipeline import run
from lumbomics.run.single import measure_labels as measure

__all__ = ["biomarker", "biomarkers", "convert_labels", "demo", "measure", "phantom", "run"]
