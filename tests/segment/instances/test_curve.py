import numpy as np

from lumbomics.segment.instances.column import ColumnVoxels, with_fused_split
from lumbomics.segment.instances.curve import Curve, refined_line
from lumbomics.segment.instances.discs import Plane


def upright(height_mm=300.0):
    z = np.arange(0, height_mm, 5.0)
    points = np.stack([np.zeros_like(z), np.zeros_like(z), z], axis=1)
    return Curve.through(points, np.tile([0.0, 1.0, 0.0], (len(z), 1)))


def test_two_far_islands_do_not_break_the_line():
    rng = np.random.default_rng(0)
    islands = np.vstack([rng.normal((0, 0, 5), 2, (60, 3)), rng.normal((0, 0, 1195), 2, (60, 3))])
    line = refined_line(upright(1200.0), islands, np.empty((0, 3)))
    assert np.isfinite(line.centre).all()


def test_a_canal_that_ends_far_from_the_column_does_not_break_the_line():
    rng = np.random.default_rng(1)
    column = np.stack([rng.normal(0, 5, 800), rng.normal(0, 5, 800), rng.uniform(0, 280, 800)], axis=1)
    canal = rng.normal((0, -30, 5), 2, (80, 3))
    line = refined_line(upright(), column, canal)
    assert np.isfinite(line.front).all()


def test_a_long_stretch_without_any_bone_is_not_split():
    rng = np.random.default_rng(2)
    height = rng.uniform(0, 70, 400)
    points = np.stack([rng.normal(0, 5, 400), rng.normal(0, 5, 400), height], axis=1)
    column = ColumnVoxels(points, height, points[:, 0], np.zeros(400, dtype=bool))
    up = np.array([0.0, 0.0, 1.0])
    planes = [Plane(np.array([0.0, 0.0, z]), up, z, np.arange(3)) for z in (140.0, 70.0, 35.0, 0.0)]
    assert with_fused_split(column, planes, upright()) == planes
