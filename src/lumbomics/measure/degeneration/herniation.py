"""Displaced disc material: its type, its volume and how much of the canal it takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from lumbomics.core.examination import IN_CANAL, CanalTissue
from lumbomics.core.measurement import Drawing, Measurement, Result, Shape
from lumbomics.measure.attempt import at_discs, pair_level
from lumbomics.measure.degeneration.displaced import Displaced, displaced_at
from lumbomics.measure.degeneration.midsagittal import finding
from lumbomics.measure.degeneration.model import load_model
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.uncertainty import BoundaryError

TYPE, VOLUME = "herniation_type", "herniation_volume"
FARDON = "fardon_2014_displaced_map"
ORDER = ("none", "protrusion", "extrusion", "sequestration")
"""Types of the map's method; the value is the place in this order. A bulge is no localised displacement."""
MODELLED = {
    "herniation_probability_midsagittal_t2": "herniation_t2",
    "bulging_probability_midsagittal_t2": "bulging_t2",
}
WIDER = 1.15
"""Greatest width over base width from which material counts as wider than its base; engineering default."""
_DISC_OR_SCAR = "whether displaced tissue is disc rests on the canal's tissue map"


@examines(TYPE)
def herniation_type(examined: ExaminedSpine) -> list[Result]:
    """Type of displacement after Fardon et al., Spine J 2014;14:2525.

    From the axial tissue map: none; protrusion; extrusion where the material is wider than its base (by 15 %) on a
    slice, or reaches more than a slice's distance beyond the endplate above or below; sequestration where a part of it
    that holds most of its volume touches the disc's space on no slice. From one mid-sagittal T2 slice, by models: the
    probability that a radiologist calls a herniation, or a bulge.
    """

    def compute(_: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
        yield _type(displaced_at(examined, upper, lower))

    modelled = [one for method, name in MODELLED.items() for one in finding(examined, TYPE, method, load_model(name))]
    return [*at_discs(examined.spine, TYPE, [FARDON], compute), *modelled]


def _type(found: Displaced) -> Measurement:
    kind = _kind_of(found)
    return Measurement(
        biomarker=TYPE,
        method=FARDON,
        unit="{type}",
        level=found.level,
        value=float(ORDER.index(kind)),
        category=kind,
        caution=_DISC_OR_SCAR,
        drawings=_drawings(found),
    )


def _kind_of(found: Displaced) -> str:
    if not found.present:
        return "none"
    if _loose(found):
        return "sequestration"
    widths = [_widths(found, at) for at in range(len(found.cuts)) if found.contacts[at].any()]
    wide = any(most > WIDER * base for base, most in widths if base > 0)
    reach = np.abs(found.local_mm[:, 2]).max() - found.half_disc_mm
    return "extrusion" if wide or reach > max(found.spacing_mm, 2.0) else "protrusion"


def _loose(found: Displaced) -> bool:
    """Whether most of the material lies in pieces without contact to the disc's space."""
    stack = np.stack(found.masks)
    pieces, count = ndimage.label(stack, structure=np.ones((3, 3, 3)))
    touching = np.unique(pieces[np.stack(found.contacts)])
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    attached = float(sizes[touching[touching > 0]].sum())
    return attached < 0.5 * float(sizes[1:].sum())


def _widths(found: Displaced, at: int) -> tuple[float, float]:
    """Width along right of the base and the greatest one behind it, on a slice."""
    local, mask, base = found.cuts[at].local_mm, found.masks[at], found.contacts[at]
    pixel = float(np.sqrt(found.cuts[at].pixel_mm2))
    foot = float(np.ptp(local[..., 0][base])) + pixel
    back = local[..., 1][mask]
    rows = np.round((back - back.min()) / pixel).astype(int)
    right = local[..., 0][mask]
    widest = max(float(np.ptp(right[rows == row])) + pixel for row in np.unique(rows))
    return foot, widest


@examines(VOLUME)
def herniation_volume(examined: ExaminedSpine) -> list[Result]:
    """Volume of displaced disc material, greatest share of the canal it takes on a slice, and its greatest depth.

    Volume: areas of the map times the slices' distance. Share: 100 x displaced area in the canal over the area of the
    whole canal. Depth: longest run of the material along the anteroposterior axis.
    """

    def compute(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
        found = displaced_at(examined, upper, lower)
        yield from _sizes(found, spine.error, pair_level(upper, lower))

    return at_discs(examined.spine, VOLUME, ["volume", "canal_occupation", "depth"], compute)


def _sizes(found: Displaced, error: BoundaryError, level: str) -> Iterator[Measurement]:
    shares = [_share(found, at) for at in range(len(found.cuts))]
    depth = max(_depth(found, at) for at in range(len(found.cuts)))
    boundary = max(error.drawing_sd_mm, float(np.sqrt(found.cuts[0].pixel_mm2 / 12)))
    end = found.spacing_mm * float(np.sqrt(np.sum(np.diff([0.0, *found.areas_mm2, 0.0]) ** 2) / 12))
    rim = sum(np.sqrt(4 * np.pi * area) for area in found.areas_mm2) * found.spacing_mm
    values = {
        "volume": ("mm3", found.volume_mm3, float(np.hypot(end, 0.5 * boundary * rim))),
        "canal_occupation": ("%", 100 * max(shares), None),
        "depth": ("mm", depth, float(np.sqrt(2) * boundary)),
    }
    for method, (unit, value, se) in values.items():
        yield Measurement(
            biomarker=VOLUME,
            method=method,
            unit=unit,
            level=level,
            value=float(value),
            se=se,
            caution=_DISC_OR_SCAR,
            drawings=_drawings(found),
        )


def _share(found: Displaced, at: int) -> float:
    """Share of the canal that is displaced disc; the canal's tissue map counts both."""
    whole = int(found.cuts[at].tissue(*IN_CANAL).sum())
    inside = int(found.cuts[at].tissue(CanalTissue.DISC).sum())
    return inside / whole if whole else 0.0


def _depth(found: Displaced, at: int) -> float:
    """Longest anteroposterior run on a slice, in columns one pixel wide."""
    mask = found.masks[at]
    if not mask.any():
        return 0.0
    local, pixel = found.cuts[at].local_mm[mask], float(np.sqrt(found.cuts[at].pixel_mm2))
    column = np.round(local[:, 0] / pixel).astype(int)
    return max(float(np.ptp(local[column == one, 1])) + pixel for one in np.unique(column))


def _drawings(found: Displaced) -> tuple[Drawing, ...]:
    if not found.present:
        return ()
    return (Drawing(Shape.POINTS, found.points_mm, f"displaced disc material at {found.level}"),)
