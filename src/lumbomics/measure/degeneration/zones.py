"""Where displaced disc material lies: axial zone and side, migration, and the Michigan State University class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lumbomics.core.anatomy import Side, vertebra_number
from lumbomics.core.measurement import Measurement, Reason, Result
from lumbomics.measure.attempt import at_discs
from lumbomics.measure.degeneration.displaced import SIGNS, Borders, Displaced, displaced_at, zone_borders
from lumbomics.measure.examined import ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.spine import SpineGeometry

ZONE, MSU = "herniation_zone", "msu_classification"
LISTED_SHARE = 0.1
"""Zones that hold more than this share of the volume are listed; the record's."""
_OPERATED = "the intra-facet line was made for joints that stand; after facetectomy it is not this line"


@examines(ZONE)
def herniation_zone(examined: ExaminedSpine) -> list[Result]:
    """Axial zone of displaced material (Fardon 2014) with its side, and how far it has migrated.

    Zones from the midline: central to the facet's medial border, subarticular to the pedicle's medial, foraminal to the
    pedicle's lateral border, extraforaminal beyond. The category lists zones with more than 10 % of the volume, the
    largest first; the value is the largest one's share. Migration: height of the centroid over the disc's middle, to
    the head positive; category disc level, suprapedicular or infrapedicular by whether it lies beyond the endplates.
    """

    def compute(_: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
        found = displaced_at(examined, upper, lower)
        yield from _zones(found, zone_borders(examined, upper, lower))

    return at_discs(examined.spine, ZONE, ["fardon_2014", "migration"], compute)


def _zones(found: Displaced, borders: Borders) -> Iterator[Measurement]:
    if not found.present:
        raise NotMeasurableError(Reason.UNDEFINED, f"no disc material is displaced at {found.level}")
    shares = zone_shares(found.local_mm, borders)
    order = sorted((share, name) for name, share in shares.items())[::-1]
    yield Measurement(
        biomarker=ZONE,
        method="fardon_2014",
        unit="1",
        level=found.level,
        value=order[0][0],
        category=", ".join(name for share, name in order if share > LISTED_SHARE),
    )
    height = float(found.local_mm[:, 2].mean())
    beyond = abs(height) > found.half_disc_mm
    yield Measurement(
        biomarker=ZONE,
        method="migration",
        unit="mm",
        level=found.level,
        value=height,
        se=found.spacing_mm / float(np.sqrt(12)),
        category=("above the disc" if height > 0 else "below the disc") if beyond else "disc level",
    )


def zone_shares(local_mm: FloatArray, borders: Borders) -> Mapping[str, float]:
    """Share of points (n, 3) in every zone; a central point counts for its side beyond 3 mm of the midline."""
    aside = local_mm[:, 0] - borders.midline
    names = np.full(len(aside), "central", dtype="<U24")
    for side, sign in SIGNS.items():
        away = sign * aside
        names[(away > 3.0) & (away <= borders.facet[side])] = f"{side} central"
        names[away > borders.facet[side]] = f"{side} subarticular"
        names[away > max(borders.medial[side], borders.facet[side])] = f"{side} foraminal"
        names[away > borders.lateral[side]] = f"{side} extraforaminal"
    found, counts = np.unique(names, return_counts=True)
    return {str(name): float(count) / len(aside) for name, count in zip(found, counts, strict=True)}


@examines(MSU)
def msu_classification(examined: ExaminedSpine) -> list[Result]:
    """Size 1, 2, 3 and zone A, B, C of the largest slice (Mysliwiec et al., Eur Spine J 2010;19:1087).

    Size: how far the material reaches from its base towards the line between the medial edges of both facet joints: up
    to half 1, beyond half 2, beyond the line 3. Zone: A the central half of the width between those edges, B out to
    them, C lateral to them; a second letter for a neighbour with more than a quarter of the material. Wording of sizes
    and zones is recalled, not checked.
    """

    def compute(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
        found = displaced_at(examined, upper, lower)
        if not found.present:
            raise NotMeasurableError(Reason.UNDEFINED, f"no disc material is displaced at {found.level}")
        borders = zone_borders(examined, upper, lower)
        yield _msu(
            found, borders, _facet_line(examined, upper, lower), bool(examined.examination.operated(found.level))
        )

    return at_discs(examined.spine, MSU, ["size_and_zone"], compute)


def _facet_line(examined: ExaminedSpine, upper: str, lower: str) -> float:
    """Anteroposterior place of the line between the joints' medial edges, about the disc's middle."""
    spine = examined.spine
    borders = zone_borders(examined, upper, lower)
    frame = spine.segment(upper, lower).at(spine.disc(upper, lower).points_mm.mean(axis=0))
    bone = frame.to_local(spine.structure(vertebra_number(lower)).points_mm)
    depths = []
    for side, sign in SIGNS.items():
        edge = np.abs(sign * (bone[:, 0] - borders.midline) - borders.facet[side]) < 1.0
        mine = bone[edge & (np.abs(bone[:, 2]) < 4.0) & (bone[:, 1] < -8.0)]
        if not len(mine):
            raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no {side} facet edge at {upper}-{lower}")
        depths.append(float(mine[:, 1].max()))
    return float(np.mean(depths))


def _msu(found: Displaced, borders: Borders, line: float, operated: bool) -> Measurement:
    cut, mask = found.cuts[found.largest], found.masks[found.largest]
    local = cut.local_mm[mask]
    base = float(np.quantile(local[:, 1], 0.98))
    reach = (base - float(np.quantile(local[:, 1], 0.02))) / max(base - line, 1.0)
    size = 1 if reach <= 0.5 else 2 if reach <= 1.0 else 3
    return Measurement(
        biomarker=MSU,
        method="size_and_zone",
        unit="{code}",
        level=found.level,
        value=reach,
        category=f"{size}-{_letters(local, borders)}",
        caution=_OPERATED if operated else None,
    )


def _letters(local: FloatArray, borders: Borders) -> str:
    """Zone letters: the fullest first in the alphabet's order, a neighbour from a quarter of the material."""
    aside = local[:, 0] - borders.midline
    side = Side.RIGHT if float(np.median(aside)) > 0 else Side.LEFT
    away, edge = SIGNS[side] * aside, borders.facet[side]
    shares = {
        "A": float((away <= edge / 2).mean()),
        "B": float(((away > edge / 2) & (away <= edge)).mean()),
        "C": float((away > edge).mean()),
    }
    return "".join(letter for letter, share in shares.items() if share > 0.25) or max(shares, key=lambda k: shares[k])
