"""What is found while tables are read: faults that stop, remarks that tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from lumbomics.clinical.score import Place
from lumbomics.core.errors import FaultsError, InputError


class Weight(StrEnum):
    """How much a note matters."""

    FAULT = "fault"
    """Must be put right; nothing is scored while one stands."""
    REMARK = "remark"
    """Told so that nothing happens silently; does not stop."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing found in a table; never holds what identifies a person.

    Parameters
    ----------
    weight
        Fault or remark.
    place
        File, row and column.
    problem
        What is wrong, or what was done, in one sentence.
    expected, got, hint
        What was expected, what stands there, what to do.
    """

    weight: Weight
    place: Place
    problem: str
    expected: str | None = None
    got: str | None = None
    hint: str | None = None

    @property
    def error(self) -> InputError:
        """The note as an error."""
        return InputError(self.problem, expected=self.expected, got=self.got, where=str(self.place), hint=self.hint)

    def __str__(self) -> str:
        return str(self.error)


@dataclass
class Notes:
    """Collects notes, so that all can be told at once."""

    found: list[Note] = field(default_factory=list)

    def fault(
        self,
        place: Place,
        problem: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Add a fault."""
        self.found.append(
            Note(weight=Weight.FAULT, place=place, problem=problem, expected=expected, got=got, hint=hint)
        )

    def remark(
        self,
        place: Place,
        problem: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Add a remark."""
        self.found.append(
            Note(weight=Weight.REMARK, place=place, problem=problem, expected=expected, got=got, hint=hint)
        )

    @property
    def faults(self) -> tuple[Note, ...]:
        """The faults, in the order found."""
        return tuple(note for note in self.found if note.weight is Weight.FAULT)

    @property
    def remarks(self) -> tuple[Note, ...]:
        """The remarks, in the order found."""
        return tuple(note for note in self.found if note.weight is Weight.REMARK)

    def raise_faults(self) -> None:
        """Raise one FaultsError with all faults, where there are any."""
        if self.faults:
            raise FaultsError([note.error for note in self.faults])
