"""Truth of canal and dural sac: dense sections perpendicular to the centreline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.anatomy import CANAL, CORD
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.phantom.anatomy import SAC, SPINE, Anatomy
from lumbomics.phantom.canal import STEP_MM
from lumbomics.phantom.paint import classify, mark_fronts
from lumbomics.phantom.shapes import Frame
from lumbomics.phantom.truth.frames import DefinedVertebra, FloatArray, unit
from lumbomics.phantom.truth.pedicles import pedicle_middle

_FINE_MM, _COARSE_MM = 0.1, 0.5
_WITHIN_MM = 6.0
_PEDICLE_ROWS_MM = 2.0


@dataclass(frozen=True, eq=False)
class Section:
    """What lies in a plane on a regular raster.

    Parameters
    ----------
    frame
        Origin in the raster's middle; columns run right, rows to the front.
    offsets
        (n,) mm of rows and columns.
    canal, sac
        (rows, columns) masks.
    """

    frame: Frame = field(repr=False)
    offsets: FloatArray = field(repr=False)
    canal: NDArray[np.bool_] = field(repr=False)
    sac: NDArray[np.bool_] = field(repr=False)

    @property
    def step(self) -> float:
        """Raster spacing, mm."""
        return float(self.offsets[1] - self.offsets[0])

    def area(self, mask: NDArray[np.bool_]) -> float:
        """Area of a mask, mm²."""
        return float(mask.sum()) * self.step**2

    def depth(self, mask: NDArray[np.bool_]) -> float:
        """Extent to the front through the mask's centroid, mm."""
        column = int(np.rint(np.nonzero(mask)[1].mean()))
        rows = np.flatnonzero(mask[:, column])
        return float(rows[-1] - rows[0] + 1) * self.step

    def width(self, mask: NDArray[np.bool_]) -> float:
        """Largest width of any row, mm."""
        rows = mask[mask.any(axis=1)]
        spans = rows.shape[1] - rows[:, ::-1].argmax(axis=1) - rows.argmax(axis=1)
        return float(spans.max()) * self.step


def section(anatomy: Anatomy, station: float, step: float, axes: Frame | None = None) -> Section:
    """Cut canal and sac perpendicular to the centreline; ``axes`` turns the raster to its own right axis."""
    centre, tangent, right, _ = anatomy.canal.frame_at(station)
    if axes is not None:
        right = unit(axes.right - tangent * (axes.right @ tangent))
    frame = Frame(np.column_stack([right, np.cross(right, tangent) * -1, -tangent]), centre)
    half = float(anatomy.canal.at(anatomy.canal.half_width, np.array([station]))[0]) + 1.5
    offsets = np.arange(-int(half / step), int(half / step) + 1) * step
    x, y = np.meshgrid(offsets, offsets)
    points = frame.to_world(np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3))
    local = (points - centre) @ np.column_stack(anatomy.canal.frame_at(station)[2:])
    s = np.array([station])
    canal = anatomy.canal.canal_level(s, local[:, 0], local[:, 1]) <= 0
    sac = anatomy.canal.sac_level(s, local[:, 0], local[:, 1]) <= 0
    inside = np.flatnonzero(canal | sac)
    maps = {SPINE: np.where(canal, CANAL, 0).astype(np.uint8)[inside], SAC: sac.astype(np.uint8)[inside]}
    mark_fronts(maps, anatomy, points[inside])
    canal[inside] = maps[SPINE] == CANAL
    sac[inside] = maps[SAC] == 1
    return Section(frame, np.asarray(offsets, dtype=np.float64), canal.reshape(x.shape), sac.reshape(x.shape))


def station_of(anatomy: Anatomy, point_mm: FloatArray) -> float:
    """Station (mm) of the centreline's nearest point."""
    canal = anatomy.canal
    index = int(np.argmin(((canal.points - point_mm) ** 2).sum(axis=1)))
    return index * STEP_MM + float((point_mm - canal.points[index]) @ canal.tangent[index])


def disc_canal_truth(anatomy: Anatomy, level: str, centroid_mm: FloatArray, axes: Frame) -> Iterator[Result]:
    """Yield sac and canal truth at one disc."""
    station = station_of(anatomy, centroid_mm)
    cut = section(anatomy, station, _FINE_MM, axes)
    depth, width = cut.depth(cut.sac), cut.width(cut.sac)
    smallest = _smallest(anatomy, station - _WITHIN_MM, station + _WITHIN_MM, sac=True)
    values = {
        ("dural_sac_area", "perpendicular_at_disc", "mm2"): cut.area(cut.sac),
        ("dural_sac_area", "minimum_within_6mm", "mm2"): smallest,
        ("dural_sac_diameters", "anteroposterior", "mm"): depth,
        ("dural_sac_diameters", "transverse", "mm"): width,
        ("dural_sac_diameters", "ratio_ap_transverse", "1"): depth / width,
        ("bony_canal_dimensions", "area", "mm2"): cut.area(cut.canal),
        ("bony_canal_dimensions", "anteroposterior", "mm"): cut.depth(cut.canal),
    }
    for (biomarker, method, unit_code), value in values.items():
        yield Measurement(biomarker=biomarker, method=method, unit=unit_code, value=value, level=level, se=0.0)


def vertebra_canal_truth(anatomy: Anatomy, item: DefinedVertebra, ends_mm: list[FloatArray]) -> Iterator[Result]:
    """Yield canal truth at one vertebra; ``ends_mm`` are the points whose stations bound its stretch of canal."""
    name = item.vertebra.name
    first, last = sorted(station_of(anatomy, end) for end in ends_mm)
    smallest = _smallest(anatomy, first, last, sac=False)
    middle = section(anatomy, station_of(anatomy, item.frame.origin_mm), _FINE_MM, item.frame)
    values = {
        ("area_minimum", "mm2"): smallest,
        ("anteroposterior_midbody", "mm"): middle.depth(middle.canal),
        ("interpedicular", "mm"): _interpedicular(anatomy, item),
    }
    for (method, unit_code), value in values.items():
        yield Measurement(
            biomarker="bony_canal_dimensions", method=method, unit=unit_code, value=value, level=name, se=0.0
        )
    yield from _foramen(anatomy, item)


def _smallest(anatomy: Anatomy, first: float, last: float, *, sac: bool) -> float:
    """Smallest area (mm²) between two stations: coarse sections every 2 mm, then finer ones about the best."""
    coarse = np.linspace(first, last, int(np.ceil((last - first) / 2)) + 1)
    best = coarse[int(np.argmin([_area(anatomy, float(at), _COARSE_MM, sac=sac) for at in coarse]))]
    close = np.clip(best + np.array([-1.0, -0.5, 0.0, 0.5, 1.0]), first, last)
    return min(_area(anatomy, float(at), _FINE_MM, sac=sac) for at in np.unique(close))


def _area(anatomy: Anatomy, station: float, step: float, *, sac: bool) -> float:
    cut = section(anatomy, station, step)
    return cut.area(cut.sac if sac else cut.canal)


def _between_pedicles(anatomy: Anatomy, item: DefinedVertebra) -> FloatArray:
    """Mean (3,) mm of both pedicles' narrowest sections."""
    return np.asarray(np.mean([pedicle_middle(anatomy, item, sign) for sign in (-1.0, 1.0)], axis=0))


def _interpedicular(anatomy: Anatomy, item: DefinedVertebra) -> float:
    station = station_of(anatomy, _between_pedicles(anatomy, item))
    cut = section(anatomy, station, _FINE_MM, item.frame)
    middle_y = cut.frame.to_local(_between_pedicles(anatomy, item))[1]
    front = np.flatnonzero(np.abs(cut.offsets - middle_y) <= _PEDICLE_ROWS_MM)
    x = np.arange(-24, 24.01, 0.05)
    points = cut.frame.to_world(np.stack(np.broadcast_arrays(x, cut.offsets[front][:, None], 0.0), axis=-1))
    bone = _is_bone(classify(anatomy, points.reshape(-1, 3))[SPINE]).reshape(len(front), len(x))
    middle = len(x) // 2
    right = bone[:, middle:].argmax(axis=1)
    left = bone[:, middle::-1].argmax(axis=1)
    return float(np.median((right + left) * 0.05))


def _is_bone(spine: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray((spine > 0) & (spine < CORD))


def _foramen(anatomy: Anatomy, item: DefinedVertebra) -> Iterator[Result]:
    """Yield area and depth of the hole that the whole vertebra encloses at the pedicles' middle."""
    step = 0.2
    plane = Frame(item.frame.rotation, _between_pedicles(anatomy, item))
    offsets = np.arange(-22, 22.01, step)
    x, y = np.meshgrid(offsets, offsets)
    points = plane.to_world(np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3))
    open_space = (classify(anatomy, points)[SPINE] != item.vertebra.number).reshape(x.shape)
    pieces, _ = ndimage.label(open_space)
    centre = section_centre(anatomy, plane)
    row, column = (int(np.argmin(np.abs(offsets - c))) for c in (centre[1], centre[0]))
    hole = pieces == pieces[row, column]
    edge = np.concatenate([hole[0], hole[-1], hole[:, 0], hole[:, -1]])
    methods = (("vertebral_foramen_area", "mm2"), ("vertebral_foramen_anteroposterior", "mm"))
    if not open_space[row, column] or edge.any():
        for method, _ in methods:
            yield Absent(
                biomarker="bony_canal_dimensions",
                method=method,
                level=item.vertebra.name,
                reason=Reason.UNDEFINED,
                detail="body, pedicles and arch enclose no hole in this plane",
            )
        return
    cut = Section(plane, offsets, hole, hole)
    for (method, unit_code), value in zip(methods, (cut.area(hole), cut.depth(hole)), strict=True):
        yield Measurement(
            biomarker="bony_canal_dimensions",
            method=method,
            unit=unit_code,
            value=value,
            level=item.vertebra.name,
            se=0.0,
        )


def section_centre(anatomy: Anatomy, plane: Frame) -> FloatArray:
    """Where the canal's centreline pierces a plane, in the plane's coordinates (3,) mm."""
    local = plane.to_local(anatomy.canal.points)
    return np.asarray(local[int(np.argmin(np.abs(local[:, 2])))])
