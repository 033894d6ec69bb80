"""The thin interface to z-rad, which computes the features; the only file that knows it.

z-rad (MIT, University Hospital Zurich) comes with the extra ``radiomics`` and is imported when features are asked for.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.radiomics.features import Feature
from lumbomics.radiomics.roi import Roi
from lumbomics.radiomics.settings import Aggregation, RadiomicsSettings

_AGGREGATIONS = {
    Aggregation.SLICES_AVERAGED: ("2D", "AVER"),
    Aggregation.SLICES_MERGED: ("2D", "SLICE_MERG"),
    Aggregation.DIRECTIONS_MERGED: ("2.5D", "DIR_MERG"),
    Aggregation.ALL_SLICES_MERGED: ("2.5D", "MERG"),
    Aggregation.VOLUME_AVERAGED: ("3D", "AVER"),
    Aggregation.VOLUME_MERGED: ("3D", "MERG"),
}
_WITH_DIRECTIONS = ("glcm", "glrlm")
_WITHOUT_DIRECTIONS = ("glszm", "gldzm", "ngtdm", "ngldm")
_NEEDS_SURROUNDINGS = "local_intensity"
# z-rad writes a million where it divides by zero; IBSI asks for that in coarseness, nowhere else.
_DIVIDED_BY_ZERO = 1_000_000


def require_engine() -> str:
    """Version of z-rad; InputError that says what to install where it is missing."""
    _load("radiomics")
    return version("z-rad")


def compute(roi: Roi, features: tuple[Feature, ...], settings: RadiomicsSettings) -> dict[str, float | str]:
    """Compute features of one region.

    Parameters
    ----------
    roi
        Normalised and resampled.
    features
        What to compute; whole families are computed at once.
    settings
        Range, bins and aggregation.

    Returns
    -------
    dict
        Tag -> value, or in words why there is none.
    """
    around, tight = _prepared(roi, settings)
    if tight is None:
        return dict.fromkeys((f.tag for f in features), "no voxel of the region lies in the range of intensities")
    found: dict[str, float | str] = {}
    for family in dict.fromkeys(feature.family for feature in features):
        wanted = [feature for feature in features if feature.family == family]
        data = around if family == _NEEDS_SURROUNDINGS else tight
        found |= _family(data, family, wanted, settings.aggregation)
    return found


def _family(data: Any, family: str, wanted: list[Feature], aggregation: Aggregation) -> dict[str, float | str]:
    dimension, method = _AGGREGATIONS[aggregation]
    extractor = _load("radiomics").Radiomics(aggr_dim=dimension, aggr_method=method)
    trouble = (_load("exceptions").DataStructureError, ValueError, ArithmeticError, IndexError, RuntimeError)
    try:
        # Divisions by zero become Absent below; a warning beside it helps nobody.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            values = extractor.extract_features(data, families=[family])
    except trouble as error:
        return dict.fromkeys((f.tag for f in wanted), f"z-rad: {' '.join(str(error).split())}")
    return {f.tag: _value(f, float(values[_output_name(f, aggregation)])) for f in wanted}


def _value(feature: Feature, value: float) -> float | str:
    divided = value == _DIVIDED_BY_ZERO and feature.tag != "ngt_coarseness"
    return "its denominator is zero" if divided or not np.isfinite(value) else value


def _output_name(feature: Feature, aggregation: Aggregation) -> str:
    if feature.family in _WITH_DIRECTIONS:
        return f"{feature.tag}_{aggregation}"
    return f"{feature.tag}_{aggregation.dimension}" if feature.family in _WITHOUT_DIRECTIONS else feature.tag


def _prepared(roi: Roi, settings: RadiomicsSettings) -> tuple[Any, Any]:
    """Prepare the region with its surroundings, and in its own box; no box where no voxel is left in the range."""
    steps = _load("preprocessing")
    given = steps.RoiData(image=_image(roi, roi.values), morphological_mask=_image(roi, roi.mask.astype(np.float64)))
    masked = steps.IntensityMaskBuilder().apply(given)
    kept = steps.Resegmenter(settings.intensity_range, settings.outlier_sd).apply(masked)
    if not np.isfinite(kept.intensity_mask.array).any():
        return kept, None
    tight = steps.RoiCropper().apply(kept)
    binned = steps.TextureDiscretizer(settings.bins, settings.bin_width).apply(tight)
    return kept, _histogram_step(settings).apply(binned)


def _histogram_step(settings: RadiomicsSettings) -> Any:
    steps = _load("preprocessing")
    if settings.ivh_bins is None:
        return steps.IVHIntensityDiscretizer("direct")
    return steps.IVHIntensityDiscretizer("fixed_bin_number", number_of_bins=settings.ivh_bins)


def _image(roi: Roi, array: NDArray[np.float64]) -> Any:
    """Wrap an array for z-rad: array axes (z, y, x), geometry (x, y, z); position and direction change no feature."""
    return _load("image").Image(
        array=array,
        origin=(0.0, 0.0, 0.0),
        spacing=np.array(roi.spacing_mm[::-1]),
        direction=tuple(np.eye(3).ravel()),
        shape=array.shape[::-1],
    )


def _load(module: str) -> Any:
    try:
        return import_module(f"zrad.{module}")
    except ImportError as error:
        raise InputError(
            "radiomic features need the package z-rad",
            expected="z-rad",
            got="not installed" if error.name in {"zrad", f"zrad.{module}"} else f"it lacks {error.name}",
            hint="pip install 'lumbomics[radiomics]'",
        ) from error
