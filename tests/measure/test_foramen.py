"""Foramina: a drawn opening of known size, and a digital reference object against its truth."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.measure import describe_spine
from lumbomics.measure.canal import bony_canal_dimensions
from lumbomics.measure.foramen import foraminal_dimensions
from lumbomics.measure.geometry.foramen import ForamenPlane
from lumbomics.measure.geometry.frame import Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.pedicle import find_pedicle
from lumbomics.measure.geometry.surface import Solid
from lumbomics.phantom import Phantom, make_phantom
from lumbomics.phantom.posterior import pedicle
from lumbomics.phantom.truth.foramina import foramen_truth
from lumbomics.phantom.truth.frames import defined_vertebrae

HEIGHT_MM, WIDTH_MM = 16.0, 11.0


def opening(turn: NDArray[np.float64], spacing: tuple[float, float, float], *, bulge_mm: float = 0.0) -> ForamenPlane:
    """A rectangular opening 16 mm high and 11 mm wide between two bones; the disc (|z| < 3) may bulge into it."""
    steps = np.array(spacing)
    shape = np.ceil(np.array([40, 80, 90]) / steps).astype(int)
    grid = Grid.from_spacing((int(shape[0]), int(shape[1]), int(shape[2])), steps, origin_mm=-(shape - 1) * steps / 2)
    x, y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) @ turn, -1, 0)
    inside = (y > -6) & (y < 5) & (np.abs(z) < HEIGHT_MM / 2)
    near = (np.abs(x) < 12) & (np.abs(y) < 24) & (np.abs(z) < 30)
    disc = (y > 5 - bulge_mm) & (np.abs(z) < 3) & near
    bone = near & ~inside & ~((np.abs(z) < 3) & (y > 5))
    box = (slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2]))
    upper, lower = (Solid(bone & (z * sign > 0), box, grid) for sign in (1, -1))
    frame = Frame.from_right(np.zeros(3), turn[:, 0], turn[:, 2])
    pedicles = np.array([[0.4, 0.0, 14.0], [-0.4, 0.0, -14.0]]) @ turn.T
    return ForamenPlane.through(frame, pedicles, (upper, lower), (Solid(disc, box, grid),))


TURN = Rotation.from_euler("xyz", (10, 4, -5), degrees=True).as_matrix()


@pytest.mark.parametrize("turn", [np.eye(3), TURN])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.0, 0.6, 0.6)])
def test_opening_has_its_drawn_height_and_area(turn: NDArray[np.float64], spacing: tuple[float, float, float]) -> None:
    plane = opening(turn, spacing)
    top, bottom = plane.borders()
    assert top[1] - bottom[1] == pytest.approx(HEIGHT_MM, abs=1.0)
    assert plane.rows(with_disc=False).area_mm2 == pytest.approx(HEIGHT_MM * WIDTH_MM, rel=0.09)


def test_a_bulging_disc_takes_its_area_from_the_foramen_but_not_from_the_bony_one() -> None:
    flat, bulging = (opening(TURN, (0.6, 0.6, 0.6), bulge_mm=b) for b in (0.0, 3.0))
    lost = flat.rows(with_disc=True).area_mm2 - bulging.rows(with_disc=True).area_mm2
    assert lost == pytest.approx(3.0 * 6.0, abs=4.0)
    bony = [plane.rows(with_disc=False).area_mm2 for plane in (flat, bulging)]
    assert bony[1] == pytest.approx(bony[0], abs=1.0)


def test_polygon_encloses_the_area() -> None:
    rows = opening(TURN, (0.6, 0.6, 0.6)).rows(with_disc=True)
    x, y = rows.polygon_mm.T
    shoelace = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert rows.area_mm2 == pytest.approx(shoelace, rel=0.08)


def test_a_plane_beside_the_pedicles_is_refused() -> None:
    plane = opening(np.eye(3), (1.0, 1.0, 1.0))
    with pytest.raises(NotMeasurableError) as obstacle:
        replace(plane, upper=np.array([0.0, 3.0])).borders()
    assert obstacle.value.reason is Reason.GEOMETRY_FAILED


@pytest.fixture(scope="module")
def patient() -> Phantom:
    return make_phantom(1001)


@pytest.fixture(scope="module")
def millimetre(patient: Phantom) -> Segmentation:
    return patient.segmentation(patient.default_grid(1.0))


@pytest.fixture(scope="module")
def results(millimetre: Segmentation) -> list[Result]:
    return foraminal_dimensions(describe_spine(millimetre))


@cache
def true_values(level: str, side: Side) -> dict[str, float]:
    anatomy = make_phantom(1001).anatomy
    upper, lower = level.split("-")
    vertebrae = defined_vertebrae(anatomy)
    found = foramen_truth(anatomy, vertebrae[upper], vertebrae[lower], side)
    return {r.method: r.value for r in found if isinstance(r, Measurement) and r.value is not None}


@pytest.mark.parametrize("level", ["L1-L2", "L3-L4", "L4-L5"])
@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
@pytest.mark.parametrize(("method", "tolerance"), [("height", 1.0), ("area", 14.0), ("area_bony", 14.0)])
def test_foramina_agree_with_the_geometry(
    results: list[Result], level: str, side: Side, method: str, tolerance: float
) -> None:
    (found,) = [r for r in results if (r.level, r.side, r.method) == (level, side, method)]
    assert isinstance(found, Measurement)
    assert found.value == pytest.approx(true_values(level, side)[method], abs=tolerance)


def test_pedicles_are_found_where_the_geometry_put_them(patient: Phantom, millimetre: Segmentation) -> None:
    spine = describe_spine(millimetre)
    for level in ("T12", "L2", "L4"):
        vertebra = defined_vertebrae(patient.anatomy)[level].vertebra
        for side, sign in ((Side.LEFT, -1.0), (Side.RIGHT, 1.0)):
            true = pedicle(vertebra, sign)
            found = vertebra.frame.to_local(find_pedicle(spine, level, side).middle_mm)
            assert found[[0, 2]] == pytest.approx([true.x, true.z], abs=0.6)
            assert found[1] == pytest.approx(true.y, abs=1.5)


def test_axial_slices_of_4_mm_are_too_coarse_for_a_foramen(patient: Phantom) -> None:
    coarse = patient.segmentation(patient.default_grid((0.8, 0.8, 4.0)))
    for result in foraminal_dimensions(describe_spine(coarse)):
        assert isinstance(result, Absent)
        assert result.reason in {Reason.RESOLUTION_TOO_COARSE, Reason.GEOMETRY_FAILED}
    reasons = {r.reason for r in foraminal_dimensions(describe_spine(coarse)) if isinstance(r, Absent)}
    assert Reason.RESOLUTION_TOO_COARSE in reasons


def test_without_disc_label_only_bony_dimensions_remain(millimetre: Segmentation) -> None:
    array = millimetre.spine.array.copy()
    array[array == 123] = 0
    spine = describe_spine(replace(millimetre, spine=replace(millimetre.spine, array=array)))
    at_l4 = {r.method: r for r in foraminal_dimensions(spine) if r.level == "L4-L5" and r.side is Side.LEFT}
    assert isinstance(at_l4["area"], Absent)
    assert at_l4["area"].reason is Reason.STRUCTURE_NOT_LABELLED
    assert isinstance(at_l4["height"], Measurement)
    assert isinstance(at_l4["area_bony"], Measurement)


def test_a_size_that_its_error_swallows_is_too_coarse(millimetre: Segmentation) -> None:
    vague = replace(millimetre, spine=replace(millimetre.spine, boundary_sd_mm=2.5))
    heights = [r for r in foraminal_dimensions(describe_spine(vague)) if r.method == "height"]
    kept = [r for r in heights if isinstance(r, Measurement)]
    lost = [r for r in heights if isinstance(r, Absent)]
    assert {r.reason for r in lost} == {Reason.RESOLUTION_TOO_COARSE}
    assert all(r.value is not None and r.se is not None and 1.96 * r.se <= 0.5 * r.value for r in kept)


def test_the_widest_interval_is_the_users_choice(millimetre: Segmentation) -> None:
    strict = describe_spine(millimetre, options=MeasureOptions(widest_interval=0.01))
    assert all(isinstance(r, Absent) for r in foraminal_dimensions(strict))


def test_a_fused_vertebra_without_pedicles_of_its_own_gives_no_grossly_wrong_number() -> None:
    parameters = replace(make_phantom(13).parameters, transition=Transition.SACRALISED_L5)
    fused = make_phantom(13, parameters)
    spine = describe_spine(fused.segmentation(fused.default_grid(1.3)))
    with pytest.raises(NotMeasurableError) as obstacle:
        find_pedicle(spine, "L5", Side.LEFT)
    assert obstacle.value.reason is Reason.GEOMETRY_FAILED
    assert "no pedicle" in obstacle.value.detail
    results = [*foraminal_dimensions(spine), *bony_canal_dimensions(spine)]
    at_l5 = [r for r in results if (r.level or "") in {"L4-L5", "L5-S1"} and r.biomarker == "foraminal_dimensions"]
    at_l5 += [r for r in results if r.level == "L5" and r.method in {"interpedicular", "vertebral_foramen_area"}]
    assert len(at_l5) == 18
    assert all(isinstance(r, Absent) and r.reason is Reason.GEOMETRY_FAILED for r in at_l5)
    assert find_pedicle(spine, "L4", Side.LEFT).area_mm2 < 150
