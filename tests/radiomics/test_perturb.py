"""Disturbances do what they say, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from lumbomics.core.errors import InputError
from lumbomics.radiomics import Perturbation, draw_perturbations
from lumbomics.radiomics.perturb import _smooth_field, noise_sd, perturbed
from lumbomics.radiomics.roi import Roi


@pytest.fixture(scope="module")
def ball() -> Roi:
    """A ball of 12 mm radius on voxels of 3 x 0.5 x 0.5 mm, on a smooth image."""
    shape = (15, 80, 80)
    index = np.indices(shape).transpose(1, 2, 3, 0)
    place = (index - np.array([7, 40, 40])) * [3.0, 0.5, 0.5]
    values = 100 + 5 * np.sin(place[..., 1] / 6) + place[..., 2]
    return Roi(
        values=values,
        mask=(place**2).sum(axis=-1) <= 12**2,
        spacing_mm=np.array([3.0, 0.5, 0.5]),
        start=(0, 0, 0),
        full=shape,
    )


def test_no_disturbance_changes_nothing(ball: Roi) -> None:
    same = perturbed(ball, Perturbation())
    assert same.values is ball.values
    assert same.mask is ball.mask


def test_noise_is_found_in_the_size_it_was_added() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.indices((200, 200))
    values = (3.0 * rows - columns + rng.normal(0, 7.0, (3, 200, 200))).astype(np.float64)
    assert noise_sd(values) == pytest.approx(7.0, rel=0.02)


def test_noise_of_one_doubles_the_variance_of_the_noise(ball: Roi) -> None:
    rng = np.random.default_rng(1)
    noisy = Roi(
        values=ball.values + rng.normal(0, 4, ball.values.shape),
        mask=ball.mask,
        spacing_mm=ball.spacing_mm,
        start=ball.start,
        full=ball.full,
    )
    again = perturbed(noisy, Perturbation(noise=1.0))
    assert noise_sd(again.values) == pytest.approx(4 * np.sqrt(2), rel=0.03)
    assert (again.mask == noisy.mask).all()


def test_a_shift_moves_image_and_mask_together(ball: Roi) -> None:
    moved = perturbed(ball, Perturbation(shift_voxels=(1.0, -1.0)))
    inner = (slice(None), slice(2, -2), slice(2, -2))
    assert moved.values[inner] == pytest.approx(np.roll(ball.values, (-1, 1), axis=(1, 2))[inner])
    assert (moved.mask[inner] == np.roll(ball.mask, (-1, 1), axis=(1, 2))[inner]).all()


def test_a_rotation_turns_in_the_slice_by_its_angle_in_mm() -> None:
    """Voxels of 1 x 2 mm: the axis of a bar turns by the angle in space, not in voxels."""
    rows, columns = np.indices((120, 60))
    bar = (np.abs(rows - 60) * 1.0 <= 4) & (np.abs(columns - 30) * 2.0 <= 40)
    mask = np.repeat(bar[None], 3, axis=0)
    roi = Roi(
        values=mask.astype(float), mask=mask, spacing_mm=np.array([4.0, 1.0, 2.0]), start=(0, 0, 0), full=mask.shape
    )
    turned = perturbed(roi, Perturbation(rotation_deg=12.0))
    place = np.argwhere(turned.mask[1]) * [1.0, 2.0]
    _, axes = np.linalg.eigh(np.cov(place.T))
    along = axes[:, 1]
    assert np.degrees(np.arctan(np.abs(along[0] / along[1]))) == pytest.approx(12.0, abs=0.7)
    assert turned.mask.sum() == pytest.approx(mask.sum(), rel=0.03)


def test_the_boundary_error_has_the_size_asked_for(ball: Roi) -> None:
    """In the middle slice, the radius of the redrawn ball scatters by the boundary's standard deviation."""
    row, column = np.indices(ball.mask.shape[1:]) - 40
    sector = np.digitize(np.arctan2(row, column).ravel(), np.linspace(-np.pi, np.pi, 25))

    def radii_mm(mask: np.ndarray) -> np.ndarray:
        areas_mm2 = np.bincount(sector, weights=mask[7].ravel())[1:25] * 0.25
        return np.asarray(np.sqrt(2 * areas_mm2 / (2 * np.pi / 24)))

    drawn = [radii_mm(perturbed(ball, Perturbation(boundary_sd_mm=1.0, seed=seed)).mask) for seed in range(20)]
    moved = np.array(drawn) - radii_mm(ball.mask)
    assert moved.std() == pytest.approx(1.0, rel=0.15)
    assert moved.mean() == pytest.approx(0.0, abs=0.15)


def test_the_boundary_error_stays_alike_over_its_correlation(ball: Roi) -> None:
    fields = np.array([_smooth_field(ball, Perturbation(), np.random.default_rng(seed)) for seed in range(12)])
    assert fields.std() == pytest.approx(1.0, rel=0.05)
    assert np.mean(fields[..., 10:] * fields[..., :-10]) == pytest.approx(np.exp(-0.5), abs=0.06)  # 5 mm in the slice
    assert np.mean(fields[:, 2:] * fields[:, :-2]) == pytest.approx(np.exp(-0.72), abs=0.06)  # 6 mm across


def test_the_redrawn_ball_stays_one_piece(ball: Roi) -> None:
    drawn = perturbed(ball, Perturbation(boundary_sd_mm=0.5, seed=5)).mask
    sizes = np.bincount(ndimage.label(drawn)[0].ravel())[1:]
    assert sizes.max() / sizes.sum() > 0.99
    assert (drawn != ball.mask).any()


def test_regions_are_disturbed_independently_and_the_same_seed_gives_the_same(ball: Roi) -> None:
    first, again, other = (
        perturbed(ball, Perturbation(boundary_sd_mm=0.5, seed=5, region=region)).mask for region in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_drawn_disturbances_stay_within_their_limits_and_differ() -> None:
    drawn = draw_perturbations(50, seed=4, rotation_deg=3.0, shift_voxels=0.25)
    assert max(abs(p.rotation_deg) for p in drawn) <= 3.0
    assert max(abs(s) for p in drawn for s in p.shift_voxels) <= 0.25
    assert len({p.seed for p in drawn}) == 50
    assert np.std([p.rotation_deg for p in drawn]) == pytest.approx(3.0 / np.sqrt(3), rel=0.2)
    assert drawn == draw_perturbations(50, seed=4, rotation_deg=3.0, shift_voxels=0.25)


@pytest.mark.parametrize(
    "wrong",
    [{"noise": -1.0}, {"boundary_sd_mm": -1.0}, {"boundary_correlation_mm": 0.0}, {"rotation_deg": 90.0}],
)
def test_disturbances_without_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Perturbation(**wrong)  # type: ignore[arg-type]


def test_no_disturbance_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="too few"):
        draw_perturbations(0)
