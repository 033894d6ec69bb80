"""The hole in a ring of bone whose shape is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lumbomics.core.grid import Grid
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.ring import hole_section
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError

TURN = Rotation.from_euler("xyz", (12, -6, 8), degrees=True).as_matrix()


def ring(gap_deg: float) -> tuple[Solid, Frame, BoundaryError]:
    """A ring 6 mm thick round an elliptic hole (11 x 8 mm half-axes), open behind over an angle, a spur outside."""
    grid = Grid.from_spacing((50, 50, 30), 1.0, origin_mm=(-24.6, -24.8, -14.7))
    x, y, z = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) @ TURN, -1, 0)
    inner, outer = (x / 11) ** 2 + (y / 8) ** 2, (x / 17) ** 2 + (y / 14) ** 2
    behind = np.degrees(np.abs(np.arctan2(x, -y))) < gap_deg / 2
    spur = (np.abs(y + 4) < 3) & (x > 14) & (x < 22)
    mask = (((inner > 1) & (outer < 1)) | spur) & ~behind & (np.abs(z) < 8)
    solid = Solid(mask, (slice(0, 50), slice(0, 50), slice(0, 30)), grid)
    frame = Frame(TURN @ [1.0, -0.5, 0.0], TURN[:, 0], TURN[:, 1], TURN[:, 2])
    return solid, frame, BoundaryError(grid, 0.0, 4.0)


@pytest.mark.parametrize("gap_deg", [0.0, 16.0])
def test_hole_has_its_area_and_depth_even_with_a_narrow_cleft(gap_deg: float) -> None:
    section = hole_section(*ring(gap_deg))
    assert section.area_mm2 == pytest.approx(np.pi * 11 * 8, rel=0.03)
    assert section.chord_along_anterior().length_mm == pytest.approx(16.0, abs=0.6)
    assert abs(section.area_mm2 - np.pi * 88) < 3 * section.area_se_mm2


def test_an_open_arch_encloses_no_hole() -> None:
    with pytest.raises(NotMeasurableError) as obstacle:
        hole_section(*ring(90.0))
    assert obstacle.value.reason is Reason.GEOMETRY_FAILED
