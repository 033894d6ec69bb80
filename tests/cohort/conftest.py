"""A small study of four patients whose every number is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

from lumbomics.clinical.tables import SCORE_COLUMNS
from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Absent, Context, Measurement, Reason, Result
from lumbomics.core.provenance import Provenance
from lumbomics.write import write_measurements, write_run_manifest

SCORES = tuple(SCORE_COLUMNS)


def lordosis(value: float, **changed: object) -> Measurement:
    return Measurement(biomarker="lordosis", method="cobb", unit="deg", value=value, **changed)  # type: ignore[arg-type]


def foramen(value: float, side: Side, level: str = "L4-L5", **changed: object) -> Measurement:
    return Measurement(
        biomarker="foramen_area", method="sagittal", unit="mm2", level=level, side=side, value=value, **changed
    )  # type: ignore[arg-type]


def grade(category: str, level: str = "L4-L5") -> Measurement:
    return Measurement(biomarker="disc_grade", method="pfirrmann", unit="1", level=level, category=category)


def write_visit(
    root: Path, participant: str, session: str, results: Sequence[Result], *, image: str = "", finished: bool = True
) -> Path:
    """A visit as the main job leaves it; gives its table."""
    folder = root / f"sub-{participant}" / f"ses-{session}"
    context = Context(series="acq-sag_T2w")
    placed = [result if result.context.series else result.within(context) for result in results]
    path = folder / f"sub-{participant}_ses-{session}_measurements.tsv"
    files = write_measurements(placed, path, participant=participant, session=session)
    inputs = {"acq-sag_T2w": image or f"hash of {participant} {session}", "label map 1": "the same for all"}
    provenance = Provenance(
        software=MappingProxyType({"lumbomics": "0"}),
        inputs=MappingProxyType(inputs),
        decisions=(),
        started="2026-01-01",
        finished="2026-01-02",
    )
    if finished:
        write_run_manifest(folder, provenance=provenance, files=files)
    return path


def write_tsv(path: Path, rows: Sequence[dict[str, object]], columns: Sequence[str] | None = None) -> Path:
    names = list(columns or rows[0])
    lines = ["\t".join(str(row.get(name, "n/a")) for name in names) for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["\t".join(names), *lines]) + "\n", encoding="utf-8")
    return path


def score(
    participant: str, session: str, value: float | None, *, name: str = "odi", side: str = "n/a"
) -> dict[str, object]:
    row = {"participant_id": f"sub-{participant}", "session_id": f"ses-{session}", "instrument": name, "side": side}
    own = {"value": value, "status": "ok"} if value is not None else {"status": "absent", "reason": "missing_items"}
    return {**row, "subscale": "total", "unit": "%" if name == "odi" else "1", **own}


def write_study(root: Path) -> Path:
    """Four patients: lordosis 40 to 55, foramina left 100 to 130 and right 200 to 230; leg pain by side."""
    for number, value in enumerate((40.0, 45.0, 50.0, 55.0), start=1):
        participant = f"{number:02d}"
        results: list[Result] = [
            lordosis(value),
            foramen(90.0 + 10 * number, Side.LEFT),
            foramen(190.0 + 10 * number, Side.RIGHT),
            grade("III" if number < 3 else "IV"),
        ]
        if number == 4:
            results[1] = Absent(
                biomarker="foramen_area",
                method="sagittal",
                level="L4-L5",
                side=Side.LEFT,
                reason=Reason.FIELD_OF_VIEW,
                detail="cut",
            )
        write_visit(root, participant, "01", results)
    odi = [score("01", "01", 20), score("02", "01", 30), score("03", "01", 60), score("04", "01", None)]
    pain = [
        score(f"{number:02d}", "01", number if side == "left" else 10 - number, name="nrs_leg", side=side)
        for number in (1, 2, 3, 4)
        for side in ("left", "right")
    ]
    write_tsv(root / "phenotype" / "odi.tsv", odi, SCORES)
    write_tsv(root / "phenotype" / "nrs_leg.tsv", pain, SCORES)
    people = [
        {"participant_id": f"sub-{number:02d}", "session_id": "ses-01", "sex": sex, "age_years": age}
        for number, sex, age in ((1, "female", 40), (2, "female", 50), (3, "male", 60), (4, "male", 70))
    ]
    write_tsv(root / "phenotype" / "covariates.tsv", people)
    return root


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path / "derivatives")


def nothing(biomarker: str) -> Absent:
    """Absent as a whole, as where nothing was labelled."""
    return Absent(biomarker=biomarker, reason=Reason.STRUCTURE_NOT_LABELLED, detail="no map")


@pytest.fixture
def write() -> SimpleNamespace:
    """What makes more visits and tables."""
    return SimpleNamespace(
        lordosis=lordosis, foramen=foramen, nothing=nothing, score=score, write_visit=write_visit, write_tsv=write_tsv
    )
