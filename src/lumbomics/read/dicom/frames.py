"""The flat pictures found in DICOM objects, as small records that name no one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lumbomics.read.dicom.view import FrameView, listed, numbers, value_of, views
from lumbomics.read.headers import codes, number

Key = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Frame:
    """One flat picture.

    Parameters
    ----------
    file
        Position of its file in the scan.
    index
        Frame number within the file, from 0.
    series, uid, frame_of_reference
        UIDs; empty where stripped.
    position_mm, row, column
        (3,) centre of the first pixel and unit vectors along a row and down a column, all LPS;
        ``None`` where the header places the picture nowhere.
    spacing_mm
        Distance between rows, distance between columns.
    shape
        Rows, columns.
    slope, intercept
        Stored value -> value.
    key
        What must be equal within one volume beside geometry: picture type, echo, b-value, kernel …
    turns
        Candidates that tell repeated positions apart: acquisition, time point, trigger time …
    instance
        Instance number; ``None`` where stripped.
    """

    file: int
    index: int
    series: str
    uid: str
    frame_of_reference: str
    position_mm: NDArray[np.float64] | None
    row: NDArray[np.float64] | None
    column: NDArray[np.float64] | None
    spacing_mm: tuple[float, float]
    shape: tuple[int, int]
    slope: float
    intercept: float
    key: Key
    turns: Key
    instance: int | None

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector (3,) at right angles to the picture: along a row x down a column."""
        if self.row is None or self.column is None:
            return np.zeros(3)
        return np.cross(self.row, self.column)


def frames_of(dataset: Dataset, file: int) -> list[Frame]:
    """Describe all frames of one object."""
    if value_of(dataset, "Modality") == "NM":
        return _nuclear_frames(dataset, file)
    return [_frame(one, dataset, file, index) for index, one in enumerate(views(dataset))]


def _frame(one: FrameView, dataset: Dataset, file: int, index: int, shift_mm: float = 0.0) -> Frame:
    row, column = _directions(one)
    position = numbers(one.get("ImagePositionPatient"), 3)
    place = None if position is None or row is None or column is None else np.array(position)
    if place is not None and row is not None and column is not None and shift_mm:
        place = place + shift_mm * np.cross(row, column)
    return Frame(
        file=file,
        index=index,
        series=str(one.get("SeriesInstanceUID") or f"number {one.get('SeriesNumber')}"),
        uid=str(one.get("SOPInstanceUID") or ""),
        frame_of_reference=str(one.get("FrameOfReferenceUID") or ""),
        position_mm=place,
        row=row,
        column=column,
        spacing_mm=_spacing(one),
        shape=(int(value_of(dataset, "Rows")), int(value_of(dataset, "Columns"))),
        slope=_number(one, "RescaleSlope", 1.0),
        intercept=_number(one, "RescaleIntercept", 0.0),
        key=_key(one),
        turns=_turns(one),
        instance=_instance(one, index),
    )


def _nuclear_frames(dataset: Dataset, file: int) -> list[Frame]:
    """Frames of a reconstructed emission volume: the header places the first and gives the step along the normal."""
    detector = value_of(dataset, "DetectorInformationSequence")
    placed = _leaf_values(detector[0]) if detector else {}
    step = _number(FrameView(dataset, 0, {}), "SpacingBetweenSlices", 0.0) or 0.0
    count = int(value_of(dataset, "NumberOfFrames") or 1)
    return [_frame(FrameView(dataset, 0, placed), dataset, file, index, index * step) for index in range(count)]


def _leaf_values(item: Dataset) -> dict[str, Any]:
    return {element.keyword: element.value for element in item if element.VR != "SQ" and not element.is_empty}


def _directions(one: FrameView) -> tuple[NDArray[np.float64], NDArray[np.float64]] | tuple[None, None]:
    cosines = numbers(one.get("ImageOrientationPatient"), 6)
    if cosines is None:
        return None, None
    row, column = np.array(cosines[:3]), np.array(cosines[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if abs(lengths[0] - 1) > 0.01 or abs(lengths[1] - 1) > 0.01 or abs(row @ column) > 0.01:
        return None, None
    return row / lengths[0], column / lengths[1]


def _spacing(one: FrameView) -> tuple[float, float]:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        found = numbers(one.get(keyword), 2)
        if found is not None and min(found) > 0:
            return found[0], found[1]
    return (0.0, 0.0)


def _number(one: FrameView, keyword: str, default: float) -> float:
    found = number(one.get(keyword))
    return default if found is None else found


def _rounded(value: Any, digits: int) -> float | None:
    found = number(value)
    return None if found is None else round(found, digits)


def _key(one: FrameView) -> Key:
    image_type = codes(listed(one.get("FrameType") or one.get("ImageType")))
    return (
        image_type,
        str(one.get("StackID") or ""),
        str(one.get("ComplexImageComponent") or ""),
        str(one.get("ConvolutionKernel") or ""),
        _rounded(one.get("EffectiveEchoTime") or one.get("EchoTime"), 2),
        _rounded(one.get("InversionTime"), 1),
        b_value(one),
        _gradient(one),
    )


def b_value(one: FrameView) -> float | None:
    """Diffusion weighting in s/mm² from the standard keyword or the makers' private ones."""
    standard = number(one.get("DiffusionBValue"))
    if standard is not None:
        return standard
    for tag in ((0x0019, 0x100C), (0x2001, 0x1003), (0x0043, 0x1039)):
        found = number(_private(one, tag))
        if found is not None:
            # GE adds 1e9 to mark a multi-b acquisition
            return found % 1e9 if found >= 1e9 else found
    return None


def _private(one: FrameView, tag: tuple[int, int]) -> Any:
    dataset = one.dataset
    if tag not in dataset:
        return None
    value = dataset[tag].value
    if isinstance(value, bytes):
        return value.split(b"\\")[0].decode("ascii", "ignore").strip() if value[:1].isdigit() else None
    return value if isinstance(value, str | int | float) else next(iter(value), None) if value else None


def _gradient(one: FrameView) -> tuple[float, ...] | None:
    found = numbers(one.get("DiffusionGradientOrientation"), 3)
    return None if found is None else tuple(round(part, 2) for part in found)


_TURNS = (
    "AcquisitionNumber",
    "TemporalPositionIndex",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "NominalCardiacTriggerDelayTime",
    "FrameReferenceDateTime",
    "AcquisitionTime",
)


def _turns(one: FrameView) -> Key:
    return tuple(str(one.get(keyword) or "") for keyword in _TURNS)


def _instance(one: FrameView, index: int) -> int | None:
    in_stack = number(one.get("InStackPositionNumber"))
    if in_stack is not None:
        return int(in_stack)
    found = number(one.get("InstanceNumber"))
    return None if found is None else int(found) + index
