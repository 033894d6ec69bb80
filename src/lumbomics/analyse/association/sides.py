"""Left beside left: the biomarker of a side with the score of the same side."""

from __future__ import annotations

import pandas as pd

from lumbomics.core.errors import FaultsError, InputError


def match_sides(
    measurements: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    left: str,
    right: str,
    score: str,
    keys: tuple[str, ...] = ("participant_id", "session_id"),
) -> pd.DataFrame:
    """Give every measurement of a side the score of that side, for a nested model.

    Rows without a side, and patients without scores, are left out: there is nothing of the same side to compare.

    Parameters
    ----------
    measurements
        Rows with ``keys`` and ``side`` (``left``, ``right``, ``midline`` or missing).
    scores
        One row for each of ``keys``, with the columns ``left`` and ``right`` and any patient-level covariates.
    left, right
        Score of each side, such as leg pain.
    score
        Name of the joined score in the result.

    Returns
    -------
    pandas.DataFrame
        The lateral measurements, ``score``, and the other columns of ``scores``.

    Raises
    ------
    FaultsError
        For missing columns, unknown sides, and scores that stand twice for one visit.
    """
    faults = _faults(measurements, scores, left, right, score, keys)
    if faults:
        raise FaultsError(faults)
    names = {left: "left", right: "right"}
    others = [column for column in scores.columns if column not in names]
    long = scores.melt(id_vars=others, value_vars=[left, right], var_name="side", value_name=score)
    long["side"] = long["side"].map(names)
    return measurements.merge(long, on=[*keys, "side"], how="inner", validate="many_to_one")


def _faults(
    measurements: pd.DataFrame, scores: pd.DataFrame, left: str, right: str, score: str, keys: tuple[str, ...]
) -> list[InputError]:
    faults = []
    for table, where, wanted in (
        (measurements, "measurements", (*keys, "side")),
        (scores, "scores", (*keys, left, right)),
    ):
        faults += [
            InputError("no such column", expected="a column of the table", got=repr(name), where=where)
            for name in wanted
            if name not in table.columns
        ]
    if faults:
        return faults
    strange = sorted(set(measurements["side"].dropna().unique()) - {"left", "right", "midline"})
    if strange:
        faults.append(InputError("unknown side", expected="left, right, midline", got=", ".join(map(str, strange))))
    if repeated := int(scores.duplicated(list(keys)).sum()):
        faults.append(InputError("a visit has two rows of scores", got=f"{repeated} row(s) too many", where="scores"))
    if score in measurements.columns or (score in scores.columns and score not in (left, right)):
        faults.append(InputError("the name is taken", got=repr(score), where="score", hint="choose another"))
    return faults
