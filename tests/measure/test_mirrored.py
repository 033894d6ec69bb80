"""A mirrored patient has mirrored results: every side-wise biomarker of several series, and no other changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lumbomics.catalogue import load_biomarkers
from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Examination
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Muscle, Segmentation, Subregion
from lumbomics.core.measurement import Absent, Result
from lumbomics.measure import EXAMINED, ExaminedSpine, describe_spine, measure_examination
from lumbomics.phantom.postoperative import Kind, make_postoperative
from lumbomics.phantom.visit import VisitProtocol

LEVEL = "L4-L5"
OTHER = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT, None: None}
_PAIRS = (
    (Subregion.COSTAL_PROCESS_LEFT, Subregion.COSTAL_PROCESS_RIGHT),
    (Subregion.SUPERIOR_ARTICULAR_LEFT, Subregion.SUPERIOR_ARTICULAR_RIGHT),
    (Subregion.INFERIOR_ARTICULAR_LEFT, Subregion.INFERIOR_ARTICULAR_RIGHT),
)
_SUBREGIONS = {**dict(_PAIRS), **{right: left for left, right in _PAIRS}}
Rename = Callable[[int], int]
Key = tuple[str, str, str | None, Side | None]


def _grid(grid: Grid) -> Grid:
    return Grid(grid.shape, np.diag([-1.0, 1.0, 1.0, 1.0]) @ grid.affine, grid.frame)


def _labels(labels: Labels | None, rename: Rename = lambda n: n) -> Labels | None:
    if labels is None:
        return None
    table = np.array([rename(n) for n in range(int(labels.array.max()) + 1)])
    return replace(labels, array=table[labels.array].astype(labels.array.dtype), grid=_grid(labels.grid))


def _muscle(number: int) -> int:
    return 0 if number == 0 else number + 1 if number % 2 == Muscle.PSOAS_LEFT % 2 else number - 1


def _foramen(number: int) -> int:
    return 0 if number == 0 else number + 1 if number % 2 == 0 else number - 1


def _segmentation(one: Segmentation) -> Segmentation:
    spine = _labels(one.spine)
    assert spine is not None
    return replace(
        one,
        spine=spine,
        subregion=_labels(one.subregion, lambda n: int(_SUBREGIONS.get(n, n))),  # type: ignore[call-overload]
        dural_sac=_labels(one.dural_sac),
        foramina=_labels(one.foramina, _foramen),
        muscle=_labels(one.muscle, _muscle),
    )


def mirrored(one: Examination) -> Examination:
    """The same patient in a mirror: no voxel changes, only where it lies and what side it is called."""
    scans = tuple(
        replace(
            scan,
            image=Image(scan.image.array, _grid(scan.image.grid), scan.image.quantity, scan.image.contrast),
            tissue=_labels(scan.tissue),
            muscle=_labels(scan.muscle, _muscle),
            obscured=_labels(scan.obscured),
        )
        for scan in one.scans
    )
    operations = tuple(replace(op, side=OTHER.get(op.side, op.side)) for op in one.operations)
    return Examination(segmentation=_segmentation(one.segmentation), scans=scans, operations=operations)


@pytest.fixture(scope="module")
def examination() -> Examination:
    """Much scar and a displaced disc on the right of L4-L5: two short axial stacks, three sagittal series."""
    phantom = make_postoperative(21, Kind.MIXED, level=LEVEL, side=Side.RIGHT)
    protocol = VisitProtocol(
        levels=("L3-L4", LEVEL), angled=True, slices=4, sagittal_mm=1.0, in_plane_mm=0.65, sagittal_slices=17
    )
    return phantom.examination(protocol)


@pytest.fixture(scope="module")
def measured(examination: Examination) -> Callable[[str], tuple[dict[Key, Result], dict[Key, Result]]]:
    """Results of one biomarker in the patient and in the mirror, the spines described once."""
    spines = [
        ExaminedSpine(spine=describe_spine(one.segmentation), examination=one)
        for one in (examination, mirrored(examination))
    ]

    def measure(biomarker: str) -> tuple[dict[Key, Result], dict[Key, Result]]:
        first, second = (
            {(r.biomarker, r.method or "", r.level, r.side): r for r in measure_examination(spine, only=[biomarker])}
            for spine in spines
        )
        return first, second

    return measure


SIDED = sorted(name for name in EXAMINED if load_biomarkers()[name].side_wise)


@pytest.mark.parametrize("biomarker", SIDED)
def test_a_mirrored_patient_has_mirrored_results(
    biomarker: str, measured: Callable[..., tuple[dict[Key, Result], ...]]
) -> None:
    first, second = measured(biomarker)
    assert len(first) == len(second) > 0
    for (name, method, level, side), one in first.items():
        twin = second[name, method, level, OTHER[side]]
        where = f"{name}.{method} at {level} on the {side}"
        if isinstance(one, Absent) or isinstance(twin, Absent):
            assert isinstance(one, Absent), where
            assert isinstance(twin, Absent), where
            assert one.reason is twin.reason, where
            continue
        assert one.category == twin.category, where
        if one.value is not None:
            assert twin.value == pytest.approx(one.value, rel=0.02, abs=0.02), where


def test_the_patient_is_not_its_own_mirror_image(measured: Callable[..., tuple[dict[Key, Result], ...]]) -> None:
    first, _ = measured("ross_fibrosis_sum")
    left, right = (first["ross_fibrosis_sum", "scar_volume", LEVEL, side] for side in (Side.LEFT, Side.RIGHT))
    assert getattr(right, "value", 0) > 1.5 * getattr(left, "value", 0) > 0


def test_without_contrast_series_every_row_that_needs_one_says_so(examination: Examination) -> None:
    plain = replace(examination, scans=tuple(s for s in examination.scans if s.contrast is not Contrast.T1_POST))
    spine = ExaminedSpine(spine=describe_spine(plain.segmentation), examination=plain)
    ids = ("ross_fibrosis_grade", "ross_fibrosis_sum", "enhancement_ratio", "perineural_enhancement")
    here = [r for r in measure_examination(spine, only=ids) if r.level == LEVEL]
    assert {getattr(r, "reason", "measured") for r in here} == {"no_contrast_series"}
