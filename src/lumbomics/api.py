"""The library's calls, one for each command, with the command's name and arguments.

``analyse``, ``clinical``, ``cohort`` and ``registry`` are modules with one function for each of its subcommands.
"""

from __future__ import annotations

from lumbomics.advise import advise, read_case
from lumbomics.advise import evidence_table as evidence
from lumbomics.catalogue import describe_biomarker as biomarker
from lumbomics.catalogue import list_biomarkers as biomarkers
from lumbomics.run import analyse, clinical, cohort, registry
from lumbomics.run.cohort_phantom import phantom_cohort
from lumbomics.run.cohort_report import cohort_report
from lumbomics.run.convert import convert_labels
from lumbomics.run.demo import demo
from lumbomics.run.evaluate import evaluate_labels as evaluate
from lumbomics.run.grades import grade_discs as grade
from lumbomics.run.phantom import write_phantom as phantom
from lumbomics.run.pipeline import run
from lumbomics.run.qc import qc
from lumbomics.run.radiomics import measure_radiomics as radiomics
from lumbomics.run.segment import segment
from lumbomics.run.single import measure_labels as measure

__all__ = [
    "advise",
    "analyse",
    "biomarker",
    "biomarkers",
    "clinical",
    "cohort",
    "cohort_report",
    "convert_labels",
    "demo",
    "evaluate",
    "evidence",
    "grade",
    "measure",
    "phantom",
    "phantom_cohort",
    "qc",
    "radiomics",
    "read_case",
    "registry",
    "run",
    "segment",
]
