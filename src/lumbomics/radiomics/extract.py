"""Radiomic features of every region of one image, as measurements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Absent, Context, Measurement, Reason, Result
from lumbomics.radiomics.engine import compute, require_engine
from lumbomics.radiomics.features import Feature, features_of
from lumbomics.radiomics.normalise import Scale, chosen_normalisation, scale_of
from lumbomics.radiomics.perturb import Perturbation, perturbed
from lumbomics.radiomics.regions import Region, Structure, drawn_structures, regions_of
from lumbomics.radiomics.roi import SPLINE_VOXELS, Roi, cut_roi, require_right_angles, resampled
from lumbomics.radiomics.settings import Interpolation, RadiomicsSettings

MINIMUM_VOXELS = 27
MINIMUM_EXTENT = 3
"""Smallest region whose texture can be told from its edge: 27 voxels and 3 along each axis (z-rad's own limit)."""
_ANISOTROPIC = 1.5
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    """What all regions of one extraction share."""

    image: Image
    scale: Scale
    settings: RadiomicsSettings
    features: tuple[Feature, ...]
    confidence: float | None


def extract_radiomics(
    image: Image,
    segmentation: Segmentation,
    *,
    settings: RadiomicsSettings | None = None,
    structures: Sequence[Structure] = (),
    context: Context | None = None,
    perturbation: Perturbation | None = None,
    progress: Progress | None = None,
) -> tuple[Result, ...]:
    """Compute IBSI features of every region in question.

    Parameters
    ----------
    image
        The image the labels were drawn on.
    segmentation
        Label maps on the image's voxels.
    settings
        Choices made before; the defaults suit spine MR with thick slices.
    structures
        Regions; what the label maps draw where empty.
    context
        What the results share.
    perturbation
        Disturbance of image and mask, to judge how far a feature can be trusted.
    progress
        Called with (regions done, regions, name).

    Returns
    -------
    tuple of Measurement or Absent
        One a feature and region. The biomarker is ``radiomics_`` and the IBSI tag; the method names structure,
        aggregation, bins, normalisation and whatever else differs from the defaults.

    Raises
    ------
    InputError
        If z-rad is not installed.
    GridMismatchError, FrameMismatchError
        If labels do not lie on the image's voxels.
    GridError
        If the voxels have no right angles.
    """
    require_engine()
    require_right_angles(image.grid)
    chosen = settings or RadiomicsSettings()
    job = _Job(
        image=image,
        scale=scale_of(image, segmentation, chosen_normalisation(image, chosen.normalisation)),
        settings=chosen,
        features=features_of(chosen.families),
        confidence=segmentation.numbering.confidence,
    )
    regions = regions_of(segmentation, image.grid, structures or drawn_structures(segmentation))
    results: list[Result] = []
    for number, region in enumerate(regions):
        if progress is not None:
            progress(number, len(regions), " ".join(filter(None, (region.structure, region.level, region.side))))
        results += _region(job, region, None if perturbation is None else replace(perturbation, region=number))
    return tuple(result.within(context or Context()) for result in results)


def _region(job: _Job, region: Region, perturbation: Perturbation | None) -> list[Result]:
    obstacle = _obstacle(job, region)
    if obstacle is not None:
        return [_absent(job, region, feature, *obstacle) for feature in job.features]
    splined = job.settings.spacing_mm is not None and job.settings.interpolation is Interpolation.CUBIC
    roi = cut_roi(job.image, region, margin_voxels=SPLINE_VOXELS if splined else 0)
    roi = replace(roi, values=job.scale.apply(roi.values))
    if perturbation is not None:
        roi = perturbed(roi, perturbation)
    roi = resampled(roi, job.settings)
    small = _too_small(roi)
    if small is not None:
        return [_absent(job, region, feature, Reason.RESOLUTION_TOO_COARSE, small) for feature in job.features]
    cut = region.is_cut(job.image.grid.shape)
    values = compute(roi, tuple(f for f in job.features if _question(job, f, cut) is None), job.settings)
    caution = _caution(job, roi, cut)
    return [_result(job, region, feature, values, cut, caution) for feature in job.features]


def _result(
    job: _Job, region: Region, feature: Feature, values: dict[str, float | str], cut: bool, caution: str | None
) -> Result:
    obstacle = _question(job, feature, cut)
    if obstacle is not None:
        return _absent(job, region, feature, *obstacle)
    value = values[feature.tag]
    if isinstance(value, str):
        return _absent(job, region, feature, Reason.UNDEFINED, value)
    return Measurement(
        biomarker=feature.biomarker,
        method=_method(job, region),
        unit=_unit(job, feature),
        level=region.level,
        side=region.side,
        value=value,
        caution=caution,
    )


def _obstacle(job: _Job, region: Region) -> tuple[Reason, str] | None:
    """Return what stands in the way of the whole region."""
    name = str(region.structure).replace("_", " ")
    if not len(region.voxels):
        return Reason.STRUCTURE_NOT_LABELLED, f"no {name} is drawn here"
    least = job.settings.minimum_numbering_confidence
    if region.structure.has_level and job.confidence is not None and job.confidence < least:
        share = f"{100 * job.confidence:.0f} % sure, {100 * least:.0f} % are asked for"
        return Reason.LOW_NUMBERING_CONFIDENCE, f"the level numbers are {share}"
    if not np.isfinite(job.image.array[tuple(region.voxels.T)]).all():
        return Reason.IMAGE_ARTIFACT, f"voxels of the {name} hold no number"
    return None if job.scale.problem is None else (Reason.STRUCTURE_NOT_LABELLED, job.scale.problem)


def _question(job: _Job, feature: Feature, cut: bool) -> tuple[Reason, str] | None:
    """Return what stands in the way of one feature whatever its value."""
    if cut and feature.family == "morphology":
        return Reason.FIELD_OF_VIEW, "the region goes on beyond the image, its shape is not known"
    if feature.zero and not job.scale.has_zero:
        return Reason.UNDEFINED, f"a ratio to intensity 0 means nothing after {job.scale.normalisation} normalisation"
    return None


def _too_small(roi: Roi) -> str | None:
    """Say why a region is too small; a single slice has no extent across."""
    place = np.argwhere(roi.mask)
    extent = np.ptp(place, axis=0) + 1 if len(place) else np.zeros(3, dtype=int)
    long = [axis for axis in range(3) if roi.full[axis] > 1]
    if len(place) >= MINIMUM_VOXELS and extent[long].min() >= MINIMUM_EXTENT:
        return None
    size = " x ".join(map(str, extent))
    return f"the region has {len(place)} voxels in a box of {size}, 27 and 3 along each axis are needed"


def _caution(job: _Job, roi: Roi, cut: bool) -> str | None:
    said = ["the region reaches the image's edge: only the imaged part is described"] if cut else []
    spread = float(roi.spacing_mm.max() / roi.spacing_mm.min())
    if spread > _ANISOTROPIC and not job.settings.aggregation.in_slices:
        size = " x ".join(f"{s:.3g}" for s in roi.spacing_mm)
        said.append(f"3D texture on voxels of {size} mm: neighbours are not equally far")
    return "; ".join(said) or None


def _absent(job: _Job, region: Region, feature: Feature, reason: Reason, detail: str) -> Absent:
    return Absent(
        biomarker=feature.biomarker,
        method=_method(job, region),
        level=region.level,
        side=region.side,
        reason=reason,
        detail=detail,
    )


def _method(job: _Job, region: Region) -> str:
    return f"{region.structure}-{job.settings.code(job.scale.normalisation)}"


def _unit(job: _Job, feature: Feature) -> str:
    unit = feature.unit
    if unit == "ivh":
        unit = "intensity" if job.settings.ivh_bins is None else "1"
    parts = [job.scale.unit if part == "intensity" else part for part in unit.split(".")]
    if unit == "intensity2":
        return "1" if job.scale.unit == "1" else f"({job.scale.unit})2"
    return ".".join(part for part in parts if part != "1") or "1"
