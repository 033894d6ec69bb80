"""Answers to scores, by the instruments' schemes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lumbomics.catalogue import load_instruments
from lumbomics.clinical.rules import KERNELS, slr_sign
from lumbomics.clinical.scheme import Item, Scale, Scheme, load_schemes
from lumbomics.clinical.score import Answers, Key, NoScore, Score, ScoreStatus
from lumbomics.clinical.valueset import ValueSet
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError

_SIDES = (Side.LEFT, Side.RIGHT)
_WORDS = frozenset({"state", "value_set", "choice", "slr_sign"})
_NOT_COMPUTED = frozenset({"entered", "derived"})
_UNLIKE_INSTRUMENT: dict[tuple[str, str], bool | None] = {
    ("eq5d5l", "state"): None,
    ("slr", "sign"): None,
    ("slr", "crossed"): True,
    ("employment", "weeks_lost"): True,
    ("employment", "work_ability"): False,
}
"""Scales whose direction is not that of their instrument; words have none."""


def score(answers: Answers, *, value_set: ValueSet | None = None) -> tuple[Score, ...]:
    """Score one filled instrument.

    Parameters
    ----------
    answers
        Permitted answers, as the readers make them.
    value_set
        EQ-5D-5L utilities; without one the utility is absent and says so.

    Returns
    -------
    tuple of Score
        One for each scale and side that the table has a column for, absent ones included.

    Raises
    ------
    InputError
        If the instrument is unknown or an answer is not permitted.
    """
    scheme = _scheme(answers.instrument)
    _require_permitted(answers, scheme)
    found: list[Score] = []
    for scale in scheme.scales:
        found += [
            made for side in _sides(scheme, scale, answers) if (made := _one(scheme, scale, side, answers, value_set))
        ]
    return tuple(found)


def score_all(answers: Sequence[Answers], *, value_set: ValueSet | None = None) -> tuple[Score, ...]:
    """Scores of many filled instruments, in their order."""
    return tuple(made for one in answers for made in score(one, value_set=value_set))


def higher_is_worse(instrument: str, subscale: str) -> bool | None:
    """Direction of a scale: that of the catalogue's record, save for the few scales that differ from it."""
    if (instrument, subscale) in _UNLIKE_INSTRUMENT:
        return _UNLIKE_INSTRUMENT[instrument, subscale]
    return load_instruments()[instrument].higher_is_worse


def _scheme(instrument: str) -> Scheme:
    schemes = load_schemes()
    if instrument not in schemes:
        raise InputError("unknown instrument", expected=", ".join(schemes), got=repr(instrument))
    return schemes[instrument]


def _require_permitted(answers: Answers, scheme: Scheme) -> None:
    for (name, side), value in answers.values.items():
        item = next((item for item in scheme.items if item.id == name), None)
        if item is None or (side is not None and not item.sided):
            raise InputError("the instrument has no such item", got=repr((name, side)), where=str(answers.place))
        if not is_permitted(item, value):
            raise InputError(
                "answer is not permitted", expected=item.permitted, got=repr(value), where=str(answers.place)
            )


def is_permitted(item: Item, value: float | str) -> bool:
    """Whether a value is one of the item's permitted answers."""
    if not item.is_number:
        return isinstance(value, str) and (not item.choices or value in item.choices)
    if isinstance(value, str) or (item.whole and value != round(value)):
        return False
    if item.values and value not in item.values:
        return False
    return (item.low is None or value >= item.low) and (item.high is None or value <= item.high)


def _sides(scheme: Scheme, scale: Scale, answers: Answers) -> Sequence[Side | None]:
    """Sides that a scale is asked for: those of its items' columns, or of the entered score; empty without either."""
    names = _leaves(scheme, scale)
    sided = {side for name, side in answers.asked if name in names}
    sided |= {side for name, side in answers.entered if name == scale.id}
    if scale.rule == "worse_side":
        return (None,) if set(_SIDES) <= sided else ()
    return [side for side in (None, *_SIDES) if side in sided]


def _leaves(scheme: Scheme, scale: Scale) -> frozenset[str]:
    """Items of a scale, those of its inner scales included."""
    inner = (scheme.scale(one[1:]) for one in scale.of if one.startswith("@"))
    own = frozenset(one for one in scale.of if not one.startswith("@"))
    return own.union(*(_leaves(scheme, one) for one in inner))


@dataclass(frozen=True, kw_only=True)
class _Tally:
    """Points of a scale's answered inputs, and which were missing."""

    points: tuple[float, ...]
    missing: tuple[str, ...]
    items: int


def _one(scheme: Scheme, scale: Scale, side: Side | None, answers: Answers, values: ValueSet | None) -> Score | None:
    place: dict[str, Any] = {
        "participant": answers.participant,
        "session": answers.session,
        "instrument": scheme.id,
        "subscale": scale.id,
        "side": side,
        "unit": scale.unit,
        "higher_is_worse": higher_is_worse(scheme.id, scale.id),
    }
    if scale.rule == "worse_side":
        return _worse_side(scale, answers, place)
    tally = _tally(scheme, scale, side, answers)
    counts: dict[str, Any] = {
        "answered": tally.items - len(tally.missing),
        "items": tally.items,
        "missing_items": tally.missing,
    }
    lacking = scale.rule in _NOT_COMPUTED or counts["answered"] < (scale.least or tally.items)
    if lacking and (scale.id, side) in answers.entered:
        entered = answers.entered[scale.id, side]
        return Score(**place, **counts, value=entered, category=scale.band(entered), status=ScoreStatus.ENTERED)
    if lacking:
        reason = NoScore.MISSING_ITEMS if counts["answered"] else NoScore.NOT_ANSWERED
        return Score(**place, **counts, status=ScoreStatus.ABSENT, reason=reason, detail=scale.missing)
    if scale.rule in _WORDS:
        return Score(**place, **counts, **_words(scale, side, answers, values))
    value = KERNELS[scale.rule](tally.points, len(scale.of), _most(scheme, scale))
    status = ScoreStatus.PRORATED if tally.missing else ScoreStatus.OK
    return Score(**place, **counts, value=value, category=scale.band(value), status=status)


def _tally(scheme: Scheme, scale: Scale, side: Side | None, answers: Answers) -> _Tally:
    """Points of a scale's inputs; an inner scale that is itself absent leaves its items missing."""
    points: list[float] = []
    missing: list[str] = []
    items = 0
    for name in scale.of:
        if name.startswith("@"):
            inner = scheme.scale(name[1:])
            below = _tally(scheme, inner, side, answers)
            items, missing = items + below.items, missing + list(below.missing)
            if not below.missing:
                points.append(KERNELS[inner.rule](below.points, len(inner.of), _most(scheme, inner)))
            continue
        items += 1
        key = _key(name, side, answers)
        if key is None:
            missing.append(name)
        else:
            value = answers.values[key]
            points.append(0.0 if isinstance(value, str) else scheme.item(name).counts(value))
    return _Tally(points=tuple(points), missing=tuple(missing), items=items)


def _key(name: str, side: Side | None, answers: Answers) -> Key | None:
    return (name, side) if (name, side) in answers.values else None


def _most(scheme: Scheme, scale: Scale) -> float:
    return max((scheme.item(one).high or 0 for one in scale.of if not one.startswith("@")), default=0)


def _words(scale: Scale, side: Side | None, answers: Answers, values: ValueSet | None) -> dict[str, Any]:
    given = [answers.values[name, side] for name in scale.of]
    if scale.rule == "choice":
        return {"category": str(given[0])}
    if scale.rule == "slr_sign":
        return {"category": slr_sign(float(given[0]), str(given[1]))}
    state = "".join(f"{float(level):.0f}" for level in given)
    if scale.rule == "state":
        return {"category": state}
    if values is None:
        detail = "utility needs a country's value set; none is included"
        return {"status": ScoreStatus.ABSENT, "reason": NoScore.NO_VALUE_SET, "detail": detail}
    return {"value": values.utilities[state], "detail": f"value set {values.name}"}


def _worse_side(scale: Scale, answers: Answers, place: Mapping[str, Any]) -> Score | None:
    """Higher of the two sides' pain; absent where a side is missing, since it could be the worse one."""
    item = scale.of[0]
    pain = {side: answers.values[item, side] for side in _SIDES if (item, side) in answers.values}
    counts: dict[str, Any] = {"answered": len(pain), "items": 2}
    if len(pain) < 2:
        missing = tuple(f"{item}_{side}" for side in _SIDES if side not in pain)
        reason = NoScore.MISSING_ITEMS if pain else NoScore.NOT_ANSWERED
        return Score(**place, **counts, missing_items=missing, status=ScoreStatus.ABSENT, reason=reason)
    left, right = float(pain[Side.LEFT]), float(pain[Side.RIGHT])
    word = "equal" if left == right else str(Side.LEFT if left > right else Side.RIGHT)
    return Score(**place, **counts, value=max(left, right), category=word)
