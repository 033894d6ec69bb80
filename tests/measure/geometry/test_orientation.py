"""What the anterior axis rests on, and that it is right."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.labels import Labels, Segmentation, Subregion
from lumbomics.measure import describe_spine
from lumbomics.measure.geometry.orientation import AnteriorSource

FLAT = (0.0,) * 6


def anterior_error_deg(vertebra, block) -> float:
    return float(np.degrees(np.arccos(np.clip(vertebra.frame.anterior @ block.axes[1], -1, 1))))


@pytest.mark.parametrize(
    ("canal", "arch", "source"),
    [
        (True, False, AnteriorSource.CANAL_LABEL),
        (False, True, AnteriorSource.VERTEBRAL_FORAMEN),
        (False, False, AnteriorSource.IMAGE_ORIENTATION),
    ],
)
def test_front_is_found_from_canal_foramen_or_image(grid_of, spine_of, canal, arch, source):
    spine = spine_of(FLAT, FLAT).with_block(1, turn_deg=10.0)
    geometry = describe_spine(spine.segmentation(grid_of((1.0, 1.0, 1.0)), canal=canal, arch=arch))
    turned = geometry.vertebra("L2")
    assert turned.anterior_source is source
    assert anterior_error_deg(turned, spine.blocks[1]) < (3.0 if canal or arch else 5.0)


def test_open_arch_still_tells_front_from_back(grid_of, plain):
    grid = grid_of((1.0, 1.0, 1.0))
    whole = plain.segmentation(grid, canal=False, arch=True).spine
    array = whole.array.copy()
    bare = plain.segmentation(grid, canal=False).spine.array
    array[36:][bare[36:] == 0] = 0  # right side of every arch gone
    vertebra = describe_spine(Segmentation(spine=Labels(array, grid))).vertebra("L3")
    assert vertebra.anterior_source is AnteriorSource.POSTERIOR_ELEMENTS
    assert vertebra.frame.anterior[1] > 0.9


def test_semantic_map_marks_the_body(grid_of, plain):
    grid = grid_of((1.5, 1.5, 1.5))
    whole = plain.segmentation(grid, canal=False, arch=True)
    bare = plain.segmentation(grid, canal=False)
    parts = np.where(whole.spine.array > 0, Subregion.ARCH, 0).astype(np.uint8)
    parts[bare.spine.array > 0] = Subregion.CORPUS
    marked = Segmentation(spine=whole.spine, subregion=Labels(parts, grid))
    body = describe_spine(marked).vertebra("L3").body
    assert body.volume_mm3 == np.count_nonzero(bare.spine.array == 22) * grid.voxel_volume_mm3


def test_body_is_parted_from_the_arch_by_geometry(grid_of, plain):
    grid = grid_of((1.5, 1.5, 1.5))
    parted = describe_spine(plain.segmentation(grid, canal=False, arch=True)).vertebra("L3")
    bare = describe_spine(plain.segmentation(grid, canal=False)).vertebra("L3")
    assert parted.body.volume_mm3 == pytest.approx(bare.body.volume_mm3, rel=0.04)
    assert np.linalg.norm(parted.frame.origin_mm - bare.frame.origin_mm) < 0.7
