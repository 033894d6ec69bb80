"""Frames of a DICOM segmentation -> the grid they lie on; slices without a frame are empty, not missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lumbomics.core.errors import GridError, ReadError
from lumbomics.core.grid import Grid
from lumbomics.read.dicom.view import FrameView, numbers, value_of, views
from lumbomics.read.headers import number

_SAME_PLACE_MM = 0.01
_SAME_DIRECTION = 2e-3
_EVEN = 0.1
_MOST_SLICES = 4096
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Where the frames of a segmentation lie.

    Parameters
    ----------
    grid
        (columns, rows, slices) in ascending position along the normal, as images are read.
    slices
        Slice of every frame.
    segments
        Segment number of every frame; 0 in a label map, whose pixels tell it.
    """

    grid: Grid
    slices: tuple[int, ...]
    segments: tuple[int, ...]


def layout(dataset: Dataset, where: str) -> Layout:
    """Find the grid of all frames.

    Raises
    ------
    ReadError
        If frames are not placed in the patient, or are turned against each other.
    GridError
        If slice positions follow no even spacing.
    """
    frames = list(views(dataset))
    row, column = _directions(frames, where)
    places = _places(frames, where)
    spacing = numbers(frames[0].get("PixelSpacing"), 2)
    if spacing is None or min(spacing) <= 0:
        raise ReadError("the segmentation tells no pixel size", expected="PixelSpacing above 0", where=where)
    slices, step = _slices(places, np.cross(row, column), frames[0], where)
    lps = np.eye(4)
    lps[:3, 0], lps[:3, 1] = row * spacing[1], column * spacing[0]
    lps[:3, 2], lps[:3, 3] = step, places[int(np.argmin(slices))]
    shape = (int(value_of(dataset, "Columns") or 0), int(value_of(dataset, "Rows") or 0), int(max(slices)) + 1)
    frame = value_of(dataset, "FrameOfReferenceUID")
    grid = Grid(shape, _LPS_TO_RAS @ lps, None if frame is None else str(frame))
    numbered = tuple(int(number(view.get("ReferencedSegmentNumber")) or 0) for view in frames)
    return Layout(grid=grid, slices=tuple(slices), segments=numbered)


def _directions(frames: Sequence[FrameView], where: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    cosines = [numbers(frame.get("ImageOrientationPatient"), 6) for frame in frames]
    placed = np.array([entry for entry in cosines if entry is not None], dtype=np.float64).reshape(-1, 6)
    if not len(frames) or len(placed) < len(frames):
        raise ReadError(
            "frames of the segmentation are not placed in the patient",
            expected="an orientation for every frame",
            got=f"{len(frames) - len(placed)} of {len(frames)} without",
            where=where,
        )
    row, column = placed[0, :3], placed[0, 3:]
    square = abs(np.linalg.norm(row) - 1) < 0.01 and abs(np.linalg.norm(column) - 1) < 0.01 and abs(row @ column) < 0.01
    if not square or np.abs(placed - placed[0]).max() > _SAME_DIRECTION:
        raise ReadError(
            "frames of the segmentation do not lie in parallel planes",
            expected="one orientation of unit length at right angles for all frames",
            where=where,
        )
    return row / np.linalg.norm(row), column / np.linalg.norm(column)


def _places(frames: Sequence[FrameView], where: str) -> NDArray[np.float64]:
    found = [numbers(frame.get("ImagePositionPatient"), 3) for frame in frames]
    placed = [entry for entry in found if entry is not None]
    if len(placed) < len(found):
        raise ReadError(
            "frames of the segmentation are not placed in the patient",
            expected="a position for every frame",
            got=f"{len(found) - len(placed)} of {len(found)} without",
            where=where,
        )
    return np.array(placed, dtype=np.float64)


def _slices(
    places: NDArray[np.float64], normal: NDArray[np.float64], first: FrameView, where: str
) -> tuple[list[int], NDArray[np.float64]]:
    """Slice of every frame, and the LPS step (3,) from one to the next.

    The stated spacing comes first: where empty slices were left out, the smallest gap may be several steps.
    """
    along = places @ normal
    gaps = np.diff(np.unique(np.round(along / _SAME_PLACE_MM))) * _SAME_PLACE_MM
    stated = abs(number(first.get("SpacingBetweenSlices")) or 0.0)
    if not len(gaps):
        thickness = stated or abs(number(first.get("SliceThickness")) or 0.0)
        if not thickness:
            raise GridError(
                "a segmentation of one slice tells no slice distance",
                expected="SpacingBetweenSlices or SliceThickness",
                where=where,
                hint="write the segmentation anew with its slice distance",
            )
        return [0] * len(places), normal * thickness
    for distance in (stated, float(gaps.min())):
        found = _evenly(places, along, distance) if distance > _SAME_PLACE_MM else None
        if found is not None:
            return found
    raise GridError(
        "slices of the segmentation follow no even spacing",
        expected=f"positions that are whole multiples of {stated or float(gaps.min()):.4g} mm apart",
        got=f"gaps from {gaps.min():.4g} to {gaps.max():.4g} mm",
        where=where,
        hint="draw the segmentation on one volume, or write it anew from its tool",
    )


def _evenly(
    places: NDArray[np.float64], along: NDArray[np.float64], distance: float
) -> tuple[list[int], NDArray[np.float64]] | None:
    index = np.rint((along - along.min()) / distance).astype(int)
    if not 0 < index.max() < _MOST_SLICES:
        return None
    lowest, highest = places[index.argmin()], places[index.argmax()]
    step = (highest - lowest) / index.max()
    apart = np.linalg.norm(places - (lowest + index[:, None] * step), axis=1).max()
    return ([int(i) for i in index], step) if apart <= _EVEN * distance else None
