"""All visits of a study as tables: index, queries, descriptions.

The index is a DuckDB file made from the derivatives; it holds nothing of its own, may be deleted, and is built again.
"""

from __future__ import annotations

from lumbomics.cohort.build import Contents, build_index, contents_of, plan_build
from lumbomics.cohort.describe import Characteristic, Description, describe
from lumbomics.cohort.export import check_format, write_table
from lumbomics.cohort.faults import Fault
from lumbomics.cohort.query import Answer, ask, open_index
from lumbomics.cohort.select import Selection
from lumbomics.cohort.table import Rows, long_table, wide_table

__all__ = [
    "Answer",
    "Characteristic",
    "Contents",
    "Description",
    "Fault",
    "Rows",
    "Selection",
    "ask",
    "build_index",
    "check_format",
    "contents_of",
    "describe",
    "long_table",
    "open_index",
    "plan_build",
    "wide_table",
    "write_table",
]
