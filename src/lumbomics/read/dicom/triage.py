"""Which DICOM objects hold a picture that can be measured, and why the others do not."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID

from lumbomics.read.dicom.view import listed, value_of
from lumbomics.read.headers import codes
from lumbomics.read.patterns import matches

_MEASURED = frozenset({"MR", "CT", "PT", "NM", "CR", "DX", ""})
_REASONS = {
    "SEG": "segmentation object: not read with the images; give it as a label map",
    "SR": "structured report or dose report",
    "PR": "presentation state",
    "KO": "key object selection",
    "RTSTRUCT": "radiotherapy contours",
    "RTPLAN": "radiotherapy plan",
    "RTDOSE": "radiotherapy dose",
    "REG": "registration object",
    "ECG": "waveform",
    "DOC": "document",
    "OT": "secondary capture or other picture that no scanner made",
    "SC": "secondary capture",
}
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_DIRECTORY = "1.2.840.10008.1.3.10"
_TYPES = {
    "LOCALIZER": "localiser",
    "SCREEN SAVE": "screenshot",
    "SCREENSHOT": "screenshot",
    "DOSE_INFO": "dose report",
    "PROJECTION IMAGE": "projection of a volume (MIP)",
    "MIP": "projection of a volume (MIP)",
    "MNIP": "projection of a volume (MIP)",
    "MOSAIC": "mosaic of many slices in one picture: not supported",
}


def object_name(dataset: Dataset) -> str:
    """Name of the object's class in words, from the standard's own register."""
    uid = str(value_of(dataset, "SOPClassUID") or "")
    name = UID(uid).name if uid else ""
    return name if name and name != uid else "DICOM object of unstated class"


def reason_to_set_aside(dataset: Dataset) -> str | None:
    """Say why an object is not used, or ``None`` where it is."""
    return _by_class(dataset) or _by_picture(dataset) or _by_type(dataset)


def _by_class(dataset: Dataset) -> str | None:
    meta = getattr(dataset, "file_meta", None)
    if meta is not None and str(meta.get("MediaStorageSOPClassUID", "")) == _DIRECTORY:
        return "directory of a disc (DICOMDIR)"
    modality = str(value_of(dataset, "Modality") or "").upper()
    if modality in _REASONS:
        return _REASONS[modality]
    if str(value_of(dataset, "SOPClassUID") or "").startswith(_SECONDARY_CAPTURE):
        return _REASONS["SC"]
    return None if modality in _MEASURED else f"modality {modality[:4]} is not measured here"


def _by_picture(dataset: Dataset) -> str | None:
    if not (value_of(dataset, "Rows") and value_of(dataset, "Columns")):
        return "holds no picture"
    colour = str(value_of(dataset, "PhotometricInterpretation") or "MONOCHROME2").upper()
    if not colour.startswith("MONOCHROME") or int(value_of(dataset, "SamplesPerPixel") or 1) != 1:
        return "colour picture: screenshot, secondary capture or fusion"
    if value_of(dataset, "ModalityLUTSequence") is not None:
        return "values are stored through a lookup table: not supported"
    return None


def _by_type(dataset: Dataset) -> str | None:
    kinds = codes(listed(value_of(dataset, "ImageType")))
    for kind in kinds:
        if kind in _TYPES:
            return _TYPES[kind]
    if value_of(dataset, "Modality") == "NM" and "RECON TOMO" not in kinds:
        return "planar or unreconstructed nuclear image: no volume"
    texts = [str(value_of(dataset, keyword) or "") for keyword in ("SeriesDescription", "ProtocolName")]
    return "localiser" if matches("localiser", texts) else None
