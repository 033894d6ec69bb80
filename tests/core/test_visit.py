import numpy as np
import pytest

from lumbomics.core.errors import FrameMismatchError, InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.visit import Series, Visit


def series(name, *, frame=None, segmentation=None):
    grid = Grid.from_spacing((1, 1, 1), (1, 1, 1), frame=frame)
    return Series(name=name, image=Image(np.zeros((1, 1, 1)), grid), segmentation=segmentation)


@pytest.mark.parametrize("label", ["", "a_b", "a-b", "Müller", "01 "])
def test_an_identifier_that_is_no_bids_label_is_refused(label):
    with pytest.raises(InputError, match="no BIDS label"):
        Visit(participant=label)
    with pytest.raises(InputError, match="no BIDS label"):
        Visit(participant="01", session=label)


def test_two_series_of_one_name_are_refused():
    with pytest.raises(InputError, match="T2w"):
        Visit(participant="01", series=(series("T2w"), series("T2w")))
    assert Visit(participant="01", session="03", series=(series("T1w"), series("T2w"))).prefix == "sub-01_ses-03"


def test_labels_in_another_frame_than_their_image_are_refused(map_of):
    other = Grid.from_spacing((1, 1, 1), (1, 1, 1), frame="1.3")
    with pytest.raises(FrameMismatchError, match="T2w"):
        series("T2w", frame="1.2", segmentation=Segmentation(spine=map_of([20], grid=other)))
