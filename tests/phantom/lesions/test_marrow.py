"""Modic changes look as Modic 1988 says, and are as large as they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast
from lumbomics.phantom.lesions import Endplate, EndplateDefect, Modic, ModicType
from lumbomics.phantom.lesions.marrow import modic_volume_mm3
from lumbomics.phantom.lesions.tissues import Lesion

ALL = tuple(
    Modic(disc=disc, endplate=end, kind=kind, height_mm=10, share=0.7)
    for disc, kind in (("L2-L3", 1), ("L3-L4", 2), ("L4-L5", 3))
    for end in Endplate
)
CORES = {1: Lesion.OEDEMA, 2: Lesion.FATTY, 3: Lesion.SCLEROSIS}


@pytest.fixture(scope="module")
def ratios(make, around, even):
    """Median signal of each type over that of the same body's marrow, by contrast."""
    phantom = make(modic=tuple(Modic(disc=m.disc, endplate=m.endplate, kind=ModicType(m.kind)) for m in ALL))
    found = {}
    for kind, disc in ((1, "L2-L3"), (2, "L3-L4"), (3, "L4-L5")):
        grid = around(phantom, disc, (16, 30, 44))
        numbers = phantom.scene.tissue(grid)
        for contrast in (Contrast.T1, Contrast.T2, Contrast.STIR):
            image = phantom.image(grid, contrast, acquisition=even).array
            found[kind, contrast] = np.median(image[numbers == CORES[kind]]) / np.median(image[numbers == 4])
    return found


def test_type_1_is_dark_on_t1_and_bright_on_t2_and_stir(ratios):
    assert ratios[1, Contrast.T1] < 0.75
    assert ratios[1, Contrast.T2] > 1.25
    assert ratios[1, Contrast.STIR] > 1.8


def test_type_2_is_bright_on_t1_iso_to_bright_on_t2_and_dark_on_stir(ratios):
    assert ratios[2, Contrast.T1] > 1.3
    assert 0.95 < ratios[2, Contrast.T2] < 1.6
    assert ratios[2, Contrast.STIR] < 0.5


def test_type_3_is_dark_on_t1_and_t2(ratios):
    assert ratios[3, Contrast.T1] < 0.4
    assert ratios[3, Contrast.T2] < 0.2


def test_the_volume_of_a_change_is_that_of_half_an_ellipsoid(plain):
    """2/3 π a b h for a dome of height h over an ellipse; the endplate's cortex and the concave rim take some."""
    change = Modic(disc="L3-L4", endplate=Endplate.LOWER, kind=ModicType.FAT, height_mm=10, share=0.4)
    body = plain.anatomy.vertebra("L4").body
    dome = 2 / 3 * np.pi * 0.4 * body.width * body.depth / 4 * 10
    cortex = 0.9 * np.pi * 0.4 * body.width * body.depth / 4
    assert modic_volume_mm3(change, plain.anatomy) == pytest.approx(dome - cortex, rel=0.06)


def test_painted_voxels_have_the_stated_volume(make, around):
    change = Modic(disc="L3-L4", endplate=Endplate.UPPER, kind=ModicType.OEDEMA, height_mm=9, share=0.5)
    phantom = make(modic=(change,))
    grid = around(phantom, "L3-L4", (56, 44, 50), 0.7)
    numbers = phantom.scene.tissue(grid)
    core, edge = ((numbers == n).sum() * grid.voxel_volume_mm3 for n in (Lesion.OEDEMA, Lesion.OEDEMA_EDGE))
    volume = modic_volume_mm3(change, phantom.anatomy)
    assert core < volume < core + edge
    assert core + edge / 2 == pytest.approx(volume, rel=0.12)


def test_an_upper_endplate_change_lies_in_the_vertebra_above(make, around):
    for endplate, number in ((Endplate.UPPER, 22), (Endplate.LOWER, 23)):
        phantom = make(modic=(Modic(disc="L3-L4", endplate=endplate, kind=ModicType.FAT),))
        grid = around(phantom, "L3-L4", (40, 40, 50), 1.5)
        spine = phantom.segmentation(grid).spine.array
        assert set(spine[phantom.scene.tissue(grid) == Lesion.FATTY]) == {number}


def test_a_forward_change_lies_further_front(make, around):
    places = []
    for forward in (-1.0, 1.0):
        change = Modic(disc="L4-L5", endplate=Endplate.UPPER, kind=ModicType.FAT, share=0.2, forward=forward)
        phantom = make(modic=(change,))
        numbers = phantom.scene.tissue(around(phantom, "L4-L5", (40, 44, 40), 1.5))
        places.append(np.nonzero(numbers == Lesion.FATTY)[1].mean())
    assert places[1] - places[0] > 8


def test_an_endplate_defect_holds_disc_inside_the_body(make, around):
    phantom = make(defects=(EndplateDefect(disc="L2-L3", endplate=Endplate.UPPER, depth_mm=6, radius_mm=5),))
    grid = around(phantom, "L2-L3", (20, 20, 40), 0.8)
    numbers, spine = phantom.scene.tissue(grid), phantom.segmentation(grid).spine.array
    inside = (spine == 21) & (numbers >= 32) & (numbers < 48)
    whole = 2 / 3 * np.pi * 25 * 6
    assert 0.35 * whole < inside.sum() * grid.voxel_volume_mm3 < whole


@pytest.mark.parametrize("change", [{"height_mm": 1.0}, {"share": 1.5}, {"forward": 2.0}, {"height_mm": float("nan")}])
def test_a_change_that_cannot_be_built_is_refused(change):
    with pytest.raises(InputError, match="outside"):
        Modic(disc="L4-L5", endplate=Endplate.UPPER, kind=ModicType.FAT, **change)


def test_an_unknown_disc_is_named(make, around):
    phantom = make(modic=(Modic(disc="L7-L8", endplate=Endplate.UPPER, kind=ModicType.FAT),))
    with pytest.raises(InputError, match="L7-L8"):
        phantom.scene.tissue(around(phantom, "L4-L5", (4, 4, 4)))
