"""Source marks: where a statement of the catalogue comes from, and whether anybody has checked it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

ENGINEERING_DEFAULT = "engineering default"
MEMORY = "memory, verify:"

_LINES = r"L\d+(-\d+)?"
_SOURCE = re.compile(rf"seed:{_LINES}(,{_LINES})*|paper:\S.*|memory, verify: \S.*|verify: \S.*", re.DOTALL)
_KNOWN = "seed:L1-2, paper:NAME, memory, verify: WHAT, or verify: WHAT"


def is_unverified(mark: str) -> bool:
    """Whether a mark says that the statement was not checked against its source: it is configuration, no cut-off."""
    return mark == ENGINEERING_DEFAULT or mark.startswith((MEMORY, "verify:"))


def _source(mark: str) -> str:
    if not _SOURCE.fullmatch(mark):
        raise ValueError(f"unknown source mark, expected {_KNOWN}")
    return mark


def _basis(mark: str) -> str:
    return mark if mark == ENGINEERING_DEFAULT else _source(mark)


SourceMark = Annotated[str, AfterValidator(_source)]
"""Where a record comes from."""
Basis = Annotated[str, AfterValidator(_basis)]
"""Where a threshold or interval comes from: a source mark or ``engineering default``."""
