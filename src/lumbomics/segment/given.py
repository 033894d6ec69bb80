"""Label maps that the user supplies, laid on the image they were drawn on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.conventions import Conversion
from lumbomics.core.errors import FaultsError, GridError, GridMismatchError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.provenance import Decision

_SAME_PLACE_MM = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenLabels:
    """Engine that draws nothing: the user's label maps, checked against the image; implements ``Segmenter``.

    Maps stored in another order of axes, or covering a part of the image alone, are laid onto its grid voxel by voxel.
    Nothing is ever resampled.

    Parameters
    ----------
    labels
        What a file of any convention, or a DICOM segmentation, was read as.
    source
        Who or what drew them, as it goes into the record; names no person.
    """

    labels: Conversion
    source: str = "given"

    @property
    def name(self) -> str:
        """Short name."""
        return "given"

    @property
    def version(self) -> str:
        """What drew the labels."""
        return self.source

    def segment(self, image: Image) -> Prediction:
        """Lay the label maps on the image's grid.

        Raises
        ------
        FrameMismatchError, GridMismatchError
            If a map lies in another frame of reference or on other voxels.
        FaultsError
            If several maps do.
        """
        maps = dict(self._maps())
        faults = [fault for name, labels in maps.items() if (fault := _fault(labels, image.grid, name)) is not None]
        if faults:
            raise faults[0] if len(faults) == 1 else FaultsError(faults)
        laid: dict[str, Any] = {name: laid_on(labels, image.grid) for name, labels in maps.items()}
        return Prediction(
            segmentation=replace(self.labels.segmentation, **laid),
            engine=f"{self.name} {self.version}",
            decisions=(*_moved(maps, image.grid), *self._losses()),
        )

    def _maps(self) -> Iterator[tuple[str, Labels]]:
        for entry in fields(Segmentation):
            value = getattr(self.labels.segmentation, entry.name)
            if isinstance(value, Labels):
                yield entry.name, value

    def _losses(self) -> tuple[Decision, ...]:
        return tuple(
            Decision(what="structure not held", choice=f"{loss.name} ({loss.voxels} voxels)", because=loss.why)
            for loss in self.labels.losses
        )


def laid_on(labels: Labels, grid: Grid) -> Labels:
    """Lay a label map onto ``grid``, whose voxels it shares: axes turned, and zeros where it does not reach.

    Raises
    ------
    FrameMismatchError, GridMismatchError
        If it lies in another frame of reference, or its voxels are not the grid's.
    """
    fault = _fault(labels, grid, "label map")
    if fault is not None:
        raise fault
    if labels.grid.same_place(grid, tolerance_mm=_SAME_PLACE_MM):
        return replace(labels, grid=grid)
    array = np.zeros(grid.shape, dtype=labels.array.dtype)
    array[_place(labels.grid, grid)] = _turned(labels.array, labels.grid, grid)
    return replace(labels, array=array, grid=grid)


def _steps(own: Grid, grid: Grid) -> NDArray[np.int64]:
    """Signed permutation (3, 3): step along each of ``own``'s axes (columns) in ``grid``'s indices."""
    return np.rint(grid.inverse[:3, :3] @ own.affine[:3, :3]).astype(np.int64)


def _turned(array: NDArray[Any], own: Grid, grid: Grid) -> NDArray[Any]:
    steps = _steps(own, grid)
    turned = array.transpose(np.abs(steps).argmax(axis=1))
    backwards = tuple(axis for axis, step in enumerate(steps.sum(axis=1)) if step < 0)
    return np.asarray(np.flip(turned, axis=backwards))


def _place(own: Grid, grid: Grid) -> tuple[slice, ...]:
    """Box of ``grid``'s indices that ``own`` fills."""
    ends = np.array([(0, 0, 0), np.asarray(own.shape) - 1])
    index = np.rint(grid.to_index(own.to_world(ends))).astype(int)
    return tuple(slice(low, high + 1) for low, high in zip(index.min(axis=0), index.max(axis=0), strict=True))


def _fault(labels: Labels, grid: Grid, name: str) -> GridError | None:
    try:
        grid.require_same_frame(labels.grid, where=name)
    except GridError as error:
        return error
    if grid.shares_lattice(labels.grid, tolerance_mm=_SAME_PLACE_MM):
        return None
    return GridMismatchError(
        "label map does not lie on the image's voxels",
        expected=f"voxels of the image: {grid.describe()}",
        got=labels.grid.describe(),
        where=name,
        hint="resample the label map to its image (nearest neighbour), or give the image it was drawn on",
    )


def _moved(maps: dict[str, Labels], grid: Grid) -> tuple[Decision, ...]:
    moved = [name for name, x in maps.items() if not x.grid.same_place(grid, tolerance_mm=_SAME_PLACE_MM)]
    if not moved:
        return ()
    because = "they are stored in another order, or cover a part of the image; voxels coincide, nothing was resampled"
    return (Decision(what="label maps laid on the image's grid", choice=", ".join(moved), because=because),)
