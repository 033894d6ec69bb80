"""An image -> a DICOM MR or CT series, classic or enhanced multi-frame, for demonstrations and round trips."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
)
from pydicom.valuerep import format_number_as_ds

from lumbomics.core.errors import InputError, OutputError
from lumbomics.core.image import Image, Quantity
from lumbomics.write.dicom_enhanced import multi_frame
from lumbomics.write.dicom_numbers import (
    Stored,
    decimals,
    derived_uid,
    lps_affine,
    orientation,
    set_rescale,
    spacing,
    stored_as,
)

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
    stored = stored_as(image, modality, rescale)
    base = _base(
        image, modality, dict(facts), enhanced=enhanced, identity=(patient_id, study, study_date, series_number)
    )
    base.SeriesDescription = description
    _describe_pixels(base, stored)
    names = _order(image.grid.shape[2], shuffled=shuffled_names)
    objects = iter([multi_frame(base, stored, names)]) if enhanced else _single_frames(base, image, stored)
    places = [
        Path(folder) / f"IM{number + 1:05d}"
        for number in ([series_number * 10000] if enhanced else names + series_number * 10000)
    ]
    return tuple(_save(one, path, transfer_syntax) for one, path in zip(objects, places, strict=True))


def _order(count: int, *, shuffled: bool) -> NDArray[np.intp]:
    return np.random.default_rng(count).permutation(count) if shuffled else np.arange(count)


def _base(
    image: Image, modality: str, facts: dict[str, str | float], *, enhanced: bool, identity: tuple[str, str, str, int]
) -> Dataset:
    """Patient, study, series, equipment and acquisition modules, shared by all objects of the series."""
    patient, study, date, number = identity
    content = hashlib.sha256()
    for place in range(image.grid.shape[2]):
        content.update(image.array[:, :, place].T.tobytes())
    base = Dataset()
    base.SOPClassUID = _CLASSES[modality, enhanced]
    base.PatientName, base.PatientID, base.PatientBirthDate, base.PatientSex = patient, patient, "", ""
    base.StudyInstanceUID = derived_uid("study", patient, study)
    base.SeriesInstanceUID = derived_uid("series", patient, study, str(number), content.hexdigest())
    base.FrameOfReferenceUID = image.grid.frame or derived_uid("frame", patient, study)
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


def _describe_pixels(base: Dataset, stored: Stored) -> None:
    base.SamplesPerPixel, base.PhotometricInterpretation = 1, "MONOCHROME2"
    base.Columns, base.Rows, _ = stored.image.grid.shape
    base.BitsAllocated = base.BitsStored = 16
    base.HighBit = 15
    base.PixelRepresentation = int(stored.kind is np.int16)


def _single_frames(base: Dataset, image: Image, stored: Stored) -> Iterator[Dataset]:
    affine = lps_affine(image)
    for place in range(image.grid.shape[2]):
        yield _single_frame(base, affine, stored, place)


def _single_frame(base: Dataset, affine: NDArray[np.float64], stored: Stored, place: int) -> Dataset:
    one = Dataset()
    one.update(base)
    one.SOPInstanceUID = derived_uid("object", base.SeriesInstanceUID, str(place))
    one.InstanceNumber = place + 1
    one.ImageOrientationPatient = orientation(affine)
    one.PixelSpacing = spacing(affine)
    one.ImagePositionPatient = decimals(affine[:3, 3] + place * affine[:3, 2])
    if base.Modality == "CT" or (stored.slope, stored.intercept) != (1.0, 0.0):
        set_rescale(one, stored, base.Modality)
    one.PixelData = stored.slice_bytes(place)
    return one


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
