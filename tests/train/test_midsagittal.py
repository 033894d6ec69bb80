import numpy as np
from scipy.ndimage import gaussian_filter

from lumbomics.train.midsagittal import LEAST_CORRELATION, match
from lumbomics.train.samples import Sample


def anatomy(seed):
    """Blobs with sharp rims, three slices that differ."""
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=(5, 200, 180)), (1, 9, 9))
    return (field > 0).astype(np.float32) + 0.5 * (gaussian_filter(rng.normal(size=(5, 200, 180)), (1, 7, 7)) > 0.05)


def volume(slices):
    return Sample(
        name="v",
        slices=slices.astype(np.float16),
        labels=np.zeros(slices.shape, dtype=np.uint8),
        spacing_mm=1.0,
    )


def test_slice_and_shift_are_found_though_the_contrast_is_inverted():
    slices = anatomy(0)
    plane = 1.5 - np.roll(slices[3], (-6, 4), axis=(0, 1))
    found = match(plane, volume(slices), spacing_mm=0.5)
    assert found.slice_number == 3
    assert found.shift_px == (6.0, -4.0)
    assert found.correlation > 0.8


def test_an_unrelated_slice_stays_below_the_threshold():
    unrelated = [match(anatomy(seed)[2], volume(anatomy(0)), spacing_mm=0.5).correlation for seed in range(1, 6)]
    assert max(unrelated) < LEAST_CORRELATION
