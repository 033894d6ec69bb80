"""The centreline of tubes whose course is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.canal import Centreline
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.tube import Tube
from lumbomics.measure.geometry.uncertainty import BoundaryError

RADIUS_MM = 160.0
HALF_LENGTH_MM = 75.0


def arch(turn: NDArray[np.float64], *, step_mm: float = 1.5) -> tuple[Solid, NDArray[np.float64]]:
    """An elliptic tube (half-axes 11 and 7.5 mm) along a circular arc, and points of its axis from tail to head."""
    shape = (30, 60, 120)
    origin = -(np.array(shape) - 1) * step_mm / 2
    grid = Grid.from_spacing(shape, step_mm, origin_mm=origin)
    local = grid.to_world(np.moveaxis(np.indices(shape), 0, -1)) @ turn
    middle = 10 - RADIUS_MM
    reach = np.hypot(local[..., 1] - middle, local[..., 2])
    along = RADIUS_MM * np.arctan2(local[..., 2], local[..., 1] - middle)
    mask = ((local[..., 0] / 11) ** 2 + ((reach - RADIUS_MM) / 7.5) ** 2 < 1) & (np.abs(along) < HALF_LENGTH_MM)
    angle = np.linspace(-60, 60, 25) / RADIUS_MM
    axis = np.stack([0 * angle, middle + RADIUS_MM * np.cos(angle), RADIUS_MM * np.sin(angle)], axis=1)
    return Solid(mask, (slice(0, 30), slice(0, 60), slice(0, 120)), grid), axis @ turn.T


@pytest.mark.parametrize("angles", [(0, 0, 0), (12, 8, -10)])
def test_centreline_follows_an_arc(angles: tuple[float, float, float]) -> None:
    solid, axis = arch(Rotation.from_euler("xyz", angles, degrees=True).as_matrix())
    line = Centreline.through(solid.points_mm)
    stations = line.station_of(axis)
    found = np.array([line.at(float(s)) for s in stations])
    assert np.linalg.norm(found - axis, axis=1).max() < 0.5
    steps = np.gradient(axis, axis=0)
    truth = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    cosine = [line.tangent(float(s)) @ t for s, t in zip(stations, truth, strict=True)]
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 1.0
    assert np.ptp(stations) == pytest.approx(120.0, abs=0.7)


def test_stations_grow_towards_the_head() -> None:
    solid, axis = arch(np.eye(3))
    line = Centreline.through(solid.points_mm)
    assert np.all(np.diff(line.station_of(axis)) > 0)
    assert line.tangent(50.0)[2] > 0


def test_section_area_does_not_depend_on_the_arc() -> None:
    solid, axis = arch(np.eye(3))
    tube = Tube.of_solid(solid, BoundaryError(solid.grid, 0.0, 4.0), name="canal")
    for point in axis[2:-2:4]:
        station = float(tube.centreline.station_of(point))
        assert tube.section(station, (0, 1, 0)).area_mm2 == pytest.approx(np.pi * 11 * 7.5, rel=0.03)


def test_the_end_of_a_label_inside_the_image_is_told_from_the_edge_of_the_image() -> None:
    solid, _ = arch(np.eye(3))
    tube = Tube.of_solid(solid, BoundaryError(solid.grid, 0.0, 4.0), name="canal")
    with pytest.raises(NotMeasurableError) as obstacle:
        tube.section(tube.centreline.extent_mm[1] + 4, (0, 1, 0))
    assert obstacle.value.reason is Reason.STRUCTURE_NOT_LABELLED
    top = int(np.flatnonzero(solid.mask.any(axis=(0, 1)))[-1]) - 14
    grid = Grid((30, 60, top), solid.grid.affine)
    cropped = Tube.of_solid(
        Solid(solid.mask[:, :, :top], (*solid.box[:2], slice(0, top)), grid),
        BoundaryError(grid, 0.0, 4.0),
        name="canal",
    )
    with pytest.raises(NotMeasurableError) as obstacle:
        cropped.section(cropped.centreline.extent_mm[1] + 4, (0, 1, 0))
    assert obstacle.value.reason is Reason.FIELD_OF_VIEW


def test_a_ball_has_no_centreline() -> None:
    few = np.random.default_rng(0).normal(size=(40, 3))
    with pytest.raises(InputError, match="too few points"):
        Centreline.through(few)


def test_a_canal_torn_into_far_islands_gives_a_finite_line():
    rng = np.random.default_rng(0)
    islands = [rng.normal((0, 0, height), (4, 4, 6), (300, 3)) for height in (0.0, 90.0, 260.0)]
    line = Centreline.through(np.concatenate(islands), superior=(0.0, 0.0, 1.0))
    assert np.isfinite(line.points_mm).all()
    assert np.isfinite(line.tangents).all()
