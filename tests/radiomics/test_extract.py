"""Features of regions: places, names, withheld values, invariance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import GridError, GridMismatchError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image, Quantity
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.radiomics import (
    Aggregation,
    Normalisation,
    RadiomicsSettings,
    Structure,
    drawn_structures,
    extract_radiomics,
    load_features,
)
from lumbomics.radiomics.engine import compute
from lumbomics.radiomics.features import features_of
from lumbomics.radiomics.regions import regions_of
from lumbomics.radiomics.roi import cut_roi

zrad_image = pytest.importorskip("zrad.image", reason="z-rad is not installed")
zrad_steps = pytest.importorskip("zrad.preprocessing")
zrad_radiomics = pytest.importorskip("zrad.radiomics")
Case = tuple[Image, Segmentation]
FIRST_ORDER = RadiomicsSettings(families=("intensity_statistics",))
PLAIN = RadiomicsSettings(normalisation=Normalisation.NONE, families=("intensity_statistics",))


def values(results: tuple[Result, ...]) -> dict[tuple[str, str | None, str | None], float]:
    return {
        (r.biomarker, r.level, r.side): r.value for r in results if isinstance(r, Measurement) and r.value is not None
    }


def turned(case: Case, order: tuple[int, int, int], flips: tuple[int, ...]) -> Case:
    """The same anatomy in the same place, stored along other axes."""
    image, labels = case
    old = image.grid
    matrix, corner = np.zeros((4, 4)), np.zeros(3)
    for new, axis in enumerate(order):
        matrix[axis, new] = -1 if axis in flips else 1
        corner[axis] = old.shape[axis] - 1 if axis in flips else 0
    matrix[:3, 3], matrix[3, 3] = corner, 1
    grid = Grid(tuple(old.shape[a] for a in order), old.affine @ matrix)

    def turn(array: np.ndarray) -> np.ndarray:
        return np.flip(array, flips).transpose(order) if flips else array.transpose(order)

    parts = {name: getattr(labels, name) for name in ("spine", "subregion", "muscle")}
    maps = {name: Labels(turn(part.array), grid) for name, part in parts.items()}
    return Image(turn(image.array), grid), Segmentation(**maps)


def test_every_drawn_structure_has_every_feature_once_at_its_own_place(spine_case: Case) -> None:
    results = extract_radiomics(*spine_case)
    places = Counter((r.method.split("-")[0] if r.method else None, r.level, r.side) for r in results)
    assert places == dict.fromkeys(
        [
            ("vertebral_body", "L3", None),
            ("vertebral_body", "L4", None),
            ("vertebral_body", "L5", None),
            ("disc", "L4-L5", None),
            ("canal", None, None),
            ("psoas", None, Side.LEFT),
            ("psoas", None, Side.RIGHT),
        ],
        len(load_features()),
    )
    assert len({(r.biomarker, r.method, r.level, r.side) for r in results}) == len(results)


def test_whole_vertebrae_stand_in_only_where_no_body_is_drawn_and_under_their_own_name(spine_case: Case) -> None:
    bare = replace(spine_case[1], subregion=None)
    assert Structure.VERTEBRA in drawn_structures(bare)
    assert Structure.VERTEBRA not in drawn_structures(spine_case[1])
    asked = extract_radiomics(spine_case[0], bare, settings=PLAIN, structures=(Structure.VERTEBRAL_BODY,))
    assert {r.level for r in asked} == {"L3", "L4", "L5"}
    assert {r.reason for r in asked if isinstance(r, Absent)} == {Reason.STRUCTURE_NOT_LABELLED}
    assert not values(asked)


def test_first_order_values_are_those_of_the_voxels_drawn(spine_case: Case) -> None:
    image, labels = spine_case
    found = values(extract_radiomics(image, labels, settings=PLAIN))
    inside = image.array[labels.spine.array == 123]
    assert found["radiomics_stat_mean", "L4-L5", None] == pytest.approx(inside.mean())
    assert found["radiomics_stat_max", "L4-L5", None] == inside.max()
    left = image.array[labels.muscle.array == 1] if labels.muscle else np.empty(0)
    assert found["radiomics_stat_median", None, Side.LEFT] == pytest.approx(np.median(left))


@pytest.mark.parametrize(("order", "flips"), [((2, 0, 1), ()), ((1, 2, 0), (0, 2)), ((0, 1, 2), (1,))])
def test_features_do_not_depend_on_how_the_volume_is_stored(
    spine_case: Case, order: tuple[int, int, int], flips: tuple[int, ...]
) -> None:
    settings = RadiomicsSettings(families=("morphology", "glcm", "glszm", "local_intensity"), spacing_mm=1.3)
    both = [
        values(extract_radiomics(*case, settings=settings, structures=(Structure.DISC,)))
        for case in (spine_case, turned(spine_case, order, flips))
    ]
    assert len(both[0]) > 50
    assert both[1] == pytest.approx(both[0], rel=1e-6)


def test_z_scores_do_not_depend_on_the_receiver_gain(spine_case: Case) -> None:
    image, labels = spine_case
    settings = RadiomicsSettings(families=("intensity_statistics", "glcm"))
    louder = replace(image, array=image.array * 7.5)
    both = [
        values(extract_radiomics(i, labels, settings=settings, structures=(Structure.DISC,))) for i in (image, louder)
    ]
    assert both[1] == pytest.approx(both[0], rel=1e-9)


def test_the_z_scores_reference_leaves_out_what_is_labelled(spine_case: Case) -> None:
    image, labels = spine_case
    sick = image.array.copy()
    sick[labels.spine.array == 123] += 400
    both = [
        values(extract_radiomics(i, labels, settings=FIRST_ORDER, structures=(Structure.VERTEBRAL_BODY,)))
        for i in (image, replace(image, array=sick))
    ]
    assert both[1] == pytest.approx(both[0])


def test_ratios_to_the_canal_divide_by_its_median(spine_case: Case) -> None:
    image, labels = spine_case
    settings = replace(FIRST_ORDER, normalisation=Normalisation.CANAL_RATIO)
    found = values(extract_radiomics(image, labels, settings=settings, structures=(Structure.DISC,)))
    ratio = image.array[labels.spine.array == 123].mean() / np.median(image.array[labels.spine.array == 61])
    assert found["radiomics_stat_mean", "L4-L5", None] == pytest.approx(ratio)


def test_a_ratio_without_its_reference_is_absent(spine_case: Case) -> None:
    labels = replace(spine_case[1], muscle=None)
    settings = replace(FIRST_ORDER, normalisation=Normalisation.PSOAS_RATIO)
    found = extract_radiomics(spine_case[0], labels, settings=settings, structures=(Structure.DISC,))
    assert found
    assert all(isinstance(r, Absent) and "psoas" in r.detail for r in found)


def test_ratios_to_zero_are_withheld_where_zero_is_arbitrary(spine_case: Case) -> None:
    withheld = {
        r.biomarker
        for r in extract_radiomics(*spine_case, settings=FIRST_ORDER, structures=(Structure.DISC,))
        if isinstance(r, Absent)
    }
    assert withheld == {"radiomics_stat_cov", "radiomics_stat_qcod"}
    assert ("radiomics_stat_cov", "L4-L5", None) in values(extract_radiomics(*spine_case, settings=PLAIN))


def test_units_follow_the_image(spine_case: Case) -> None:
    ct = replace(spine_case[0], quantity=Quantity.HOUNSFIELD)
    settings = RadiomicsSettings(families=("morphology", "intensity_statistics"))
    found = extract_radiomics(ct, spine_case[1], settings=settings, structures=(Structure.DISC,))
    units = {r.biomarker.removeprefix("radiomics_"): r.unit for r in found if isinstance(r, Measurement)}
    assert units["stat_mean"] == "[hnsf'U]"
    assert units["stat_var"] == "([hnsf'U])2"
    assert units["morph_integ_int"] == "mm3.[hnsf'U]"
    assert units["morph_volume"] == "mm3"
    assert units["morph_sphericity"] == "1"


def test_the_shape_of_what_the_image_cuts_is_withheld_its_texture_carries_a_caution(spine_case: Case) -> None:
    settings = RadiomicsSettings(families=("morphology", "intensity_statistics"), normalisation=Normalisation.NONE)
    found = extract_radiomics(*spine_case, settings=settings, structures=(Structure.CANAL, Structure.DISC))
    cut = [r for r in found if r.level is None]
    shapes = [r for r in cut if r.biomarker.startswith("radiomics_morph")]
    assert all(isinstance(r, Absent) and r.reason is Reason.FIELD_OF_VIEW for r in shapes)
    assert all(r.caution and "edge" in r.caution for r in cut if isinstance(r, Measurement))
    assert all(isinstance(r, Measurement) and r.caution is None for r in found if r.level == "L4-L5")


def test_unsure_level_numbers_withhold_levels_and_nothing_else(
    spine_case: Case, unsure: Callable[[float], Segmentation]
) -> None:
    found = extract_radiomics(spine_case[0], unsure(0.5), settings=PLAIN)
    reasons = {r.reason for r in found if isinstance(r, Absent)}
    assert reasons == {Reason.LOW_NUMBERING_CONFIDENCE}
    assert {r.level for r in found if isinstance(r, Measurement)} == {None}


def test_regions_too_small_for_texture_are_absent(spine_case: Case) -> None:
    image, labels = spine_case
    array = np.where(labels.spine.array == 123, 0, labels.spine.array)
    array[5, 20:30, 27:30] = 123  # one slice of many
    found = extract_radiomics(
        image,
        replace(labels, spine=Labels(array, image.grid)),
        settings=RadiomicsSettings(families=("glcm",)),
        structures=(Structure.DISC,),
    )
    assert {r.reason for r in found if isinstance(r, Absent)} == {Reason.RESOLUTION_TOO_COARSE}
    assert not values(found)


def test_a_feature_that_fails_is_absent_with_the_reason_and_the_others_stand(spine_case: Case) -> None:
    image, labels = spine_case
    flat = replace(image, array=np.where(labels.spine.array == 123, 100.0, image.array))
    found = extract_radiomics(
        flat,
        labels,
        settings=RadiomicsSettings(normalisation=Normalisation.NONE, families=("morphology", "intensity_histogram")),
        structures=(Structure.DISC,),
    )
    absent = {r.biomarker: r for r in found if isinstance(r, Absent)}
    assert {r.reason for r in absent.values()} == {Reason.UNDEFINED}
    assert "radiomics_morph_moran_i" in absent
    assert "bins" in absent["radiomics_ih_mean"].detail
    assert ("radiomics_morph_volume", "L4-L5", None) in values(found)


def test_a_coefficient_of_variation_about_zero_is_no_million(spine_case: Case) -> None:
    image, labels = spine_case
    inside = labels.spine.array == 123
    array = image.array.copy()
    array[inside] = np.where(np.arange(inside.sum()) % 2, 1.0, -1.0)
    array[np.argwhere(inside)[0][0], np.argwhere(inside)[0][1], np.argwhere(inside)[0][2]] = 0 - array[inside][1:].sum()
    found = extract_radiomics(replace(image, array=array), labels, settings=PLAIN, structures=(Structure.DISC,))
    row = next(r for r in found if r.biomarker == "radiomics_stat_cov")
    assert isinstance(row, Absent)
    assert "zero" in row.detail


def test_no_voxel_in_the_range_of_intensities_leaves_nothing_to_measure(spine_case: Case) -> None:
    settings = replace(PLAIN, intensity_range=(9e4, 1e5))
    found = extract_radiomics(*spine_case, settings=settings, structures=(Structure.DISC,))
    assert all(isinstance(r, Absent) and "range" in r.detail for r in found)


def test_voxels_without_a_number_make_their_region_absent(spine_case: Case) -> None:
    image, labels = spine_case
    array = image.array.copy()
    array[tuple(np.argwhere(labels.spine.array == 123)[0])] = np.nan
    found = extract_radiomics(replace(image, array=array), labels, settings=PLAIN)
    assert {r.level for r in found if isinstance(r, Absent)} == {"L4-L5"}


def test_sheared_voxels_are_refused(spine_case: Case) -> None:
    affine = spine_case[0].grid.affine.copy()
    affine[1, 2] = 0.3
    grid = Grid(spine_case[0].grid.shape, affine)
    tilted = Segmentation(spine=Labels(spine_case[1].spine.array, grid))
    with pytest.raises(GridError, match="right angles"):
        extract_radiomics(Image(spine_case[0].array, grid), tilted)


def test_labels_on_other_voxels_are_refused(spine_case: Case) -> None:
    image = spine_case[0]
    elsewhere = Grid.from_spacing(image.grid.shape, (4.0, 1.0, 1.1))
    with pytest.raises(GridMismatchError, match="do not share their voxels"):
        extract_radiomics(image, Segmentation(spine=Labels(spine_case[1].spine.array, elsewhere)))


@pytest.mark.parametrize("aggregation", [Aggregation.ALL_SLICES_MERGED, Aggregation.VOLUME_AVERAGED])
def test_values_of_the_cut_out_box_are_those_of_the_whole_image(spine_case: Case, aggregation: Aggregation) -> None:
    """z-rad on the uncropped image, called without our interface."""
    image, labels = spine_case
    shared = {"origin": (0, 0, 0), "spacing": [1.0, 1.0, 4.0], "direction": np.eye(3).ravel(), "shape": (76, 44, 11)}
    whole = zrad_steps.RoiData(
        image=zrad_image.Image(array=np.asarray(image.array), **shared),
        morphological_mask=zrad_image.Image(array=(labels.spine.array == 123).astype(float), **shared),
    )
    steps = [
        ("mask", zrad_steps.IntensityMaskBuilder()),
        ("bins", zrad_steps.TextureDiscretizer(number_of_bins=16)),
        ("ivh", zrad_steps.IVHIntensityDiscretizer("fixed_bin_number", number_of_bins=1000)),
    ]
    dimension, merge = ("3D", "AVER") if aggregation is Aggregation.VOLUME_AVERAGED else ("2.5D", "MERG")
    uncropped = zrad_radiomics.Radiomics(dimension, merge).extract_features(zrad_steps.Pipeline(steps).apply(whole))
    region = regions_of(labels, image.grid, (Structure.DISC,))[0]
    roi = cut_roi(image, region)
    assert roi.mask.size < image.array.size  # something was left away
    ours = compute(roi, features_of(()), RadiomicsSettings(bins=16, aggregation=aggregation))
    theirs = dict(zip(ours, (_of(uncropped, tag, aggregation) for tag in ours), strict=True))
    assert len(ours) == len(uncropped) == len(load_features())
    assert ours == pytest.approx(theirs, rel=1e-9)


def _of(uncropped: dict[str, float], tag: str, aggregation: Aggregation) -> float:
    names = {tag, f"{tag}_{aggregation}", f"{tag}_{aggregation.dimension}"} & set(uncropped)
    return float(uncropped[names.pop()])
