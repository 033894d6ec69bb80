"""Label maps: which voxel belongs to which structure."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import IntEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumbomics.core._survey import Extent, survey
from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, VERTEBRA_NAMES, Numbering, sort_craniocaudal
from lumbomics.core.errors import GridError, LabelError
from lumbomics.core.grid import Grid
from lumbomics.core.image import require_three_dimensions


class Subregion(IntEnum):
    """Parts of a vertebra and of the canal in the semantic map (TPTBox's numbers)."""

    VERTEBRA = 40
    """A vertebra whose parts are not told apart."""
    ARCH = 41
    SPINOUS_PROCESS = 42
    COSTAL_PROCESS_LEFT = 43
    COSTAL_PROCESS_RIGHT = 44
    SUPERIOR_ARTICULAR_LEFT = 45
    SUPERIOR_ARTICULAR_RIGHT = 46
    INFERIOR_ARTICULAR_LEFT = 47
    INFERIOR_ARTICULAR_RIGHT = 48
    CORPUS_BORDER = 49
    CORPUS = 50
    CORD = 60
    CANAL = 61
    ENDPLATE = 62
    METAL = 80
    DISC = 100


class Muscle(IntEnum):
    """The project's own muscle map."""

    PSOAS_LEFT = 1
    PSOAS_RIGHT = 2
    MULTIFIDUS_LEFT = 3
    MULTIFIDUS_RIGHT = 4
    ERECTOR_SPINAE_LEFT = 5
    ERECTOR_SPINAE_RIGHT = 6


@dataclass(frozen=True, eq=False)
class Labels:
    """Whole numbers on a grid, 0 is background.

    Parameters
    ----------
    array
        (i, j, k), non-negative integers in storage order; made read-only.
    grid
        Where the voxels lie.
    names
        Number -> name of every value that may occur; empty where the convention is the spine map's own.
    source
        Who or what drew the labels: ``manual``, a model and its version, ``phantom`` …
    boundary_sd_mm
        Standard deviation of the drawn boundary about the true one, in mm, beyond the voxel's own rounding;
        ``None`` where unknown.

    Raises
    ------
    GridError
        If the array is not three-dimensional or its shape is not the grid's.
    LabelError
        If the values are not non-negative whole numbers.
    """

    array: NDArray[Any] = field(repr=False)
    grid: Grid
    names: MappingProxyType[int, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    source: str = "unknown"
    boundary_sd_mm: float | None = None

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        require_three_dimensions(array, where="label map")
        if array.shape != self.grid.shape:
            raise GridError("label map and grid differ in shape", expected=str(self.grid.shape), got=str(array.shape))
        if array.dtype.kind not in "iub":
            raise LabelError(
                "label values must be whole numbers",
                expected="an integer array",
                got=str(array.dtype),
                hint="round and cast the map, after checking that it is no probability map",
            )
        if array.dtype.kind == "i" and array.size and int(array.min()) < 0:
            raise LabelError("label values must not be negative", expected=">= 0", got=str(int(array.min())))
        view = array.view()
        view.flags.writeable = False
        object.__setattr__(self, "array", view)
        object.__setattr__(self, "names", MappingProxyType(dict(self.names)))

    @cached_property
    def _extents(self) -> dict[int, Extent]:
        return survey(self.array)

    @cached_property
    def boxes(self) -> MappingProxyType[int, tuple[slice, slice, slice]]:
        """Bounding box (as slices) of every value present, background left out."""
        return MappingProxyType({value: extent.box for value, extent in self._extents.items()})

    @cached_property
    def voxels(self) -> MappingProxyType[int, int]:
        """Number of voxels of every value present, background left out."""
        return MappingProxyType({value: extent.voxels for value, extent in self._extents.items()})

    @property
    def present(self) -> tuple[int, ...]:
        """Values that occur, background left out, ascending."""
        return tuple(sorted(self.boxes))

    @property
    def vertebrae(self) -> tuple[int, ...]:
        """Instance numbers of the vertebrae present in a spine map, head to tail."""
        return tuple(sort_craniocaudal(n for n in self.present if n in VERTEBRA_NAMES))

    @property
    def discs(self) -> tuple[int, ...]:
        """Numbers of the discs present in a spine map, head to tail."""
        above = sort_craniocaudal(n - DISC_OFFSET for n in self.present if n - DISC_OFFSET in VERTEBRA_NAMES)
        return tuple(n + DISC_OFFSET for n in above)

    def points_mm(self, value: int) -> NDArray[np.float64]:
        """Centres of the voxels that hold ``value``, (n, 3) RAS+ mm; n is 0 where it is absent."""
        if value not in self.boxes:
            return np.empty((0, 3))
        box = self.boxes[value]
        start = np.array([s.start for s in box])
        return self.grid.to_world(np.argwhere(self.array[box] == value) + start)


def _default_numbering() -> Numbering:
    return Numbering()


@dataclass(frozen=True, kw_only=True, eq=False)
class Segmentation:
    """All label maps of one image, in one frame of reference; the grids may differ.

    Parameters
    ----------
    spine
        Instance map: vertebrae, discs (100 + vertebra above), 60 cord, 61 canal.
    subregion
        Semantic map of vertebral parts (see Subregion).
    dural_sac
        1 inside the dural sac.
    foramina
        Project's map of neural foramina: 2 x (disc number - 100) on the left, that + 1 on the right.
    muscle
        Project's muscle map (see Muscle).
    numbering
        How the levels were numbered and how sure that is.
    """

    spine: Labels
    subregion: Labels | None = None
    dural_sac: Labels | None = None
    foramina: Labels | None = None
    muscle: Labels | None = None
    numbering: Numbering = field(default_factory=_default_numbering)

    def __post_init__(self) -> None:
        for entry in fields(self):
            other = getattr(self, entry.name)
            if isinstance(other, Labels):
                self.spine.grid.require_same_frame(other.grid, where=f"label map {entry.name!r}")


def spine_name(value: int) -> str | None:
    """Name of a value in the spine map (``L4``, ``disc L4``, ``cord``, ``canal``), ``None`` if it has none."""
    if value in VERTEBRA_NAMES:
        return VERTEBRA_NAMES[value]
    if value - DISC_OFFSET in VERTEBRA_NAMES:
        return f"disc below {VERTEBRA_NAMES[value - DISC_OFFSET]}"
    return {CORD: "cord", CANAL: "canal"}.get(value)
