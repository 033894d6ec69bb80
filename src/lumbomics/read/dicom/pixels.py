"""Pixel data of a stack -> one array, decoded slice by slice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels import iter_pixels

from lumbomics.core.errors import ReadError
from lumbomics.read.dicom.frames import Frame
from lumbomics.read.dicom.quiet import quietly

_UNDECODABLE = (
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


class FrameError(ReadError):
    """Frames whose pixels cannot be decoded; carries which."""

    def __init__(self, frames: Sequence[Frame], reason: str) -> None:
        self.frames = tuple(frames)
        self.reason = reason
        super().__init__(reason)


def load_stack(
    frames: Sequence[Frame], files: Sequence[Path], *, tick: Callable[[], None] = lambda: None
) -> tuple[NDArray[Any], str]:
    """Decode the frames of one stack.

    Returns
    -------
    array
        (columns, rows, slices), rescaled; whole numbers stay whole where slope and intercept are.
    fingerprint
        SHA-256 over the bytes of the files, in the order of the slices.

    Raises
    ------
    FrameError
        Naming every frame that cannot be decoded.
    """
    digest = hashlib.sha256()
    stored: NDArray[Any] | None = None
    broken: list[Frame] = []
    reasons: set[str] = set()
    for place, picture in enumerate(_decoded(frames, files, digest)):
        tick()
        if isinstance(picture, str):
            broken.append(frames[place])
            reasons.add(picture)
            continue
        if stored is None:
            stored = _empty_volume(picture, len(frames))
        if not np.can_cast(picture.dtype, stored.dtype, "safe"):
            stored = stored.astype(np.promote_types(picture.dtype, stored.dtype), order="F")
        stored[:, :, place] = picture.T
    if broken or stored is None:
        raise FrameError(broken, "; ".join(sorted(reasons)))
    return _rescaled(stored, frames), digest.hexdigest()


def _empty_volume(picture: NDArray[Any], slices: int) -> NDArray[Any]:
    # Fortran order keeps each slice in one piece
    return np.empty((picture.shape[1], picture.shape[0], slices), dtype=picture.dtype, order="F")


def _decoded(frames: Sequence[Frame], files: Sequence[Path], digest: Any) -> Iterator[NDArray[Any] | str]:
    """Picture of each frame, or the reason why it cannot be had; consecutive frames of one file share one reading."""
    for file, same in groupby(frames, key=lambda frame: frame.file):
        wanted = list(same)
        yield from _decode_file(files[file], wanted, digest)


def _decode_file(path: Path, wanted: list[Frame], digest: Any) -> Iterator[NDArray[Any] | str]:
    done, dataset = 0, None
    try:
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
        with quietly():
            dataset = dcmread(path, force=True)
            for picture in iter_pixels(dataset, indices=[frame.index for frame in wanted], raw=True):
                checked = _checked(picture, wanted[done])
                done += 1
                yield checked
    except _UNDECODABLE:
        reason = _reason(dataset)
        yield from (reason for _ in wanted[done:])


def _checked(picture: NDArray[Any], frame: Frame) -> NDArray[Any]:
    if picture.shape != frame.shape:
        raise ValueError("decoded picture has another size")
    return np.asarray(picture, dtype=picture.dtype.newbyteorder("="))


def _reason(dataset: Any) -> str:
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is not None and syntax.is_private is False and syntax.is_transfer_syntax and syntax.is_compressed:
        return f"pixels compressed as {syntax.name} cannot be decoded: no decoder is installed, or the data are broken"
    return "pixels are truncated or broken"


def _rescaled(stored: NDArray[Any], frames: Sequence[Frame]) -> NDArray[Any]:
    maps = {(frame.slope, frame.intercept) for frame in frames}
    if maps == {(1.0, 0.0)}:
        return stored
    whole = stored.dtype.kind in "iu" and all(float(part).is_integer() for pair in maps for part in pair)
    target = _integer_type(stored, maps) if whole else np.dtype(np.float32)
    values = np.empty(stored.shape, dtype=target, order="F")
    wide = np.int64 if whole else np.float64
    for place, frame in enumerate(frames):
        slope, intercept = wide(frame.slope), wide(frame.intercept)
        values[:, :, place] = stored[:, :, place].astype(wide) * slope + intercept
    return values


def _integer_type(stored: NDArray[Any], maps: set[tuple[float, float]]) -> np.dtype[Any]:
    ends = [end * slope + intercept for end in (int(stored.min()), int(stored.max())) for slope, intercept in maps]
    for candidate in (np.int16, np.int32, np.int64):
        limits = np.iinfo(candidate)
        if limits.min <= min(ends) and max(ends) <= limits.max:
            return np.dtype(candidate)
    return np.dtype(np.float64)
