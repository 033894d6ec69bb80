"""What lies in the canal on one acquired slice, and the same drawn again and again with its own error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Drawing, Reason, Shape
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import pair_level
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import AxialSlice, Mask

DRAWS = 16
"""Times a map is drawn again; each also mirrored, so that mirrored patients have the same standard errors."""
LEAST_SAC_MM2 = 8.0
"""Smaller than this no sac was found."""
CORD_MM2 = 10.0
"""A slice that holds more cord is not graded as one of the cauda equina."""
_MARGIN_MM = 6.0
_MODES = 8
_FINER = 4
_SEED = 20220
_MOST_POINTS = 160


@dataclass(frozen=True, eq=False)
class CanalMap:
    """Tissue of the canal on one slice, cut to the canal's surroundings.

    Parameters
    ----------
    slice
        The slice.
    tissue
        (rows, columns) :class:`~lumbomics.core.examination.CanalTissue`.
    signal
        (rows, columns) image values.
    place_mm
        (rows, columns, 2) along right and anterior about the slice's origin.
    points_mm
        (rows, columns, 3) RAS+ mm.
    step_mm
        (2, 2): what one row and one column add to ``place_mm``.
    error_mm
        SD of the drawn boundaries, the lattice's rounding included, and its correlation length.
    """

    slice: AxialSlice = field(repr=False)
    tissue: NDArray[np.uint8] = field(repr=False)
    signal: FloatArray = field(repr=False)
    place_mm: FloatArray = field(repr=False)
    points_mm: FloatArray = field(repr=False)
    step_mm: FloatArray = field(repr=False)
    error_mm: tuple[float, float]

    @classmethod
    def of(cls, cut: AxialSlice, examined: ExaminedSpine) -> Self:
        """Cut the canal out of a slice.

        Raises
        ------
        NotMeasurableError
            If no tissue map lies on the series, it shows no sac here, the canal meets the edge of the image, or metal
            spoils too much of it.
        """
        canal = cut.canal
        if np.count_nonzero(cut.sac) * cut.pixel_mm2 < LEAST_SAC_MM2:
            raise NotMeasurableError(
                Reason.STRUCTURE_NOT_LABELLED, f"no dural sac is labelled on a slice of {cut.scan.name}"
            )
        examined.require_clear(cut.obscured[canal], "the canal")
        if canal[[0, -1]].any() or canal[:, [0, -1]].any():
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the edge of {cut.scan.name} cuts the canal off")
        box = _box(canal, cut)
        place = np.asarray(cut.local_mm[box][..., :2])
        return cls(
            slice=cut,
            tissue=_tissue(cut)[box],
            signal=cut.signal[box],
            place_mm=place,
            points_mm=cut.points_mm[box],
            step_mm=np.array([place[1, 0] - place[0, 0], place[0, 1] - place[0, 0]]),
            error_mm=_error(cut, examined),
        )

    def mask(self, *kinds: int) -> Mask:
        """Pixels (rows, columns) that hold one of the tissues."""
        return np.isin(self.tissue, kinds)

    @cached_property
    def sac(self) -> Mask:
        """Pixels inside the dural sac."""
        return self.mask(*IN_SAC)

    @cached_property
    def canal(self) -> Mask:
        """Pixels inside the spinal canal."""
        return self.mask(*IN_CANAL)

    @property
    def pixel_mm2(self) -> float:
        """Area of one pixel."""
        return float(abs(np.linalg.det(self.step_mm)))

    @property
    def pixel_mm(self) -> float:
        """Side of a square pixel of the same area."""
        return float(np.sqrt(self.pixel_mm2))

    def area_mm2(self, mask: Mask) -> float:
        """Area of a mask."""
        return float(np.count_nonzero(mask)) * self.pixel_mm2

    @cached_property
    def redrawn(self) -> tuple[CanalMap, ...]:
        """The same slice with every boundary moved by random smooth shifts of the map's own error."""
        sd, correlation = self.error_mm
        if sd == 0:
            return ()
        to_index = np.linalg.inv(self.step_mm)
        index = np.moveaxis(np.indices(self.tissue.shape), 0, -1)
        top = np.array(self.tissue.shape) - 1
        drawn = []
        for shift in _shifts(self, sd, correlation):
            rows, columns = np.moveaxis(np.clip(np.rint(index + shift @ to_index).astype(np.intp), 0, top), -1, 0)
            drawn.append(replace(self, tissue=self.tissue[rows, columns]))
        return tuple(drawn)

    def drawing(self, mask: Mask, label: str) -> Drawing:
        """Draw the rim of a mask as points."""
        rim = self.points_mm[mask & ~ndimage.binary_erosion(mask)]
        return Drawing(Shape.POINTS, rim[:: max(1, len(rim) // _MOST_POINTS)], label)


_Key = tuple[str, str, tuple[Contrast, ...]]
_KNOWN: WeakKeyDictionary[ExaminedSpine, dict[_Key, tuple[CanalMap, ...] | NotMeasurableError]] = WeakKeyDictionary()


def _box(canal: Mask, cut: AxialSlice) -> tuple[slice, slice]:
    spacing = np.delete(cut.scan.image.grid.spacing_mm, cut.axis)
    spans = []
    for axis in range(2):
        hit = np.flatnonzero(canal.any(axis=1 - axis))
        margin = int(np.ceil(_MARGIN_MM / spacing[axis]))
        spans.append(slice(max(int(hit[0]) - margin, 0), int(hit[-1]) + margin + 1))
    return spans[0], spans[1]


def _tissue(cut: AxialSlice) -> NDArray[np.uint8]:
    if cut.scan.tissue is None:  # cut.canal has raised before
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no tissue is labelled on {cut.scan.name}")
    return np.asarray(cut.of(cut.scan.tissue.array), dtype=np.uint8)


def _error(cut: AxialSlice, examined: ExaminedSpine) -> tuple[float, float]:
    options = examined.spine.options
    stated = None if cut.scan.tissue is None else cut.scan.tissue.boundary_sd_mm
    drawn = options.default_boundary_sd_mm if stated is None else stated
    return float(np.hypot(drawn, np.sqrt(cut.pixel_mm2 / 12))), options.boundary_correlation_mm


def _shifts(drawn: CanalMap, sd_mm: float, correlation_mm: float) -> list[FloatArray]:
    """Smooth random shifts (rows, columns, 2) mm, each followed by its mirror image about the midline.

    A sum of plane waves is, on a raster, a product of two small matrices: exp(i k.p) is that of rows times columns.
    """
    rng = np.random.default_rng(_SEED)
    rows, columns = (np.arange(size)[:, None] for size in drawn.tissue.shape)
    found: list[FloatArray] = []
    for _ in range(DRAWS):
        waves = rng.normal(0, 1 / correlation_mm, (2, _MODES, 2))
        phase = rng.uniform(0, 2 * np.pi, (2, _MODES))
        for sign in (np.ones(2), np.array([-1.0, 1.0])):
            shift = np.empty((*drawn.tissue.shape, 2))
            for axis in range(2):
                turned = waves[axis] * sign
                down = np.exp(1j * (rows * (turned @ drawn.step_mm[0]) + turned @ drawn.place_mm[0, 0] + phase[axis]))
                across = np.exp(1j * columns * (turned @ drawn.step_mm[1]))
                shift[..., axis] = sign[axis] * sd_mm * np.sqrt(2 / _MODES) * (down @ across.T).real
            found.append(shift)
    return found


def level_maps(
    examined: ExaminedSpine, upper: str, lower: str, contrasts: tuple[Contrast, ...] = T2_CONTRASTS
) -> tuple[CanalMap, ...]:
    """Cut the canal out of every slice through a disc, from the feet to the head; done once an examination.

    The first axial series of the contrasts whose slices pass through the disc and carry a tissue map is taken.

    Raises
    ------
    NotMeasurableError
        With the first series' obstacle, where none can be used.
    """

    def cuts(scan: Scan) -> tuple[AxialSlice, ...]:
        return examined.slices(scan, upper, lower)

    return maps_of(examined, cuts, pair_level(upper, lower), contrasts, what="disc")


def maps_of(
    examined: ExaminedSpine,
    cuts: Callable[[Scan], tuple[AxialSlice, ...]],
    level: str,
    contrasts: tuple[Contrast, ...] = T2_CONTRASTS,
    *,
    what: str,
) -> tuple[CanalMap, ...]:
    """As :func:`level_maps`, for slices that ``cuts`` finds; ``what`` tells them from others of the same level."""
    known = _KNOWN.setdefault(examined, {})
    key = what, level, contrasts
    if key not in known:
        try:
            known[key] = _first_usable(examined, contrasts, cuts, level)
        except NotMeasurableError as obstacle:
            known[key] = obstacle
    found = known[key]
    if isinstance(found, NotMeasurableError):
        raise NotMeasurableError(found.reason, found.detail)
    return found


def _first_usable(
    examined: ExaminedSpine,
    contrasts: tuple[Contrast, ...],
    cuts: Callable[[Scan], tuple[AxialSlice, ...]],
    level: str,
) -> tuple[CanalMap, ...]:
    examined.scan(*contrasts, plane=Plane.AXIAL)
    obstacle: NotMeasurableError | None = None
    for scan in examined.examination.of(contrasts, plane=Plane.AXIAL):
        try:
            return _all_maps(examined, cuts(scan))
        except NotMeasurableError as found:
            obstacle = obstacle or found
    raise obstacle or NotMeasurableError(Reason.FIELD_OF_VIEW, f"no slice passes through {level}")


def _all_maps(examined: ExaminedSpine, cuts: tuple[AxialSlice, ...]) -> tuple[CanalMap, ...]:
    """Cut every slice that can be read; the first obstacle where none can, and metal wherever it is."""
    found: list[CanalMap] = []
    obstacle: NotMeasurableError | None = None
    for cut in cuts:
        try:
            found.append(CanalMap.of(cut, examined))
        except NotMeasurableError as met:
            if met.reason is Reason.NOT_ASSESSABLE_METAL:
                raise
            obstacle = obstacle or met
    if obstacle is not None and not found:
        raise obstacle
    return tuple(found)


def narrowest(maps: tuple[CanalMap, ...]) -> CanalMap:
    """Return the slice with the smallest dural sac."""
    return min(maps, key=lambda one: one.area_mm2(one.sac))


def require_cauda(found: CanalMap, level: str) -> None:
    """Raise NotMeasurableError where the cord still fills the sac."""
    cord = found.area_mm2(found.mask(CanalTissue.CORD))
    if cord > CORD_MM2:
        raise NotMeasurableError(
            Reason.UNDEFINED, f"{cord:.0f} mm2 of cord lie in the sac at {level}; this is read from the cauda equina"
        )


def inscribed_mm(mask: Mask, pixel_mm: float) -> float:
    """Return the diameter of the largest circle inside a mask, its rim drawn smooth on a raster four times finer.

    The distance to the nearest pixel centre outside is half a fine pixel more than that to the rim.
    """
    if not mask.any():
        return 0.0
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    part = np.pad(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float64), 2)
    fine = ndimage.zoom(part, _FINER, order=1, grid_mode=True, mode="nearest") > 0.5
    step = pixel_mm / _FINER
    return max(2 * float(ndimage.distance_transform_edt(fine).max()) * step - step, 0.0)
