"""Lesions beside the endplates: Modic changes and endplate defects, as depths below the endplate's own surface."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.chain import Vertebra
from lumbomics.phantom.extra import Numbers
from lumbomics.phantom.lesions.ranges import require_range
from lumbomics.phantom.lesions.tissues import Lesion
from lumbomics.phantom.paint import index_box, local_coordinates
from lumbomics.phantom.shapes import Array
from lumbomics.phantom.tissue import Tissue

CORTEX_MM = 0.9
"""Thickness of the endplate that stays dark."""
_EDGE = 0.08


class Endplate(StrEnum):
    """Which of a disc's two endplates."""

    UPPER = "upper"
    """The inferior endplate of the vertebra above."""
    LOWER = "lower"
    """The superior endplate of the vertebra below."""


class ModicType(IntEnum):
    """Type after Modic 1988."""

    OEDEMA = 1
    FAT = 2
    SCLEROSIS = 3


_TISSUE = {
    ModicType.OEDEMA: (Lesion.OEDEMA, Lesion.OEDEMA_EDGE),
    ModicType.FAT: (Lesion.FATTY, Lesion.FATTY_EDGE),
    ModicType.SCLEROSIS: (Lesion.SCLEROSIS, Lesion.SCLEROSIS_EDGE),
}


@dataclass(frozen=True, kw_only=True)
class Modic:
    """A change of the marrow beside one endplate.

    Its depth below the endplate is ``height_mm sqrt(1 - q)``, with q from 0 in its middle to 1 at the border of an
    ellipse that covers ``share`` of the body's outline, made uneven by 12 %.

    Parameters
    ----------
    disc, endplate
        Where.
    kind
        Type 1, 2 or 3.
    height_mm
        Greatest depth into the body, from the endplate.
    share
        Share of the endplate's area.
    forward
        Place of its middle from the back (-1) over the centre (0) to the front (1).
    """

    disc: str
    endplate: Endplate
    kind: ModicType
    height_mm: float = 8.0
    share: float = 0.6
    forward: float = 0.0

    def __post_init__(self) -> None:
        require_range("height_mm", self.height_mm, 2.0, 25.0, where=f"Modic {self.disc}")
        require_range("share", self.share, 0.05, 1.0, where=f"Modic {self.disc}")
        require_range("forward", self.forward, -1.0, 1.0, where=f"Modic {self.disc}")


@dataclass(frozen=True, kw_only=True)
class EndplateDefect:
    """A hole in an endplate through which disc material has sunk (Schmorl's node): half an ellipsoid.

    Bone labels keep their outline.

    Parameters
    ----------
    disc, endplate
        Where.
    depth_mm, radius_mm
        Depth below the endplate and radius along it.
    forward
        Place of its middle, as in :class:`Modic`.
    """

    disc: str
    endplate: Endplate
    depth_mm: float = 5.0
    radius_mm: float = 5.0
    forward: float = 0.0

    def __post_init__(self) -> None:
        require_range("depth_mm", self.depth_mm, 1.5, 12.0, where=f"endplate defect {self.disc}")
        require_range("radius_mm", self.radius_mm, 1.5, 12.0, where=f"endplate defect {self.disc}")
        require_range("forward", self.forward, -1.0, 1.0, where=f"endplate defect {self.disc}")


def vertebra_of(anatomy: Anatomy, disc: str, endplate: Endplate) -> tuple[Vertebra, bool]:
    """Return the vertebra an endplate belongs to and whether it is its superior one."""
    found = [pair for pair in anatomy.pairs if pair[0] == disc]
    if not found:
        raise InputError("the phantom has no such disc", expected=", ".join(anatomy.parameters.discs), got=disc)
    _, upper, lower = found[0]
    return (upper, False) if endplate is Endplate.UPPER else (lower, True)


def endplate_depth(vertebra: Vertebra, x: Array, y: Array, z: Array, *, superior: bool) -> Array:
    """Depth (mm) below an endplate's surface of points in the body's frame."""
    body = vertebra.body
    return body.top(x, y) - z if superior else z - body.bottom(x, y)


def modic_level(modic: Modic, vertebra: Vertebra, x: Array, y: Array, z: Array, *, superior: bool) -> Array:
    """Depth below the endplate minus the lesion's depth there, mm: negative inside; points in the body's frame."""
    body = vertebra.body
    depth = endplate_depth(vertebra, x, y, z, superior=superior)
    reach = float(np.sqrt(modic.share))
    middle = modic.forward * (1 - reach) * body.depth / 2
    q = (x / (reach * body.width / 2)) ** 2 + ((y - middle) / (reach * body.depth / 2)) ** 2
    # fixed waves in two directions that do not repeat within a body
    uneven = 1 + 0.08 * np.sin(0.41 * x + 0.9) * np.sin(0.37 * y + 0.3) + 0.06 * np.sin(0.83 * y - 0.29 * x)
    height = modic.height_mm * uneven * np.sqrt(np.maximum(1 - q, 0))
    return np.asarray(np.where(q < 1, np.where(depth >= 0, depth - height, 1e3), 1e3))


def paint_modic(tissue: Numbers, modic: Modic, anatomy: Anatomy, grid: Grid) -> None:
    """Paint one change over marrow; its soft edge is centred on its border."""
    vertebra, superior = vertebra_of(anatomy, modic.disc, modic.endplate)
    placed = body_voxels(vertebra, grid)
    if placed is None:
        return
    box, x, y, z = placed
    level = modic_level(modic, vertebra, x, y, z, superior=superior)
    edge = _EDGE * modic.height_mm
    core, rim = _TISSUE[modic.kind]
    inside = vertebra.body.level(x, y, z) <= 0
    view = tissue[box]
    marrow = inside & (view == Tissue.MARROW)
    view[marrow & (level <= edge)] = rim
    view[marrow & (level <= -edge)] = core


def paint_defect(tissue: Numbers, defect: EndplateDefect, anatomy: Anatomy, grid: Grid, content: int) -> None:
    """Paint one endplate defect: disc material (tissue ``content``) with a thin dark rim."""
    vertebra, superior = vertebra_of(anatomy, defect.disc, defect.endplate)
    placed = body_voxels(vertebra, grid)
    if placed is None:
        return
    box, x, y, z = placed
    depth = endplate_depth(vertebra, x, y, z, superior=superior)
    middle = defect.forward * (vertebra.body.depth / 2 - defect.radius_mm - 3.0)
    radius = np.sqrt((x**2 + (y - middle) ** 2) / defect.radius_mm**2 + (np.maximum(depth, 0) / defect.depth_mm) ** 2)
    view = tissue[box]
    bone = (view == Tissue.MARROW) | (view == Tissue.CORTEX)
    near = bone & (depth > -1.0) & (vertebra.body.level(x, y, z) <= 0)
    view[near & (radius <= 1) & (depth > 0)] = Tissue.CORTEX
    view[near & (radius <= 1 - 1.0 / defect.depth_mm)] = content


def modic_volume_mm3(modic: Modic, anatomy: Anatomy, *, step_mm: float = 0.5) -> float:
    """Volume of marrow inside one change, by sums over a raster of ``step_mm``."""
    vertebra, superior = vertebra_of(anatomy, modic.disc, modic.endplate)
    solid = vertebra.body.solid(vertebra.frame)
    axes = [np.arange(a + step_mm / 2, b, step_mm) for a, b in zip(solid.low, solid.high, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    inside = vertebra.body.level(x, y, z) <= -CORTEX_MM
    level = modic_level(modic, vertebra, x, y, z, superior=superior)
    return float((inside & (level <= 0)).sum() * step_mm**3)


def body_voxels(
    vertebra: Vertebra, grid: Grid
) -> tuple[tuple[slice, slice, slice], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]] | None:
    """Voxels about one body with their coordinates in its frame; ``None`` where the grid misses it."""
    box = index_box(grid, vertebra.body.solid(vertebra.frame).corners_mm)
    if box is None:
        return None
    x, y, z = local_coordinates(grid, box, vertebra.frame)
    return box, x, y, z
