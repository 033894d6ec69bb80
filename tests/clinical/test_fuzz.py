"""Whatever a file holds, reading ends with notes or our own errors, never with somebody else's."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lumbomics.clinical import Reader, gather, score_all
from lumbomics.core.errors import LumbomicsError

HEADERS = st.sampled_from(
    [
        "participant_id",
        "session_id",
        "date",
        "birth_date",
        "odi_1",
        "nrs_leg_left",
        "vas_back",
        "slr_site_left",
        "eq5d_state",
        "age",
        "sex",
        "rmdq___1",
        "treatment_log_date",
        "treatment_log_type",
        "treatment_log_levels",
        "\u200b",
    ]
)
CELLS = st.one_of(
    st.sampled_from(
        [
            "01",
            "2024-01-02",
            "13/02/2020",
            "02/13/2020",
            "3",
            "1,5",
            "1.5",
            "7cm",
            "L4/5",
            "surgery",
            "-99",
            "leg",
            "n/a",
            "21345",
            "٣",
            "1e9",
            "nan",
            "inf",
        ]
    ),
    st.sampled_from(["", "9" * 400, '"', "\r", "\x85", "7 cm", "31.02.2020"]),
    st.text(max_size=6),
)


def read(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            data = gather([path], Reader(today=date(2026, 1, 1)))
            score_all(data.answers)
        except LumbomicsError:
            return


@settings(max_examples=60, deadline=None)
@given(
    st.lists(HEADERS, min_size=1, max_size=8),
    st.lists(st.lists(CELLS, max_size=8), max_size=5),
    st.sampled_from(",;\t|"),
)
def test_odd_tables_end_in_notes(header: list[str], rows: list[list[str]], separator: str) -> None:
    text = "\n".join(separator.join(row) for row in [header, *rows])
    read("treatment_log.csv" if len(header) % 2 else "a.tsv", text.encode("utf-8", errors="replace"))


@example(content=b"\xef\xbb\xbf", name="t.csv")
@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["a.csv", "a.tsv", "a.xlsx"]))
def test_odd_bytes_end_in_notes(content: bytes, name: str) -> None:
    read(name, content)
