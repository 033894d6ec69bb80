"""A folder -> the frames in it, recognised by content; everything else is set aside with its reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from lumbomics.core.errors import InputError, ReadError
from lumbomics.read.dicom.frames import Frame, frames_of
from lumbomics.read.dicom.quiet import quietly
from lumbomics.read.dicom.triage import object_name, reason_to_set_aside
from lumbomics.read.dicom.view import value_of

Progress = Callable[[int, int, str], None]
Aside = tuple[str, str]

_BROKEN = (
    InvalidDicomError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    EOFError,
    OSError,
    NotImplementedError,
    RecursionError,
)
_PREAMBLE = 132
_GROUPS_AT_START = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
_IDENTIFYING = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PerformingPhysicianName",
    "OperatorsName",
    "InstitutionName",
    "StudyID",
)
_SHORTEST_NAME = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """What a folder holds.

    Parameters
    ----------
    files
        Every file looked at, sorted by path.
    frames
        Pictures that may be measured.
    studies
        File position -> key of its study; in time order as far as dates are known.
    patient
        The one patient's identifier; empty where stripped. Never written anywhere.
    identifying
        Words (lower case) that identify the patient or the staff.
    set_aside
        What is not used, and why.
    """

    files: tuple[Path, ...]
    frames: tuple[Frame, ...]
    studies: dict[int, str] = field(repr=False)
    patient: str = field(repr=False)
    identifying: frozenset[str] = field(repr=False)
    set_aside: tuple[Aside, ...]

    @property
    def study_order(self) -> tuple[str, ...]:
        """Keys of the studies that hold frames, oldest first."""
        return tuple(sorted({self.studies[frame.file] for frame in self.frames}))


class _People:
    """Counts persons without keeping more of them than needed to tell them apart."""

    def __init__(self) -> None:
        self.births: dict[str, set[str]] = defaultdict(set)
        self.words: set[str] = set()

    def add(self, dataset: Dataset) -> None:
        identity = str(value_of(dataset, "PatientID") or value_of(dataset, "PatientName") or "").strip()
        if identity:
            birth = str(value_of(dataset, "PatientBirthDate") or "").strip()
            self.births[identity] |= {birth} if birth else set()
        for keyword in _IDENTIFYING:
            words = re.split(r"[\s^,;=\\/_]+", str(value_of(dataset, keyword) or "").lower())
            self.words |= {word for word in words if len(word) >= _SHORTEST_NAME}

    @property
    def count(self) -> int:
        return sum(max(1, len(births)) for births in self.births.values())


def scan(folder: Path, *, progress: Progress | None = None) -> Scan:
    """Look at every file under a folder.

    Raises
    ------
    ReadError
        If the folder cannot be read, is empty, or holds no DICOM object.
    InputError
        If it holds more than one patient; the message says how many and names no one.
    """
    files = tuple(_walk(folder))
    people, asides, frames, studies = _People(), _Asides(len(files)), [], {}
    objects = 0
    for place, path in enumerate(files):
        if progress is not None:
            progress(place, len(files), "headers")
        header = _header(path)
        if isinstance(header, str):
            asides.add(place, header, "file")
            continue
        objects += 1
        with quietly():
            people.add(header)
            found = _frames_or_reason(header, path, place)
        if isinstance(found, str):
            asides.add(place, found, object_name(header))
            continue
        frames += found
        studies[place] = _study(header)
    _require_one_patient(people, objects, len(files))
    return Scan(
        files=files,
        frames=tuple(frames),
        studies=studies,
        patient=next(iter(people.births), ""),
        identifying=frozenset(people.words),
        set_aside=asides.listed(),
    )


class _Asides:
    """Gathers files set aside, one line for each class and reason."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._places: dict[tuple[str, str], list[int]] = defaultdict(list)

    def add(self, place: int, reason: str, what: str) -> None:
        self._places[what, reason].append(place + 1)

    def listed(self) -> tuple[Aside, ...]:
        return tuple((self._name(what, places), reason) for (what, reason), places in self._places.items())

    def _name(self, what: str, places: list[int]) -> str:
        if len(places) == 1:
            return f"file {places[0]} of {self._total} ({what})"
        return f"{len(places)} files of {self._total}, first number {places[0]} ({what})"


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        found = [entry for entry in entries if entry.is_file()]
    except PermissionError as error:
        raise ReadError("the folder may not be read", hint="ask for read permission") from error
    if not found:
        raise ReadError("the folder is empty", expected="DICOM files", got="no file", hint="check the path")
    yield from found


def _header(path: Path) -> Dataset | str:
    """Header of a DICOM file, or the reason why there is none."""
    try:
        with path.open("rb") as handle:
            start = handle.read(_PREAMBLE)
    except OSError:
        return "cannot be opened"
    if not start:
        return "empty file"
    marked = start[128:] == b"DICM"
    if not marked and start[:2] not in _GROUPS_AT_START:
        return "not a DICOM file"
    return _parse(path, marked=marked)


def _parse(path: Path, *, marked: bool) -> Dataset | str:
    try:
        with quietly(), path.open("rb") as handle:
            dataset = dcmread(handle, stop_before_pixels=True, force=not marked)
            dataset.pixels_start = handle.tell()
            known = any(keyword in dataset for keyword in ("SOPClassUID", "Modality", "Rows", "PatientID"))
    except _BROKEN:
        return "DICOM header is truncated or broken"
    if known or marked:
        return dataset
    return "not a DICOM file"


def _shortfall(dataset: Dataset, path: Path) -> str | None:
    """Say that an uncompressed object ends before its pixels do."""
    meta = getattr(dataset, "file_meta", None)
    syntax = meta.get("TransferSyntaxUID") if meta is not None else None
    if syntax is not None and (syntax.is_compressed if syntax.is_transfer_syntax else True):
        return None
    frame_bits = int(dataset.Rows) * int(dataset.Columns) * int(value_of(dataset, "BitsAllocated") or 16)
    expected = frame_bits * int(value_of(dataset, "NumberOfFrames") or 1) // 8
    there = path.stat().st_size - int(dataset.pixels_start)
    if there <= 0:
        return "holds no picture"
    return "file is truncated: it ends before its pixels do" if there < expected else None


def _frames_or_reason(dataset: Dataset, path: Path, place: int) -> list[Frame] | str:
    try:
        return reason_to_set_aside(dataset) or _shortfall(dataset, path) or frames_of(dataset, place)
    except _BROKEN:
        return "DICOM header is broken: its picture cannot be placed"


def _study(dataset: Dataset) -> str:
    """Key of the visit: the study's date where there is one, else its UID; sorts by time."""
    date = str(value_of(dataset, "StudyDate") or "")
    return date or str(value_of(dataset, "StudyInstanceUID") or "")


def _require_one_patient(people: _People, objects: int, files: int) -> None:
    if not objects:
        raise ReadError(
            "the folder holds no DICOM file",
            expected="DICOM, recognised by content",
            got=f"{files} file(s) of other kinds",
            hint="check the path; for NIfTI give the file, for BIDS the data set's folder",
        )
    if people.count > 1:
        raise InputError(
            "the folder holds more than one patient",
            expected="1 patient",
            got=f"{people.count} patients",
            hint="give one folder for each patient",
        )
