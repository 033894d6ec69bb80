"""Central stenosis: what is painted is measured, grades follow, and what cannot be read says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import Numbering
from lumbomics.core.examination import CanalTissue, Operation
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Absent, Reason
from lumbomics.measure import measure_examination
from lumbomics.measure.stenosis.central import lee_rule, schizas_rule
from lumbomics.measure.stenosis.grading import Estimate

SAC_MM2 = np.pi * 8.5 * 7.0


def grid_roots(lab, spacing):
    """Roots all over the sac."""
    places = np.stack(np.meshgrid(np.arange(-8, 8.1, spacing), np.arange(-6.5, 7.6, spacing)), axis=-1).reshape(-1, 2)
    inside = (places[:, 0] / 7.6) ** 2 + ((places[:, 1] - 0.5) / 6.1) ** 2 <= 1
    return [lab.root(float(x), float(y), 0.75) for x, y in places[inside]]


def test_fluid_share_is_the_part_of_the_sac_that_is_no_root(lab, ordinary):
    share = lab.measured(ordinary, "schizas_grade").value("fluid_share")
    assert share == pytest.approx(1 - 6 * np.pi * 0.9**2 / SAC_MM2, abs=0.02)


def test_a_few_roots_behind_are_grade_a_and_no_stenosis_after_lee(lab, ordinary):
    schizas, lee = lab.measured(ordinary, "schizas_grade"), lab.measured(ordinary, "lee_central_grade")
    assert schizas.measurement("grade").category in {"A1", "A2"}
    assert schizas.value("grade") == 0
    assert schizas.value("grade_probability") > 0.9
    assert lee.measurement("grade").category == "0"


def test_dorsal_share_counts_the_roots_behind_the_middle(lab):
    roots = [lab.root(-3, -4), lab.root(3, -4), lab.root(0, -4), lab.root(0, 4)]
    table = lab.measured(lab.examine(lab.axial_scan([*lab.CANAL_AND_SAC, *roots])), "schizas_grade")
    assert table.value("dorsal_share") == pytest.approx(0.75, abs=0.03)


def test_depth_of_fluid_in_front_is_that_painted(lab):
    wall = lab.Ellipse(CanalTissue.ROOT, 0, 0, 20, 1.0)
    shapes = [*lab.CANAL_AND_SAC, wall]
    clipped = lab.axial_scan(shapes)
    inside = np.isin(lab.axial_scan(lab.CANAL_AND_SAC).tissue.array, [CanalTissue.FLUID])
    array = np.where(inside | (clipped.tissue.array != CanalTissue.ROOT), clipped.tissue.array, 0).astype(np.uint8)
    scan = replace(clipped, tissue=Labels(array, clipped.tissue.grid, boundary_sd_mm=0.1))
    # front of the sac over the middle half of its width, mean of an ellipse's height, less the wall's front
    x = np.linspace(-4.25, 4.25, 200)
    expected = np.mean(0.5 + 7.0 * np.sqrt(1 - (x / 8.5) ** 2) - np.sqrt(1 - (x / 20) ** 2))
    table = lab.measured(lab.examine(scan), "lee_central_grade")
    assert table.value("anterior_fluid") == pytest.approx(expected, abs=0.35)


def test_roots_that_fill_the_sac_but_stand_apart_are_grade_b_and_one(lab):
    examined = lab.examine(lab.axial_scan([*lab.CANAL_AND_SAC, *grid_roots(lab, 2.3)]))
    schizas, lee = lab.measured(examined, "schizas_grade"), lab.measured(examined, "lee_central_grade")
    assert schizas.value("occupied_share") > 0.8
    assert schizas.measurement("grade").category == "B"
    assert lee.measurement("grade").category == "1"
    assert lee.value("aggregated_share") == 0


@pytest.mark.parametrize(("fat", "grade"), [(True, "C"), (False, "D")])
def test_a_sac_without_fluid_is_c_with_fat_behind_and_d_without(lab, fat, grade):
    canal = lab.Ellipse(CanalTissue.EPIDURAL_FAT, 0, 0.5, *((12, 10) if fat else (8.5, 7.0)))
    full = lab.Ellipse(CanalTissue.ROOT, 0, 0.5, 8.5, 7.0)
    drop = lab.Ellipse(CanalTissue.FLUID, 0, 0.5, 1.2, 1.2)
    examined = lab.examine(lab.axial_scan([canal, full, drop]))
    table = lab.measured(examined, "schizas_grade")
    assert table.measurement("grade").category == grade
    assert lab.measured(examined, "lee_central_grade").measurement("grade").category == "3"


@pytest.mark.parametrize(
    ("changed", "grade"),
    [
        ({}, 0),
        ({"horseshoe_share": 0.5}, 1),
        ({"occupied_share": 0.6}, 2),
        ({"occupied_share": 0.6, "dorsal_share": 0.4}, 3),
        ({"occupied_share": 0.9}, 4),
        ({"fluid_share": 0.05}, 5),
        ({"fluid_share": 0.05, "posterior_fat": 1.0}, 6),
    ],
)
def test_schizas_grades_follow_their_definition(changed, grade):
    plain = {
        "fluid_share": 0.8,
        "occupied_share": 0.3,
        "dorsal_share": 1.0,
        "horseshoe_share": 0.2,
        "posterior_fat": 30.0,
    }
    assert schizas_rule({**plain, **changed}) == grade


@pytest.mark.parametrize(
    ("fluid", "front", "bundled", "grade"),
    [(0.8, 4, 1, 0), (0.5, 0, 0, 1), (0.5, 0, 0.5, 2), (0.5, 0, 1, 3), (0, 0, 0, 3)],
)
def test_lee_grades_follow_their_definition(fluid, front, bundled, grade):
    assert lee_rule({"fluid_share": fluid, "anterior_fluid": front, "aggregated_share": bundled}) == grade


def test_a_badly_drawn_map_gives_larger_errors(lab):
    fine, coarse = (
        lab.measured(lab.examine(lab.axial_scan(lab.ORDINARY, sd_mm=sd)), "schizas_grade") for sd in (0.0, 0.6)
    )
    assert coarse.measurement("posterior_fat").se > 2 * fine.measurement("posterior_fat").se


def test_a_value_at_a_limit_has_a_grade_with_about_even_odds():
    errors = np.random.default_rng(1).normal(0, 0.1, 400)
    at, far = (Estimate.of({"size": size}, [{"size": size + e} for e in errors]) for size in (1.0, 2.0))
    for estimate, odds, tolerance in ((at, 0.5, 0.06), (far, 1.0, 0.01)):
        graded = estimate.graded(lambda values: int(values["size"] >= 1.0))
        assert graded.index == 1
        assert graded.probability == pytest.approx(odds, abs=tolerance)


def test_errors_that_are_added_add_up_in_the_variance():
    estimate = Estimate.of({"a": 1.0, "b": 2.0}, [{"a": 1.3, "b": 2.0}, {"a": 0.7, "b": 2.0}])
    wider = estimate.with_error(a=0.4, b=0.2)
    assert wider.se("a") == pytest.approx(0.5)
    assert wider.se("b") == pytest.approx(0.2)


def test_a_cord_in_the_sac_is_no_cauda_equina(lab):
    cord = lab.Ellipse(CanalTissue.CORD, 0, 0.5, 3, 3)
    examined = lab.examine(lab.axial_scan([*lab.ORDINARY, cord]))
    assert lab.measured(examined, "schizas_grade").absent("grade").reason is Reason.UNDEFINED


def test_what_cannot_be_read_says_why(lab):
    def reason(*scans):
        return lab.measured(lab.examine(*scans), "schizas_grade").absent("grade").reason

    scan = lab.axial_scan(lab.ORDINARY)
    metal = Labels((scan.tissue.array > 0).astype(np.uint8), scan.tissue.grid)
    assert reason() is Reason.NO_SUITABLE_SERIES
    assert reason(lab.axial_scan(lab.ORDINARY, contrast=Contrast.T1)) is Reason.NO_SUITABLE_SERIES
    assert reason(replace(scan, tissue=None)) is Reason.STRUCTURE_NOT_LABELLED
    assert reason(replace(scan, obscured=metal)) is Reason.NOT_ASSESSABLE_METAL
    assert reason(lab.axial_scan(lab.ORDINARY, height_mm=lab.L45_MM + 20)) is Reason.FIELD_OF_VIEW
    assert reason(lab.axial_scan(lab.CANAL_AND_SAC)) is Reason.STRUCTURE_NOT_LABELLED


def test_a_stack_of_its_own_for_each_level_is_found(lab):
    here = lab.axial_scan(lab.ORDINARY, name="second")
    above = lab.axial_scan(lab.ORDINARY, height_mm=lab.L45_MM + 36, name="first")
    table = lab.measured(lab.examine(above, here), "schizas_grade")
    assert table.measurement("fluid_share", "L4-L5").context.series == "second"
    assert table.measurement("fluid_share", "L3-L4").context.series == "first"


def test_early_after_surgery_a_value_carries_a_caution(lab):
    operation = Operation(level="L4-L5", months=1.0)
    examined = lab.examine(lab.axial_scan(lab.ORDINARY), operations=(operation,))
    assert "months after surgery" in lab.measured(examined, "schizas_grade").measurement("grade").caution


def test_unsure_numbering_leaves_nothing(lab):
    unsure = replace(lab.straight_segmentation(), numbering=Numbering(confidence=0.5))
    examined = lab.examine(lab.axial_scan(lab.ORDINARY), segmentation=unsure)
    results = measure_examination(examined, only=["schizas_grade", "root_compromise_grade"])
    assert results
    assert all(isinstance(r, Absent) and r.reason is Reason.LOW_NUMBERING_CONFIDENCE for r in results)


def test_a_sagittal_slab_narrower_than_the_disc_still_tells_the_level_of_axial_slices(lab, ordinary):
    whole = lab.straight_segmentation()

    def narrow(labels):
        origin = labels.grid.to_world((7, 0, 0))
        grid = Grid.from_spacing((18, *labels.grid.shape[1:]), labels.grid.spacing_mm, origin_mm=origin)
        return Labels(labels.array[7:25], grid, boundary_sd_mm=labels.boundary_sd_mm)

    cut = replace(whole, spine=narrow(whole.spine), dural_sac=narrow(whole.dural_sac))
    table = lab.measured(lab.examine(lab.axial_scan(lab.ORDINARY), segmentation=cut), "schizas_grade")
    expected = lab.measured(ordinary, "schizas_grade").value("fluid_share")
    assert table.value("fluid_share") == pytest.approx(expected, abs=0.01)
