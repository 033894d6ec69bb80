"""Which two visits of a participant are compared."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lumbomics.core.errors import FaultsError, InputError

_KEY = ("participant", "biomarker", "method", "level", "side", "unit")


@dataclass(frozen=True, kw_only=True)
class VisitPair:
    """Two visits of one participant.

    Parameters
    ----------
    participant
        Label.
    before, after
        Sessions, the earlier first; not the same one.
    """

    participant: str
    before: str
    after: str

    def __post_init__(self) -> None:
        if self.before == self.after:
            raise InputError("a change needs two visits", got=f"{self.before} twice", where=self.participant)


def pairs_of_sessions(table: pd.DataFrame, *, before: str, after: str) -> tuple[VisitPair, ...]:
    """Pair two named sessions of everybody who has both.

    Parameters
    ----------
    table
        Checked long table.
    before, after
        Session labels, the same for everybody (``baseline``, ``month12``).
    """
    sessions = table.groupby("participant")["session"].agg(set)
    return tuple(
        VisitPair(participant=str(name), before=before, after=after)
        for name, held in sessions.items()
        if {before, after} <= held
    )


def pairs_around_event(
    table: pd.DataFrame,
    *,
    clock: str = "months_since_surgery",
    after_months: tuple[float, float] = (3.0, 24.0),
    before_months: float = 12.0,
) -> tuple[VisitPair, ...]:
    """Pair the last visit before an event (surgery, implantation of a stimulator) with the first in a window after it.

    Parameters
    ----------
    table
        Checked long table with the column ``clock``.
    clock
        Months since the event, negative before it; the same in all rows of a session.
    after_months
        First and last month after the event that count (both included).
    before_months
        How long before the event a visit may lie.

    Returns
    -------
    tuple of VisitPair
        Participants without a visit on both sides are left out.

    Raises
    ------
    InputError
        If the column is missing or the window is empty.
    FaultsError
        If a session has two times.
    """
    low, high = after_months
    if clock not in table.columns:
        raise InputError("no clock in the table", expected=f"column {clock!r}", got=", ".join(table.columns))
    if not 0 <= low <= high or before_months <= 0:
        raise InputError(
            "empty window", expected="0 <= low <= high, before > 0", got=f"{after_months}, {before_months}"
        )
    times = session_times(table, clock)
    pairs = []
    for participant, own in times.groupby(level="participant"):
        earlier = own[(own < 0) & (own >= -before_months)]
        later = own[(own >= low) & (own <= high)]
        if len(earlier) and len(later):
            sessions = [list(part.index.get_level_values("session")) for part in (earlier, later)]
            first, last = sessions[0][int(earlier.argmax())], sessions[1][int(later.argmin())]
            pairs.append(VisitPair(participant=str(participant), before=str(first), after=str(last)))
    return tuple(pairs)


def session_times(table: pd.DataFrame, clock: str) -> pd.Series:
    """Months of each (participant, session), from the rows that state them; FaultsError where rows of one disagree."""
    stated = table.dropna(subset=[clock]).groupby(["participant", "session"])[clock]
    spread = stated.max() - stated.min()
    faults = [
        InputError("one session has two times", expected="one", got=f"{gap:g} months apart", where=str(session))
        for session, gap in spread[spread > 0].items()
    ]
    if faults:
        raise FaultsError(faults)
    return stated.first()


def before_and_after(table: pd.DataFrame, pairs: tuple[VisitPair, ...]) -> pd.DataFrame:
    """Join each measured thing before with itself after.

    Returns
    -------
    pandas.DataFrame
        One row a participant, biomarker, method, level and side, with ``before``, ``after``, their sessions and
        standard errors; a value that one visit lacks is NaN.

    Raises
    ------
    InputError
        If there are no pairs, a participant stands in two of them, or a visit holds the same thing twice (two raters).
    """
    if not pairs or len({pair.participant for pair in pairs}) < len(pairs):
        raise InputError("pairs of visits", expected="one or more, each participant once", got=str(len(pairs)))
    visits = pd.DataFrame([{"participant": p.participant, "before": p.before, "after": p.after} for p in pairs])
    sides = [_one_visit(table, visits, moment) for moment in ("before", "after")]
    # The missing level, side or method of a row is a key like any other.
    joined = sides[0].merge(sides[1], on=list(_KEY), how="outer")
    for name in ("session_before", "session_after"):
        lookup = visits.set_index("participant")[name.removeprefix("session_")]
        joined[name] = joined["participant"].map(lookup)
    return joined.sort_values(list(_KEY), na_position="first", ignore_index=True)


def _one_visit(table: pd.DataFrame, visits: pd.DataFrame, moment: str) -> pd.DataFrame:
    wanted = visits[["participant", moment]].rename(columns={moment: "session"})
    rows = table.merge(wanted, on=["participant", "session"])
    # Units are checked to be one for a biomarker; absent rows may lack theirs.
    unit = table.dropna(subset=["unit"]).drop_duplicates(["biomarker", "method"])
    rows = rows.drop(columns="unit").merge(
        unit[["biomarker", "method", "unit"]], on=["biomarker", "method"], how="left"
    )
    twice = rows.duplicated([*_KEY])
    if twice.any():
        first = rows[twice].iloc[0]
        raise InputError(
            "one visit holds the same measurement twice",
            got=f"{int(twice.sum())} rows, the first {first['biomarker']} {first['level']} of {first['participant']}",
            hint="keep one rater, scanner and version",
        )
    renamed = {"value": moment, "se": f"se_{moment}", "status": f"status_{moment}"}
    return rows[[*_KEY, *renamed]].rename(columns=renamed)
