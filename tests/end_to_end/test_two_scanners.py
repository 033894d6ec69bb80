"""What is measured from signals is the same on two scanners: gain, coil shading and noise fall out.

Every measure relates signals to the patient's own tissues (fluid, muscle, fat) and takes the coil's shading off itself.
"""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.examination import Examination
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Measurement
from lumbomics.core.visit import Plane
from lumbomics.measure import EXAMINED, IMPLEMENTED, ExaminedSpine, describe_spine
from lumbomics.phantom import Acquisition, Phantom, VisitProtocol
from lumbomics.phantom.postoperative import Kind, make_postoperative

Rows = dict[tuple[str, str, str | None, str], Measurement]


@pytest.fixture(scope="module")
def patient() -> Phantom:
    return make_postoperative(3, Kind.SCAR)


def _visit(patient: Phantom, acquisition: Acquisition, *, post_gain: float) -> Examination:
    protocol = VisitProtocol(
        in_plane_mm=0.8,
        sagittal_mm=0.9,
        sagittal_slices=11,
        sagittal=(Contrast.T2,),
        acquisition=acquisition,
        post_gain=post_gain,
    )
    return patient.examination(protocol)


@pytest.fixture(scope="module")
def first(patient: Phantom) -> Examination:
    return _visit(patient, Acquisition(), post_gain=1.0)


@pytest.fixture(scope="module")
def second(patient: Phantom) -> Examination:
    """Other gain, a coil that reaches less far, twice the noise, and another gain after contrast agent."""
    return _visit(patient, Acquisition(gain=3.7, coil_reach_mm=70.0, noise=0.025), post_gain=1.6)


def _measured(examination: Examination) -> Rows:
    spine = describe_spine(examination.segmentation)
    examined = ExaminedSpine(spine=spine, examination=examination)
    [sagittal] = examination.of([Contrast.T2], plane=Plane.SAGITTAL)
    several = ("enhancement_ratio", "paraspinal_fat_fraction", "perineural_enhancement")
    rows = [row for biomarker in several for row in EXAMINED[biomarker](examined)]
    rows += IMPLEMENTED["disc_signal_ratio"](spine, sagittal.image)
    return {
        (row.biomarker, row.method, row.level, str(row.side)): row
        for row in rows
        # without a stated error: how much enhances against this scanner's own noise
        if isinstance(row, Measurement) and row.value is not None and row.se
    }


@pytest.fixture(scope="module")
def both(first: Examination, second: Examination) -> tuple[Rows, Rows]:
    return _measured(first), _measured(second)


def test_the_two_scanners_do_differ(first: Examination, second: Examination) -> None:
    def front_to_back(examination: Examination) -> float:
        """Brightness of the front third of the sagittal T2 over that of the back third."""
        array = np.asarray(examination.scans[0].image.array, dtype=float)
        third = array.shape[1] // 3
        return float(array[:, -third:].mean() / array[:, :third].mean())

    for one, other in zip(first.scans, second.scans, strict=True):
        assert np.median(other.image.array) > 2.5 * np.median(one.image.array)
    assert front_to_back(second) < 0.85 * front_to_back(first)


@pytest.mark.parametrize(
    ("biomarker", "method", "unlike"),
    [
        ("disc_signal_ratio", "median_central50_to_csf", 0.06),
        ("enhancement_ratio", "scar", 5.0),
        ("paraspinal_fat_fraction", "t1_proxy_multifidus", 5.0),
        ("paraspinal_fat_fraction", "t2_proxy_multifidus", 5.0),
        ("perineural_enhancement", "foraminal_root", 4.0),
    ],
)
def test_ratios_to_the_patients_own_tissues_are_the_same(
    both: tuple[Rows, Rows], biomarker: str, method: str, unlike: float
) -> None:
    one, other = both
    keys = [key for key in one if key[:2] == (biomarker, method) and key in other]
    assert keys
    for key in keys:
        assert one[key].value == pytest.approx(other[key].value, abs=unlike), key


def test_differences_between_scanners_lie_within_the_stated_errors(both: tuple[Rows, Rows]) -> None:
    one, other = both
    scores = [
        (one[key].value - other[key].value) / np.hypot(one[key].se, other[key].se)  # type: ignore[operator, arg-type]
        for key in one
        if key in other
    ]
    assert len(scores) > 25
    assert np.abs(scores).max() < 2
    assert np.std(scores) < 1
