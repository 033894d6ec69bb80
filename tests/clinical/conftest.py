"""Tables written for one test, and answers made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from lumbomics.clinical import Answers, ClinicalData, Place, Reader, Score, gather, score
from lumbomics.core.anatomy import Side

TODAY = date(2026, 1, 1)
Answer = Mapping[str, float | str]


@pytest.fixture
def fill() -> Callable[..., dict[tuple[str, Side | None], Score]]:
    """Score answers of one instrument given as keywords or a mapping; scores by subscale and side."""

    def run(instrument: str, answers: Answer, **kwargs: object) -> dict[tuple[str, Side | None], Score]:
        values = {(item, None): value for item, value in answers.items()}
        filled = Answers(
            participant="01",
            session="01",
            instrument=instrument,
            values=values,
            asked=frozenset(values),
            place=Place(file="test"),
        )
        return {(one.subscale, one.side): one for one in score(filled, **kwargs)}  # type: ignore[arg-type]

    return run


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a table and give its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def read(table: Callable[[str, str], Path]) -> Callable[..., ClinicalData]:
    """Write tables given as name -> text, and gather them."""

    def run(tables: Mapping[str, str], **options: object) -> ClinicalData:
        paths = [table(name, text) for name, text in tables.items()]
        return gather(paths, Reader(**{"today": TODAY, **options}))  # type: ignore[arg-type]

    return run
