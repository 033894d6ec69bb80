"""The error tree. Every error says what was expected, what arrived, where, and what to do.

- LumbomicsError
  - InputError: what was given cannot be used
    - GridError: an affine, shape or spacing that is no image grid
      - GridMismatchError: two arrays that must share a grid do not
      - FrameMismatchError: two objects lie in different frames of reference
    - LabelError: a label map with values or structures that the convention does not know
    - ReadError: a file or folder that cannot be read as what it claims to be
    - CatalogueError: a record that breaks the catalogue's rules, or an unknown id
  - OutputError: the result cannot be written (read-only, full, in use)
  - FaultsError: several faults found in one pass, reported together
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class LumbomicsError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    problem
        One sentence: what is wrong.
    expected, got
        What was expected and what arrived.
    where
        File, series, record or argument.
    hint
        What the user can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.problem = problem
        self.expected = expected
        self.got = got
        self.where = where
        self.hint = hint
        super().__init__(self._compose())

    def _compose(self) -> str:
        parts = [self.problem if self.where is None else f"{self.where}: {self.problem}"]
        parts += [f"expected {self.expected}"] if self.expected else []
        parts += [f"got {self.got}"] if self.got else []
        parts += [f"to do: {self.hint}"] if self.hint else []
        return "; ".join(parts)


class InputError(LumbomicsError, ValueError):
    """What was given cannot be used."""


class GridError(InputError):
    """An affine, shape or spacing that is no image grid."""


class GridMismatchError(GridError):
    """Two arrays that must share a grid do not."""


class FrameMismatchError(GridError):
    """Two objects lie in different frames of reference."""


class LabelError(InputError):
    """A label map holds values or structures that its convention does not know."""


class ReadError(InputError):
    """A file or folder cannot be read as what it claims to be."""


class SegmentationError(LumbomicsError, RuntimeError):
    """An engine could not draw the labels: not installed, weights missing or altered, or it ended with a fault."""


class CatalogueError(InputError):
    """A catalogue record breaks the catalogue's rules, or an id is unknown."""


class OutputError(LumbomicsError, OSError):
    """The result cannot be written."""


class FaultsError(LumbomicsError):
    """Several faults found in one pass, reported together.

    Parameters
    ----------
    faults
        The single errors, in the order found; at least one.
    """

    def __init__(self, faults: Sequence[LumbomicsError]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {number}. {fault}" for number, fault in enumerate(self.faults, start=1))
        super().__init__(f"{len(self.faults)} fault(s):\n{lines}")


def did_you_mean(word: str, known: Sequence[str], *, most: int = 3) -> str | None:
    """Hint that names up to ``most`` of the ``known`` words nearest to ``word``; ``None`` where none is near."""
    near = get_close_matches(word, known, n=most)
    return f"did you mean {' or '.join(near)}?" if near else None
