"""Standard errors against the errors that voxels and drawn boundaries really make."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.measure.geometry.endplate import theil_sen
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError

RIGHT, FRONT, UP = np.eye(3)
LENGTH, SLAB = 27.0, 10.0


def tilted(angle_deg: float):
    angle = np.radians(angle_deg)
    along = np.array([0.0, np.cos(angle), np.sin(angle)])
    return along, np.cross(RIGHT, along)


def error_model(spacing, sd: float = 0.0) -> BoundaryError:
    return BoundaryError(Grid.from_spacing((9, 9, 9), spacing), sd, 3.0)


def observed(spacing, rng, trials: int = 40):
    """Slope errors (deg) and offset errors (mm) of hollow faces at random tilts and places, and the stated SEs."""
    model, slopes, offsets, slope_se, offset_se = error_model(spacing), [], [], [], []
    shape = tuple(round(44 / s) for s in spacing)
    for _ in range(trials):
        grid = Grid.from_spacing(shape, spacing, origin_mm=-22 + rng.uniform(-1, 1, 3) * spacing)
        points = grid.to_world(np.moveaxis(np.indices(shape), 0, -1))
        along, normal = tilted(rng.uniform(-40, 40))
        x, y, z = points @ RIGHT, points @ along, points @ normal
        solid = Solid.from_labels(Labels((z <= (x**2 + y**2) / 160 - 0.8).astype(np.uint8), grid), 1)
        places = np.stack(np.meshgrid(np.linspace(-5, 5, 11), np.linspace(-13.5, 13.5, 28), indexing="ij"), axis=-1)
        starts = places[..., :1] * RIGHT + places[..., 1:] * along - 6 * normal
        heights = solid.exits(starts, normal) - 6
        error = (heights - (places**2).sum(axis=-1) / 160 + 0.8).mean(axis=0)
        slopes.append(np.degrees(theil_sen(places[0, :, 1], error)[0]))
        offsets.append(error.mean())
        slope_se.append(model.slope_se_deg(normal, (along, LENGTH), (RIGHT, SLAB)))
        offset_se.append(model.position_se_mm(normal, (along, LENGTH), (RIGHT, SLAB)))
    return [np.sqrt(np.mean(np.square(v))) for v in (slopes, slope_se, offsets, offset_se)]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.0, 0.6, 0.6)], ids=["1 mm", "4 mm slices"])
def test_stated_errors_are_those_of_rasterised_hollow_faces(spacing):
    slope, slope_se, offset, offset_se = observed(np.array(spacing), np.random.default_rng(4))
    assert 0.6 < slope_se / slope < 1.9
    assert 0.8 < offset_se / offset < 4.0  # the floor for lines through rounded rims is part of it


def test_drawing_error_is_that_of_a_smooth_random_field():
    rng = np.random.default_rng(1)
    place = np.arange(0, 27.0, 0.25)
    covariance = 0.5**2 * np.exp(-((place[:, None] - place) ** 2) / (2 * 3.0**2))
    draws = rng.multivariate_normal(np.zeros(len(place)), covariance, size=4000, method="eigh")
    model = error_model((0.05, 0.05, 0.05), 0.5)
    assert model.position_se_mm(UP, (FRONT, 27.0), (RIGHT, 0.0)) == pytest.approx(draws.mean(axis=1).std(), rel=0.08)
    slope = np.degrees(np.polyfit(place, draws.T, 1)[0].std())
    assert model.slope_se_deg(UP, (FRONT, 27.0), (RIGHT, 0.0)) == pytest.approx(slope, rel=0.25)


def test_a_face_along_the_lattice_keeps_the_whole_rounding_error():
    small = error_model((1.0, 1.0, 1.0)).position_se_mm(UP, (FRONT, 2.0), (RIGHT, 2.0))
    assert small == pytest.approx(1 / np.sqrt(12), rel=0.05)


def test_a_face_along_the_diagonal_of_the_lattice_keeps_more_than_one_beside_it():
    model = error_model((1.0, 1.0, 1.0))
    diagonal, beside = (model.position_se_mm(n, (a, LENGTH), (RIGHT, SLAB)) for a, n in (tilted(45.0), tilted(35.0)))
    assert diagonal > 1.5 * beside


def test_unstated_boundary_error_takes_the_default_and_a_stated_one_wins():
    grid = Grid.from_spacing((4, 4, 4), (1.0, 1.0, 1.0))
    array = np.zeros((4, 4, 4), dtype=np.uint8)
    options = MeasureOptions(default_boundary_sd_mm=0.7)
    assert BoundaryError.from_labels(Labels(array, grid), options).drawing_sd_mm == 0.7
    assert BoundaryError.from_labels(Labels(array, grid, boundary_sd_mm=0.2), options).drawing_sd_mm == 0.2


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.8, 0.8)])
def test_volume_error_is_that_of_counting_voxels_of_a_ball(spacing):
    rng, true = np.random.default_rng(2), 4 / 3 * np.pi * 12.0**3
    shape = tuple(int(30 / s) + 2 for s in spacing)
    grid = Grid.from_spacing(shape, spacing)
    points = grid.to_world(np.moveaxis(np.indices(shape), 0, -1))
    solids = []
    for _ in range(60):
        centre = grid.centre_mm + rng.uniform(-0.5, 0.5, 3) * spacing
        ball = np.linalg.norm(points - centre, axis=-1) <= 12.0
        solids.append(Solid.from_labels(Labels(ball.astype(np.uint8), grid), 1))
    spread = np.sqrt(np.mean([(s.volume_mm3 - true) ** 2 for s in solids]))
    stated = error_model(spacing).volume_se_mm3(solids[0])
    assert 0.5 < stated / spread < 6.0
