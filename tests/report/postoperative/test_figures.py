"""What is drawn lies where it belongs."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from lumbomics.core.colours import muscle_colour
from lumbomics.core.examination import CanalTissue, Obscured
from lumbomics.core.labels import Labels, Muscle
from lumbomics.report.postoperative.figures.muscles import muscles_figure
from lumbomics.report.postoperative.figures.triplet import triplet_figure
from lumbomics.report.postoperative.figures.wheel import Quadrant, wheel_figure
from lumbomics.report.postoperative.place import axial_slices, find_places
from lumbomics.report.postoperative.view import view_level
from lumbomics.report.postoperative.words import load_words


def pixels(png) -> np.ndarray:
    """(rows from the top, columns, 3) of a picture."""
    return imread(io.BytesIO(base64.b64decode(png.source.partition(",")[2])))[..., :3]


def quadrants(side, half):
    return [
        Quadrant(side=s, half=h, grade=4.0 if (s, h) == (side, half) else 0.0, text="")
        for s in ("right", "left")
        for h in ("anterior", "posterior")
    ]


@pytest.mark.parametrize(
    ("side", "half", "row", "column"),
    [
        ("right", "anterior", 0, 0),
        ("left", "anterior", 0, 1),
        ("right", "posterior", 1, 0),
        ("left", "posterior", 1, 1),
    ],
)
def test_the_wheel_shows_the_patients_right_on_the_left_and_front_up(side, half, row, column):
    picture = pixels(wheel_figure([("", quadrants(side, half))], ""))
    brown = (np.abs(picture - np.array([0x8A, 0x4B, 0x00]) / 255) < 0.02).all(axis=-1)
    rows, columns = np.nonzero(brown)
    assert len(rows) > 5000
    assert (rows.mean() > picture.shape[0] * 0.55) == bool(row)
    assert (columns.mean() > picture.shape[1] * 0.5) == bool(column)


def test_a_quadrant_that_was_not_assessable_is_hatched_and_not_white():
    known = quadrants("right", "anterior")
    unknown = [Quadrant(side=q.side, half=q.half, grade=None, text="not\nassessable") for q in known]
    white, grey = (
        np.mean((pixels(wheel_figure([("", found)], "")) > 0.99).all(axis=-1)) for found in (known[1:], unknown)
    )
    assert grey < white - 0.2


def test_without_wheels_there_is_no_picture():
    assert wheel_figure([], "sac") is None


def coloured(picture, colour):
    wanted = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.nonzero((np.abs(picture - wanted) < 0.12).all(axis=-1))


def test_metal_is_hatched_where_it_lies(examination):
    scan = next(s for s in examination.scans if s.name == "acq-ax_T2w")
    spoilt = np.zeros(scan.image.grid.shape, dtype=np.uint8)
    spoilt[100:, :, :] = Obscured.VOID  # x above 16 mm: the patient's right
    scans = tuple(replace(s, obscured=Labels(spoilt, s.image.grid)) if s is scan else s for s in examination.scans)
    place = find_places(examination.segmentation)["L4-L5"]
    words = load_words().headings
    clean, metal = (
        pixels(triplet_figure(view_level(e, place), words)) for e in (examination, replace(examination, scans=scans))
    )
    height, width = clean.shape[:2]
    lower = slice(height // 2, int(height * 0.9))
    middle = slice(width // 3, 2 * width // 3)
    changed = np.abs(metal - clean).max(axis=-1)[lower, middle] > 0.3
    columns = np.nonzero(changed)[1]
    assert len(columns) > 200, "the outlined T2 picture, second of the lower row"
    assert columns.max() < 0.45 * changed.shape[1], "the patient's right is on the left"


def test_muscles_are_coloured_on_their_side_and_bear_their_value(examination):
    scan = next(s for s in examination.scans if s.muscle is not None)
    place = find_places(examination.segmentation)["L4-L5"]
    one = axial_slices(scan, place, about_mm=place.canal_mm, size_mm=(120.0, 100.0), spacing_mm=0.8)[0]
    only_right = Labels(np.where(scan.muscle.array == Muscle.MULTIFIDUS_RIGHT, scan.muscle.array, 0), scan.image.grid)
    words = load_words().headings
    picture = pixels(muscles_figure(one, only_right, {}, words))
    columns = coloured(picture[: int(0.88 * len(picture))], muscle_colour(Muscle.MULTIFIDUS_RIGHT))[1]
    assert len(columns) > 100
    second = picture.shape[1] / 2
    assert ((columns > second) & (columns < second * 1.5)).mean() > 0.9, "right half of the row, its left part"
    assert muscles_figure(one, Labels(np.zeros_like(scan.muscle.array), scan.image.grid), {}, words) is None


def test_tissue_outlines_are_named_only_where_they_are_seen(examine):
    scarred, plain = examine(), examine(scar_z=90.0)
    words = load_words().headings
    sizes = []
    for found in (scarred, plain):
        view = view_level(found, find_places(found.segmentation)["L4-L5"])
        assert (CanalTissue.SCAR in np.unique(view.t2.scan.tissue.array)) == (found is scarred)
        sizes.append(len(coloured(pixels(triplet_figure(view, words)), "#e69f00")[0]))
    assert sizes[0] > 300
    assert sizes[1] < 50
