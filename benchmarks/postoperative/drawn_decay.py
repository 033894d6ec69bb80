"""How quantities on maps drawn from the images decay: noise, slices and motion spoil the map as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from postoperative.drawn import WIDE, drawn_spine, readings
from postoperative.fit_patterns import true_group
from postoperative.operated import DECAY, collect
from postoperative.operated_page import decay_tables
from postoperative.patients import KINDS, Condition, examined, patient
from postoperative.truth import true_values

LEFT = Condition(name="motion between series 1 mm, not undone", moved_mm=1.0)
CONDITIONS = tuple(replace(one, width_mm=WIDE.width_mm) for one in (*DECAY, LEFT) if not one.hidden)
Row = dict[str, Any]


def section(*, seeds: int, folder: Path, decay_seeds: int) -> list[str]:
    """Measure what is not in the folder yet, and return the section's lines."""
    del seeds
    return list(page(collect(range(decay_seeds // 3), folder / "drawn_decay.jsonl", record)))


def record(seed: int) -> Row:
    """Everything measured of one patient on maps drawn under every condition, and the truth."""
    one = patient(seed)
    found = {}
    for condition, exact in zip(CONDITIONS, examined(one, CONDITIONS), strict=True):
        drawn = drawn_spine(one, exact, settle=condition.name != LEFT.name)
        found[condition.name] = readings(one, drawn, exact)
    truth = {"|".join(key): value for key, value in true_values(one).items()}
    return {"seed": seed, "kind": one.kind.value, "group": true_group(one), "truth": truth, "found": found}


def page(rows: Sequence[Row]) -> Iterator[str]:
    """One line a condition."""
    yield "### Drawn maps under worse conditions"
    yield ""
    yield f"{len(rows)} of the patients ({len(rows) // len(KINDS)} of each): series spoilt before the map is drawn."
    yield "Absent: sides with tissue before the canal's centre whose tissue could not be told, for the drawing does not"
    yield "believe the slices or shows none there. As in a run, series are laid onto the T2 before the map is drawn,"
    yield "which undoes most motion between them; the last line is without. Metal is left out: no series here shows it."
    yield ""
    yield from decay_tables(rows, CONDITIONS)
