"""Nerve roots in the foramina, and other small structures that only images show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.chain import Vertebra
from lumbomics.phantom.posterior import SIDES, joint, pedicle
from lumbomics.phantom.sacrum import sacral_frames
from lumbomics.phantom.shapes import Array, Frame, Level, Solid, boxed, capsule, ellipsoid
from lumbomics.phantom.tissue import Tissue

_OPEN = (Tissue.FAT, Tissue.MUSCLE, Tissue.EPIDURAL_FAT, Tissue.EPIDURAL_VEINS, Tissue.FLAVUM, Tissue.LIGAMENT)

Detail = tuple[Tissue, Solid, tuple[int, ...]]


def details(anatomy: Anatomy) -> Iterator[Detail]:
    """Yield tissue, shape and the tissues it may replace of every small structure."""
    for vertebra in anatomy.chain[:-1]:
        body = vertebra.body
        centre = np.array([0.0, -body.depth / 2 + 2.5, 0.5])
        level, half = ellipsoid(centre, (5.0, 5.5, 1.7))
        vein = boxed(vertebra.frame, level, centre - half, centre + half)
        yield Tissue.BASIVERTEBRAL_VEIN, vein, (Tissue.MARROW, Tissue.CORTEX)
        for _, sign in SIDES:
            for solid in leaving_root(vertebra, sign):
                yield Tissue.ROOT, solid, _OPEN
    yield from _joints(anatomy)
    frames = sacral_frames(anatomy.chain[-1])
    size = anatomy.parameters.size
    for frame, half_depth in zip(frames[1:3], (9.0, 6.0), strict=True):
        centre = np.array([0.0, 0.0, 13.5 if half_depth > 8 else 11.5]) * size
        level, half = ellipsoid(centre, np.array([12.0, half_depth, 1.4]) * size)
        yield Tissue.FLAVUM, boxed(frame, level, centre - half, centre + half), (Tissue.MARROW, Tissue.CORTEX)


def leaving_root(vertebra: Vertebra, sign: float, *, factor: float = 1.0, grow_mm: float = 0.0) -> Iterator[Solid]:
    """Yield the root that leaves under a pedicle: its way there, its ganglion, and its way on.

    ``factor`` scales its thickness, ``grow_mm`` adds to it.
    """
    place = pedicle(vertebra, sign)
    under = np.array([place.x - sign * 1.0, place.y, place.z - place.half_height - 3.4])
    start = under + np.array([-sign * (place.half_width + 3.0), 1.0, 9.0])
    end = under + np.array([sign * 16.0, 9.0, -20.0])
    thin, thick = 1.5 * factor + grow_mm, 2.0 * factor + grow_mm
    for first, last, radius in ((start, under, thin), (under, end, thick)):
        level, low, high = capsule(first, last, radius, thick)
        yield boxed(vertebra.frame, level, low, high)
    ganglion, half = ellipsoid(under, np.array([2.6, 2.6, 3.6]) * factor + grow_mm)
    yield boxed(vertebra.frame, ganglion, under - half, under + half)


def _joints(anatomy: Anatomy) -> Iterator[Detail]:
    """Yield the fluid films of the facet joints."""
    for _, upper, lower in anatomy.pairs:
        for side, sign in SIDES:
            place = joint(upper, lower, anatomy.parameters, side, sign)
            level, half = ellipsoid(
                (0, 0, 0), (1.0, 6.0, 7.5), np.column_stack([place.normal, place.tangent, (0, 0, 1)])
            )
            yield Tissue.JOINT_FLUID, _placed(place.frame, level, half), (*_OPEN, Tissue.INTERSPINOUS)


def _placed(frame: Frame, level: Level, half: Array) -> Solid:
    return boxed(frame, level, -half, half)
