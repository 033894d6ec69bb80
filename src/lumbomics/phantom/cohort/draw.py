"""Draw a simulated cohort: patients, their measurements at every visit, their answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.phantom.cohort.effects import EFFECT_LEVEL, PHENOTYPES, Effects
from lumbomics.phantom.cohort.quantities import MEAN_AGE, QUANTITIES, SIDES, Quantity

Array = NDArray[np.float64]

RELIABILITY_SHARE: Final = 0.2
"""Share of the patients who were scanned again and read by a second rater."""
BIOMARKER_GAPS: Final = 0.04
"""Probability that a value is missing, whatever it is (completely at random)."""
_SESSIONS: Final = {"pre": -1.0, "retest": -0.75, "post": 12.0}
_AGE_SD, _AGE_LOW, _AGE_HIGH = 11.0, 28.0, 84.0
_PATIENT_SD, _LEG_SD, _BACK_SD, _ODI_SD = 0.6, 1.0, 1.2, 9.0
_AFTER_SD, _ODI_AFTER_SD = 0.8, 6.0
# Points that pain and disability fall by after stimulation, with and without a response.
_PAIN_FALL, _ODI_FALL = (3.5, 0.3), (16.0, 1.0)
_FIRST_VISIT: Final = date(2021, 1, 11)


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedCohort:
    """A cohort with its truth.

    Parameters
    ----------
    effects, seed
        What was planted, and the source of all chance.
    participants
        One row a patient with what no study sees: ``phenotype``, ``responder``.
    measurements
        Long table, one row a measurement, absent ones with an empty value: ``participant_id``, ``session_id``,
        ``biomarker``, ``method``, ``level``, ``side``, ``value``, ``unit``, ``se``, ``rater``,
        ``months_since_surgery``.
    visits
        One row a visit with the columns of a questionnaire table: day, age, sex, body mass, site, scores.
    stimulators
        Treatment log: day on which each patient's stimulator was implanted.
    """

    effects: Effects
    seed: int
    participants: pd.DataFrame = field(repr=False)
    measurements: pd.DataFrame = field(repr=False)
    visits: pd.DataFrame = field(repr=False)
    stimulators: pd.DataFrame = field(repr=False)


def simulate_cohort(n: int = 200, *, seed: int = 0, effects: Effects | None = None) -> SimulatedCohort:
    """Draw ``n`` patients, each with a visit before and, unless lost, one after spinal cord stimulation.

    Leg pain = 5 + a (area - 110) + age + site + patient + rest, area being the true one at L5-S1 of the same side; back
    pain = 5 + b (lordosis - 48) + age + site + rest; disability = 34 + stenotic + age + site + rest. Pain is rounded to
    whole points and held within 0 to 10. A measurement is the true value + scanner + scan error + rater error. Values
    are missing completely at random, answers and later visits more often in the old (at random given age).

    Parameters
    ----------
    n
        Patients, 20 at least.
    seed
        The same seed gives the same cohort.
    effects
        What is planted; the defaults of ``Effects``.

    Raises
    ------
    InputError
        If there are too few patients or the seed is negative.
    """
    if n < 20 or seed < 0:
        raise InputError("no such cohort", expected="20 patients or more, seed >= 0", got=f"{n}, {seed}")
    planted, rng = effects or Effects(), np.random.default_rng(seed)
    people = _people(n, planted, rng)
    true = {q.biomarker: _true_values(q, people, planted, rng) for q in QUANTITIES}
    sessions = _sessions(people, rng)
    return SimulatedCohort(
        effects=planted,
        seed=seed,
        participants=people[["participant_id", "age", "sex", "bmi", "site", "phenotype", "responder"]],
        measurements=_measurements(people, true, sessions, planted, rng),
        visits=_visits(people, true, sessions, planted, rng),
        stimulators=pd.DataFrame(
            {
                "participant_id": people["participant_id"],
                "date": [str(day + timedelta(days=30)) for day in people["first_day"]],
                "type": "scs",
            }
        ),
    )


def _people(n: int, effects: Effects, rng: np.random.Generator) -> pd.DataFrame:
    group = rng.integers(len(PHENOTYPES), size=n)
    return pd.DataFrame(
        {
            "participant_id": [f"sim{number:04d}" for number in range(1, n + 1)],
            "age": np.floor(np.clip(rng.normal(MEAN_AGE, _AGE_SD, n), _AGE_LOW, _AGE_HIGH)),
            "sex": rng.choice(["female", "male"], n),
            "bmi": np.round(np.clip(rng.normal(27, 4, n), 17, 45), 1),
            "site": rng.choice(["A", "B"], n),
            "group": group,
            "phenotype": np.array(PHENOTYPES, dtype=object)[group],
            "responder": rng.random(n) < np.array(effects.response)[group],
            "first_day": [_FIRST_VISIT + timedelta(days=int(day)) for day in rng.integers(700, size=n)],
        }
    )


def _true_values(quantity: Quantity, people: pd.DataFrame, effects: Effects, rng: np.random.Generator) -> Array:
    """(n, places) true values before treatment."""
    places = len(list(quantity.places()))
    age = people["age"].to_numpy(dtype=np.float64) - MEAN_AGE
    marks = np.array(quantity.marks)[people["group"].to_numpy()] * effects.separation
    own = quantity.mean + quantity.a_year * age + quantity.sd * marks
    return np.asarray(own[:, None] + quantity.sd * rng.normal(size=(len(people), places)))


def _sessions(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, NDArray[np.intp]]:
    """Rows of the patients who came to each session; the old are lost more often."""
    n, lost = len(people), _more_in_the_old(people, 0.08, 0.006)
    again = rng.permutation(n)[: max(10, round(RELIABILITY_SHARE * n))]
    came = np.flatnonzero(rng.random(n) >= lost)
    return {"pre": np.arange(n), "retest": np.sort(again), "post": came}


def _more_in_the_old(people: pd.DataFrame, least: float, a_year: float) -> Array:
    return least + a_year * np.maximum(people["age"].to_numpy(dtype=np.float64) - MEAN_AGE, 0)


def _measurements(
    people: pd.DataFrame,
    true: dict[str, Array],
    sessions: dict[str, NDArray[np.intp]],
    effects: Effects,
    rng: np.random.Generator,
) -> pd.DataFrame:
    parts = []
    for session, rows in sessions.items():
        for quantity in QUANTITIES:
            values = true[quantity.biomarker][rows] + _change(quantity, session, effects)
            values += np.where(people["site"].to_numpy()[rows] == "B", quantity.scanner_b, 0.0)[:, None]
            values += quantity.scan_error * rng.normal(size=values.shape)
            parts.append(_readings(quantity, people, session, rows, values, "R1", rng))
            if session == "pre":
                second = sessions["retest"]  # row numbers and places agree: everybody came to the first visit
                parts.append(_readings(quantity, people, session, second, values[second], "R2", rng))
    return pd.concat(parts, ignore_index=True)


def _change(quantity: Quantity, session: str, effects: Effects) -> Array:
    """(places,) what treatment and time do to the true values."""
    loses = quantity.biomarker == "disc_height" and session == "post"
    return np.array([-effects.disc_loss_mm if loses and p == EFFECT_LEVEL else 0.0 for p, _ in quantity.places()])


def _readings(
    quantity: Quantity,
    people: pd.DataFrame,
    session: str,
    rows: NDArray[np.intp],
    values: Array,
    rater: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    read = values + quantity.rater_error * rng.normal(size=values.shape)
    read += quantity.second_rater if rater == "R2" else 0.0
    read[rng.random(read.shape) < BIOMARKER_GAPS] = np.nan
    places = list(quantity.places())
    return pd.DataFrame(
        {
            "participant_id": np.repeat(people["participant_id"].to_numpy()[rows], len(places)),
            "session_id": session,
            "biomarker": quantity.biomarker,
            "method": quantity.method,
            "level": np.tile(np.array([p for p, _ in places], dtype=object), len(rows)),
            "side": np.tile(np.array([None if s is None else str(s) for _, s in places], dtype=object), len(rows)),
            "value": read.ravel(),
            "unit": quantity.unit,
            "se": np.where(np.isnan(read.ravel()), np.nan, quantity.sem),
            "rater": rater,
            "months_since_surgery": _SESSIONS[session],
        }
    )


def _visits(
    people: pd.DataFrame,
    true: dict[str, Array],
    sessions: dict[str, NDArray[np.intp]],
    effects: Effects,
    rng: np.random.Generator,
) -> pd.DataFrame:
    before = _scores_before(people, true, effects, rng)
    fell = people["responder"].to_numpy()
    rounds = []
    for session in ("pre", "post"):
        rows = sessions[session]
        scores = before if session == "pre" else _scores_after(before, fell, rng)
        days = [people["first_day"].iloc[row] + timedelta(days=0 if session == "pre" else 395) for row in rows]
        table = people.loc[rows, ["participant_id", "age", "sex", "bmi", "site"]].assign(
            session_id=session, date=[str(day) for day in days]
        )
        table["age"] += 0 if session == "pre" else 1
        gaps = _more_in_the_old(people, 0.03, 0.004)[rows]
        for name, values in scores.items():
            table[name] = np.where(rng.random(len(rows)) < gaps, np.nan, values[rows])
        rounds.append(table)
    return pd.concat(rounds, ignore_index=True)


def _scores_before(
    people: pd.DataFrame, true: dict[str, Array], effects: Effects, rng: np.random.Generator
) -> dict[str, Array]:
    n, at_b = len(people), (people["site"] == "B").to_numpy(dtype=np.float64)
    shared = effects.age_to_pain * (people["age"].to_numpy() - MEAN_AGE) + effects.site_to_pain * at_b
    known = {q.biomarker: q for q in QUANTITIES}
    foramen, patient = known["foraminal_dimensions"], _PATIENT_SD * rng.normal(size=n)
    scores = {}
    for side in SIDES:
        area = true[foramen.biomarker][:, list(foramen.places()).index((EFFECT_LEVEL, side))]
        pain = 5 + effects.foramen_to_leg_pain * (area - foramen.mean) + shared + patient
        scores[f"nrs_leg_{side}"] = _points(pain + _LEG_SD * rng.normal(size=n))
    bend = known["lumbar_lordosis_l1_s1"]
    lordosis = true[bend.biomarker][:, 0] - bend.mean
    scores["nrs_back"] = _points(5 + effects.lordosis_to_back_pain * lordosis + shared + _BACK_SD * rng.normal(size=n))
    worse = effects.stenotic_to_disability * (people["phenotype"] == PHENOTYPES[0]).to_numpy(dtype=np.float64)
    scores["odi_total"] = _percent(34 + worse + 6 * shared + _ODI_SD * rng.normal(size=n))
    return scores


def _scores_after(before: dict[str, Array], responded: NDArray[np.bool_], rng: np.random.Generator) -> dict[str, Array]:
    n, after = len(responded), {}
    for name, values in before.items():
        fall, sd, held = (
            (_ODI_FALL, _ODI_AFTER_SD, _percent) if name == "odi_total" else (_PAIN_FALL, _AFTER_SD, _points)
        )
        after[name] = held(values - np.where(responded, *fall) + sd * rng.normal(size=n))
    return after


def _points(pain: Array) -> Array:
    return np.clip(np.round(pain), 0, 10) + 0.0  # no point is -0


def _percent(disability: Array) -> Array:
    """ODI totals of ten sections are even numbers."""
    return np.clip(2 * np.round(disability / 2), 0, 100)
