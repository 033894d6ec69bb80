"""What a column holds, by its name: who, when, which item of which instrument, on which side."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import cache

from lumbomics.clinical.scheme import Item, Scale, Scheme, load_schemes
from lumbomics.clinical.table import tidy
from lumbomics.core.anatomy import Side


class Role(StrEnum):
    """What a column is for."""

    PARTICIPANT = "participant"
    SESSION = "session"
    DATE = "date"
    BIRTH_DATE = "birth_date"
    AGE = "age"
    SEX = "sex"
    HEIGHT = "height"
    WEIGHT = "weight"
    BMI = "bmi"
    SITE = "site"
    ITEM = "item"
    SCALE = "scale"
    FORM_STATUS = "form_status"
    REPEAT = "repeat"
    IDENTIFYING = "identifying"
    IGNORED = "ignore"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What one column holds.

    Parameters
    ----------
    role
        What it is for.
    instrument, part, side
        Of items and scales: instrument, item or scale id, side.
    unit
        Unit that the column's name states (``vas_back_cm``).
    session
        Session that the user's own mapping states (``odi.total@pre``), for tables with one row a participant.
    nearest
        Of unknown columns: the closest known name.
    """

    role: Role
    instrument: str | None = None
    part: str | None = None
    side: Side | None = None
    unit: str | None = None
    session: str | None = None
    nearest: str | None = None


_WORDS: Mapping[Role, str] = {
    Role.PARTICIPANT: "participant_id participant subject subject_id patient_id patient record_id study_id id "
    "pseudonym",
    Role.SESSION: "session_id session visit visit_id timepoint time_point redcap_event_name event_name",
    Role.DATE: "date visit_date session_date assessment_date date_of_visit exam_date completed_on",
    Role.BIRTH_DATE: "birth_date date_of_birth dob birthdate birthday",
    Role.AGE: "age age_years age_at_visit age_y",
    Role.SEX: "sex gender",
    Role.HEIGHT: "height",
    Role.WEIGHT: "weight",
    Role.BMI: "bmi",
    Role.SITE: "site centre center redcap_data_access_group",
    Role.REPEAT: "redcap_repeat_instrument redcap_repeat_instance",
    Role.IDENTIFYING: "name first_name last_name surname family_name given_name patient_name full_name initials "
    "address street postcode zip phone telephone mobile email e_mail mrn medical_record_number accession "
    "accession_number ssn insurance_number redcap_survey_identifier",
}
_ROLES: Mapping[str, Role] = {word: role for role, words in _WORDS.items() for word in words.split()}
_UNITS = {
    "mm": "mm",
    "cm": "cm",
    "m": "m",
    "deg": "deg",
    "percent": "%",
    "pct": "%",
    "kg": "kg",
    "lb": "lb",
    "wk": "wk",
}
_SIDES = {"left": Side.LEFT, "l": Side.LEFT, "right": Side.RIGHT, "r": Side.RIGHT}
_NUMBERED = re.compile(r"(?:q|item|i|question|section|s|nr|no)?_?0*([1-9][0-9]*)")
_TARGETS = frozenset(_WORDS) - {Role.REPEAT, Role.IDENTIFYING} | {Role.IGNORED}


def plain_name(column: str) -> str:
    """Column name as it is compared: lower case, words parted by single underscores."""
    return re.sub(r"[^0-9a-z]+", "_", tidy(column).lower()).strip("_")


def meaning(column: str, *, implicit: str | None = None, others: Collection[str] = ()) -> Meaning:
    """Find what a column holds.

    Parameters
    ----------
    column
        Its name in the table.
    implicit
        Instrument that the file's name states, so that ``1`` or ``total`` are enough.
    others
        Plain names of all columns of the table: ``sf_mpq_2`` is the second item beside ``sf_mpq_1``, else the total of
        the second version.
    """
    name = plain_name(column)
    role = _ROLES.get(name)
    if role in {Role.PARTICIPANT, Role.SESSION, Role.IDENTIFYING, Role.REPEAT}:
        return Meaning(role=role)
    found = _part(load_schemes()[implicit], name) if implicit else None
    found = found or _prefixed(name, others)
    if found is not None:
        return found
    if name.endswith(("_complete", "_timestamp")):
        return Meaning(role=Role.FORM_STATUS if name.endswith("_complete") else Role.IGNORED)
    body, unit = _without_unit(name)
    role = role or _ROLES.get(body)
    if role is not None:
        return Meaning(role=role, unit=unit)
    close = get_close_matches(name, list(_known_names()), n=1, cutoff=0.8)
    return Meaning(role=Role.UNKNOWN, nearest=close[0] if close else None)


def stated_meaning(target: str) -> Meaning | None:
    """Meaning of a target in the user's own mapping, such as ``odi.1``, ``nrs_leg.total.left@pre`` or ``date@pre``.

    ``None`` where there is no such item, score or role.
    """
    what, at, session = target.partition("@")
    if at and not session.isalnum():
        return None
    found = _stated(what)
    return replace(found, session=session) if found and at else found


def _stated(target: str) -> Meaning | None:
    if target in _TARGETS:
        return Meaning(role=Role(target))
    parts = target.split(".")
    scheme = load_schemes().get(parts[0])
    if scheme is None or not 2 <= len(parts) <= 3:
        return None
    side = _SIDES.get(parts[2]) if len(parts) == 3 else None
    if len(parts) == 3 and side is None:
        return None
    return _named(scheme, parts[1], side)


def implied_instrument(stem: str) -> str | None:
    """Instrument that a file's name states, such as ``odi.tsv`` or ``odi_followup.xlsx``."""
    name = plain_name(stem)
    return next((scheme.id for alias, scheme in _aliases() if name == alias or name.startswith(f"{alias}_")), None)


def instrument_of_form(form: str) -> str | None:
    """Instrument of a REDCap form's name."""
    return implied_instrument(form)


def known_columns(scheme: Scheme) -> Iterator[str]:
    """Column names that are understood, one for each item, side and score that can be entered."""
    for item in scheme.items:
        stem = scheme.id if item.id == "total" else f"{scheme.id}_{item.id}"
        yield from (f"{stem}_{side}" for side in ("left", "right")) if item.sided else (stem,)
    yield from (f"{scheme.id}_{scale.id}" for scale in scheme.scales if _can_be_entered(scheme, scale))


def _can_be_entered(scheme: Scheme, scale: Scale) -> bool:
    words = {"state", "choice", "slr_sign", "derived", "worse_side"}
    return scale.rule not in words and scale.id not in {item.id for item in scheme.items}


@cache
def _known_names() -> tuple[str, ...]:
    return (*(name for scheme in load_schemes().values() for name in known_columns(scheme)), *_ROLES)


@cache
def _aliases() -> tuple[tuple[str, Scheme], ...]:
    """Names of instruments, longest first, so that ``sf_mpq_2`` is tried before ``sf_mpq``."""
    pairs = [(alias, scheme) for scheme in load_schemes().values() for alias in (scheme.id, *scheme.aliases)]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def _prefixed(name: str, others: Collection[str]) -> Meaning | None:
    for alias, scheme in _aliases():
        if name == alias == "sf_mpq_2" and "sf_mpq_1" in others:
            continue
        glued = name.startswith(alias) and name[len(alias) :][:1].isdigit() and not alias[-1].isdigit()
        if name == alias or name.startswith(f"{alias}_") or glued:
            found = _part(scheme, name[len(alias) :].strip("_"))
            if found is not None:
                return found
    return None


def _part(scheme: Scheme, rest: str) -> Meaning | None:
    """Meaning of what follows the instrument's name."""
    for body, unit in ((rest, None), _without_unit(rest)):
        stem, _, last = body.rpartition("_")
        tries = [(body, None), (stem, _SIDES[last])] if last in _SIDES else [(body, None)]
        for name, side in tries:
            found = _named(scheme, name, side)
            if found is not None:
                return Meaning(role=found.role, instrument=scheme.id, part=found.part, side=side, unit=unit)
    return None


def _named(scheme: Scheme, name: str, side: Side | None) -> Meaning | None:
    wanted = {name or "total", "total" if name == "score" else name or "total"}
    number = _NUMBERED.fullmatch(name)
    wanted |= {number[1]} if number else set()
    item = next((item for item in scheme.items if wanted & {item.id, *item.names}), None)
    if item is not None and _side_fits(item, side):
        return Meaning(role=Role.ITEM, instrument=scheme.id, part=item.id, side=side)
    scale = next((one for one in scheme.scales if wanted & {one.id, *one.names} and _can_be_entered(scheme, one)), None)
    if scale is not None and side is None:
        return Meaning(role=Role.SCALE, instrument=scheme.id, part=scale.id)
    return None


def _side_fits(item: Item, side: Side | None) -> bool:
    """Whether the side suits: a sided item may lack it, where nobody noted it; an item without sides carries none."""
    return side is None or item.sided


def _without_unit(name: str) -> tuple[str, str | None]:
    body, _, last = name.rpartition("_")
    return (body, _UNITS[last]) if body and last in _UNITS else (name, None)
