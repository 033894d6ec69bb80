"""Measurements, scores and covariates as one table: long, or one row a visit, a level, or a level and side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from lumbomics.cohort.select import Selection, chosen_scores
from lumbomics.cohort.sql import compose, name, text, texts
from lumbomics.cohort.views import columns_of, missing_of
from lumbomics.core.errors import InputError

_VISIT = ("participant_id", "session_id")
_LABEL_PARTS = ("level", "side")


class Rows(StrEnum):
    """What one row of a wide table is."""

    SESSION = "session"
    LEVEL = "level"
    """A level; what has no level stands beside each of the visit's levels."""
    SIDE = "side"
    """A level's side; beside it the scores of the same side."""


_KEYS: Mapping[Rows, tuple[str, ...]] = {
    Rows.SESSION: (),
    Rows.LEVEL: ("level",),
    Rows.SIDE: ("level", "side"),
}
_TIERS: Mapping[Rows, tuple[tuple[str, ...], ...]] = {
    Rows.SESSION: ((),),
    Rows.LEVEL: (("level",), ()),
    Rows.SIDE: (("level", "side"), ("level",), ("side",), ()),
}
"""Which of the row's keys a measurement has: ``()`` stands beside all rows of its visit."""


def long_table(connection: Any, selection: Selection, *, scores: Sequence[str] = (), covariates: bool = False) -> Any:
    """One row a measurement, absent ones with their reason; scores and covariates of the visit beside it.

    Parameters
    ----------
    connection
        From ``open_index``.
    selection
        Which measurements.
    scores
        Scores to stand beside, such as ``odi`` or ``nrs_leg``; one asked by side gives the row's own side, and is empty
        where the row has none.
    covariates
        Also the columns of ``sessions`` (age, sex, months since surgery …).

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    FaultsError
        With every name that is not in the cohort.
    """
    selection.check(connection)
    joins, cells = _beside(connection, scores, covariates, sided=True)
    statement = compose(
        """SELECT m.* $cells FROM (SELECT * FROM measurements WHERE $where) m $joins
        ORDER BY m.participant_id, m.session_id, m.biomarker, m.method, m.level, m.side, m.series""",
        cells="".join(f", {cell}" for cell in cells),
        where=selection.where(),
        joins=joins,
    )
    return connection.sql(statement).to_arrow_table()


def wide_table(
    connection: Any,
    selection: Selection,
    *,
    rows: Rows = Rows.SESSION,
    scores: Sequence[str] = (),
    covariates: bool = False,
    reasons: bool = False,
) -> Any:
    """One row a visit (or level, or side), one column a quantity: ``biomarker/level/side``.

    A biomarker with several methods gives ``biomarker:method/level/side``; a grade beside a number ``….category``. What
    is absent is empty; with ``reasons`` a column ``….reason`` says why.

    Parameters
    ----------
    connection
        From ``open_index``.
    selection
        Which measurements.
    rows
        What one row is.
    scores, covariates
        As in ``long_table``; by session both sides of a score stand in columns of their own.
    reasons
        Also why a value is absent.

    Raises
    ------
    FaultsError
        With every name that is not in the cohort.
    InputError
        If two values fall into one cell, one column would mix units, or nothing has such rows.
    """
    selection.check(connection)
    keys = _KEYS[rows]
    _stage(connection, selection, keys)
    if reasons:
        connection.execute(compose(_GAPS, missing=missing_of(connection, "chosen")))
    _refuse_doubles(connection, keys)
    _refuse_units(connection)
    spine, joins, cells = _spine(rows), [], []
    for number, tier in enumerate(_TIERS[rows]):
        for kind in ("value", "category", *(["reason"] if reasons else [])):
            pivot, columns = _pivot(connection, kind, keys, tier)
            if columns:
                alias = f"t{number}_{kind}"
                joins.append(_join(alias, pivot, tier))
                cells += [f"{alias}.{name(column)}" for column in columns]
    more, beside = _beside(connection, scores, covariates, sided=rows is Rows.SIDE)
    statement = compose(
        "SELECT m.* $cells FROM ($spine) m $joins $more ORDER BY ALL",
        cells="".join(f", {cell}" for cell in [*sorted(cells, key=_column_order), *beside]),
        spine=spine,
        joins=" ".join(joins),
        more=more,
    )
    found = connection.sql(statement).to_arrow_table()
    if rows is not Rows.SESSION and not found.num_rows:
        raise InputError(f"nothing that was chosen has a {rows}", hint="choose other biomarkers, or rows by session")
    return found


def _column_order(cell: str) -> str:
    return cell.partition(".")[2]


def _stage(connection: Any, selection: Selection, keys: Sequence[str]) -> None:
    """Chosen rows with the label of the column they go to."""
    parts = "".join(f" || '/' || coalesce({part}, '')" for part in _LABEL_PARTS if part not in keys)
    statement = """CREATE OR REPLACE TEMP TABLE chosen AS
        WITH wanted AS (SELECT * FROM measurements WHERE $where),
        variants AS (SELECT biomarker, count(DISTINCT method) > 1 AS several FROM wanted GROUP BY biomarker)
        SELECT w.*, rtrim(biomarker || CASE WHEN several AND method IS NOT NULL THEN ':' || method ELSE '' END $parts,
            '/') AS label
        FROM wanted w JOIN variants USING (biomarker)"""
    connection.execute(compose(statement, where=selection.where(), parts=parts))


_GAPS = """CREATE OR REPLACE TEMP TABLE gaps AS
    WITH quantity AS (SELECT DISTINCT biomarker, method, level, side, label FROM chosen WHERE status = 'ok')
    SELECT x.participant_id, x.session_id, x.level, x.side, q.label, x.reason
    FROM ($missing) x JOIN quantity q ON q.biomarker = x.biomarker AND q.method IS NOT DISTINCT FROM x.method
        AND q.level IS NOT DISTINCT FROM x.level AND q.side IS NOT DISTINCT FROM x.side"""


def _refuse_doubles(connection: Any, keys: Sequence[str]) -> None:
    cell = ", ".join(("label", *_VISIT, *keys))
    statement = """SELECT label, count(*), string_agg(DISTINCT series, ', '), string_agg(DISTINCT posture, ', ')
        FROM (SELECT *, count(*) OVER (PARTITION BY $cell) AS again FROM chosen WHERE status = 'ok')
        WHERE again > 1 GROUP BY label ORDER BY label"""
    found = connection.execute(compose(statement, cell=cell)).fetchall()
    if found:
        label, count, series, postures = found[0]
        raise InputError(
            "two values fall into one cell of the wide table",
            expected="one value",
            got=f"{len(found)} column(s), first {label}: {count} values, series {series}, postures {postures}",
            hint="choose a series (a pattern such as *T2w) or a posture, or take the long table",
        )


def _refuse_units(connection: Any) -> None:
    found = connection.execute(
        """SELECT label, string_agg(DISTINCT unit, ', ' ORDER BY unit) FROM chosen WHERE value IS NOT NULL
        GROUP BY label HAVING count(DISTINCT unit) > 1 ORDER BY label"""
    ).fetchall()
    if found:
        raise InputError(
            "one column would mix units",
            expected="one unit",
            got="; ".join(f"{label}: {units}" for label, units in found[:5]),
            hint="choose one method, or measure all visits with the same version",
        )


def _spine(rows: Rows) -> str:
    if rows is Rows.SESSION:
        return "SELECT DISTINCT participant_id, session_id FROM chosen"
    if rows is Rows.LEVEL:
        return "SELECT DISTINCT participant_id, session_id, level FROM chosen WHERE level IS NOT NULL"
    return """SELECT DISTINCT participant_id, session_id, level, side FROM chosen
        WHERE level IS NOT NULL AND side IN ('left', 'right')"""


def _tier_where(keys: Sequence[str], tier: Sequence[str]) -> str:
    return " AND ".join(f"{key} IS {'NOT ' if key in tier else ''}NULL" for key in keys) or "true"


def _pivot(connection: Any, kind: str, keys: Sequence[str], tier: Sequence[str]) -> tuple[str, list[str]]:
    """Statement that spreads one kind of content, and its columns; a number keeps the plain name."""
    source = "gaps" if kind == "reason" else "chosen"
    condition = f"{kind} IS NOT NULL AND {_tier_where(keys, tier)}"
    condition += "" if kind == "reason" else " AND status = 'ok'"
    statement = "SELECT DISTINCT label FROM $source WHERE $condition ORDER BY label"
    found = connection.execute(compose(statement, source=source, condition=condition)).fetchall()
    labels = [row[0] for row in found]
    numbers = {
        row[0] for row in connection.execute("SELECT DISTINCT label FROM chosen WHERE value IS NOT NULL").fetchall()
    }
    plain = {label: kind == "value" or (kind == "category" and label not in numbers) for label in labels}
    columns = {label: label if plain[label] else f"{label}.{kind}" for label in labels}
    if not labels:
        return "", []
    pivot = compose(
        "SELECT * FROM (PIVOT (SELECT $group, label, $kind FROM $source WHERE $condition) ON label IN ($labels) "
        "USING any_value($kind) GROUP BY $group)",
        group=", ".join((*_VISIT, *tier)),
        kind=kind,
        source=source,
        condition=condition,
        labels=texts(labels),
    )
    renamed = ", ".join(f"{name(label)} AS {name(column)}" for label, column in columns.items())
    group = ", ".join((*_VISIT, *tier))
    return compose("SELECT $group, $renamed FROM ($pivot)", group=group, renamed=renamed, pivot=pivot), [
        *columns.values()
    ]


def _join(alias: str, statement: str, tier: Sequence[str]) -> str:
    on = " AND ".join(f"{alias}.{key} = m.{key}" for key in (*_VISIT, *tier))
    return f"LEFT JOIN ({statement}) {alias} ON {on}"


def _beside(connection: Any, scores: Sequence[str], covariates: bool, *, sided: bool) -> tuple[str, list[str]]:
    """Give joins and columns for the scores and covariates of the visit."""
    joins, cells = "", []
    chosen = chosen_scores(connection, scores)
    if chosen:
        joins += (
            f" LEFT JOIN ({_scores(chosen)}) k ON k.participant_id = m.participant_id AND k.session_id = m.session_id"
        )
        cells += _score_cells(chosen, sided)
    if covariates:
        joins += " LEFT JOIN sessions v ON v.participant_id = m.participant_id AND v.session_id = m.session_id"
        own = [column for column in columns_of(connection, "sessions") if column not in _VISIT]
        cells += [f"v.{name(column)}" for column in own]
    return joins, cells


def _scores(chosen: Mapping[str, tuple[str, str, str | None]]) -> str:
    cells = ", ".join(
        compose(
            "any_value(value) FILTER (WHERE instrument = $i AND subscale = $s AND side IS NOT DISTINCT FROM $side "
            "AND status <> 'absent') AS $column",
            i=text(instrument),
            s=text(subscale),
            side="NULL" if side is None else text(side),
            column=name(column),
        )
        for column, (instrument, subscale, side) in chosen.items()
    )
    return compose("SELECT participant_id, session_id, $cells FROM scores GROUP BY ALL", cells=cells)


def _score_cells(chosen: Mapping[str, tuple[str, str, str | None]], sided: bool) -> list[str]:
    """Scores of a side in two columns, or in one that follows the row's side."""
    cells: list[str] = []
    for column, (instrument, subscale, side) in chosen.items():
        plain = f"{instrument}.{subscale}"
        if side is None or not sided:
            cells.append(f"k.{name(column)}")
            continue
        own = [other for other in ("left", "right") if f"{plain}/{other}" in chosen]
        whens = " ".join(f"WHEN {text(other)} THEN k.{name(f'{plain}/{other}')}" for other in own)
        cells.append(f"CASE m.side {whens} END AS {name(plain + '.same_side')}")
    return list(dict.fromkeys(cells))
