"""What Table 1 counts: every value and every gap of the chosen covariates, scores and measurements, by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lumbomics.cohort.select import Selection, chosen_scores, score_names, unknown
from lumbomics.cohort.sql import compose, name, text
from lumbomics.cohort.views import columns_of, missing_of
from lumbomics.core.errors import FaultsError

OVERALL: Final = "overall"
_NO_GROUP: Final = "(not recorded)"
_NO_COVARIATES: Final = {"participant_id", "session_id", "has_images", "has_scores", "exposure_missing"}
_QUANTITY: Final = """biomarker || CASE WHEN method IS NULL THEN '' ELSE ':' || method END
    || rtrim('/' || coalesce(level, '') || '/' || coalesce(side, ''), '/')"""


def stage(connection: Any, selection: Selection, scores: Sequence[str], by: str | None) -> dict[str, tuple[int, int]]:
    """Make the temporary tables ``entries`` and ``lacks``; give each group's visits and participants.

    Every visit stands in the group ``overall`` and, where ``by`` is given, in its own.
    """
    selection.check(connection)
    columns = [column for column in columns_of(connection, "sessions") if column not in _NO_COVARIATES]
    faults = list(unknown([] if by is None else [by], columns, "column of sessions"))
    if faults:
        raise FaultsError(faults)
    _stage_visits(connection, selection, by)
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE entries (kind VARCHAR, name VARCHAR, unit VARCHAR, grp VARCHAR,
        participant_id VARCHAR, visit VARCHAR, value DOUBLE, category VARCHAR)"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE lacks (kind VARCHAR, name VARCHAR, unit VARCHAR, grp VARCHAR, reason VARCHAR,
        n BIGINT)"""
    )
    for column in columns:
        if column != by:
            _covariate(connection, column)
    wanted = chosen_scores(connection, scores) if scores else score_names(connection)
    for label, (instrument, subscale, side) in wanted.items():
        _score(connection, label, instrument, subscale, side)
    _biomarkers(connection, selection)
    rows = connection.execute(
        "SELECT grp, count(*), count(DISTINCT participant_id) FROM grouped GROUP BY grp ORDER BY grp <> $1, grp",
        [OVERALL],
    ).fetchall()
    return {group: (visits, people) for group, visits, people in rows}


def _stage_visits(connection: Any, selection: Selection, by: str | None) -> None:
    own = (
        ""
        if by is None
        else compose(
            """UNION ALL SELECT *, participant_id || '/' || session_id, coalesce(CAST($by AS VARCHAR), $none)
            FROM sessions WHERE $where""",
            by=name(by),
            none=text(_NO_GROUP),
            where=selection.sessions_where(),
        )
    )
    statement = """CREATE OR REPLACE TEMP TABLE grouped AS
        SELECT *, participant_id || '/' || session_id AS visit, $overall AS grp FROM sessions WHERE $where $own"""
    connection.execute(compose(statement, overall=text(OVERALL), where=selection.sessions_where(), own=own))


def _covariate(connection: Any, column: str) -> None:
    number = connection.execute(
        "SELECT data_type FROM (SELECT column_name, column_type AS data_type FROM (DESCRIBE sessions)) "
        "WHERE column_name = ?",
        [column],
    ).fetchone()[0] in ("DOUBLE", "INTEGER", "BIGINT")
    parts = {
        "label": text(column),
        "column": name(column),
        "value": name(column) if number else "NULL",
        "category": "NULL" if number else f"CAST({name(column)} AS VARCHAR)",
    }
    connection.execute(
        compose(
            """INSERT INTO entries SELECT 'covariate', $label, NULL, grp, participant_id, visit, $value, $category
            FROM grouped WHERE $column IS NOT NULL""",
            **parts,
        )
    )
    connection.execute(
        compose(
            """INSERT INTO lacks SELECT 'covariate', $label, NULL, grp, 'not_recorded', count(*)
            FROM grouped WHERE $column IS NULL GROUP BY grp""",
            **parts,
        )
    )


def _score(connection: Any, label: str, instrument: str, subscale: str, side: str | None) -> None:
    """Values of one score, and the visits that lack it with the reason."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE one AS SELECT g.grp, g.participant_id, g.visit, s.* EXCLUDE (participant_id)
        FROM grouped g LEFT JOIN scores s ON s.participant_id = g.participant_id AND s.session_id = g.session_id
        AND s.instrument = $1 AND s.subscale = $2 AND s.side IS NOT DISTINCT FROM $3""",
        [instrument, subscale, side],
    )
    units = connection.execute("SELECT max(unit) FROM one").fetchone()
    connection.execute(
        """INSERT INTO entries SELECT 'score', $1, $2, grp, participant_id, visit, value,
            CASE WHEN value IS NULL THEN category END FROM one WHERE status <> 'absent'""",
        [label, units[0]],
    )
    connection.execute(
        """INSERT INTO lacks SELECT 'score', $1, $2, grp, coalesce(reason, 'no_row'), count(*) FROM one
        WHERE status IS NULL OR status = 'absent' GROUP BY ALL""",
        [label, units[0]],
    )


def _biomarkers(connection: Any, selection: Selection) -> None:
    """Values of the chosen measurements; what a visit lacks counts once for each quantity that others have."""
    parts = {"quantity": _QUANTITY, "where": selection.where()}
    connection.execute(
        compose(
            """CREATE OR REPLACE TEMP TABLE wanted AS
            SELECT *, $quantity AS quantity FROM measurements WHERE $where AND status = 'ok'""",
            **parts,
        )
    )
    connection.execute(
        """INSERT INTO entries SELECT 'biomarker', w.quantity, w.unit, g.grp, g.participant_id, g.visit, w.value,
            CASE WHEN w.value IS NULL THEN w.category END
        FROM wanted w JOIN grouped g USING (participant_id, session_id)"""
    )
    connection.execute(
        compose(
            """INSERT INTO lacks
        WITH known AS (SELECT DISTINCT biomarker, method, level, side, quantity, unit FROM wanted)
        SELECT 'biomarker', k.quantity, k.unit, g.grp, x.reason, count(*)
        FROM ($missing) x JOIN grouped g USING (participant_id, session_id)
        JOIN known k ON k.biomarker = x.biomarker AND k.method IS NOT DISTINCT FROM x.method
            AND k.level IS NOT DISTINCT FROM x.level AND k.side IS NOT DISTINCT FROM x.side
        GROUP BY ALL""",
            missing=missing_of(connection, "wanted"),
        )
    )
    connection.execute(
        """INSERT INTO lacks
        WITH known AS (SELECT DISTINCT quantity, unit FROM wanted)
        SELECT 'biomarker', k.quantity, k.unit, g.grp, 'no_images', count(*)
        FROM grouped g CROSS JOIN known k WHERE NOT g.has_images GROUP BY ALL"""
    )
