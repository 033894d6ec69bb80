"""From a starting motion down to the best one: Mattes' mutual information, coarse to fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from lumbomics.prepare.itk import matrix_of, one_thread, to_itk
from lumbomics.prepare.pyramid import Layer

FloatArray = NDArray[np.float64]

_BINS = 32
_SEED = 7
_LEAST_STEP_MM = 0.01
_ROUNDS = 80
_RELAXATION = 0.6
_ARM_MM = 60.0
"""A turn by one radian is counted like a shift by this much."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Fixed and moving image at one sharpness, and the first step to take on it."""

    fixed: Layer
    moving: Layer
    step_mm: float


def descend(pairs: Sequence[Pair], start: FloatArray, centre_mm: FloatArray, *, samples: int) -> FloatArray | None:
    """Improve a motion (fixed to moving, 4 x 4) over pairs of layers, coarse ones first.

    Parameters
    ----------
    pairs
        Layers to compare, in order.
    start
        4 x 4, maps points of the fixed image to the moving one.
    centre_mm
        (3,) point about which the motion turns, in the fixed image.
    samples
        Points compared on each layer; drawn from a fixed seed.

    Returns
    -------
    The motion found; ``None`` where the images do not meet along the way.
    """
    transform = SimpleITK.Euler3DTransform()
    transform.SetCenter(np.asarray(centre_mm, dtype=np.float64).tolist())
    transform.SetMatrix(start[:3, :3].ravel().tolist(), 1e-4)
    transform.SetTranslation((start[:3, :3] @ centre_mm + start[:3, 3] - centre_mm).tolist())
    with one_thread():
        for pair in pairs:
            if not _descend_on(pair, transform, samples):
                return None
    return matrix_of(transform)


def _descend_on(pair: Pair, transform: SimpleITK.Transform, samples: int) -> bool:
    fixed, moving = (to_itk(one.array, one.grid) for one in (pair.fixed, pair.moving))
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(min(1.0, samples / fixed.GetNumberOfPixels()), seed=_SEED)
    method.SetInterpolator(SimpleITK.sitkLinear)
    # the filter would smooth over the thickest spacing and needs four slices
    method.MetricUseFixedImageGradientFilterOff()
    method.MetricUseMovingImageGradientFilterOff()
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=pair.step_mm,
        minStep=_LEAST_STEP_MM,
        numberOfIterations=_ROUNDS,
        relaxationFactor=_RELAXATION,
        gradientMagnitudeTolerance=1e-6,
    )
    method.SetOptimizerScales([_ARM_MM**2] * 3 + [1.0] * 3)
    method.SetInitialTransform(transform, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # ITK's word for "all samples map outside the moving image"
        return False
    return True
