"""There and back: what the target holds returns unchanged, and the losses are exactly the rest."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumbomics.core.anatomy import VERTEBRA_NAMES, Numbering, Transition
from lumbomics.core.conventions import Convention, from_segmentation, names_of, to_segmentation
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation, Subregion

SPINE_NUMBERS = [*VERTEBRA_NAMES, *(100 + n for n in VERTEBRA_NAMES), 60, 61]
STATED = {
    Convention.SPIDER: {"lowest_vertebra": "L5"},
    Convention.VERTEBRA_BODIES_ASCENDING: {"top_vertebra": "T12"},
}
WRITTEN = [c for c in Convention if c is not Convention.VERTEBRA_BODIES_UNORDERED]
INSTANCE = [c for c in WRITTEN if not c.is_semantic and c is not Convention.VERTEBRA_BODIES_ASCENDING]


def labels_of(values):
    array = np.asarray(values, dtype=np.uint8).reshape(-1, 1, 1)
    return Labels(array, Grid.from_spacing(array.shape, (1, 1, 1)))


def flat(labels):
    return labels.array.ravel()


@pytest.mark.parametrize("convention", INSTANCE)
@given(numbers=st.lists(st.sampled_from(SPINE_NUMBERS), max_size=30))
@settings(max_examples=60, deadline=None)
def test_what_a_convention_holds_comes_back_and_all_else_is_told(convention, numbers):
    spine = labels_of([22, *numbers])
    numbering = Numbering(transition=Transition.T13 if 28 in numbers else Transition.UNKNOWN)
    stated = STATED.get(convention, {})
    converted = from_segmentation(Segmentation(spine=spine, numbering=numbering), convention, **stated)
    back = to_segmentation(converted.labels, convention, second=converted.second, numbering=numbering, **stated)
    told = {loss.value: loss.voxels for loss in converted.losses}
    changed = Counter(flat(spine)[flat(back.segmentation.spine) != flat(spine)].tolist())
    assert changed == told


@pytest.mark.parametrize("convention", WRITTEN)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_map_of_each_convention_comes_back_but_for_its_losses(convention, data):
    stated = STATED.get(convention, {})
    anchor = {Convention.VERTEBRA_BODIES_ASCENDING: 1, Convention.TOTALSPINESEG: 43, Convention.SPINEPS: 22}
    known = list(names_of(convention, **stated))
    values = data.draw(st.lists(st.sampled_from(known), max_size=30))
    first = anchor.get(convention) or _first_held(convention, known, stated)
    source = labels_of([first, *values])
    conversion = to_segmentation(source, convention, **stated)
    converted = from_segmentation(conversion.segmentation, convention, **stated)
    unread = {loss.value for loss in conversion.losses}
    unwritten = {loss.value for loss in converted.losses if loss.map_name == "spine"}
    kept = ~np.isin(flat(source), list(unread)) & ~np.isin(flat(conversion.segmentation.spine), list(unwritten))
    assert kept[0]
    assert np.array_equal(flat(converted.labels)[kept], flat(source)[kept])
    dropped = np.isin(flat(source), [loss.value for loss in conversion.losses if not loss.kept_as])
    assert not flat(converted.labels)[dropped].any()


def _first_held(convention, known, stated):
    lost = {loss.value for loss in to_segmentation(labels_of(known), convention, **stated).losses}
    return next(value for value in known if value not in lost)


@given(parts=st.lists(st.sampled_from([*range(40, 51), 62, 80]), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_parts_beside_an_instance_map_come_back(parts):
    segmentation = Segmentation(spine=labels_of([24] * len(parts)), subregion=labels_of(parts))
    for convention in (Convention.LUMBOMICS, Convention.VERSE, Convention.SPINEPS):
        converted = from_segmentation(segmentation, convention)
        back = to_segmentation(converted.labels, convention, second=converted.second).segmentation
        assert np.array_equal(flat(back.subregion), parts)
        assert np.array_equal(flat(back.spine), [24] * len(parts))


@pytest.mark.parametrize(
    ("convention", "left", "right"),
    [(Convention.TPTBOX_SUBREGION, Subregion.SUPERIOR_ARTICULAR_LEFT, Subregion.SUPERIOR_ARTICULAR_RIGHT)],
)
def test_left_and_right_stay_apart(convention, left, right):
    found = to_segmentation(labels_of([left, right, 61]), convention).segmentation
    assert flat(from_segmentation(found, convention).labels).tolist() == [left, right, 61]
