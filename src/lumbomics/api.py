"""The library's calls, one for each command, with the command's name and arguments.

``clinical`` and ``registry`` are modules with one function for each of its subcommands.
"""

from __future__ import annotations

from lumbomics.advise import advise, read_case
from lumbomics.advise import evidence_table as evidence
from lumbomics.catalogue import describe_biomarker as biomarker
from lumbomics.catalogue import list_biomarkers as biomarkers
from lumbomics.run import clinical, registry
from lumbomics.run.convert import convert_labels
from lumbomics.run.demo import demo
from lumbomics.run.evaluate import evaluate_labels as evaluate
from lumbomics.run.phantom import write_phantom as phantom
from lumbomics.run.pipeline import run
from lumbomics.run.qc import qc
from lumbomics.run.segment import segment
from lumbomics.run.single import measure_labels as measure

__all__ = [
    "advise",
    "biomarker",
    "biomarkers",
    "clinical",
    "convert_labels",
    "demo",
    "evaluate",
    "evidence",
    "measure",
    "phantom",
    "qc",
    "read_case",
    "registry",
    "run",
    "segment",
]
