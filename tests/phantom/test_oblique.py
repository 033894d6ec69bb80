"""What lies at a point of a phantom does not depend on the raster it is seen on."""

from __future__ import annotations

import numpy as np

from lumbomics.core.anatomy import CANAL
from lumbomics.core.grid import Grid
from lumbomics.phantom import make_phantom


def test_the_canal_is_whole_on_a_raster_tilted_by_any_angle() -> None:
    phantom = make_phantom(3)
    middle = phantom.disc_frame("L5-S1").origin_mm - np.array([0.0, 18.0, 0.0])
    volumes = []
    for degrees in (0.0, 30.0, 45.0, 60.0):
        angle = np.deg2rad(degrees)
        turned = np.array(
            [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]], dtype=np.float64
        )
        corner = middle - turned @ np.full(3, 40.0)
        grid = Grid.from_spacing((81, 81, 81), (1.0, 1.0, 1.0), origin_mm=corner, axes=turned)
        canal = np.argwhere(phantom.segmentation(grid).spine.array == CANAL)
        near = np.linalg.norm(grid.to_world(canal) - middle, axis=1) < 25
        volumes.append(float(near.sum()))
    np.testing.assert_allclose(volumes, volumes[0], rtol=0.03)
