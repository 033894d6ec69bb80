"""Numbers as the tools and data sets publish them, against what a map of theirs is read as."""

import numpy as np
import pytest

from lumbomics.core.anatomy import VERTEBRA_NUMBERS
from lumbomics.core.conventions import Convention, names_of, to_segmentation
from lumbomics.core.labels import Subregion

# VerSe's data description: 1-7 cervical, 8-19 thoracic, 20-25 lumbar, 26 sacrum, 27 coccyx, 28 T13.
VERSE = {1: "C1", 7: "C7", 8: "T1", 19: "T12", 20: "L1", 24: "L5", 25: "L6", 26: "S1", 28: "T13"}
# TotalSpineSeg's list of classes.
TOTALSPINESEG = {11: "C1", 17: "C7", 21: "T1", 32: "T12", 41: "L1", 45: "L5", 50: "S1"}
TOTALSPINESEG_DISCS = {63: "C2", 67: "C6", 71: "C7", 72: "T1", 82: "T11", 91: "T12", 92: "L1", 95: "L4", 100: "L5"}
# TotalSegmentator's class map, version 2.
TOTAL = {25: "S1", 27: "L5", 31: "L1", 32: "T12", 43: "T1", 44: "C7", 50: "C1"}
VERTEBRAE_MR = {1: "S1", 2: "L5", 6: "L1", 7: "T12", 18: "T1", 19: "C7", 25: "C1"}


@pytest.mark.parametrize(
    ("convention", "published"),
    [
        ("verse", VERSE),
        ("spineps", VERSE),
        ("totalspineseg", TOTALSPINESEG),
        ("totalsegmentator_total", TOTAL),
        ("totalsegmentator_vertebrae_mr", VERTEBRAE_MR),
    ],
)
def test_vertebrae_are_read_as_published(map_of, convention, published):
    spine = to_segmentation(map_of(list(published)), convention).segmentation.spine
    assert spine.array.ravel().tolist() == [VERTEBRA_NUMBERS[level] for level in published.values()]


def test_discs_of_totalspineseg_carry_the_vertebra_above(map_of):
    spine = to_segmentation(map_of(list(TOTALSPINESEG_DISCS)), "totalspineseg").segmentation.spine
    assert spine.array.ravel().tolist() == [100 + VERTEBRA_NUMBERS[level] for level in TOTALSPINESEG_DISCS.values()]


def test_totalspineseg_with_six_lumbar_vertebrae_puts_its_last_disc_below_l6(map_of):
    spine = to_segmentation(map_of([45, 46, 96, 100]), "totalspineseg").segmentation.spine
    assert spine.array.ravel().tolist() == [24, 25, 124, 125]


def test_cord_and_canal_are_read_as_published(map_of):
    for convention, cord, canal in (("totalspineseg", 1, 2), ("tptbox_subregion", 60, 61), ("lumbomics", 60, 61)):
        spine = to_segmentation(map_of([cord, canal]), convention).segmentation.spine
        assert spine.array.ravel().tolist() == [60, 61]
    assert to_segmentation(map_of([79]), "totalsegmentator_total").segmentation.spine.present == (60,)


def test_spider_counts_vertebrae_and_discs_from_below(map_of):
    found = to_segmentation(map_of([1, 5, 6, 100, 201, 205]), "spider", lowest_vertebra="L5").segmentation.spine
    assert found.array.ravel().tolist() == [24, 20, 19, 61, 124, 120]


def test_semantic_number_of_totalsegmentator_mr_are_vertebra_disc_and_cord(map_of):
    found = to_segmentation(map_of([18, 19, 20, 21]), "totalsegmentator_total_mr").segmentation
    assert found.subregion is not None
    assert found.subregion.array.ravel().tolist() == [0, Subregion.VERTEBRA, Subregion.DISC, Subregion.CORD]
    assert found.spine.array.ravel().tolist() == [26, 0, 0, 60]


def test_totalsegmentator_counts_117_ct_and_50_mr_classes():
    assert max(names_of(Convention.TOTALSEGMENTATOR_TOTAL)) == 117
    assert max(names_of(Convention.TOTALSEGMENTATOR_TOTAL_MR)) == 50


def test_muscles_and_last_ribs_have_totalsegmentators_numbers():
    ct, mr = names_of(Convention.TOTALSEGMENTATOR_TOTAL), names_of(Convention.TOTALSEGMENTATOR_TOTAL_MR)
    assert (ct[86], ct[89], ct[92], ct[115]) == ("autochthon_left", "iliopsoas_right", "rib_left_1", "rib_right_12")
    assert (mr[46], mr[49], mr[19]) == ("autochthon_left", "iliopsoas_right", "vertebrae")


@pytest.mark.parametrize("convention", Convention)
def test_names_are_unique_non_empty_and_ascending(convention):
    names = names_of(convention)
    assert list(names) == sorted(names)
    assert all(names.values())
    assert len(set(names.values())) == len(names)


def test_counted_names_tell_levels_once_a_vertebra_is_stated():
    assert names_of(Convention.SPIDER)[1] == "vertebra 1 from below"
    assert names_of(Convention.SPIDER, lowest_vertebra="L6")[1] == "L6"
    assert names_of(Convention.VERTEBRA_BODIES_ASCENDING, top_vertebra="L1")[5] == "body of L5"


def test_our_numbers_are_those_of_tptbox():
    constants = pytest.importorskip("TPTBox.core.vert_constants")
    theirs = {v.name: v.value for v in constants.Vertebra_Instance}
    ours = {("COCC" if name == "Cocc" else name): number for name, number in VERTEBRA_NUMBERS.items()}
    assert ours == theirs
    place = constants.Location
    pairs = {
        place.Vertebra_Full: Subregion.VERTEBRA,
        place.Arcus_Vertebrae: Subregion.ARCH,
        place.Spinosus_Process: Subregion.SPINOUS_PROCESS,
        place.Costal_Process_Left: Subregion.COSTAL_PROCESS_LEFT,
        place.Superior_Articular_Left: Subregion.SUPERIOR_ARTICULAR_LEFT,
        place.Superior_Articular_Right: Subregion.SUPERIOR_ARTICULAR_RIGHT,
        place.Inferior_Articular_Left: Subregion.INFERIOR_ARTICULAR_LEFT,
        place.Inferior_Articular_Right: Subregion.INFERIOR_ARTICULAR_RIGHT,
        place.Vertebra_Corpus_border: Subregion.CORPUS_BORDER,
        place.Vertebra_Corpus: Subregion.CORPUS,
        place.Spinal_Cord: Subregion.CORD,
        place.Spinal_Canal: Subregion.CANAL,
        place.Endplate: Subregion.ENDPLATE,
        place.Metal: Subregion.METAL,
        place.Vertebra_Disc: Subregion.DISC,
    }
    assert np.array_equal([theirs.value for theirs in pairs], list(pairs.values()))
