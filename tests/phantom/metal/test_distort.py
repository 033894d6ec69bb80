"""Signal is moved, never lost or made; the techniques undo what they undo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.visit import MetalTechnique
from lumbomics.phantom.metal import Axes, Ball, Kind, Material, MetalSequence, displace, field_offset_ppm
from lumbomics.phantom.metal.field import packed

GRID = Grid.from_spacing((90, 80, 13), (1.0, 1.0, 4.0), origin_mm=(-45, -40, -24))
BALL = Ball(centre_mm=np.zeros(3), radius_mm=4.0, material=Material.TITANIUM, kind=Kind.CAGE)
FREE = np.zeros(GRID.shape, dtype=bool)
EVEN = np.ones(GRID.shape, dtype=np.float32)
AXES = Axes.of(GRID)


def run(technique, values=EVEN, **changes):
    sequence = replace(MetalSequence.usual(technique), **changes)
    return displace(values, FREE, GRID, packed([BALL]), sequence, AXES)


def point(*place):
    values = np.zeros(GRID.shape, dtype=np.float32)
    values[place] = 1.0
    return values


def centre(values):
    total = values.sum()
    return np.array([(np.indices(values.shape)[axis] * values).sum() / total for axis in range(3)])


def frequency(*place):
    offset = field_offset_ppm([BALL], [GRID.to_world(place)])[0]
    return offset * 42.577 * 1.5


def test_a_point_is_seen_where_frequency_over_bandwidth_puts_it():
    """With a wide excitation only the readout (front-back here) shifts."""
    place = (45, 52, 6)
    moved = run(MetalTechnique.NONE, point(*place), excitation_hz=1e9)
    shift = centre(moved.values) - place
    assert shift[1] == pytest.approx(frequency(*place) / 220, abs=0.1)
    assert abs(frequency(*place) / 220) > 0.4
    assert shift[[0, 2]] == pytest.approx([0, 0], abs=1e-4)


def test_excitation_shifts_across_the_slices():
    """What crosses a slice's border is what lies nearer to it than its own shift."""
    place = (45, 40, 9)
    moved = run(MetalTechnique.NONE, point(*place), bandwidth_hz=1e9)
    crossing = brentq(lambda z: z + frequency(45, 40, z) / 1200 - 9.5, 9, 9.5)
    assert centre(moved.values)[2] - 9 == pytest.approx(9.5 - crossing, abs=0.01)
    assert crossing < 9.4


@pytest.mark.parametrize("technique", [MetalTechnique.NONE, MetalTechnique.VAT, MetalTechnique.MAVRIC])
def test_no_signal_is_lost_or_made_away_from_the_borders(technique):
    values = np.zeros(GRID.shape, dtype=np.float32)
    values[30:60, 25:55, 5:8] = np.random.default_rng(1).uniform(0.5, 1.5, (30, 30, 3))
    far = values.copy()
    far[38:53, 33:48, 5:8] = 0  # what lies against the ball goes beyond the stack or the coverage
    assert run(technique, far).values.sum() == pytest.approx(far.sum(), rel=1e-3)


def test_plain_images_have_void_and_pile_up_beside_the_metal():
    density = run(MetalTechnique.NONE).density[35:56, 30:51, 6]
    assert density.min() < 0.1
    assert density.max() > 1.8


def test_vat_undoes_the_shift_in_the_plane_but_not_across_it():
    plain, vat = run(MetalTechnique.NONE), run(MetalTechnique.VAT)
    near = (slice(35, 56), slice(30, 51), slice(4, 9))
    assert plain.in_plane_mm[near].max() > 3
    assert vat.in_plane_mm[near].max() == 0
    assert vat.through_plane_mm[near].max() > 2


@pytest.mark.parametrize("technique", [MetalTechnique.SEMAC, MetalTechnique.MAVRIC])
def test_resolved_techniques_leave_each_spin_in_its_slice(technique):
    moved = run(technique)
    assert moved.through_plane_mm.max() == pytest.approx(0, abs=1e-6)
    assert (moved.density < 0.3).sum() < 0.5 * (run(MetalTechnique.NONE).density < 0.3).sum()


def test_more_bandwidth_means_less_void():
    sizes = [(run(MetalTechnique.NONE, bandwidth_hz=hz).density < 0.3).sum() for hz in (110, 220, 880)]
    assert sizes[0] > sizes[1] > sizes[2]


def test_semac_loses_what_lies_beyond_its_steps():
    few, many = (run(MetalTechnique.SEMAC, encoding_steps=n).density for n in (3, 25))
    assert (few < 0.3).sum() > (many < 0.3).sum()


def test_without_metal_the_image_is_left_alone():
    values = np.random.default_rng(0).uniform(0, 1, GRID.shape).astype(np.float32)
    moved = displace(values, FREE, GRID, packed([]), MetalSequence(), AXES)
    assert np.abs(moved.values - values).max() < 1e-6


def test_a_mirrored_body_gives_a_mirrored_image():
    values = np.random.default_rng(2).uniform(0, 1, GRID.shape).astype(np.float32)
    centred = Grid.from_spacing(GRID.shape, (1.0, 1.0, 4.0), origin_mm=(-44.5, -40, -24))
    one, other = (
        displace(v, FREE, centred, packed([BALL]), MetalSequence(), AXES).values for v in (values, values[::-1])
    )
    assert np.abs(other[::-1] - one).max() < 0.06  # shifts below a twentieth of a pixel are not made


def test_the_readout_axis_can_be_turned():
    axes = Axes.of(GRID, readout=0)
    assert (axes.readout, axes.phase, axes.slices) == (0, 1, 2)
    with pytest.raises(InputError):
        Axes.of(GRID, readout=5)


def test_a_ct_technique_is_refused():
    with pytest.raises(InputError, match="CT"):
        MetalSequence(technique=MetalTechnique.CT_MAR)
