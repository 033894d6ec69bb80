"""The sac moves as far as asked; roots clump, stick, drown, wind and hang as asked."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from lumbomics.core.anatomy import CORD, Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import CanalTissue
from lumbomics.phantom.canal import STEP_MM
from lumbomics.phantom.postoperative import Arachnoiditis, Delamarter, InflamedRoot, RedundantRoots, SacShift, Tether


def centre(cut, mask):
    return np.array([cut.x[mask].mean(), cut.y[mask].mean()])


@pytest.mark.parametrize("shift", [(2.0, 0.0), (-1.2, -0.8)])
def test_the_sac_moves_as_far_as_asked_and_stays_in_the_canal(operated, cut, untouched_cut, shift):
    phantom = operated(SacShift(level="L4-L5", right_mm=shift[0], front_mm=shift[1]))
    found = cut(phantom)
    moved = centre(found, found.sac) - centre(untouched_cut, untouched_cut.sac)
    assert moved == pytest.approx(shift, abs=0.12)
    rim = ndimage.binary_dilation(found.sac) & ~found.sac
    assert found.canal[rim].all()


def test_roots_move_with_the_sac(operated, cut, untouched_cut):
    found = cut(operated(SacShift(level="L4-L5", right_mm=1.5)))
    root, before = (centre(c, c.of(CanalTissue.ROOT)) for c in (found, untouched_cut))
    assert root[0] - before[0] == pytest.approx(1.5, abs=0.3)


def test_a_mass_flattens_the_sac(operated, cut, untouched_cut):
    found = cut(operated(SacShift(level="L4-L5", flattening=0.4)))
    assert found.sac.sum() / untouched_cut.sac.sum() == pytest.approx(0.6, abs=0.03)


def pattern(operated, cut, group, **more):
    return cut(operated(Arachnoiditis(upper="L3-L4", lower="L4-L5", group=group, **more)))


def spread(found):
    roots = found.of(CanalTissue.ROOT)
    return float(np.hypot(found.x[roots].std(), found.y[roots].std()))


def test_group_one_gathers_the_roots_in_the_middle(operated, cut, untouched_cut):
    found = pattern(operated, cut, Delamarter.CENTRAL)
    roots = found.of(CanalTissue.ROOT)
    assert ndimage.label(roots)[1] <= 0.5 * ndimage.label(untouched_cut.of(CanalTissue.ROOT))[1]
    assert spread(found) < 0.6 * spread(untouched_cut)
    assert np.abs(centre(found, roots) - centre(found, found.sac)).max() < 1.5


def test_group_two_leaves_the_sac_empty(operated, cut, untouched_cut):
    found = pattern(operated, cut, Delamarter.EMPTY_SAC)
    depth = ndimage.distance_transform_edt(found.sac) * np.sqrt(found.pixel_mm2)
    usual = ndimage.distance_transform_edt(untouched_cut.sac) * np.sqrt(untouched_cut.pixel_mm2)
    assert depth[found.of(CanalTissue.ROOT)].max() < 2.2
    assert usual[untouched_cut.of(CanalTissue.ROOT)].max() > 2.4


def test_group_three_fills_the_sac(operated, cut):
    full, half = (pattern(operated, cut, Delamarter.MASS, strength=s) for s in (1.0, 0.5))
    assert full.of(CanalTissue.ROOT).sum() > 0.95 * full.sac.sum()
    assert 0.3 < half.of(CanalTissue.ROOT).sum() / half.sac.sum() < 0.75


@pytest.mark.parametrize(("side", "sign"), [(Side.LEFT, -1), (Side.RIGHT, 1)])
def test_a_conglomerate_lies_on_the_side_asked_for(operated, cut, side, sign):
    found = pattern(operated, cut, Delamarter.CENTRAL, side=side)
    assert sign * centre(found, found.of(CanalTissue.ROOT))[0] > 1.0


def test_arachnoiditis_ends_beyond_its_levels(operated, untouched):
    phantom = operated(Arachnoiditis(upper="L3-L4", lower="L4-L5"))
    at = int(phantom.anatomy.canal.stations["L1-L2"] / STEP_MM)
    for one, other in zip(phantom.anatomy.cauda.roots, untouched.anatomy.cauda.roots, strict=True):
        assert one.x[at] == other.x[at]


def tortuosity(phantom, first, last):
    """Largest path over chord of the roots between two stations."""
    canal = phantom.anatomy.canal
    index = np.arange(int(first / STEP_MM), int(last / STEP_MM))
    found = []
    for root in phantom.anatomy.cauda.roots:
        path = (
            canal.points[index] + root.x[index, None] * canal.right[index] + root.y[index, None] * canal.anterior[index]
        )
        length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
        found.append(length / np.linalg.norm(path[-1] - path[0]) if root.radius[index].all() else 1.0)
    return max(found)


def test_redundant_roots_wind_above_the_level_and_not_below(operated, untouched):
    phantom = operated(RedundantRoots(level="L4-L5"))
    station = phantom.anatomy.canal.stations["L4-L5"]
    assert tortuosity(phantom, station - 45, station - 15) > 1.2 > tortuosity(untouched, station - 45, station - 15)
    below = [tortuosity(p, station, station + 20) for p in (phantom, untouched)]
    assert below[0] == pytest.approx(below[1])


def test_winding_roots_stay_in_the_sac(operated):
    canal = (phantom := operated(RedundantRoots(level="L4-L5", amplitude_mm=5.0))).anatomy.canal
    s = np.arange(len(canal.points)) * STEP_MM
    near = (s > canal.stations["L3-L4"] - 20) & (s < canal.stations["L4-L5"] - 10)
    for root in phantom.anatomy.cauda.roots:
        own = near & (root.radius > 0)
        assert (canal.sac_level(s[own], root.x[own], root.y[own]) < 0).all()


def test_a_thick_filum_has_its_diameter_behind_in_the_midline(operated, cut, untouched_cut):
    thin, thick = (cut(operated(Tether(filum_mm=d))) for d in (1.0, 4.0))
    added = (thick.of(CanalTissue.ROOT) & ~untouched_cut.of(CanalTissue.ROOT)).sum()
    middle = thick.of(CanalTissue.ROOT) & (np.abs(thick.x) < 0.3)
    assert np.ptp(thick.y[middle]) == pytest.approx(4.0, abs=0.7)
    assert added > 3 * (thin.of(CanalTissue.ROOT) & ~untouched_cut.of(CanalTissue.ROOT)).sum()
    assert thick.y[middle].mean() < -1.0


def test_a_swollen_root_has_the_cross_section_asked_for(operated, untouched):
    phantom = operated(InflamedRoot(level="L4-L5", side=Side.LEFT, swelling=1.8))
    at = int(phantom.anatomy.canal.stations["L4-L5"] / STEP_MM)
    for one, other in zip(phantom.anatomy.cauda.roots, untouched.anatomy.cauda.roots, strict=True):
        own = one.name == "L5" and one.side is Side.LEFT
        assert one.radius[at] ** 2 == pytest.approx((1.8 if own else 1.0) * other.radius[at] ** 2)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: SacShift(level="L4-L5", right_mm=9.0),
        lambda: Arachnoiditis(upper="L3-L4", lower="L4-L5", strength=2.0),
        lambda: RedundantRoots(level="L4-L5", wavelength_mm=1.0),
        lambda: Tether(filum_mm=0.1),
        lambda: InflamedRoot(level="L4-L5", side=Side.MIDLINE),
    ],
)
def test_what_cannot_be_is_refused(bad):
    with pytest.raises(InputError):
        bad()


def test_the_cord_of_the_label_map_reaches_the_low_conus(operated, untouched):
    def lowest(phantom):
        grid = phantom.sagittal_grid(in_plane_mm=2.0, slices=3)
        return float(phantom.segmentation(grid).spine.points_mm(CORD)[:, 2].min())

    assert lowest(operated(Tether(conus="L3"))) < lowest(untouched) - 20
