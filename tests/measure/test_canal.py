"""Canal and dural sac on a digital reference object, against its truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import CANAL, CORD
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Measurement, Reason, Result, Shape
from lumbomics.measure import canal_profile, describe_spine
from lumbomics.measure.canal import SIDES_CUT_OFF, bony_canal_dimensions
from lumbomics.measure.dural_sac import dural_sac_area, dural_sac_diameters
from lumbomics.phantom import Phantom, make_phantom
from lumbomics.phantom.chain import disc_frame
from lumbomics.phantom.truth.canals import disc_canal_truth
from lumbomics.phantom.truth.frames import defined_vertebrae

DISCS = ("T12-L1", "L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")


@pytest.fixture(scope="module")
def patient() -> Phantom:
    return make_phantom(1001)


@pytest.fixture(scope="module")
def millimetre(patient: Phantom) -> Segmentation:
    return patient.segmentation(patient.default_grid(1.0))


@pytest.fixture(scope="module")
def sagittal(patient: Phantom) -> Segmentation:
    return patient.segmentation(patient.sagittal_grid())


@pytest.fixture(scope="module")
def truth(patient: Phantom, millimetre: Segmentation) -> dict[tuple[str, str, str | None], float]:
    """True sections at four discs, from the closed-form geometry."""
    vertebrae = defined_vertebrae(patient.anatomy)
    values: dict[tuple[str, str, str | None], float] = {}
    for upper, lower, disc in (("L1", "L2", 120), ("L2", "L3", 121), ("L3", "L4", 122), ("L4", "L5", 123)):
        centroid = millimetre.spine.points_mm(disc).mean(axis=0)
        axes = disc_frame(vertebrae[upper].vertebra, vertebrae[lower].vertebra)
        for result in disc_canal_truth(patient.anatomy, f"{upper}-{lower}", centroid, axes):
            assert isinstance(result, Measurement)
            assert result.value is not None
            values[result.biomarker, result.method, result.level] = result.value
    return values


@pytest.fixture(scope="module", params=["millimetre", "sagittal"])
def results(request: pytest.FixtureRequest) -> list[Result]:
    spine = describe_spine(request.getfixturevalue(request.param))
    return [*bony_canal_dimensions(spine), *dural_sac_area(spine), *dural_sac_diameters(spine)]


def value_of(results: list[Result], biomarker: str, method: str, level: str) -> Measurement:
    (found,) = [r for r in results if (r.biomarker, r.method, r.level) == (biomarker, method, level)]
    assert isinstance(found, Measurement), found
    return found


@pytest.mark.parametrize(
    ("biomarker", "method", "percent"),
    [
        ("bony_canal_dimensions", "area", 4.0),
        ("bony_canal_dimensions", "anteroposterior", 3.0),
        ("dural_sac_area", "perpendicular_at_disc", 4.0),
        ("dural_sac_area", "minimum_within_6mm", 4.0),
        ("dural_sac_diameters", "anteroposterior", 3.0),
        ("dural_sac_diameters", "transverse", 4.0),
    ],
)
def test_sections_agree_with_the_geometry(
    results: list[Result],
    truth: dict[tuple[str, str, str | None], float],
    biomarker: str,
    method: str,
    percent: float,
) -> None:
    errors = []
    for level in ("L1-L2", "L2-L3", "L3-L4", "L4-L5"):
        found, true = value_of(results, biomarker, method, level), truth[biomarker, method, level]
        assert found.value is not None
        assert found.se is not None
        assert abs(found.value - true) < 3 * found.se
        errors.append(100 * (found.value - true) / true)
    assert abs(np.mean(errors)) < percent


def test_every_site_is_answered_exactly_once(results: list[Result]) -> None:
    keys = [(r.biomarker, r.method, r.level) for r in results]
    assert len(keys) == len(set(keys))
    for method in ("perpendicular_at_disc", "minimum_within_6mm"):
        assert {k[2] for k in keys if k[:2] == ("dural_sac_area", method)} == set(DISCS)


def test_the_smallest_canal_area_of_a_level_is_never_above_that_at_its_discs(results: list[Result]) -> None:
    for upper, level, lower in zip(DISCS[:-1], ("L1", "L2", "L3", "L4", "L5"), DISCS[1:], strict=True):
        smallest = value_of(results, "bony_canal_dimensions", "area_minimum", level).value
        at_discs = [value_of(results, "bony_canal_dimensions", "area", disc).value for disc in (upper, lower)]
        assert smallest is not None
        assert all(at_disc is not None and smallest <= at_disc for at_disc in at_discs)


def test_the_smallest_sac_area_near_a_disc_is_never_above_that_at_the_disc(results: list[Result]) -> None:
    for disc in DISCS:
        smallest = value_of(results, "dural_sac_area", "minimum_within_6mm", disc).value
        at_disc = value_of(results, "dural_sac_area", "perpendicular_at_disc", disc).value
        assert smallest is not None
        assert at_disc is not None
        assert smallest <= at_disc


def test_drawings_lie_in_the_section(results: list[Result]) -> None:
    found = value_of(results, "bony_canal_dimensions", "anteroposterior", "L4-L5")
    polygon, line = found.drawings
    assert polygon.shape is Shape.POLYGON
    assert np.linalg.svd(polygon.points_mm - polygon.points_mm.mean(axis=0))[1][2] < 1e-6
    assert np.linalg.norm(np.diff(line.points_mm, axis=0)) == pytest.approx(found.value)


def test_interpedicular_distance_is_wider_than_the_canal_is_deep(results: list[Result]) -> None:
    wide = value_of(results, "bony_canal_dimensions", "interpedicular", "L3").value
    deep = value_of(results, "bony_canal_dimensions", "anteroposterior_midbody", "L3").value
    assert wide is not None
    assert deep is not None
    assert 1.05 * deep < wide < 2.5 * deep


def test_profile_lists_levels_from_tail_to_head(millimetre: Segmentation) -> None:
    profile = canal_profile(describe_spine(millimetre))
    assert len(profile.area_mm2) == len(profile.stations_mm) == len(profile.centres_mm) > 100
    assert np.all(np.diff(profile.stations_mm) > 0)
    order = [profile.level_stations_mm[level] for level in ("L5-S1", "L5", "L4-L5", "L4", "L3-L4")]
    assert order == sorted(order)
    assert np.all(profile.anteroposterior_mm < profile.transverse_mm + 5)


def without(segmentation: Segmentation, *values: int) -> Segmentation:
    array = segmentation.spine.array.copy()
    array[np.isin(array, values)] = 0
    return replace(segmentation, spine=replace(segmentation.spine, array=array))


def test_a_cord_is_no_canal(millimetre: Segmentation) -> None:
    array = millimetre.spine.array.copy()
    array[array == CANAL] = CORD
    spine = describe_spine(replace(millimetre, spine=replace(millimetre.spine, array=array)))
    for result in bony_canal_dimensions(spine):
        if not (result.method or "").startswith("vertebral_foramen"):
            assert isinstance(result, Absent)
            assert result.reason is Reason.STRUCTURE_NOT_LABELLED


def test_the_cord_counts_as_canal_where_both_are_labelled(millimetre: Segmentation) -> None:
    array = millimetre.spine.array.copy()
    array[array == CORD] = CANAL
    spine = describe_spine(replace(millimetre, spine=replace(millimetre.spine, array=array)))
    merged = value_of(bony_canal_dimensions(spine), "bony_canal_dimensions", "area", "T12-L1").value
    apart = value_of(bony_canal_dimensions(describe_spine(millimetre)), "bony_canal_dimensions", "area", "T12-L1").value
    assert merged == pytest.approx(apart, rel=1e-9)


def test_the_canal_never_stands_in_for_a_missing_sac(millimetre: Segmentation) -> None:
    spine = describe_spine(replace(millimetre, dural_sac=None))
    for result in [*dural_sac_area(spine), *dural_sac_diameters(spine)]:
        assert isinstance(result, Absent)
        assert result.reason is Reason.STRUCTURE_NOT_LABELLED


def test_a_disc_without_label_is_placed_between_the_endplates_and_says_so(millimetre: Segmentation) -> None:
    whole = value_of(bony_canal_dimensions(describe_spine(millimetre)), "bony_canal_dimensions", "area", "L3-L4")
    bare = value_of(
        bony_canal_dimensions(describe_spine(without(millimetre, 122))), "bony_canal_dimensions", "area", "L3-L4"
    )
    assert bare.caution is not None
    assert whole.caution is None
    assert bare.value == pytest.approx(whole.value, rel=0.03)


def test_cutting_the_image_above_a_level_leaves_lower_levels_unchanged(millimetre: Segmentation) -> None:
    top = int(millimetre.spine.boxes[22][2].start)
    grid = millimetre.spine.grid
    small = Grid((*grid.shape[:2], top), grid.affine)

    def crop(labels: Labels) -> Labels:
        return replace(labels, array=labels.array[:, :, :top].copy(), grid=small)

    assert millimetre.dural_sac is not None
    cropped = Segmentation(spine=crop(millimetre.spine), dural_sac=crop(millimetre.dural_sac))
    whole, part = (dural_sac_area(describe_spine(s)) for s in (millimetre, cropped))
    before, after = (value_of(r, "dural_sac_area", "perpendicular_at_disc", "L5-S1") for r in (whole, part))
    assert after.value == pytest.approx(before.value, abs=1.96 * (before.se or 0))
    (gone,) = [r for r in part if r.method == "perpendicular_at_disc" and r.level == "L1-L2"]
    assert isinstance(gone, Absent)
    assert gone.reason is Reason.FIELD_OF_VIEW


def slab(whole: Labels, half_width: int) -> Segmentation:
    """The sagittal slices within so many voxels of the canal's middle."""
    columns = whole.boxes[CANAL][0]
    first = (columns.start + columns.stop) // 2 - half_width
    affine = whole.grid.affine.copy()
    affine[:3, 3] = whole.grid.to_world([first, 0, 0])
    grid = Grid((2 * half_width + 1, *whole.grid.shape[1:]), affine)
    return Segmentation(spine=Labels(whole.array[first : first + grid.shape[0]].copy(), grid, boundary_sd_mm=0.0))


def test_a_slab_narrower_than_the_canal_still_shows_its_depth_but_no_area(millimetre: Segmentation) -> None:
    whole, cut = (bony_canal_dimensions(describe_spine(s)) for s in (millimetre, slab(millimetre.spine, 8)))
    for result in cut:
        if result.method in {"area", "area_minimum"}:
            assert isinstance(result, Absent)
            assert result.reason is Reason.FIELD_OF_VIEW
    for method, levels in (("anteroposterior", DISCS[1:5]), ("anteroposterior_midbody", ("L2", "L3", "L4"))):
        for level in levels:
            seen = value_of(cut, "bony_canal_dimensions", method, level)
            assert seen.caution == SIDES_CUT_OFF
            assert seen.value == pytest.approx(
                value_of(whole, "bony_canal_dimensions", method, level).value, abs=2.5 * (seen.se or 0)
            )
