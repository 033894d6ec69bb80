import numpy as np
import pytest
import torch

from lumbomics.core.errors import GridError
from lumbomics.core.prediction import Tissue
from lumbomics.train.appearance import paint, restyle
from lumbomics.train.hardware import operate
from lumbomics.train.samples import IGNORE, Sample
from lumbomics.train.spatial import crop, pick_slices


def stripes():
    labels = np.zeros((9, 96, 64), dtype=np.uint8)
    labels[:, 20:40, 10:30] = Tissue.VERTEBRA
    labels[:, 42:50, 10:30] = Tissue.DISC
    labels[:, 10:80, 34:40] = Tissue.CANAL
    labels[:, 20:40, 44:60] = Tissue.VERTEBRA
    return labels


def sample(labels, painted=False):
    slices = labels if painted else labels.astype(np.float16)
    return Sample(name="stripes", slices=slices, labels=labels, spacing_mm=1.0, painted=painted)


def test_signal_and_labels_are_cut_at_the_same_place():
    labels = torch.from_numpy(stripes()[:3])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        signal, cut = crop(labels.float(), labels, (64, 48), spacing_mm=0.5, smooth=False, rng=rng)
        assert torch.equal(signal, cut.float())


def test_crops_of_one_generator_differ():
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(stripes()[:3])
    first, second = (crop(labels.float(), labels, (64, 48), spacing_mm=0.5, smooth=True, rng=rng)[0] for _ in range(2))
    assert not torch.equal(first, second)


def test_a_neighbour_outside_the_volume_is_zero():
    one = sample(stripes()[:1])
    signal, labels = pick_slices(one, np.random.default_rng(0))
    assert not signal[0].any()
    assert not signal[2].any()
    assert np.array_equal(labels[1], one.labels[0])


def test_neighbours_of_a_thick_slab_lie_to_the_left_and_right():
    labels = np.arange(9, dtype=np.uint8)[:, None, None] * np.ones((9, 4, 4), dtype=np.uint8)
    for seed in range(30):
        _, picked = pick_slices(sample(labels, painted=True), np.random.default_rng(seed))
        left, middle, right = picked[:, 0, 0].astype(int)
        assert left == 0 or left < middle
        assert right == 0 or right > middle


def test_inside_metal_the_label_is_unknown_and_the_signal_gone():
    labels = torch.from_numpy(stripes()[:3])
    seen = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        signal, new, metal = operate(torch.ones(3, 96, 64), labels, spacing_mm=0.5, rng=rng)
        if metal.any():
            seen += 1
            assert (new[:, metal > 0] == IGNORE).all()
            assert signal[:, metal > 0].median() < 0.3
    assert 2 <= seen <= 20


def test_an_arch_taken_away_leaves_body_disc_and_canal_alone():
    labels = torch.from_numpy(stripes()[:3])
    taken = 0
    for seed in range(80):
        _, new, metal = operate(torch.ones(3, 96, 64), labels, spacing_mm=0.5, rng=np.random.default_rng(seed))
        if metal.any():
            continue
        changed = new != labels
        taken += bool(changed.any())
        assert not changed[:, :, :40].any()
    assert taken >= 2


def test_a_restyled_crop_stays_within_what_the_preprocessing_gives():
    labels = torch.from_numpy(stripes()[:3])
    for seed in range(40):
        out = restyle(labels.float() / 3, labels, np.random.default_rng(seed))
        assert torch.isfinite(out).all()
        assert out.min() >= -0.2
        assert out.max() <= 1.5


def test_painted_tissues_of_one_number_look_alike_and_others_differ():
    numbers = torch.zeros(3, 64, 64)
    numbers[:, :, 32:] = 4
    tables = np.zeros((1, 64), dtype=np.float32)
    tables[:, 4] = 1.0
    apart = 0
    for seed in range(20):
        signal = paint(numbers, tables, np.random.default_rng(seed))
        within = signal[:, 8:-8, 40:56].std()
        apart += bool((signal[:, :, 40:].mean() - signal[:, :, :24].mean()).abs() > 2 * within)
    assert apart >= 12


def test_signal_and_labels_of_different_shape_are_refused():
    with pytest.raises(GridError, match="differ in shape"):
        Sample(
            name="x",
            slices=np.zeros((2, 4, 4), dtype=np.float16),
            labels=np.zeros((1, 4, 4), dtype=np.uint8),
            spacing_mm=1,
        )


def test_a_plain_crop_keeps_its_own_contrast():
    labels = torch.from_numpy(stripes()[:3])
    signal = labels.float() / 3 + 0.01 * torch.arange(64)
    out = restyle(signal, labels, np.random.default_rng(0), plain=1.0)
    inner = (out[1] > -0.2) & (out[1] < 1.5)
    pair = torch.stack([signal[1][inner], out[1][inner]])
    assert torch.corrcoef(pair)[0, 1] > 0.9999
