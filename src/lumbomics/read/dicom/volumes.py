"""Frames of a scan -> volumes with their headers and faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from lumbomics.core.errors import GridError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image, Quantity
from lumbomics.core.visit import Plane
from lumbomics.read.dicom.facts import headers_from_frame, nominal_step_mm
from lumbomics.read.dicom.frames import Frame
from lumbomics.read.dicom.pixels import FrameError, load_stack
from lumbomics.read.dicom.projection import projection_affine
from lumbomics.read.dicom.quiet import quietly
from lumbomics.read.dicom.repeats import untangle
from lumbomics.read.dicom.scan import Aside, Progress, Scan
from lumbomics.read.dicom.stacks import Stack, by_line, by_orientation, stack
from lumbomics.read.dicom.view import FrameView, value_of, view
from lumbomics.read.headers import SeriesHeaders
from lumbomics.read.plane import plane_of

_PROJECTIONS = frozenset({"CR", "DX"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Volume:
    """One volume read from DICOM, not yet named.

    Parameters
    ----------
    image
        Values on their grid; the contrast is still unknown.
    headers
        Header facts of its first slice.
    faults
        What is wrong with it.
    fingerprint
        SHA-256 over the files it came from.
    number
        Series number, for the operator's overrides; empty where stripped.
    """

    image: Image
    headers: SeriesHeaders
    faults: tuple[str, ...]
    fingerprint: str
    number: str


def volumes_of(
    scan: Scan, *, study: str | None = None, progress: Progress | None = None
) -> tuple[list[Volume], list[Aside]]:
    """Assemble all volumes of one study, or of the whole scan.

    Returns
    -------
    volumes
        By series number, then in the order found.
    set_aside
        Groups of frames that make no volume, with the reason.
    """
    frames = [frame for frame in scan.frames if study is None or scan.studies[frame.file] == study]
    reader = _Reader(scan.files, len(frames), progress)
    with quietly():
        for group in _groups(frames):
            reader.read(group)
    volumes = sorted(reader.volumes, key=lambda volume: _as_number(volume.number))
    return volumes, reader.set_aside


def _as_number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _groups(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Frames that could share a volume: same series, frame of reference, size, spacing, kind and orientation."""
    groups: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
    for frame in frames:
        spacing = tuple(round(distance, 4) for distance in frame.spacing_mm)
        placed = frame.position_mm is not None
        groups[frame.series, frame.frame_of_reference, frame.shape, spacing, frame.key, placed].append(frame)
    return [part for group in groups.values() for part in _parallel(group)]


def _parallel(group: list[Frame]) -> list[list[Frame]]:
    if group[0].position_mm is None:
        return [group]
    return [line for part in by_orientation(group) for line in by_line(part)]


class _Reader:
    """Reads groups of frames one after the other and gathers volumes and what is left over."""

    def __init__(self, files: Sequence[Path], total: int, progress: Progress | None) -> None:
        self._files = files
        self._total = total
        self._done = 0
        self._progress = progress
        self.volumes: list[Volume] = []
        self.set_aside: list[Aside] = []

    def read(self, group: list[Frame]) -> None:
        header = _reread(self._files[group[0].file])
        one = view(header, group[0].index)
        name = _name(header)
        if group[0].position_mm is None:
            self._read_unplaced(group, header, name)
            return
        if min(group[0].spacing_mm) <= 0:
            self._leave(len(group), name, "the header states no pixel spacing")
            return
        untangled = untangle(group, self._files)
        if untangled.problem:
            self._leave(len(group), name, untangled.problem)
        for part in untangled.parts:
            self._read_part(part, untangled.faults, name, nominal_step_mm(one))

    def _leave(self, count: int, name: str, reason: str) -> None:
        self.set_aside.append((f"{count} slice(s) of {name}", reason))

    def _tick(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total, "pixels")

    def _read_part(self, frames: Sequence[Frame], faults: tuple[str, ...], name: str, step_mm: float | None) -> None:
        stacked = stack(frames, nominal_step_mm=step_mm)
        for count, reason in stacked.left_over:
            self._leave(count, name, reason)
        for one in stacked.stacks:
            self._read_stack(replace(one, faults=(*faults, *one.faults)), name, step_mm)

    def _read_stack(self, made: Stack, name: str, step_mm: float | None) -> None:
        try:
            array, fingerprint = load_stack(made.frames, self._files, tick=self._tick)
        except FrameError as error:
            broken = {id(frame) for frame in error.frames}
            whole = [frame for frame in made.frames if id(frame) not in broken]
            self._leave(len(broken), name, error.reason)
            if whole:
                fault = f"{len(broken)} slice(s) could not be decoded: {error.reason}"
                self._read_part(whole, (*made.faults, fault), name, step_mm)
            return
        header = _reread(self._files[made.frames[0].file])
        one = view(header, made.frames[0].index)
        try:
            grid = Grid(array.shape, made.affine, made.frames[0].frame_of_reference or None)
        except GridError as error:
            self._leave(len(made.frames), name, error.problem)
            return
        headers = headers_from_frame(one, plane=plane_of(grid, slice_axis=2))
        quantity, doubt = _quantity(one, headers)
        self.volumes.append(
            Volume(
                image=Image(array, grid, quantity),
                headers=headers,
                faults=(*made.faults, *doubt),
                fingerprint=fingerprint,
                number=str(value_of(header, "SeriesNumber") or ""),
            )
        )

    def _read_unplaced(self, group: list[Frame], header: Dataset, name: str) -> None:
        if value_of(header, "Modality") not in _PROJECTIONS:
            self._leave(len(group), name, "the header places the picture nowhere (no valid position and orientation)")
            return
        if min(group[0].spacing_mm) <= 0:
            self._leave(len(group), name, "the header states no pixel spacing")
            return
        for frame in group:
            self._read_projection(frame, name)

    def _read_projection(self, frame: Frame, name: str) -> None:
        header = _reread(self._files[frame.file])
        try:
            array, fingerprint = load_stack([frame], self._files, tick=self._tick)
        except FrameError as error:
            self._leave(1, name, error.reason)
            return
        affine, faults = projection_affine(header, frame)
        shape = (array.shape[0], array.shape[1], 1)
        self.volumes.append(
            Volume(
                image=Image(array, Grid(shape, affine)),
                headers=headers_from_frame(view(header, frame.index), plane=Plane.PROJECTION),
                faults=faults,
                fingerprint=fingerprint,
                number=str(value_of(header, "SeriesNumber") or ""),
            )
        )


def _reread(path: Path) -> Dataset:
    return dcmread(path, stop_before_pixels=True, force=True)


def _name(header: Dataset) -> str:
    number = str(value_of(header, "SeriesNumber") or "")
    return f"series {number}" if number.isdigit() else "a series without number"


def _quantity(one: FrameView, headers: SeriesHeaders) -> tuple[Quantity, tuple[str, ...]]:
    """Tell what the values measure, and a fault where the header should say and does not."""
    if headers.modality == "CT":
        kind = str(one.get("RescaleType") or "HU").upper()
        if one.get("RescaleIntercept") is None:
            return Quantity.ARBITRARY, ("CT without rescale intercept: values are not Hounsfield units",)
        return (Quantity.HOUNSFIELD, ()) if kind in {"HU", "HU_MOD"} else (Quantity.ARBITRARY, ())
    if headers.modality in {"PT", "NM"}:
        units = {"BQML": Quantity.BECQUEREL_PER_ML, "CNTS": Quantity.COUNTS}
        default = Quantity.COUNTS if headers.modality == "NM" else Quantity.ARBITRARY
        return units.get(headers.units.upper(), default), ()
    return Quantity.ARBITRARY, ()
