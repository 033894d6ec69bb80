"""Counts and percentages of the studies the catalogue leans on, recomputed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lumbomics.catalogue._record import Identifier, Record, Text
from lumbomics.catalogue.marks import SourceMark

Status = Literal[
    "consistent",
    "count_derived",
    "counts_only",
    "no_counts",
    "from_source",
    "overlapping_publication",
    "ambiguous",
    "inconsistent",
    "inconsistent_in_source",
]
Counted = Literal["patients", "findings", "examinations", "records", "levels", "leads", "readings"]
RowId = Annotated[str, Field(pattern=r"^E\d{3}$")]
_DISAGREEING = {"ambiguous", "inconsistent", "inconsistent_in_source"}
_HALF_UNIT = 0.005 + 1e-9


class EvidenceRow(Record):
    """One finding of one study: the count and percentage as printed, and the percentage recomputed.

    ``percent_stated`` is the printed text (``53``, ``<5``). ``abs_discrepancy`` compares it, in percentage points,
    with the recomputed value rounded to as many decimals as were printed. ``counted`` says what the denominator
    counts; an interval holds only for things that are independent of each other, which findings of one patient are not.
    """

    row: RowId
    question: Identifier
    ref: Text | None
    study: Text
    year: Text | None
    review_lines: Text | None
    n_total: Annotated[int, Field(ge=0)] | None
    modality: Text | None
    setting: Text | None
    finding: Text
    count: Annotated[int, Field(ge=0)] | None
    denominator: Annotated[int, Field(gt=0)] | None
    counted: Counted | None
    percent_stated: Text | None
    percent_recomputed: float | None
    abs_discrepancy: float | None
    status: Status
    source: SourceMark
    note: Text | None

    @property
    def disagrees(self) -> bool:
        """Whether the numbers contradict themselves, their source or the review; ``note`` says how."""
        return self.status in _DISAGREEING

    @property
    def percent(self) -> float | None:
        """100 count / denominator; ``None`` where either is missing."""
        if self.count is None or self.denominator is None:
            return None
        return 100 * self.count / self.denominator

    @property
    def discrepancy(self) -> float | None:
        """Printed minus true percentage at the printed precision, as absolute value; ``None`` if not comparable."""
        if self.percent is None or self.percent_stated is None:
            return None
        whole, _, decimals = self.percent_stated.partition(".")
        if not whole.isdigit():
            return None
        return abs(float(self.percent_stated) - round(self.percent, len(decimals)))

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if not _agree(self.percent, self.percent_recomputed):
            raise ValueError(f"percent_recomputed does not follow from the counts, which give {self.percent}")
        if not _agree(self.discrepancy, self.abs_discrepancy):
            raise ValueError(f"abs_discrepancy does not follow from the printed percentage: {self.discrepancy}")
        if (self.discrepancy or 0) > _HALF_UNIT and self.status not in _DISAGREEING:
            raise ValueError("the printed percentage disagrees with the counts, and the status does not say so")
        if self.disagrees and self.note is None:
            raise ValueError("a disagreement needs a note that explains it")
        if (self.denominator is None) != (self.counted is None):
            raise ValueError("counted says what the denominator counts, and stands exactly where one does")
        if self.count is not None and self.denominator is not None and self.count > self.denominator:
            raise ValueError("count exceeds the denominator")
        return self


def _agree(computed: float | None, written: float | None) -> bool:
    if computed is None or written is None:
        return computed is None and written is None
    return abs(computed - written) <= _HALF_UNIT
