"""True quantities of stenosis of a reference object, from its exact tissues on a raster of 0.2 mm and its closed form.

Written without a line of the measuring code; only the grades' rules, which are their definition, are shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue
from lumbomics.core.grid import Grid
from lumbomics.phantom import Phantom
from lumbomics.phantom.shapes import Frame

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
STEP_MM = 0.2
NO_MASS_MM = 40.0
LEAST_ROOT_MM2, LEAST_MASS_MM2 = 0.5, 1.5
"""A sliver of root where it enters a section has no axes; a sliver of disc presses nothing."""
HALF_WIDTH_MM, BACK_MM, FRONT_MM = 22.0, -48.0, -6.0


@dataclass(frozen=True)
class Picture:
    """Exact tissues on one plane: ``x`` to the right, ``y`` to the front, mm."""

    tissue: NDArray[np.uint8]
    x: Array
    y: Array

    def has(self, *kinds: int) -> Mask:
        """Points that hold a tissue."""
        return np.isin(self.tissue, kinds)

    @property
    def sac(self) -> Mask:
        """Points in the sac."""
        return self.has(*IN_SAC)

    def mm2(self, mask: Mask) -> float:
        """Area of a mask."""
        return float(mask.sum()) * STEP_MM**2


def picture(phantom: Phantom, frame: Frame, height_mm: float) -> Picture:
    """Sample the exact tissues across the canal in a plane of a disc's frame."""
    columns, rows = round(2 * HALF_WIDTH_MM / STEP_MM), round((FRONT_MM - BACK_MM) / STEP_MM)
    corner = np.array([STEP_MM / 2 - HALF_WIDTH_MM, STEP_MM / 2 + BACK_MM, height_mm])
    origin = frame.to_world(corner)
    grid = Grid.from_spacing((columns, rows, 1), (STEP_MM, STEP_MM, STEP_MM), origin_mm=origin, axes=frame.rotation)
    x = -HALF_WIDTH_MM + STEP_MM / 2 + STEP_MM * np.arange(columns)
    y = BACK_MM + STEP_MM / 2 + STEP_MM * np.arange(rows)
    return Picture(np.asarray(phantom.canal_tissue(grid).array[..., 0]), *np.meshgrid(x, y, indexing="ij"))


def _own(one: Picture) -> tuple[Array, Array]:
    """Right and dorsal coordinates about the sac's centroid, 1 at half its width and depth."""
    sac = one.sac
    halves = [(axis[sac].max() - axis[sac].min() + STEP_MM) / 2 for axis in (one.x, one.y)]
    return (one.x - one.x[sac].mean()) / halves[0], -(one.y - one.y[sac].mean()) / halves[1]


def _clusters(mask: Mask) -> list[Mask]:
    pieces, count = ndimage.label(mask, np.ones((3, 3)))
    return [np.asarray(pieces == n) for n in range(1, count + 1)]


def leaving(one: Picture, sign: float) -> Mask:
    """Root about to leave on a side: the foremost single one beside the middle."""
    right, dorsal = _own(one)
    found, best = np.zeros(one.tissue.shape, dtype=bool), -np.inf
    for cluster in _clusters(one.has(CanalTissue.ROOT)):
        aside, behind = sign * right[cluster].mean(), dorsal[cluster].mean()
        if LEAST_ROOT_MM2 <= one.mm2(cluster) <= 9.0 and aside > 0.45 and behind < 0.35 and aside - behind > best:
            found, best = cluster, aside - behind
    return found


def central(one: Picture) -> dict[str, float]:
    """Quantities of the central grades."""
    right, dorsal = _own(one)
    sac, roots, fluid = one.sac, one.has(CanalTissue.ROOT), one.has(CanalTissue.FLUID)
    room = _filled(roots | ~sac, 1.2) & sac
    rim = ndimage.distance_transform_edt(sac) * STEP_MM
    touching = room & (rim <= 1.2)
    turn = np.floor(np.degrees(np.arctan2(dorsal, right))[touching] % 360 / 20)
    areas = np.array([one.mm2(cluster) for cluster in _clusters(roots)] or [0.0])
    fat = one.has(CanalTissue.EPIDURAL_FAT) & (dorsal > 0) & (np.abs(right) < 1)
    return {
        "fluid_share": fluid.sum() / sac.sum(),
        "occupied_share": room.sum() / sac.sum(),
        "dorsal_share": float((dorsal[roots] > 0).mean()) if roots.any() else 0.0,
        "horseshoe_share": len(np.unique(turn)) / 18,
        "posterior_fat": one.mm2(fat),
        "anterior_fluid": _front_fluid(one, right, fluid & ~room),
        "aggregated_share": float(areas[areas >= 8.0].sum() / max(areas.sum(), 1e-9)),
    }


def _filled(mask: Mask, reach_mm: float) -> Mask:
    """Closing by a disc, from distances."""
    grown = ndimage.distance_transform_edt(~mask) * STEP_MM <= reach_mm
    return np.asarray(ndimage.distance_transform_edt(grown) * STEP_MM > reach_mm)


def _front_fluid(one: Picture, right: Array, free: Mask) -> float:
    depths = []
    for column in np.flatnonzero((np.abs(right) < 0.5).any(axis=1) & one.sac.any(axis=1)):
        line = free[column][one.sac[column]][::-1]
        dry = np.flatnonzero(~line)
        depths.append((dry[0] if len(dry) else len(line)) * STEP_MM)
    return float(np.mean(depths)) if depths else 0.0


def displacement(one: Picture, sign: float) -> dict[str, float]:
    """Where the roots lie."""
    right, dorsal = _own(one)
    roots = one.has(CanalTissue.ROOT) & ~leaving(one, 1.0) & ~leaving(one, -1.0)
    half = roots & (sign * right > 0)
    if not half.any():
        return {}
    length = np.abs(np.exp(1j * np.arctan2(dorsal[half], right[half])).mean())
    return {
        "lateral": float(sign * right[roots].mean()),
        "dorsal": float(dorsal[half].mean()),
        "angular_spread": float(np.degrees(np.sqrt(-2 * np.log(min(length, 1.0))))),
    }


def dorsal_share(one: Picture) -> float:
    """Share of resting roots behind the sac's middle."""
    roots = one.has(CanalTissue.ROOT) & ~leaving(one, 1.0) & ~leaving(one, -1.0)
    return float((_own(one)[1][roots] > 0).mean()) if roots.any() else np.nan


def _axes(one: Picture, mask: Mask) -> Array:
    spread = np.cov(np.stack([one.x[mask], one.y[mask]]), bias=True)
    return np.asarray(4 * np.sqrt(np.maximum(np.linalg.eigvalsh(spread), 1e-9)))


def recess(one: Picture, sign: float) -> dict[str, float]:
    """Quantities of the lateral recess and of the root in it."""
    canal = one.has(*IN_CANAL)
    low, high = one.x[canal].min() - STEP_MM / 2, one.x[canal].max() + STEP_MM / 2
    aside, half = sign * (one.x - (low + high) / 2), (high - low) / 2
    wedge = canal & (aside > 0.6 * half)
    found = {
        "fluid_area": one.mm2(wedge & one.has(CanalTissue.FLUID)),
        "recess_depth": one.mm2(wedge) / (0.4 * half),
    }
    root, other = leaving(one, sign), leaving(one, -sign)
    if root.any() and other.any():
        found["medial_shift"] = float((-aside[other]).mean() - aside[root].mean())
        found["root_axis_ratio"] = float(np.divide(*_axes(one, root)))
    return found


def compromise(one: Picture, sign: float) -> dict[str, float]:
    """Quantities of a root's contact with a mass; distances between surfaces, ``NO_MASS_MM`` without a mass."""
    root, other = leaving(one, sign), leaving(one, -sign)
    if not (root.any() and other.any()):
        return {}
    mass = np.zeros(one.tissue.shape, dtype=bool)
    for cluster in _clusters(one.has(CanalTissue.DISC, CanalTissue.SCAR, CanalTissue.EPIDURAL_TISSUE)):
        mass |= cluster if one.mm2(cluster) >= LEAST_MASS_MM2 else False
    canal = one.has(*IN_CANAL)
    middle = (one.x[canal].min() + one.x[canal].max()) / 2
    gap = float(ndimage.distance_transform_edt(~mass)[root].min()) * STEP_MM - STEP_MM if mass.any() else NO_MASS_MM
    across = one.x[root].mean() - middle + one.x[other].mean() - middle
    return {
        "distance": gap,
        "deviation": float(np.hypot(across, one.y[root].mean() - one.y[other].mean())),
        "short_axis_ratio": float(_axes(one, root)[0] / _axes(one, other)[0]),
    }


def fat(one: Picture) -> dict[str, float]:
    """Quantities of epidural fat."""
    all_fat, canal, sac = one.has(CanalTissue.EPIDURAL_FAT), one.has(*IN_CANAL), one.sac
    band = np.abs(one.x - one.x[sac].mean()) <= 1.5
    behind = one.y < one.y[sac].mean()
    return {
        "fat_to_canal_area": 100 * all_fat.sum() / canal.sum(),
        "fat_to_canal_depth": 100 * (all_fat & band).sum() / (canal & band).sum(),
        "sac_to_canal_depth": 100 * (sac & band).sum() / (canal & band).sum(),
        "fat_thickness": one.mm2(all_fat & band & behind) / 3.0,
    }


def flavum_mm(one: Picture, sign: float) -> float:
    """Diameter of the largest circle inside one side's flavum."""
    canal = one.has(*IN_CANAL)
    aside = sign * (one.x - one.x[canal].mean()) > 1.5
    return 2 * float(ndimage.distance_transform_edt(one.has(CanalTissue.FLAVUM) & aside).max()) * STEP_MM - STEP_MM
