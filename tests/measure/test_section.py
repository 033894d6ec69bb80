"""Sections of tubes with exactly known outlines, at any tilt and in thick slices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lumbomics.core.grid import Grid
from lumbomics.measure.geometry.frame import Frame
from lumbomics.measure.geometry.section import Crossings, Section, fit_section
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError

Outline = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]
ISOTROPIC, SAGITTAL, AXIAL = (1.0, 1.0, 1.0), (4.0, 0.6, 0.6), (0.5, 0.5, 4.0)


def ellipse(half_width: float, half_depth: float) -> Outline:
    return lambda x, y: (x / half_width) ** 2 + (y / half_depth) ** 2 < 1


def tilted_tube(outline: Outline, spacing: tuple[float, float, float], seed: int) -> tuple[Solid, Frame]:
    """A straight tube in random pose on a grid at random phase, and the plane across it."""
    rng = np.random.default_rng(seed)
    turn = Rotation.from_euler("xyz", rng.uniform(-1, 1, 3) * [25, 10, 10], degrees=True).as_matrix()
    steps = np.array(spacing)
    shape = np.ceil(np.array([40, 40, 40]) / steps).astype(int)
    origin = -(shape - 1) * steps / 2 + rng.uniform(-0.5, 0.5, 3) * steps
    grid = Grid.from_spacing((int(shape[0]), int(shape[1]), int(shape[2])), steps, origin_mm=origin)
    local = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) @ turn
    mask = outline(local[..., 0], local[..., 1])
    solid = Solid(mask, (slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2])), grid)
    return solid, Frame.from_superior(turn @ [0.5, 0.3, 0.0], turn[:, 2], turn[:, 1])


def cut(solid: Solid, frame: Frame, drawing_sd_mm: float = 0.0) -> Section:
    section = fit_section(Crossings.of_solid(solid), frame, BoundaryError(solid.grid, drawing_sd_mm, 4.0))
    assert section is not None
    return section


@pytest.mark.parametrize(("spacing", "percent"), [(ISOTROPIC, 2.0), (SAGITTAL, 4.0), (AXIAL, 1.5)])
def test_area_of_a_tilted_ellipse_is_pi_a_b(spacing: tuple[float, float, float], percent: float) -> None:
    errors = [
        100 * (cut(*tilted_tube(ellipse(11, 7.5), spacing, s)).area_mm2 / (np.pi * 11 * 7.5) - 1) for s in range(8)
    ]
    assert np.abs(errors).mean() < percent / 2
    assert np.abs(errors).max() < percent


@pytest.mark.parametrize(("spacing", "tolerance_mm"), [(ISOTROPIC, 0.5), (SAGITTAL, 0.4)])
def test_depth_of_a_tilted_ellipse_is_2_b(spacing: tuple[float, float, float], tolerance_mm: float) -> None:
    for seed in range(6):
        chord = cut(*tilted_tube(ellipse(11, 7.5), spacing, seed)).chord_along_anterior()
        assert chord.length_mm == pytest.approx(15.0, abs=tolerance_mm)
        assert np.linalg.norm(chord.ends_mm[1] - chord.ends_mm[0]) == pytest.approx(chord.length_mm)


def test_width_of_a_tilted_ellipse_is_2_a() -> None:
    for seed in range(6):
        chord = cut(*tilted_tube(ellipse(11, 7.5), ISOTROPIC, seed)).width_along_right()
        assert chord.length_mm == pytest.approx(22.0, abs=0.6)


@pytest.mark.parametrize("spacing", [ISOTROPIC, SAGITTAL])
def test_standard_errors_hold_the_truth(spacing: tuple[float, float, float]) -> None:
    inside = []
    for seed in range(30):
        section = cut(*tilted_tube(ellipse(10 + seed % 3, 7), spacing, seed))
        area = np.pi * (10 + seed % 3) * 7
        depth = section.chord_along_anterior()
        inside += [
            abs(section.area_mm2 - area) < 1.96 * section.area_se_mm2,
            abs(depth.length_mm - 14) < 1.96 * depth.se_mm,
        ]
    assert np.mean(inside) >= 0.9


def test_standard_error_is_larger_in_thick_slices() -> None:
    thin, thick = (cut(*tilted_tube(ellipse(11, 7.5), spacing, 1)) for spacing in (ISOTROPIC, SAGITTAL))
    assert thick.area_se_mm2 > 1.5 * thin.area_se_mm2


def test_uncertain_drawing_enlarges_area_and_chord_errors_as_stated() -> None:
    solid, frame = tilted_tube(ellipse(11, 7.5), ISOTROPIC, 2)
    exact, drawn = cut(solid, frame), cut(solid, frame, drawing_sd_mm=0.5)
    added = drawn.area_se_mm2**2 - exact.area_se_mm2**2
    assert added == pytest.approx(0.25 * 4.0 * exact.perimeter_mm, rel=1e-6)
    chords = [section.chord_along_anterior().se_mm ** 2 for section in (exact, drawn)]
    assert chords[1] - chords[0] == pytest.approx(2 * 0.25, rel=1e-6)


def test_centroid_lies_on_the_axis() -> None:
    solid, frame = tilted_tube(ellipse(11, 7.5), ISOTROPIC, 3)
    centroid = cut(solid, frame).centroid_mm
    axis = frame.superior
    assert np.linalg.norm(centroid - (centroid @ axis) * axis) < 0.3


def test_shifted_start_gives_the_same_section() -> None:
    solid, frame = tilted_tube(ellipse(11, 7.5), ISOTROPIC, 4)
    moved = frame.at(frame.origin_mm + 3 * frame.right - 2 * frame.anterior)
    first, second = cut(solid, frame), cut(solid, moved)
    assert second.area_mm2 == pytest.approx(first.area_mm2, rel=0.005)


def test_nothing_is_fitted_where_the_boundary_does_not_surround_the_origin() -> None:
    solid, frame = tilted_tube(ellipse(11, 7.5), ISOTROPIC, 5)
    outside = frame.at(frame.origin_mm + 16 * frame.right)
    assert fit_section(Crossings.of_solid(solid), outside, BoundaryError(solid.grid, 0.0, 4.0)) is None


def test_the_edge_of_the_image_is_no_boundary() -> None:
    grid = Grid.from_spacing((10, 10, 10), 1.0)
    full = Solid(np.ones(grid.shape, dtype=bool), (slice(0, 10),) * 3, grid)
    assert len(Crossings.of_solid(full).points_mm) == 0
