"""An earlier visit of the same patient, put together again from its images and from what was written of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lumbomics.core.errors import ReadError
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.visit import Series, Visit
from lumbomics.read import read_nifti_labels
from lumbomics.report.postoperative import ExaminedVisit
from lumbomics.run.bundle import MAPS, read_segmentation
from lumbomics.run.corrections import MANUAL
from lumbomics.run.examination import Examined
from lumbomics.run.examination_results import TISSUE_MAP
from lumbomics.run.labelling import AUTO, GIVEN
from lumbomics.write import bids_path, is_complete, read_measurements, visit_folder, visit_path, write_json_atomic

RECORD = "examination.json"


@dataclass(frozen=True, kw_only=True)
class EarlierVisit:
    """A visit before the present one.

    Parameters
    ----------
    participant, session
        BIDS labels.
    read
        Reads its images.
    """

    participant: str
    session: str
    read: Callable[[], Visit] = field(repr=False)

    def state(self, out: Path) -> str | None:
        """Fingerprint of what was written of it; ``None`` where it is not finished or holds no examination."""
        visit = Visit(participant=self.participant, session=self.session)
        files = [visit_path(out, visit, name) for name in (RECORD, "measurements.tsv")]
        if not all(file.is_file() for file in files) or not is_complete(visit_folder(out, visit)):
            return None
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    def examined(self, out: Path) -> ExaminedVisit:
        """Put the visit together again.

        Images come from the source; label maps, tissue maps, places of the series and results from the derivatives.

        Raises
        ------
        LumbomicsError
            If images or maps are no longer there, or cannot be read.
        """
        visit = self.read()
        record = _record(visit_path(out, visit, RECORD))
        own = {series.name: series for series in visit.series}
        lacking = sorted(set(record["series"]) - set(own))
        if lacking:
            raise ReadError("series of the earlier visit are gone", got=", ".join(lacking), where=visit.prefix)
        frame = own[record["reference"]].image.grid.frame
        scans = tuple(_scan(out, visit, own[name], place, frame) for name, place in record["series"].items())
        examination = Examination(segmentation=_segmentation(out, visit, record["reference"]), scans=scans)
        rows = read_measurements(visit_path(out, visit, "measurements.tsv"))
        return ExaminedVisit(examination=examination, results=tuple(row.result for row in rows))


def write_examination_record(out: Path, visit: Visit, examined: Examined) -> list[Path]:
    """Write where each series lies in the space of the examination; nothing where there is none."""
    if examined.examination is None:
        return []
    record = {
        "reference": examined.reference,
        "units": "mm, RAS+",
        "series": {
            scan.name: {"affine": scan.image.grid.affine.tolist(), "error_mm": scan.registration_error_mm}
            for scan in examined.examination.scans
        },
        "left_out": dict(examined.examination.left_out),
    }
    return [write_json_atomic(record, visit_path(out, visit, RECORD))]


def _record(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {"reference": str(content["reference"]), "series": dict(content["series"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReadError("the record of an examination cannot be read", got=type(error).__name__, where=path.name) from (
            error
        )


def _scan(out: Path, visit: Visit, series: Series, place: Mapping[str, Any], frame: str | None) -> Scan:
    """Lay a series where the examination had it, with its tissue map where one was drawn."""
    grid = Grid(series.image.grid.shape, np.array(place["affine"], dtype=np.float64), frame)
    path = bids_path(out, visit, series.name, seg=TISSUE_MAP, desc=AUTO)
    tissue: Labels | None = None
    if path.is_file():
        drawn = read_nifti_labels(path, source="drawn at that visit")
        series.image.grid.require_same_place(drawn.grid, where=f"tissue map of {series.name}")
        tissue = replace(drawn, grid=grid)
    return Scan(
        name=series.name,
        image=replace(series.image, grid=grid, contrast=series.kind.contrast),
        plane=series.kind.plane,
        fat_suppressed=series.kind.fat_suppressed,
        tissue=tissue,
        registration_error_mm=place["error_mm"],
        facts=series.facts,
    )


def _segmentation(out: Path, visit: Visit, series: str) -> Segmentation:
    """Label maps of a series as they were used: an operator's before given ones, those before the engine's."""
    for desc in (MANUAL, GIVEN, AUTO):
        paths = [
            bids_path(out, visit, series, suffix=kind.suffix, desc=desc, **{kind.entity: kind.value})
            for kind in MAPS.values()
        ]
        found = [path for path in paths if path.is_file()]
        if found:
            return read_segmentation(found, source=desc)
    raise ReadError("the earlier visit has no label map", where=f"{visit.prefix} {series}")
