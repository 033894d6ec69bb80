"""What the index could not take, and where it stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something left out of the index; it never stops the rest.

    Parameters
    ----------
    file
        Path below the derivatives, or the table's name.
    lines
        Lines of the file, the header being line 1; ``None`` where it is not about lines.
    problem, got, hint
        What is wrong, what stands there, what to do.
    """

    file: str
    problem: str
    lines: str | None = None
    got: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = self.file if self.lines is None else f"{self.file}, line {self.lines}"
        parts = [f"{place}: {self.problem}"]
        parts += [f"got {self.got}"] if self.got else []
        parts += [f"to do: {self.hint}"] if self.hint else []
        return "; ".join(parts)

    def as_json(self) -> dict[str, str | None]:
        """Plain values for a machine."""
        return asdict(self)


def compact(lines: list[int], *, shown: int = 5) -> str:
    """First line numbers, and how many more there are."""
    first = ", ".join(str(line) for line in sorted(lines)[:shown])
    return first if len(lines) <= shown else f"{first} and {len(lines) - shown} more"
