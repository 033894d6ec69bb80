"""Scores of two sessions together: recovery after surgery, relief under spinal cord stimulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lumbomics.clinical.rules import recovery_rate, relief
from lumbomics.clinical.scheme import load_schemes
from lumbomics.clinical.score import NoScore, Score, ScoreStatus
from lumbomics.clinical.scoring import higher_is_worse

Rate = Callable[[float, float], float | None]


def responses(
    scores: Sequence[Score],
    *,
    before_surgery: Mapping[tuple[str, str], str],
    before_stimulator: Mapping[tuple[str, str], str],
) -> tuple[Score, ...]:
    """JOA recovery rate and pain relief under stimulation at every later session.

    The rate compares the session with the last one before the operation (or the implantation); what both sessions do
    not hold is absent with its reason. Half relief is called a response by convention alone.

    Parameters
    ----------
    scores
        Scores of single sessions.
    before_surgery, before_stimulator
        (participant, later session) -> session before.
    """
    return (
        *_rates(scores, ("joa_lbp", "recovery_rate"), "joa_lbp", before_surgery, recovery_rate),
        *_rates(scores, ("scs_response", "relief_nrs_back"), "nrs_back", before_stimulator, relief),
        *_rates(scores, ("scs_response", "relief_nrs_leg"), "nrs_leg", before_stimulator, relief),
    )


def _rates(
    scores: Sequence[Score], target: tuple[str, str], source: str, before: Mapping[tuple[str, str], str], rate: Rate
) -> list[Score]:
    held = {
        (one.participant, one.session, one.side): one
        for one in scores
        if (one.instrument, one.subscale) == (source, "total")
    }
    return [
        _rated(
            target, one, held.get((participant, before[participant, session], side)), before[participant, session], rate
        )
        for (participant, session, side), one in held.items()
        if (participant, session) in before
    ]


def _rated(target: tuple[str, str], after: Score, baseline: Score | None, session: str, rate: Rate) -> Score:
    instrument, subscale = target
    scale = load_schemes()[instrument].scale(subscale)

    def made(detail: str, *, value: float | None = None, reason: NoScore | None = None) -> Score:
        return Score(
            participant=after.participant,
            session=after.session,
            instrument=instrument,
            subscale=subscale,
            side=after.side,
            value=value,
            category=None if value is None else scale.band(value),
            unit=scale.unit,
            status=ScoreStatus.OK if reason is None else ScoreStatus.ABSENT,
            reason=reason,
            detail=detail,
            higher_is_worse=higher_is_worse(instrument, subscale),
        )

    if baseline is None or baseline.value is None:
        return made(f"no score at session {session}, the last before", reason=NoScore.NO_BASELINE)
    if after.value is None:
        return made("no score at this session", reason=after.reason)
    value = rate(baseline.value, after.value)
    if value is None:
        return made(f"{baseline.value:g} at session {session} leaves nothing to gain", reason=NoScore.UNDEFINED)
    return made(f"against session {session}", value=value)
