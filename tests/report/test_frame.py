"""The directions along which pictures are laid."""

from __future__ import annotations

import numpy as np

from lumbomics.core.labels import Labels, Segmentation
from lumbomics.phantom import make_phantom
from lumbomics.report.frame import find_frame

CORPUS = (49, 50)
TURN = np.deg2rad(25)
TURNED = np.array([[np.cos(TURN), -np.sin(TURN), 0], [np.sin(TURN), np.cos(TURN), 0], [0, 0, 1]])


def test_a_canal_tells_the_front_of_a_patient_who_lies_turned_in_the_grid() -> None:
    phantom = make_phantom(5)
    frame = find_frame(phantom.segmentation(phantom.default_grid(2.0, rotation=TURNED)))
    assert frame is not None
    assert frame.anterior @ (0, 1, 0) > 0.97
    assert frame.right @ (1, 0, 0) > 0.97


def test_bodies_alone_cut_at_their_sides_are_shown_along_the_scanners_front() -> None:
    phantom = make_phantom(5)
    grid = phantom.default_grid(2.0, rotation=TURNED)
    whole = phantom.segmentation(grid)
    assert whole.subregion is not None
    bodies = np.where(np.isin(whole.subregion.array, CORPUS) & (whole.spine.array < 60), whole.spine.array, 0)
    middle = int(grid.to_index(whole.spine.points_mm(22).mean(axis=0))[0])
    # What lies outside the slab is cut off; the cut runs obliquely through the bodies and draws their centroids aside.
    slab = np.zeros_like(bodies)
    slab[middle - 8 : middle + 10] = bodies[middle - 8 : middle + 10]
    frame = find_frame(Segmentation(spine=Labels(slab, grid)))
    assert frame is not None
    assert abs(frame.right @ (1, 0, 0)) > 0.999
