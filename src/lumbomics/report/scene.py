"""Everything the pictures of one series need, found once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, VERTEBRA_NAMES, disc_level
from lumbomics.core.colours import spine_colour
from lumbomics.core.image import Image, Quantity
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Drawing, Measurement, Result, Shape
from lumbomics.core.sampling import Cut
from lumbomics.report.frame import FloatArray, SpineFrame, disc_centre, find_frame
from lumbomics.report.raster import Raster, follow, sample_image

_DISC_ANGLE = ("segmental_lordosis", "disc_angle")
SAC_COLOUR = "#ffffff"
_BONE_WINDOW_HU = (-350.0, 1150.0)
_MARGIN_MM = 12.0
_MOST_MM = 420.0


@dataclass(frozen=True, eq=False)
class Scene:
    """A labelled series laid out for drawing.

    Parameters
    ----------
    segmentation, frame
        The labels and how the spine lies in them.
    image
        What the labels were drawn on; ``None`` where only labels are there.
    measurements
        Values of the series, with their drawings.
    """

    segmentation: Segmentation
    frame: SpineFrame
    image: Image | None
    measurements: tuple[Measurement, ...] = field(repr=False)

    @cached_property
    def window(self) -> tuple[float, float]:
        """Grey window of every picture: a bone window in HU, elsewhere the middle 99 % of the mid-sagittal picture."""
        if self.image is None or self.image.quantity is Quantity.HOUNSFIELD:
            return _BONE_WINDOW_HU
        pixels = sample_image(self.image, sagittal_raster(self, spacing_mm=1.0))
        seen = pixels[np.isfinite(pixels)]
        low, high = np.percentile(seen, (0.5, 99.5)) if seen.size else (0.0, 1.0)
        return float(low), float(max(high, low + 1e-6))

    def discs(self) -> list[tuple[int, int, str]]:
        """Neighbouring vertebrae (above, below, level name), head to tail."""
        return [(above, below, disc_level(above, below)) for above, below in self.frame.discs()]

    def height_of(self, level: str | None) -> float:
        """Coordinate along ``up`` of a vertebra or a disc level; of the picture's foot where it is not shown."""
        centres = {VERTEBRA_NAMES[n]: c for n, c in self.frame.bodies.items()}
        centres |= {name: disc_centre(self.segmentation, self.frame, a, b) for a, b, name in self.discs()}
        if level in centres:
            return float(centres[level] @ self.frame.up)
        return float(self.frame.extent_mm[0, 2])


def build_scene(segmentation: Segmentation, image: Image | None, results: Sequence[Result]) -> Scene | None:
    """Lay out a series; ``None`` where no vertebra is labelled."""
    frame = find_frame(segmentation)
    if frame is None:
        return None
    measured = tuple(result for result in results if isinstance(result, Measurement))
    return Scene(segmentation, frame, image, measured)


def sagittal_raster(scene: Scene, *, through_mm: FloatArray | None = None, spacing_mm: float = 0.5) -> Raster:
    """Lay a sagittal raster, patient's front on the left, bent sideways to pass through points (the middle line)."""
    frame = scene.frame
    middle = frame.middle_mm if through_mm is None else through_mm
    low, high = frame.extent_mm[:, 1] + (-_MARGIN_MM, _MARGIN_MM)
    return follow(_upright(frame, -frame.anterior, (low, high), 1, spacing_mm), middle)


def coronal_raster(scene: Scene, *, spacing_mm: float = 0.5) -> Raster:
    """Lay a coronal raster seen from the front, patient's right on the left, bent to pass through the bodies."""
    frame = scene.frame
    low, high = frame.extent_mm[:, 0] + (-_MARGIN_MM, _MARGIN_MM)
    return follow(_upright(frame, -frame.right, (low, high), 0, spacing_mm), np.stack(list(frame.bodies.values())))


def shows_disc(scene: Scene, disc: tuple[int, int, str]) -> bool:
    """Whether it is known where a disc lies: it is labelled, or its endplates were measured."""
    return disc[0] + DISC_OFFSET in scene.segmentation.spine.boxes or len(endplate_lines(scene, disc[2])) > 0


def axial_raster(scene: Scene, disc: tuple[int, int, str], *, size_mm: float = 76.0, spacing_mm: float = 0.3) -> Raster:
    """Lay a raster through a disc, seen from the feet: front up, right on the left.

    It stands perpendicular to the canal where one is labelled, else along the disc's endplates.
    """
    above, below, level = disc
    frame, lines = scene.frame, endplate_lines(scene, level)
    middle = lines.mean(axis=(0, 1)) if len(lines) else disc_centre(scene.segmentation, frame, above, below)
    normal = frame.tangent(middle)
    if normal is None:
        normal = _across(lines, frame) if len(lines) else frame.up
    front = _unit(frame.anterior - (frame.anterior @ normal) * normal)
    left = np.cross(normal, front)
    size = (size_mm, size_mm * 0.86)
    return Raster(Cut.through(middle - 12.0 * front, left, front, size_mm=size, spacing_mm=spacing_mm))


def _across(lines: FloatArray, frame: SpineFrame) -> FloatArray:
    """Headward normal of a disc from its endplate lines (2, 2, 3)."""
    along = (lines[:, 1] - lines[:, 0]).mean(axis=0)
    return _unit(np.cross(frame.right, along * np.sign(along @ frame.anterior)))


def endplate_lines(scene: Scene, level: str) -> FloatArray:
    """Both endplate lines that were drawn for a disc's angle, (2, 2, 3) mm; (0, 2, 3) where none were."""
    drawn = (m for m in scene.measurements if m.level == level and (m.biomarker, m.method) == _DISC_ANGLE)
    found = [d.points_mm for m in drawn for d in m.drawings if d.shape is Shape.LINE]
    return np.stack(found) if found else np.empty((0, 2, 3))


def _upright(frame: SpineFrame, across: FloatArray, span: tuple[float, float], axis: int, spacing_mm: float) -> Cut:
    bottom, top = frame.extent_mm[:, 2] + (-_MARGIN_MM, _MARGIN_MM)
    middle = frame.extent_mm.mean(axis=0)
    middle[axis] = sum(span) / 2
    middle[2] = (bottom + top) / 2
    size = (min(span[1] - span[0], _MOST_MM), min(top - bottom, _MOST_MM))
    return Cut.through(middle @ frame.axes, across, frame.up, size_mm=size, spacing_mm=spacing_mm)


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)


def shown_values(scene: Scene) -> list[int]:
    """Values of the spine map that a picture outlines: the vertebrae shown and their discs."""
    numbers = list(scene.frame.bodies)
    wanted = [*numbers, *(n + DISC_OFFSET for n in numbers)]
    return [value for value in wanted if value in scene.segmentation.spine.boxes]


def canal_labels(scene: Scene) -> list[tuple[Labels, tuple[int, ...], str]]:
    """Canal (the cord is a part of it) and dural sac where labelled, as (labels, values, colour)."""
    spine, sac = scene.segmentation.spine, scene.segmentation.dural_sac
    found = [(spine, (CANAL, CORD), spine_colour(CANAL))] if CANAL in spine.boxes else []
    return found + ([(sac, (1,), SAC_COLOUR)] if sac is not None and 1 in sac.boxes else [])


def all_points(drawings: Iterable[Drawing]) -> FloatArray | None:
    """All points of drawings in one array (n, 3), ``None`` where there are none."""
    points = [drawing.points_mm for drawing in drawings]
    return np.concatenate(points) if points else None
