"""Two slices of one patient are laid over each other by their levels."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels
from lumbomics.measure.degeneration.align import aligned_by_levels
from lumbomics.measure.geometry.obstacle import NotMeasurableError

from .conftest import Column


@pytest.mark.parametrize(("scale", "turn_deg", "shift"), [(1.0, 0.0, (4.0, -9.0)), (1.25, 7.0, (-30.0, 12.0))])
def test_shift_turn_and_scale_are_found_again(
    column: Column, scale: float, turn_deg: float, shift: tuple[float, float]
) -> None:
    fixed, _ = column.draw()
    turn = np.radians(turn_deg)
    moved = np.eye(4)
    moved[1:3, 1:3] = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved[:3, 3] = (11.0, *shift)
    moving = Labels(fixed.array, Grid(fixed.grid.shape, moved @ fixed.grid.affine))
    found = aligned_by_levels(moving, fixed)
    assert found.to_world([[0, 0, 0], [0, 100, 300]]) == pytest.approx(
        fixed.grid.to_world([[0, 0, 0], [0, 100, 300]]), abs=1e-6
    )


def test_two_spines_that_do_not_fit_are_refused(column: Column) -> None:
    fixed, _ = column.draw()
    other, _ = column.with_(height=(3.0, 3.0, 3.0, 40.0, 3.0)).draw()
    with pytest.raises(NotMeasurableError, match="apart"):
        aligned_by_levels(other, fixed)


def test_too_few_shared_levels_are_refused(column: Column) -> None:
    fixed, _ = column.draw()
    few = np.where(np.isin(fixed.array, (20, 120, 61)), fixed.array, 0)
    with pytest.raises(NotMeasurableError, match="only 2 structures"):
        aligned_by_levels(Labels(few, fixed.grid), fixed)
