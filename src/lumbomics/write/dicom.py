"""An image -> a DICOM MR or CT series, classic or enhanced multi-frame, for demonstrations and round trips."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
)
from pydicom.valuerep import format_number_as_ds

from lumbomics.core.errors import GridError, InputError, OutputError
from lumbomics.core.image import Image, Quantity

Facts = Iterable[tuple[str, str | float]]

_CLASSES = {
    ("MR", False): MRImageStorage,
    ("MR", True): EnhancedMRImageStorage,
    ("CT", False): CTImageStorage,
    ("CT", True): EnhancedCTImageStorage,
}
_NUMBERS = {
    "echo_time_ms": "EchoTime",
    "repetition_time_ms": "RepetitionTime",
    "inversion_time_ms": "InversionTime",
    "flip_angle_deg": "FlipAngle",
    "slice_thickness_mm": "SliceThickness",
    "slice_spacing_mm": "SpacingBetweenSlices",
    "kvp": "KVP",
    "field_strength_t": "MagneticFieldStrength",
}
_TEXTS = {
    "kernel": "ConvolutionKernel",
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "sequence_name": "SequenceName",
    "patient_position": "PatientPosition",
    "scanning_sequence": "ScanningSequence",
    "sequence_variant": "SequenceVariant",
    "scan_options": "ScanOptions",
    "acquisition": "MRAcquisitionType",
}
_CT_AIR_HU = -1024
_PERPENDICULAR = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stored:
    """Pixels as they go into the file: (slices, rows, columns), value = slope x stored + intercept."""

    pixels: NDArray[Any]
    slope: float
    intercept: float


def write_dicom_series(
    image: Image,
    folder: str | Path,
    *,
    facts: Facts = (),
    description: str = "",
    patient_id: str = "PHANTOM",
    study: str = "1",
    study_date: str = "",
    series_number: int = 1,
    enhanced: bool = False,
    transfer_syntax: UID = ExplicitVRLittleEndian,
    shuffled_names: bool = True,
    rescale: tuple[float, float] | None = None,
) -> tuple[Path, ...]:
    """Write an image as DICOM: one file a slice, or one enhanced multi-frame file.

    Storage axis i runs along a row, j down a column, k from slice to slice; k may be sheared (gantry tilt) and run
    against the normal. Whole numbers that fit 16 bits are stored exactly; other values are rounded to 16 bits over
    their range, an error of at most half the slope.

    Parameters
    ----------
    image
        Any grid whose i and j axes are perpendicular. Hounsfield units make a CT, all else an MR.
    folder
        Made where missing; files of other series in it stay.
    facts
        Acquisition facts by the names that ``Series.facts`` uses (``echo_time_ms`` …); others are ignored.
    description
        Series description.
    patient_id, study, study_date, series_number
        Identity of the made-up patient and study; equal patient and study share frame of reference and study UID.
    enhanced
        Write one enhanced multi-frame object.
    transfer_syntax
        How pixels are coded: uncompressed little endian, RLE, JPEG-LS or JPEG 2000, lossless.
    shuffled_names
        Number files (or order frames) at random, the same each time, so that names tell nothing about order.
    rescale
        Slope and intercept to use; ``None``: chosen from the values.

    Returns
    -------
    The files, in the order of the slices.

    Raises
    ------
    GridError
        If axes i and j are not perpendicular.
    InputError
        If the values do not fit 16 bits under ``rescale``, or the coding refuses the picture.
    OutputError
        If the files cannot be written.
    """
    modality = "CT" if image.quantity is Quantity.HOUNSFIELD else "MR"
    stored = _stored(image, modality, rescale)
    base = _base(
        image, modality, dict(facts), enhanced=enhanced, identity=(patient_id, study, study_date, series_number)
    )
    base.SeriesDescription = description
    _describe_pixels(base, stored)
    names = _order(image.grid.shape[2], shuffled=shuffled_names)
    objects = [_multi_frame(base, image, stored, names)] if enhanced else _single_frames(base, image, stored)
    places = [
        Path(folder) / f"IM{number + 1:05d}"
        for number in ([series_number * 10000] if enhanced else names + series_number * 10000)
    ]
    return tuple(_save(one, path, transfer_syntax) for one, path in zip(objects, places, strict=True))


def _order(count: int, *, shuffled: bool) -> NDArray[np.intp]:
    return np.random.default_rng(count).permutation(count) if shuffled else np.arange(count)


def _stored(image: Image, modality: str, rescale: tuple[float, float] | None) -> _Stored:
    slope, intercept = rescale or _chosen_rescale(image, modality)
    pixels = np.moveaxis(image.array, (0, 1, 2), (2, 1, 0)).astype(np.float64)
    whole = np.rint((pixels - intercept) / slope)
    low, high = whole.min(), whole.max()
    for kind in (np.uint16, np.int16):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return _Stored(pixels=whole.astype(kind), slope=slope, intercept=intercept)
    raise InputError("values do not fit 16 bits", expected="at most 65536 steps", got=f"{low:g} to {high:g}")


def _chosen_rescale(image: Image, modality: str) -> tuple[float, float]:
    low, high = float(image.array.min()), float(image.array.max())
    if image.array.dtype.kind in "iub" and high - low <= np.iinfo(np.uint16).max:
        fits_plainly = (low >= 0 and high <= np.iinfo(np.uint16).max) or (low >= -32768 and high <= 32767)
        if modality == "CT":
            return 1.0, min(low, _CT_AIR_HU)
        return 1.0, 0.0 if fits_plainly else low
    # a decimal string holds 16 characters: keep the slope to what it can say
    slope = float(format_number_as_ds((high - low) / np.iinfo(np.uint16).max or 1.0))
    return slope, float(format_number_as_ds(low))


def _lps(image: Image) -> NDArray[np.float64]:
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.grid.affine
    row, column = (affine[:3, axis] / np.linalg.norm(affine[:3, axis]) for axis in (0, 1))
    if abs(row @ column) > _PERPENDICULAR:
        raise GridError(
            "the in-plane axes are not perpendicular",
            expected="storage axes i and j at right angles",
            got=f"cosine {row @ column:.3g}",
            hint="permute the axes so that the shear lies along k, or resample",
        )
    return affine


def _decimals(values: Iterable[float]) -> list[str]:
    return [format_number_as_ds(float(value)) for value in values]


def _orientation(affine: NDArray[np.float64]) -> list[str]:
    return _decimals(
        [*(affine[:3, 0] / np.linalg.norm(affine[:3, 0])), *(affine[:3, 1] / np.linalg.norm(affine[:3, 1]))]
    )


def _spacing(affine: NDArray[np.float64]) -> list[str]:
    return _decimals(float(np.linalg.norm(affine[:3, axis])) for axis in (1, 0))


def _base(
    image: Image, modality: str, facts: dict[str, str | float], *, enhanced: bool, identity: tuple[str, str, str, int]
) -> Dataset:
    """Patient, study, series, equipment and acquisition modules, shared by all objects of the series."""
    patient, study, date, number = identity
    content = hashlib.sha256(np.ascontiguousarray(image.array).tobytes()).hexdigest()
    base = Dataset()
    base.SOPClassUID = _CLASSES[modality, enhanced]
    base.PatientName, base.PatientID, base.PatientBirthDate, base.PatientSex = patient, patient, "", ""
    base.StudyInstanceUID = _uid("study", patient, study)
    base.SeriesInstanceUID = _uid("series", patient, study, str(number), content)
    base.FrameOfReferenceUID = image.grid.frame or _uid("frame", patient, study)
    base.StudyDate, base.StudyTime, base.AccessionNumber, base.StudyID = date, "", "", study
    base.ReferringPhysicianName = base.PositionReferenceIndicator = base.Laterality = ""
    base.Modality, base.SeriesNumber, base.AcquisitionNumber = modality, number, 1
    base.Manufacturer, base.PatientPosition = "Lumbomics", "HFS"
    base.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if modality == "CT" else "M", "NONE"]
    _acquisition(base, image, modality, facts, enhanced=enhanced)
    return base


def _acquisition(base: Dataset, image: Image, modality: str, facts: dict[str, str | float], *, enhanced: bool) -> None:
    normal_step = abs(float(np.linalg.det(image.grid.axes))) * float(image.grid.spacing_mm[2])
    base.SliceThickness = base.SpacingBetweenSlices = format_number_as_ds(normal_step)
    if modality == "MR" and not enhanced:
        base.ScanningSequence, base.SequenceVariant, base.ScanOptions, base.MRAcquisitionType = "SE", "NONE", "", "2D"
        base.EchoTime = base.RepetitionTime = base.EchoTrainLength = None
    if modality == "CT":
        base.KVP = None
    for name, keyword in _NUMBERS.items():
        if name in facts:
            setattr(base, keyword, format_number_as_ds(float(facts[name])))
    for name, keyword in _TEXTS.items():
        if name in facts:
            setattr(base, keyword, str(facts[name]).split("\\"))
    if "echo_train_length" in facts:
        base.EchoTrainLength = int(facts["echo_train_length"])
    if "b_value_s_mm2" in facts:
        base.DiffusionBValue = float(facts["b_value_s_mm2"])
    if facts.get("contrast_agent") == "yes":
        base.ContrastBolusAgent = "gadolinium"


def _uid(*sources: str) -> UID:
    return UID(f"2.25.{uuid5(NAMESPACE_OID, '|'.join(sources)).int}")


def _describe_pixels(base: Dataset, stored: _Stored) -> None:
    base.SamplesPerPixel, base.PhotometricInterpretation = 1, "MONOCHROME2"
    base.Rows, base.Columns = stored.pixels.shape[1:]
    base.BitsAllocated = base.BitsStored = 16
    base.HighBit = 15
    base.PixelRepresentation = int(stored.pixels.dtype.kind == "i")


def _single_frames(base: Dataset, image: Image, stored: _Stored) -> list[Dataset]:
    affine = _lps(image)
    return [_single_frame(base, affine, stored, place) for place in range(len(stored.pixels))]


def _single_frame(base: Dataset, affine: NDArray[np.float64], stored: _Stored, place: int) -> Dataset:
    one = Dataset()
    one.update(base)
    one.SOPInstanceUID = _uid("object", base.SeriesInstanceUID, str(place))
    one.InstanceNumber = place + 1
    one.ImageOrientationPatient = _orientation(affine)
    one.PixelSpacing = _spacing(affine)
    one.ImagePositionPatient = _decimals(affine[:3, 3] + place * affine[:3, 2])
    if base.Modality == "CT" or (stored.slope, stored.intercept) != (1.0, 0.0):
        _rescale(one, stored, base.Modality)
    one.PixelData = stored.pixels[place].tobytes()
    return one


def _rescale(item: Dataset, stored: _Stored, modality: str) -> None:
    item.RescaleIntercept, item.RescaleSlope = _decimals([stored.intercept, stored.slope])
    item.RescaleType = "HU" if modality == "CT" else "US"


def _multi_frame(base: Dataset, image: Image, stored: _Stored, order: NDArray[np.intp]) -> Dataset:
    affine = _lps(image)
    one = Dataset()
    one.update(base)
    one.SOPInstanceUID = _uid("object", base.SeriesInstanceUID)
    one.InstanceNumber, one.NumberOfFrames = 1, len(order)
    _dimensions(one)
    one.SharedFunctionalGroupsSequence = Items([_shared_groups(base, affine, stored)])
    one.PerFrameFunctionalGroupsSequence = Items([_frame_groups(affine, int(place)) for place in order])
    for keyword in (
        "SliceThickness",
        "SpacingBetweenSlices",
        "EchoTime",
        "RepetitionTime",
        "FlipAngle",
        "InversionTime",
    ):
        if keyword in one:
            del one[keyword]
    one.PixelData = np.ascontiguousarray(stored.pixels[order]).tobytes()
    return one


def _dimensions(one: Dataset) -> None:
    organisation = _item(DimensionOrganizationUID=_uid("dimension", one.SeriesInstanceUID))
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


def _shared_groups(base: Dataset, affine: NDArray[np.float64], stored: _Stored) -> Dataset:
    shared = _item(
        PixelMeasuresSequence=[
            _item(
                PixelSpacing=_spacing(affine),
                SliceThickness=base.SliceThickness,
                SpacingBetweenSlices=base.SpacingBetweenSlices,
            )
        ],
        PlaneOrientationSequence=[_item(ImageOrientationPatient=_orientation(affine))],
    )
    if base.Modality == "CT" or (stored.slope, stored.intercept) != (1.0, 0.0):
        transformation = Dataset()
        _rescale(transformation, stored, base.Modality)
        shared.PixelValueTransformationSequence = Items([transformation])
    if base.Modality == "MR":
        _magnetic_groups(shared, base)
    return shared


def _magnetic_groups(shared: Dataset, base: Dataset) -> None:
    timing = _present(base, {"RepetitionTime": "RepetitionTime", "FlipAngle": "FlipAngle"})
    shared.MRTimingAndRelatedParametersSequence = Items([timing])
    shared.MREchoSequence = Items([_present(base, {"EchoTime": "EffectiveEchoTime"})])
    modifier = _item(InversionRecovery="YES" if "InversionTime" in base else "NO")
    if "InversionTime" in base:
        modifier.InversionTimes = [float(base.InversionTime)]
    shared.MRModifierSequence = Items([modifier])
    shared.MRImageFrameTypeSequence = Items([_item(FrameType=base.ImageType, ComplexImageComponent="MAGNITUDE")])


def _present(base: Dataset, keywords: dict[str, str]) -> Dataset:
    return _item(**{new: float(base.get(old)) for old, new in keywords.items() if base.get(old) is not None})


def _frame_groups(affine: NDArray[np.float64], place: int) -> Dataset:
    return _item(
        PlanePositionSequence=[_item(ImagePositionPatient=_decimals(affine[:3, 3] + place * affine[:3, 2]))],
        FrameContentSequence=[_item(StackID="1", InStackPositionNumber=place + 1, DimensionIndexValues=[place + 1])],
    )


def _save(one: Dataset, path: Path, transfer_syntax: UID) -> Path:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta = meta
    _code(one, transfer_syntax)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        one.save_as(path, enforce_file_format=True)
    except OSError as error:
        raise OutputError(
            "the DICOM file cannot be written", where=path.name, hint="give a folder you may write to"
        ) from error
    return path


def _code(one: Dataset, transfer_syntax: UID) -> None:
    if not transfer_syntax.is_compressed:
        one.file_meta.TransferSyntaxUID = transfer_syntax
        return
    try:
        one.compress(transfer_syntax, generate_instance_uid=False)
    except (RuntimeError, NotImplementedError) as error:
        raise InputError(
            "the picture cannot be coded this way",
            expected="a coding that this picture's size allows",
            got=f"{transfer_syntax.name}, {one.Columns} x {one.Rows} pixels",
            hint="write it uncompressed",
        ) from error
