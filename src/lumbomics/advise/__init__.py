"""Case facts to recommendations with their evidence: rules, gates, protocol check, evidence table.

Nothing here is a clinical order. A rule recalls what published studies say, with their strength, most of it weak.
The figure stands by itself in ``lumbomics.advise.figure``, since it alone needs matplotlib.
"""

from __future__ import annotations

from lumbomics.advise.case import Case, Expected, Observed, fact_value, make_case, shown_value, with_fact
from lumbomics.advise.coverage import Coverage, FactCoverage, RuleCoverage, cover, coverage_lines
from lumbomics.advise.diff import BookDiff, Change, diff_books, diff_lines
from lumbomics.advise.evaluate import advise, verdict_on
from lumbomics.advise.evidence import (
    EvidenceEntry,
    evidence_entry,
    evidence_lines,
    evidence_markdown,
    evidence_table,
    evidence_tsv,
    uncited_rows,
    wilson_interval,
)
from lumbomics.advise.findings import DISCLAIMER, Advice, Finding, State
from lumbomics.advise.lint import Remark, lint
from lumbomics.advise.logic import UNKNOWN, Facts, Value, Verdict, judge
from lumbomics.advise.protocol import (
    Availability,
    Need,
    ProtocolReport,
    ProtocolRow,
    SeriesSummary,
    check_protocol,
    load_protocols,
    protocol_lines,
    summarise,
)
from lumbomics.advise.questions import Question, answered, open_questions, parse_answer
from lumbomics.advise.reading import library_folder, load_cases, parse_case, read_case, read_cases
from lumbomics.advise.text import advice_lines
from lumbomics.advise.visit_facts import observed_facts

__all__ = [
    "DISCLAIMER",
    "UNKNOWN",
    "Advice",
    "Availability",
    "BookDiff",
    "Case",
    "Change",
    "Coverage",
    "EvidenceEntry",
    "Expected",
    "FactCoverage",
    "Facts",
    "Finding",
    "Need",
    "Observed",
    "ProtocolReport",
    "ProtocolRow",
    "Question",
    "Remark",
    "RuleCoverage",
    "SeriesSummary",
    "State",
    "Value",
    "Verdict",
    "advice_lines",
    "advise",
    "answered",
    "check_protocol",
    "cover",
    "coverage_lines",
    "diff_books",
    "diff_lines",
    "evidence_entry",
    "evidence_lines",
    "evidence_markdown",
    "evidence_table",
    "evidence_tsv",
    "fact_value",
    "judge",
    "library_folder",
    "lint",
    "load_cases",
    "load_protocols",
    "make_case",
    "observed_facts",
    "open_questions",
    "parse_answer",
    "parse_case",
    "protocol_lines",
    "read_case",
    "read_cases",
    "shown_value",
    "summarise",
    "uncited_rows",
    "verdict_on",
    "wilson_interval",
    "with_fact",
]
