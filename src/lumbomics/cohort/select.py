"""Which measurements and scores are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lumbomics.cohort.sql import compose, text, texts
from lumbomics.core.errors import FaultsError, InputError, did_you_mean


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What to take; an empty part takes all.

    Parameters
    ----------
    biomarkers, methods, levels, sides, sessions, postures
        Names as they stand in the tables; sessions with or without ``ses-``.
    series
        Pattern of series' names, such as ``*T2w``.
    """

    biomarkers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    postures: tuple[str, ...] = ()
    series: str | None = None

    def _named(self) -> dict[str, tuple[str, ...]]:
        return {
            "biomarker": self.biomarkers,
            "method": self.methods,
            "level": self.levels,
            "side": self.sides,
            "posture": self.postures,
        }

    @property
    def session_ids(self) -> tuple[str, ...]:
        """Sessions with their prefix."""
        return tuple(f"ses-{session.removeprefix('ses-')}" for session in self.sessions)

    def sessions_where(self) -> str:
        """Condition on ``session_id``."""
        return f"session_id IN ({texts(self.session_ids)})" if self.sessions else "true"

    def where(self) -> str:
        """Condition on rows of ``measurements``."""
        parts = [f"{column} IN ({texts(wanted)})" for column, wanted in self._named().items() if wanted]
        parts += [self.sessions_where()] if self.sessions else []
        parts += [f"series GLOB {text(self.series)}"] if self.series else []
        return " AND ".join(parts) or "true"

    def check(self, connection: Any) -> None:
        """Refuse names that no row has, all of them at once (FaultsError)."""
        faults = list(self._unknown(connection))
        if faults:
            raise FaultsError(faults)

    def _unknown(self, connection: Any) -> Iterator[InputError]:
        for column, wanted in self._named().items():
            yield from unknown(wanted, _values(connection, "measurements", column) if wanted else [], column)
        if self.sessions:
            yield from unknown(self.session_ids, _values(connection, "sessions", "session_id"), "session")
        if self.series and not any(_values(connection, "measurements", "series", f"series GLOB {text(self.series)}")):
            yield InputError("no series has such a name", got=repr(self.series), hint="patterns know * and ?")


def unknown(wanted: Sequence[str], known: Sequence[str], what: str) -> Iterator[InputError]:
    """Yield an error for each name that is not known, with the nearest that are."""
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known)
            yield InputError(f"no {what} of that name in the cohort", got=repr(name), hint=hint)


def _values(connection: Any, table: str, column: str, condition: str = "true") -> list[str]:
    statement = "SELECT DISTINCT $column FROM $table WHERE $column IS NOT NULL AND $condition ORDER BY 1"
    rows = connection.execute(compose(statement, column=column, table=table, condition=condition)).fetchall()
    return [row[0] for row in rows]


def score_names(connection: Any) -> dict[str, tuple[str, str, str | None]]:
    """Scores of the cohort by name: ``odi.total``, ``nrs_leg.total/left`` -> instrument, subscale, side."""
    rows = connection.execute("SELECT DISTINCT instrument, subscale, side FROM scores ORDER BY ALL").fetchall()
    return {f"{i}.{s}" + (f"/{side}" if side else ""): (i, s, side) for i, s, side in rows}


def chosen_scores(connection: Any, wanted: Sequence[str]) -> dict[str, tuple[str, str, str | None]]:
    """Scores asked for: ``odi`` (its total), ``sf36.pain``, ``nrs_leg.total`` (both sides) or one with its side.

    Raises
    ------
    FaultsError
        With every name that no score has.
    """
    known = score_names(connection)
    full = [
        word if "." in word else word.replace("/", ".total/") if "/" in word else f"{word}.total" for word in wanted
    ]
    found = {name: part for word in full for name, part in known.items() if name == word or name.split("/")[0] == word}
    faults = [
        fault
        for word in full
        if not any(name == word or name.split("/")[0] == word for name in known)
        for fault in unknown([word], [*known, *dict.fromkeys(name.split("/")[0] for name in known)], "score")
    ]
    if faults:
        raise FaultsError(faults)
    return found
