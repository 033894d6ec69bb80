import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.prediction import Tissue
from lumbomics.phantom import make_phantom
from lumbomics.train.config import load_config
from lumbomics.train.division import held_out
from lumbomics.train.phantoms import phantom_sample, tissue_classes
from lumbomics.train.samples import PERHAPS_SACRUM
from lumbomics.train.volumes import load_pair, sacrum_unknown, volume_sample


@pytest.mark.realdata
def test_validation_patients_and_a_third_of_the_others_are_kept_back(data_folder):
    away = held_out(data_folder, load_config())
    assert set(load_config().validation) <= away
    assert 25 <= len(away - set(load_config().validation)) <= 30


@pytest.mark.realdata
def test_a_validation_patient_without_a_mask_is_refused(data_folder):
    config = load_config().model_copy(update={"validation": ("005", "999")})
    with pytest.raises(InputError, match="999"):
        held_out(data_folder, config)


@pytest.mark.realdata
def test_masks_keep_their_volume_on_the_networks_voxels(data_folder):
    one = volume_sample(data_folder / "spider-t2space", "050", spacing_mm=0.5)
    _, labels = load_pair(data_folder / "spider-t2space", "050")
    for value in (1, 2, 3):
        own = labels.voxels[value] * float(np.prod(labels.grid.spacing_mm[1:]))
        found = int((one.labels == value).sum()) * 0.25
        assert found == pytest.approx(own, rel=0.02)


def test_a_phantom_sample_is_the_same_from_the_cache(tmp_path):
    first = phantom_sample(0, spacing_mm=2.0, cache=tmp_path)
    second = phantom_sample(0, spacing_mm=2.0, cache=tmp_path)
    assert np.array_equal(first.slices, second.slices)
    assert np.array_equal(first.labels, second.labels)
    assert first.painted


def test_a_phantoms_classes_tell_the_sacrum_and_draw_the_canal_as_the_sac():
    phantom = make_phantom(100_001)
    grid = phantom.default_grid(2.0)
    segmentation = phantom.segmentation(grid)
    classes = tissue_classes(segmentation)
    assert set(np.unique(classes)) == {int(t) for t in Tissue}
    sac = np.asarray(segmentation.dural_sac.array) > 0
    assert (classes[classes == Tissue.CANAL] > 0).all()
    assert sac[classes == Tissue.CANAL].all()


def test_an_unknown_field_in_the_configuration_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("seed: 1\ncolour: blue\n")
    with pytest.raises(InputError, match="colour"):
        load_config(path)


def test_background_may_be_sacrum_only_near_and_below_the_lowest_disc():
    labels = np.zeros((1, 400, 20), dtype=np.uint8)
    labels[:, 100:120] = Tissue.DISC
    labels[:, 200:220] = Tissue.DISC
    marked = sacrum_unknown(labels, spacing_mm=0.5)[0, :, 0]
    assert (marked[:100] == 0).all()
    assert (marked[220:] == PERHAPS_SACRUM).all()
    assert (marked[200:220] == Tissue.DISC).all()
    assert np.flatnonzero(marked == PERHAPS_SACRUM)[0] == 219 - 80
