"""Displaced disc lies where it was put, has the type's shape, a rim that thickens, and roots give way to it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from lumbomics.core.anatomy import DISC_OFFSET, Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.phantom import Injection, Zone
from lumbomics.phantom.postoperative import DiscFragment, Displacement
from lumbomics.phantom.postoperative.tissues import fragment_numbers
from lumbomics.phantom.signal import signal_table

RIGHT = DiscFragment(level="L4-L5", zone=Zone.SUBARTICULAR, side=Side.RIGHT, size_mm=7.0)


@pytest.fixture(scope="module")
def stacks(operated, planes):
    """Displaced disc (mask), disc label and grid of each type."""

    def make(kind, migration):
        one = DiscFragment(level="L4-L5", side=Side.RIGHT, kind=kind, size_mm=7.0, migration_mm=migration)
        phantom = operated(one)
        grid = planes(phantom, mm=0.5, planes=50, apart_mm=0.6, half_mm=(14.0, 16.0))
        tissue, spine = phantom.canal_tissue(grid).array, phantom.segmentation(grid).spine.array
        return tissue == CanalTissue.DISC, spine == DISC_OFFSET + 23, grid

    return {kind: make(kind, -8.0 if kind is Displacement.SEQUESTRATION else 0.0) for kind in Displacement}


def test_a_fragment_lies_on_its_side_in_the_canal(operated, cut):
    found = cut(operated(RIGHT))
    disc = found.of(CanalTissue.DISC)
    assert disc.sum() * found.pixel_mm2 > 20
    assert (found.x[disc] > 0).mean() > 0.97
    assert found.y[disc].mean() > 0


@pytest.mark.parametrize("kind", [Displacement.PROTRUSION, Displacement.EXTRUSION])
def test_an_attached_fragment_is_one_piece_with_its_disc(stacks, kind):
    displaced, label, _ = stacks[kind]
    assert displaced.sum() > 100
    assert label[displaced].all()
    assert ndimage.label(label)[1] == 1


def test_a_sequestrated_fragment_has_no_contact_with_its_disc(stacks):
    displaced, label, grid = stacks[Displacement.SEQUESTRATION]
    assert ndimage.label(label)[1] == 2
    assert ndimage.label(displaced)[1] == 1
    middle = grid.to_world(np.argwhere(displaced)).mean(axis=0)
    assert (middle - grid.centre_mm) @ grid.axes[:, 2] < -6.0


@pytest.mark.parametrize(("kind", "wider"), [(Displacement.PROTRUSION, False), (Displacement.EXTRUSION, True)])
def test_an_extrusion_is_wider_than_its_base_and_a_protrusion_is_not(stacks, kind, wider):
    """Fardon et al. 2014; the base is where displaced material touches its disc."""
    displaced, label, _ = (array[:, :, 25] if isinstance(array, np.ndarray) else array for array in stacks[kind])
    base = displaced & ndimage.binary_dilation(label & ~displaced)
    width = np.ptp(np.flatnonzero(base.any(axis=1))) + 1
    assert (displaced.sum(axis=0).max() > 1.15 * width) == wider


def test_only_the_rim_enhances_and_it_thickens_with_the_delay():
    core, shells = fragment_numbers(0)

    def gains(delay):
        tables = [
            signal_table([RIGHT.properties(None, i)[n] for n in (*shells, core)], Contrast.T1, injection=i)
            for i in (None, Injection(delay_min=delay))
        ]
        return tables[1] / tables[0] - 1

    early, late = gains(4.0), gains(40.0)
    assert early[-1] == late[-1] == 0
    assert early[0] > 0.4
    assert (np.diff(early) <= 1e-9).all()
    assert (late > 0.1).sum() > (early > 0.1).sum()


def test_no_root_runs_through_a_fragment(operated, cut):
    large = DiscFragment(level="L4-L5", side=Side.RIGHT, kind=Displacement.EXTRUSION, size_mm=9.0)
    phantom, before = operated(large), operated()
    roots = [cut(p).of(CanalTissue.ROOT).sum() for p in (before, phantom)]
    assert roots[1] > 0.85 * roots[0]


def test_what_leaves_the_disc_has_no_rim_at_its_base(operated, planes):
    """Granulation tissue surrounds what lies free; at the disc there is none."""
    phantom = operated(RIGHT)
    grid = planes(phantom, mm=0.25, half_mm=(14.0, 14.0))
    numbers = phantom.scene.tissue(grid)[..., 0]
    core, shells = fragment_numbers(0)
    column = numbers[np.isin(numbers, (core, *shells)).sum(axis=1).argmax()]
    run = column[np.isin(column, (core, *shells))]
    assert run[0] == shells[0]
    assert run[-1] not in shells[:3]


@pytest.mark.parametrize(
    "bad",
    [
        {"zone": Zone.CENTRAL, "side": Side.LEFT},
        {"size_mm": 30.0},
        {"t2_ms": 1.0},
        {"order": 2},
    ],
)
def test_a_fragment_that_cannot_be_is_refused(bad):
    with pytest.raises(InputError):
        DiscFragment(level="L4-L5", **bad)
