"""DICOM segmentations (SEG: binary, fractional, label map) -> the project's label maps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels import iter_pixels
from pydicom.uid import SegmentationStorage

from lumbomics.core.anatomy import CANAL, CORD, Numbering, NumberingSource
from lumbomics.core.conventions import Conversion, Loss
from lumbomics.core.errors import LabelError, ReadError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.read.dicom.quiet import quietly
from lumbomics.read.dicom.segment_frames import Layout, layout
from lumbomics.read.dicom.segment_names import Meaning, meaning_of
from lumbomics.read.dicom.view import value_of

# younger than pydicom 3.0's names
_LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
_CLASSES = {SegmentationStorage, _LABEL_MAP}
_PREAMBLE = 128
_BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
    NotImplementedError,
    EOFError,
    OSError,
    IndexError,
)
_NO_SUCH = "no structure of the project's maps"
_BELOW_HALF = "less than half of the voxel is claimed"
_Bytes = NDArray[np.uint8]


def is_dicom(path: Path) -> bool:
    """Tell whether a file carries DICOM's own mark; a missing file does not."""
    try:
        with path.open("rb") as handle:
            return handle.read(_PREAMBLE + 4)[_PREAMBLE:] == b"DICM"
    except OSError:
        return False


def read_dicom_segmentation(
    path: Path | str,
    *,
    numbering: Numbering | None = None,
    ignore_unknown: bool = False,
    source: str = "DICOM segmentation",
    boundary_sd_mm: float | None = None,
) -> Conversion:
    """Read a DICOM segmentation as label maps in the project's numbers.

    A segment is known by its coded type (SNOMED CT, or the older SNOMED RT), its coded region where the type tells no
    level, or its label (``L4 vertebra``, ``L4-L5 disc``, ``spinal canal``). Slices without a frame are empty. A
    fractional segment holds the voxels of which at least half are claimed.

    Where two segments claim a voxel of one map: the higher fraction has it, then the cord before the canal, then the
    lower segment number; what the other one lost is told.

    Parameters
    ----------
    path
        The file.
    numbering
        How the levels were numbered; by default the file's word.
    ignore_unknown
        Take segments that the project's maps do not hold for losses instead of an error.
    source
        Who or what drew the labels.
    boundary_sd_mm
        Standard deviation of the drawn boundary in mm, where known.

    Returns
    -------
    Conversion
        Label maps on the grid of the segmentation's own frames, its frame of reference with them, and what was lost.
        The numbers in the losses are segment numbers.

    Raises
    ------
    ReadError
        If the file is missing, broken, or no segmentation placed in the patient.
    GridError
        If its slices follow no even spacing.
    LabelError
        If segments are unknown, contradict themselves, or are all empty; all of them are named.
    """
    file = Path(path)
    dataset = _load(file)
    where = file.name
    with quietly():
        meanings = _meanings(dataset, where)
        _refuse(meanings, where, ignore_unknown=ignore_unknown)
        found = layout(dataset, where)
        painter = _Painter(grid=found.grid)
        for meaning, share in _segments(dataset, found, meanings, where):
            painter.paint(meaning, share)
    stated = numbering or Numbering(source=NumberingSource.LABEL_FILE)
    return painter.conversion(stated, source, boundary_sd_mm, where)


def _load(file: Path) -> Dataset:
    try:
        with quietly():
            dataset = dcmread(file)
    except FileNotFoundError as error:
        raise ReadError("no such file", where=file.name, hint="check the path") from error
    except (InvalidDicomError, *_BROKEN) as error:
        raise ReadError(
            "the file is no DICOM object, or truncated",
            expected="a DICOM segmentation (SEG)",
            where=file.name,
            hint="copy it again from its source and compare sizes",
        ) from error
    kind = value_of(dataset, "SOPClassUID")
    if kind not in _CLASSES:
        raise ReadError(
            "the DICOM object is no segmentation",
            expected="Segmentation Storage or Label Map Segmentation Storage",
            got=getattr(kind, "name", None) or "no SOP class",
            where=file.name,
            hint="give the SEG object itself; images are read as a folder",
        )
    return dataset


def _meanings(dataset: Dataset, where: str) -> list[Meaning]:
    segments = value_of(dataset, "SegmentSequence") or ()
    found = sorted((meaning_of(segment, dataset) for segment in segments), key=lambda meaning: meaning.number)
    # number 0 is the background of a label map
    described = [meaning for meaning in found if meaning.number > 0]
    if not described:
        raise ReadError("the segmentation describes no segment", expected="a segment sequence", where=where)
    return described


def _refuse(meanings: Sequence[Meaning], where: str, *, ignore_unknown: bool) -> None:
    conflicts = [f"{m.number} {m.label!r} ({m.conflict})" for m in meanings if m.conflict]
    unknown = [f"{m.number} {m.label!r}" for m in meanings if not m.targets and not m.conflict]
    if conflicts:
        raise LabelError(
            "codes and labels of segments contradict each other",
            expected="one level for each segment",
            got="; ".join(conflicts),
            where=where,
            hint="correct code or label in the tool that wrote the segmentation",
        )
    if unknown and not ignore_unknown:
        raise LabelError(
            "the segmentation holds segments that are not known",
            expected="codes of vertebrae, discs, canal or cord, or labels such as 'L4 vertebra' and 'L4-L5 disc'",
            got="segments " + "; ".join(unknown),
            where=where,
            hint="label them so, or state that unknown segments may be left out (--ignore-unknown)",
        )


def _segments(
    dataset: Dataset, found: Layout, meanings: Sequence[Meaning], where: str
) -> Iterator[tuple[Meaning, _Bytes]]:
    """Each segment with the share of every voxel that it claims, in 255ths."""
    if value_of(dataset, "SOPClassUID") == _LABEL_MAP:
        yield from _from_label_map(dataset, found, meanings, where)
        return
    places: dict[int, list[int]] = defaultdict(list)
    for frame, segment in enumerate(found.segments):
        places[segment].append(frame)
    _require_described(set(places), meanings, where)
    largest = 1
    if str(value_of(dataset, "SegmentationType")) == "FRACTIONAL":
        largest = int(value_of(dataset, "MaximumFractionalValue") or 255)
    for meaning in meanings:
        share: _Bytes = np.zeros(found.grid.shape, dtype=np.uint8, order="F")
        frames = places.get(meaning.number, [])
        for frame, picture in zip(frames, _pictures(dataset, frames, where), strict=True):
            # a position that comes twice for one segment adds to it
            plane = share[:, :, found.slices[frame]]
            np.maximum(plane, _in_255ths(picture, largest).T, out=plane)
        yield meaning, share


def _in_255ths(picture: NDArray[Any], largest: int) -> _Bytes:
    """Share of each pixel, rounded up: at least half is at least 128, whatever the scale."""
    clipped = np.minimum(picture, largest).astype(np.uint32)
    return np.asarray((clipped * 255 + largest - 1) // largest, dtype=np.uint8)


def _from_label_map(
    dataset: Dataset, found: Layout, meanings: Sequence[Meaning], where: str
) -> Iterator[tuple[Meaning, _Bytes]]:
    numbers = np.zeros(found.grid.shape, dtype=np.uint16, order="F")
    for frame, picture in enumerate(_pictures(dataset, range(len(found.slices)), where)):
        numbers[:, :, found.slices[frame]] = picture.T
    background = {0, int(value_of(dataset, "PixelPaddingValue") or 0)}
    _require_described({int(n) for n in np.unique(numbers)} - background, meanings, where)
    for meaning in meanings:
        yield meaning, np.where(numbers == meaning.number, np.uint8(255), np.uint8(0))


def _require_described(numbers: set[int], meanings: Sequence[Meaning], where: str) -> None:
    strange = sorted(numbers - {meaning.number for meaning in meanings})
    if strange:
        raise LabelError(
            "frames belong to segments that the segmentation does not describe",
            expected="segments " + ", ".join(str(meaning.number) for meaning in meanings),
            got=", ".join(map(str, strange)),
            where=where,
            hint="write the segmentation anew from its tool",
        )


def _pictures(dataset: Dataset, frames: Sequence[int], where: str) -> Iterator[NDArray[Any]]:
    if not len(frames):
        return
    try:
        if value_of(dataset, "BitsAllocated") == 1 and not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            yield from _unpacked(dataset, frames)
        else:
            yield from iter_pixels(dataset, indices=list(frames), raw=True)
    except _BROKEN as error:
        raise ReadError(
            "pixels of the segmentation are truncated, broken or compressed in an unknown way",
            where=where,
            hint="copy it again from its source, or write it uncompressed",
        ) from error


def _unpacked(dataset: Dataset, frames: Sequence[int]) -> Iterator[_Bytes]:
    """Frames of single bits, the lowest first, which may begin within a byte (PS3.5, 8.1.1).

    pydicom 3.0 reads such frames one by one only where each fills whole bytes.
    """
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    stored = np.frombuffer(dataset.PixelData, dtype=np.uint8)
    for frame in frames:
        first = frame * rows * columns
        held = stored[first // 8 : -(-(first + rows * columns) // 8)]
        bits = np.unpackbits(held, bitorder="little")[first % 8 : first % 8 + rows * columns]
        yield bits.reshape(rows, columns)


@dataclass(kw_only=True)
class _Painter:
    """Label maps that grow segment by segment, and what got lost on the way."""

    grid: Grid
    maps: dict[str, _Bytes] = field(default_factory=dict)
    owners: dict[str, NDArray[np.uint16]] = field(default_factory=dict)
    shares: dict[str, _Bytes] = field(default_factory=dict)
    painted: dict[int, Meaning] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)

    def paint(self, meaning: Meaning, share: _Bytes) -> None:
        """Lay one segment into all maps that hold it; segments come in ascending number."""
        claimed = share >= 128
        if not meaning.targets:
            self._lose(meaning, int(np.count_nonzero(share)), _NO_SUCH)
            return
        self._lose(meaning, int(np.count_nonzero(share)) - int(claimed.sum()), _BELOW_HALF)
        self.painted[meaning.number] = meaning
        for name, value in meaning.targets.items():
            self._lay(name, value, meaning, claimed, share)

    def _lay(self, name: str, value: int, meaning: Meaning, claimed: NDArray[np.bool_], share: _Bytes) -> None:
        shape = self.grid.shape
        array = self.maps.setdefault(name, np.zeros(shape, dtype=np.uint8, order="F"))
        owner = self.owners.setdefault(name, np.zeros(shape, dtype=np.uint16, order="F"))
        best = self.shares.setdefault(name, np.zeros(shape, dtype=np.uint8, order="F"))
        disputed = claimed & (array != 0) & (array != value)
        mine = claimed & ~disputed
        for number in np.unique(owner[disputed]):
            other = self.painted[int(number)]
            between = disputed & (owner == number)
            won = between & self._wins(value, other.targets[name], share, best)
            mine |= won
            nested = {value, other.targets[name]} == {CORD, CANAL}
            if not nested:
                self._overlap(other, meaning, int(won.sum()), value, name)
                self._overlap(meaning, other, int((between & ~won).sum()), other.targets[name], name)
        array[mine], owner[mine] = value, meaning.number
        best[mine] = share[mine]

    def _wins(self, value: int, other: int, share: _Bytes, best: _Bytes) -> NDArray[np.bool_]:
        if {value, other} == {CORD, CANAL}:
            return np.full(share.shape, value == CORD)
        return share > best

    def _overlap(self, loser: Meaning, winner: Meaning, voxels: int, value: int, name: str) -> None:
        why = f"overlaps with segment {winner.number} {winner.label!r}, which keeps the voxels"
        self._lose(loser, voxels, why, kept_as=value, map_name=name)

    def _lose(self, meaning: Meaning, voxels: int, why: str, *, kept_as: int = 0, map_name: str = "labels") -> None:
        if voxels:
            loss = Loss(
                value=meaning.number, name=meaning.label, voxels=voxels, why=why, kept_as=kept_as, map_name=map_name
            )
            self.losses.append(loss)

    def conversion(self, numbering: Numbering, source: str, boundary_sd_mm: float | None, where: str) -> Conversion:
        """Make the finished maps; LabelError where nothing was painted."""
        if not any(array.any() for array in self.maps.values()):
            raise LabelError(
                "the segmentation is empty", expected="at least one labelled voxel", got="none", where=where
            )
        spine = self.maps.pop("spine", None)
        if spine is None:
            spine = np.zeros(self.grid.shape, dtype=np.uint8)
        others = {name: self._labels(array, source, boundary_sd_mm) for name, array in self.maps.items()}
        return Conversion(
            segmentation=Segmentation(
                spine=self._labels(spine, source, boundary_sd_mm),
                subregion=others.get("subregion"),
                dural_sac=others.get("dural_sac"),
                muscle=others.get("muscle"),
                numbering=numbering,
            ),
            losses=tuple(self.losses),
        )

    def _labels(self, array: _Bytes, source: str, boundary_sd_mm: float | None) -> Labels:
        return Labels(array, self.grid, source=source, boundary_sd_mm=boundary_sd_mm)
