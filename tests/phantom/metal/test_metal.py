"""Implants lie where surgeons put them, and their artefact is known voxel by voxel."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.examination import Obscured
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.visit import MetalTechnique
from lumbomics.phantom import Acquisition, PhantomParameters, make_phantom
from lumbomics.phantom.metal import Cage, Kind, Lead, Material, Metal, Rod, Screws, draw_metal, metal_extent
from lumbomics.phantom.visit import VisitProtocol

SCREWS = Metal((Screws(vertebrae=("L4", "L5")),))


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(0, PhantomParameters.typical(), extras=(SCREWS,))


@pytest.fixture(scope="module")
def grid(phantom):
    return phantom.axial_grid("L4-L5", in_plane_mm=0.9, slices=13, width_mm=130)


def test_screws_lie_in_bone_inside_pedicle_and_body(phantom):
    grid = phantom.default_grid(1.0)
    spine = phantom.segmentation(grid).spine.array
    for part in SCREWS.parts(phantom.anatomy):
        if isinstance(part, Rod) and part.kind is Kind.SCREW:
            along = np.linspace(0.35, 0.98, 30)[:, None]
            points = part.start_mm + along * (part.end_mm - part.start_mm)
            values = spine[tuple(np.rint(grid.to_index(points)).astype(int).T)]
            assert set(values) <= {23, 24}


def test_a_screw_on_one_side_is_the_mirror_of_the_other(phantom):
    left, right = (
        Screws(vertebrae=("L4",), sides=(side,)).parts(phantom.anatomy)[0] for side in (Side.LEFT, Side.RIGHT)
    )
    frame = phantom.anatomy.vertebra("L4").frame
    mirrored = frame.to_local(left.end_mm) * (-1, 1, 1)
    assert frame.to_local(right.end_mm) == pytest.approx(mirrored)


def test_metal_is_black_in_mr_and_white_in_ct(phantom, grid):
    inside = SCREWS.map(phantom.anatomy, grid) > 0
    ct = phantom.image(grid, Contrast.CT).array
    assert np.median(ct[inside]) > 2500
    semac = Acquisition(metal_technique=MetalTechnique.SEMAC, noise=0.0)
    t2 = phantom.image(grid, Contrast.T2, acquisition=semac).array
    assert np.median(t2[inside]) < 0.2 * np.median(t2[~inside & (ct > -200)])


def test_each_technique_spoils_less_than_the_one_before(phantom, grid):
    spoilt = []
    for technique in (MetalTechnique.NONE, MetalTechnique.VAT, MetalTechnique.SEMAC):
        acquisition = Acquisition(metal_technique=technique)
        array = SCREWS.obscured(grid, Contrast.T2, acquisition, phantom.anatomy)
        spoilt.append(int((array > 0).sum()))
    assert spoilt[0] > 1.2 * spoilt[1] > 1.44 * spoilt[2] > 0


def test_the_void_of_titanium_screws_is_as_large_as_in_patients(phantom, grid):
    """Void over three axial slices about lumbar screws: 2980 mm² plain, 990 mm² SEMAC-VAT (Medicine 2016, n = 67)."""
    areas = []
    for technique in (MetalTechnique.NONE, MetalTechnique.SEMAC):
        array = SCREWS.obscured(grid, Contrast.T2, Acquisition(metal_technique=technique), phantom.anatomy)
        areas.append(metal_extent(Labels(array, grid)).void_area_mm2)
    assert 1500 < areas[0] < 4500
    assert 500 < areas[1] < 1700


def test_steel_spoils_far_more_than_titanium(phantom, grid):
    steel = Metal((Screws(vertebrae=("L4", "L5"), material=Material.STEEL),))
    counts = [
        int((m.obscured(grid, Contrast.T2, Acquisition(), phantom.anatomy) == Obscured.VOID).sum())
        for m in (SCREWS, steel)
    ]
    assert counts[1] > 3 * counts[0]


def test_ct_is_not_obscured(phantom, grid):
    assert SCREWS.obscured(grid, Contrast.CT, Acquisition(), phantom.anatomy) is None


def test_the_true_map_tells_where_the_signal_is_gone(phantom, grid):
    acquisition = Acquisition(noise=0.0, texture=0.0, coil_reach_mm=1e9, blur_voxels=0.0)
    clean = make_phantom(0, PhantomParameters.typical()).image(grid, Contrast.T1, acquisition=acquisition).array
    spoilt = phantom.image(grid, Contrast.T1, acquisition=acquisition).array
    known = SCREWS.obscured(grid, Contrast.T1, acquisition, phantom.anatomy)
    usable = (clean > 300) & (known == 0)
    changed = np.abs(spoilt / np.maximum(clean, 1) - 1)
    assert np.median(changed[usable]) < 0.02
    assert np.median(changed[(clean > 300) & (known == Obscured.VOID)]) > 0.5


def test_extent_is_read_in_millimetres():
    array = np.zeros((20, 20, 8), dtype=np.uint8)
    array[5:9, 4:14, 2:4] = Obscured.VOID
    array[5:9, 14:16, 2] = Obscured.DISTORTED
    found = metal_extent(Labels(array, Grid.from_spacing((20, 20, 8), (0.5, 0.5, 4.0))))
    assert found.void_mm3 == 4 * 10 * 2 * 1.0
    assert found.distorted_mm3 == 8 * 1.0
    assert found.void_area_mm2 == 4 * 10 * 2 * 0.25
    assert found.in_plane_mm == 12 * 0.5
    assert found.through_plane_mm == 8.0


def test_a_lead_lies_behind_the_sac_inside_the_canal(phantom):
    grid = phantom.default_grid(1.0)
    maps = phantom.segmentation(grid)
    contacts = [p for p in Lead(top="T10").parts(phantom.anatomy) if p.kind is Kind.CONTACT]
    assert len(contacts) == 8
    places = tuple(np.rint(grid.to_index([p.start_mm for p in contacts])).astype(int).T)
    assert set(maps.spine.array[places]) == {61}
    assert not maps.dural_sac.array[places].any()


def test_a_cage_fills_the_disc_space(phantom):
    parts = Cage(disc="L4-L5").parts(phantom.anatomy)
    grid = phantom.default_grid(1.0)
    places = tuple(np.rint(grid.to_index([p.centre_mm for p in parts])).astype(int).T)
    assert set(phantom.segmentation(grid).spine.array[places]) == {123}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Screws(vertebrae=()),
        lambda: Screws(vertebrae=("L4",), sides=(Side.MIDLINE,)),
        lambda: Screws(vertebrae=("L4",), length_mm=90),
        lambda: Cage(disc="L4-L5", fill=0),
        lambda: Lead(contacts=0),
        lambda: Metal(()),
        lambda: Metal((Cage(disc="L4-L5"),), void_below=2.0),
    ],
)
def test_what_cannot_be_built_is_refused(make):
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize("implant", [Screws(vertebrae=("C1",)), Cage(disc="L9-L10"), Lead(top="C3")])
def test_levels_the_phantom_lacks_are_named(phantom, implant):
    with pytest.raises(InputError, match="no such"):
        implant.parts(phantom.anatomy)


def test_drawn_implants_can_be_built_and_all_kinds_occur(phantom):
    drawn = [draw_metal(seed, phantom.parameters) for seed in range(60)]
    kinds = {type(implant) for metal in drawn for implant in metal.implants}
    assert kinds == {Screws, Cage, Lead}
    materials = {part.material for metal in drawn for part in metal.parts(phantom.anatomy)}
    assert materials == set(Material)


def test_the_same_seed_draws_the_same_implants(phantom):
    assert draw_metal(7, phantom.parameters).implants == draw_metal(7, phantom.parameters).implants
    with pytest.raises(InputError):
        draw_metal(-1, phantom.parameters)


def test_an_examination_carries_the_true_map_of_every_series():
    metal = Metal((Screws(vertebrae=("L5", "S1")),))
    protocol = VisitProtocol(
        levels=("L5-S1",), sagittal=(Contrast.T1,), axial=(Contrast.T2,), in_plane_mm=1.0, sagittal_slices=5
    )
    examined = make_phantom(0, PhantomParameters.typical(), extras=(metal,)).examination(protocol)
    for scan in examined.scans:
        assert scan.obscured is not None
        assert set(scan.obscured.present) == {Obscured.VOID, Obscured.DISTORTED}
