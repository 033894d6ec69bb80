"""Table 1: who is in the cohort, all together and by group."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from pandas.api.types import is_numeric_dtype

from lumbomics.core.errors import FaultsError, InputError


def table_one(people: pd.DataFrame, *, columns: Sequence[str], group: str | None = None) -> pd.DataFrame:
    """Describe people: mean (standard deviation) of numbers, count (percent) of words, how many are missing.

    There are no p-values: groups of a cohort are not randomised, and a test of what is there in all of them answers no
    question.

    Parameters
    ----------
    people
        One row a participant.
    columns
        What is described.
    group
        Column whose values become columns beside ``all``; ``None`` for all alone.

    Returns
    -------
    pandas.DataFrame
        Columns ``characteristic``, ``all (n = …)``, one for each group, ``missing``; all text but the last.

    Raises
    ------
    FaultsError
        For columns that are not there.
    """
    wanted = [*columns, *([] if group is None else [group])]
    faults = [
        InputError("no such column", expected=", ".join(map(str, people.columns)), got=repr(name), where="table one")
        for name in wanted
        if name not in people.columns
    ]
    if faults:
        raise FaultsError(faults)
    parts = {f"all (n = {len(people)})": people}
    if group is not None:
        named = people.dropna(subset=[group]).groupby(group, sort=True)
        parts |= {f"{group} {value} (n = {len(part)})": part for value, part in named}
    rows = [row for name in columns for row in _rows(people, parts, name)]
    return pd.DataFrame(rows)


def _rows(people: pd.DataFrame, parts: dict[str, pd.DataFrame], name: str) -> list[dict[str, object]]:
    missing = int(people[name].isna().sum())
    title = name.replace("_", " ")
    if is_numeric_dtype(people[name]):
        cells = {head: _mean(part[name].dropna()) for head, part in parts.items()}
        return [{"characteristic": f"{title}, mean (SD)", **cells, "missing": missing}]
    values = sorted(people[name].dropna().astype(str).unique())
    return [
        {
            "characteristic": f"{title}: {value}, n (%)",
            **{head: _share(part[name].dropna().astype(str), value) for head, part in parts.items()},
            "missing": missing,
        }
        for value in values
    ]


def _mean(values: pd.Series) -> str:
    if values.empty:
        return "\N{EN DASH}"
    spread = values.std(ddof=1) if len(values) > 1 else float("nan")
    return f"{values.mean():.1f} ({spread:.1f})" if abs(values.mean()) >= 2 else f"{values.mean():.2f} ({spread:.2f})"


def _share(values: pd.Series, wanted: str) -> str:
    if values.empty:
        return "\N{EN DASH}"
    count = int((values == wanted).sum())
    return f"{count} ({100 * count / len(values):.0f} %)"
