"""Views of the index: people and visits with all that is known of them, measurements beside scores."""

from __future__ import annotations

from typing import Any, Final

from lumbomics.cohort.sql import compose, name, texts

_KEYS: Final = ("participant_id", "session_id")

_FIXED: Final = {
    "matched": """
        SELECT m.participant_id, m.session_id, m.biomarker, m.method, m.level, m.side, m.value, m.category, m.unit,
            m.se, m.posture, m.series, m.months_since_surgery, s.instrument, s.subscale, s.side AS score_side,
            s.value AS score, s.category AS score_category, s.unit AS score_unit, s.higher_is_worse
        FROM measurements m JOIN scores s USING (participant_id, session_id)
        WHERE m.status = 'ok' AND s.status <> 'absent'""",
    "side_matched": """
        SELECT m.participant_id, m.session_id, m.biomarker, m.method, m.level, m.side, m.value, m.category, m.unit,
            m.se, m.posture, m.series, m.months_since_surgery, s.instrument, s.subscale, s.value AS score,
            s.unit AS score_unit, s.higher_is_worse, o.value AS score_other_side
        FROM measurements m
        JOIN scores s ON s.participant_id = m.participant_id AND s.session_id = m.session_id AND s.side = m.side
        LEFT JOIN scores o ON o.participant_id = s.participant_id AND o.session_id = s.session_id
            AND o.instrument = s.instrument AND o.subscale = s.subscale AND o.status <> 'absent'
            AND o.side = CASE s.side WHEN 'left' THEN 'right' ELSE 'left' END
        WHERE m.status = 'ok' AND s.status <> 'absent' AND m.side IN ('left', 'right')""",
    "missing": """
        WITH present AS NOT MATERIALIZED (
            SELECT DISTINCT participant_id, session_id, biomarker, method, level, side
            FROM measurements WHERE status = 'ok'),
        quantity AS NOT MATERIALIZED (SELECT DISTINCT biomarker, method, level, side FROM present),
        lacking AS (
            SELECT v.participant_id, v.session_id, q.biomarker, q.method, q.level, q.side
            FROM (FROM visits WHERE rows > 0) v CROSS JOIN quantity q ANTI JOIN present p
            ON p.participant_id = v.participant_id AND p.session_id = v.session_id AND p.biomarker = q.biomarker
                AND p.method IS NOT DISTINCT FROM q.method AND p.level IS NOT DISTINCT FROM q.level
                AND p.side IS NOT DISTINCT FROM q.side)
        SELECT l.participant_id, l.session_id, l.biomarker, l.method, l.level, l.side,
            coalesce(max_by(a.reason, (a.method IS NOT NULL)::INT + (a.level IS NOT NULL)::INT
                + (a.side IS NOT NULL)::INT), 'no_row') AS reason
        FROM lacking l LEFT JOIN measurements a
        ON a.status = 'absent' AND a.participant_id = l.participant_id AND a.session_id = l.session_id
            AND a.biomarker = l.biomarker AND (a.method IS NULL OR a.method IS NOT DISTINCT FROM l.method)
            AND (a.level IS NULL OR a.level IS NOT DISTINCT FROM l.level)
            AND (a.side IS NULL OR a.side IS NOT DISTINCT FROM l.side)
        GROUP BY l.participant_id, l.session_id, l.biomarker, l.method, l.level, l.side""",
}


def create_views(connection: Any) -> None:
    """Make all views anew, over the tables that are there."""
    connection.execute(_sessions(connection))
    connection.execute(_participants(connection))
    for view, statement in _FIXED.items():
        connection.execute(f"CREATE OR REPLACE VIEW {view} AS {statement}")


def columns_of(connection: Any, table: str) -> list[str]:
    """Names of a table's columns."""
    found = connection.execute("SELECT column_name FROM (DESCRIBE (FROM query_table(?)))", [table]).fetchall()
    return [row[0] for row in found]


def missing_of(connection: Any, staged: str) -> str:
    """Statement for the rows of ``missing`` about the biomarkers that a staged table holds.

    They are named in full, so that the database lists what is missing of these alone: of all it would take some
    gigabytes in a large cohort.
    """
    found = connection.execute(compose("SELECT DISTINCT biomarker FROM $staged", staged=name(staged))).fetchall()
    wanted = texts(sorted(row[0] for row in found))
    return compose("SELECT * FROM missing WHERE $which", which=f"biomarker IN ({wanted})" if found else "false")


def _sessions(connection: Any) -> str:
    """Every visit with images or answers, with what is known of the visit and of the person; the first table wins."""
    taken = {*_KEYS, "has_images", "has_scores"}
    cells: list[str] = []
    for alias, table in (("c", "covariates"), ("s", "sessions_file"), ("p", "participants_file")):
        own = [column for column in columns_of(connection, table) if column.casefold() not in taken]
        taken |= {column.casefold() for column in own}
        cells += [f"{alias}.{name(column)}" for column in own]
    return compose(
        """CREATE OR REPLACE VIEW sessions AS
        SELECT k.participant_id, k.session_id, v.participant_id IS NOT NULL AS has_images,
            EXISTS (SELECT 1 FROM scores x WHERE x.participant_id = k.participant_id AND x.session_id = k.session_id)
                AS has_scores $cells
        FROM (SELECT participant_id, session_id FROM visits WHERE rows > 0 UNION
            SELECT participant_id, session_id FROM scores UNION
            SELECT participant_id, session_id FROM covariates WHERE session_id IS NOT NULL UNION
            SELECT participant_id, session_id FROM sessions_file WHERE session_id IS NOT NULL) k
        LEFT JOIN visits v ON v.participant_id = k.participant_id AND v.session_id = k.session_id AND v.rows > 0
        LEFT JOIN covariates c ON c.participant_id = k.participant_id AND c.session_id = k.session_id
        LEFT JOIN sessions_file s ON s.participant_id = k.participant_id AND s.session_id = k.session_id
        LEFT JOIN participants_file p ON p.participant_id = k.participant_id""",
        cells="".join(f", {cell}" for cell in cells),
    )


def _participants(connection: Any) -> str:
    own = [column for column in columns_of(connection, "participants_file") if column not in ("participant_id",)]
    return compose(
        """CREATE OR REPLACE VIEW participants AS
        SELECT k.participant_id, k.sessions $cells
        FROM (SELECT participant_id, count(session_id) AS sessions FROM (
            SELECT participant_id, session_id FROM sessions UNION
            SELECT participant_id, NULL FROM participants_file) GROUP BY participant_id) k
        LEFT JOIN participants_file p USING (participant_id)""",
        cells="".join(f", p.{name(column)}" for column in own if column.casefold() != "sessions"),
    )
