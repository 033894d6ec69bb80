"""An enhanced multi-frame object: one file that holds all slices, their places in functional groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from lumbomics.write.dicom_numbers import Stored, decimals, derived_uid, lps_affine, orientation, set_rescale, spacing

_CLASSIC_ONLY = (
    "SliceThickness",
    "SpacingBetweenSlices",
    "EchoTime",
    "RepetitionTime",
    "FlipAngle",
    "InversionTime",
    "ScanningSequence",
    "SequenceVariant",
    "ScanOptions",
)


def multi_frame(base: Dataset, stored: Stored, order: NDArray[np.intp]) -> Dataset:
    """Put all slices into one object, in the order given."""
    affine = lps_affine(stored.image)
    one = Dataset()
    one.update(base)
    one.SOPInstanceUID = derived_uid("object", base.SeriesInstanceUID)
    one.InstanceNumber, one.NumberOfFrames = 1, len(order)
    _dimensions(one)
    one.SharedFunctionalGroupsSequence = Items([_shared_groups(base, affine, stored)])
    one.PerFrameFunctionalGroupsSequence = Items([_frame_groups(affine, int(place)) for place in order])
    if base.Modality == "MR":
        _pulse_sequence(one, base)
    for keyword in _CLASSIC_ONLY:
        if keyword in one:
            del one[keyword]
    one.PixelData = b"".join(stored.slice_bytes(int(place)) for place in order)
    return one


def _pulse_sequence(one: Dataset, base: Dataset) -> None:
    """Say in the enhanced object's words what classic objects say in code strings."""
    sequence, variant = (_codes(base, keyword) for keyword in ("ScanningSequence", "SequenceVariant"))
    one.EchoPulseSequence = "GRADIENT" if "GR" in sequence else "SPIN"
    one.EchoPlanarPulseSequence = "YES" if "EP" in sequence else "NO"
    one.SteadyStatePulseSequence = "FREE_PRECESSION" if "SS" in variant else "NONE"
    one.MRAcquisitionType = base.get("MRAcquisitionType", "2D")


def _codes(base: Dataset, keyword: str) -> set[str]:
    value = base.get(keyword) or ""
    return {value} if isinstance(value, str) else set(value)


def _dimensions(one: Dataset) -> None:
    organisation = _item(DimensionOrganizationUID=derived_uid("dimension", one.SeriesInstanceUID))
    one.DimensionOrganizationSequence = Items([organisation])
    one.DimensionIndexSequence = Items(
        [
            _item(
                DimensionOrganizationUID=organisation.DimensionOrganizationUID,
                DimensionIndexPointer=0x00209057,  # in-stack position number
                FunctionalGroupPointer=0x00209111,  # frame content
            )
        ]
    )
    one.ContentDate, one.ContentTime, one.AcquisitionDateTime = "20000101", "000000", "20000101000000"
    one.AcquisitionDuration = 1.0


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _shared_groups(base: Dataset, affine: NDArray[np.float64], stored: Stored) -> Dataset:
    shared = _item(
        PixelMeasuresSequence=[
            _item(
                PixelSpacing=spacing(affine),
                SliceThickness=base.SliceThickness,
                SpacingBetweenSlices=base.SpacingBetweenSlices,
            )
        ],
        PlaneOrientationSequence=[_item(ImageOrientationPatient=orientation(affine))],
    )
    if base.Modality == "CT" or (stored.slope, stored.intercept) != (1.0, 0.0):
        transformation = Dataset()
        set_rescale(transformation, stored, base.Modality)
        shared.PixelValueTransformationSequence = Items([transformation])
    if base.Modality == "MR":
        _magnetic_groups(shared, base)
    return shared


def _magnetic_groups(shared: Dataset, base: Dataset) -> None:
    timing = _present(base, {"RepetitionTime": "RepetitionTime", "FlipAngle": "FlipAngle"})
    shared.MRTimingAndRelatedParametersSequence = Items([timing])
    shared.MREchoSequence = Items([_present(base, {"EchoTime": "EffectiveEchoTime"})])
    modifier = _item(
        InversionRecovery="YES" if "InversionTime" in base else "NO",
        SpectrallySelectedSuppression="FAT" if "FS" in _codes(base, "ScanOptions") else "NONE",
        Spoiling="RF" if "SP" in _codes(base, "SequenceVariant") else "NONE",
    )
    if "InversionTime" in base:
        modifier.InversionTimes = [float(base.InversionTime)]
    shared.MRModifierSequence = Items([modifier])
    shared.MRImageFrameTypeSequence = Items([_item(FrameType=base.ImageType, ComplexImageComponent="MAGNITUDE")])


def _present(base: Dataset, keywords: dict[str, str]) -> Dataset:
    return _item(**{new: float(base.get(old)) for old, new in keywords.items() if base.get(old) is not None})


def _frame_groups(affine: NDArray[np.float64], place: int) -> Dataset:
    return _item(
        PlanePositionSequence=[_item(ImagePositionPatient=decimals(affine[:3, 3] + place * affine[:3, 2]))],
        FrameContentSequence=[_item(StackID="1", InStackPositionNumber=place + 1, DimensionIndexValues=[place + 1])],
    )
