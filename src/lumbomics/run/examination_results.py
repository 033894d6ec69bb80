"""Measurements from an examination, and its maps as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lumbomics.core.examination import Scan
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Context, Result
from lumbomics.core.visit import Visit
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination
from lumbomics.run.examination import Examined
from lumbomics.run.labelling import LabelledSeries
from lumbomics.segment.quality import withhold
from lumbomics.write import bids_path, write_labels_nifti

TISSUE_MAP = "canaltissue"
"""How files of the canal's tissue are named."""
_MAPS = (
    ("tissue", TISSUE_MAP, "Tissue in and about the spinal canal"),
    ("muscle", "muscle", "Paraspinal and psoas muscles"),
    ("obscured", "obscured", "What metal spoils"),
)


def measure_examined(examined: Examined, visit: Visit, labelled: Sequence[LabelledSeries]) -> tuple[Result, ...]:
    """Measure what needs several series; nothing where there is no examination.

    Values that rest on structures of the reference's map that quality control does not believe are withheld.
    """
    examination = examined.examination
    if examination is None:
        return ()
    one = next(one for one in labelled if one.series.name == examined.reference)
    context = Context(
        posture=one.series.posture,
        series=one.series.name,
        label_source=one.source,
        months_since_surgery=visit.months_since_surgery,
    )
    spine = ExaminedSpine(spine=describe_spine(examination.segmentation), examination=examination)
    results = measure_examination(spine, context=context)
    return results if one.report is None else withhold(results, one.report)


def write_examination(out: Path, visit: Visit, examined: Examined) -> list[Path]:
    """Write the maps drawn on the series, each on its series' voxels; maps without a single label are left out."""
    if examined.examination is None:
        return []
    written: list[Path] = []
    for scan in examined.examination.scans:
        for name, value, description in _MAPS:
            labels: Labels | None = getattr(scan, name)
            if labels is None or not labels.present:
                continue
            path = bids_path(out, visit, scan.name, seg=value, desc="auto")
            own = _as_acquired(labels, visit, scan)
            written += write_labels_nifti(own, path, names=labels.names, description=description)
    return written


def _as_acquired(labels: Labels, visit: Visit, scan: Scan) -> Labels:
    """Lay a map back over the series as the scanner states it, so that viewers show the two together."""
    series = next(series for series in visit.series if series.name == scan.name)
    return replace(labels, grid=series.image.grid)
