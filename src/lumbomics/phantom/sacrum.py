"""The sacrum below its first endplate: tapering bodies on a curve, alae and the posterior wall."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lumbomics.core.labels import Subregion
from lumbomics.phantom.body import Body
from lumbomics.phantom.chain import Vertebra, rotation
from lumbomics.phantom.shapes import Frame, Solid, boxed, ellipsoid, plate

_HEIGHTS = (30.0, 25.0, 21.0, 18.0, 16.0)
_WIDTHS = (50.0, 38.0, 31.0, 26.0, 20.0)
_DEPTHS = (33.5, 24.5, 19.0, 15.0, 11.0)
_TURNS = (0.0, 9.0, 13.0, 15.0, 15.0)
_CANAL_SHARE = (1.0, 0.78, 0.58, 0.42, 0.3)


def sacral_frames(sacrum: Vertebra) -> tuple[Frame, ...]:
    """Frames of S1 to S5; each origin is the body's middle, bodies share the line of their posterior walls."""
    scale = sacrum.body.height / _HEIGHTS[0]
    frames, turn = [sacrum.frame], sacrum.frame.rotation
    corner = sacrum.frame.to_world((0.0, -sacrum.body.depth / 2, -sacrum.body.height / 2))
    for index in range(1, 5):
        turn = turn @ rotation(np.deg2rad(_TURNS[index]), 0.0, 0.0)
        middle = corner + turn @ np.array([0.0, _DEPTHS[index] / 2, -_HEIGHTS[index] / 2]) * scale
        frames.append(Frame(turn, middle))
        corner = corner - turn[:, 2] * _HEIGHTS[index] * scale
    return tuple(frames)


def sacral_canal_share(index: int) -> float:
    """Size of the sacral canal at body ``index`` (0 = S1) as a share of that at S1."""
    return _CANAL_SHARE[index]


def sacral_wall_y(sacrum: Vertebra, index: int) -> float:
    """Local y (mm) of the posterior wall of sacral body ``index``."""
    return -_DEPTHS[index] * sacrum.body.height / _HEIGHTS[0] / 2


def sacral_bodies(sacrum: Vertebra) -> Iterator[tuple[Subregion, Solid]]:
    """Yield the bodies S2 to S5 and S1, which touch one another."""
    scale = sacrum.body.height / _HEIGHTS[0]
    frames = sacral_frames(sacrum)
    for index in range(4, 0, -1):
        body = Body(
            height=_HEIGHTS[index] * scale + 1.5,
            width=_WIDTHS[index] * scale,
            depth=_DEPTHS[index] * scale,
            concavity=0.0,
            waist=0.0,
            notch=0.5,
            taper=0.2,
        )
        yield Subregion.CORPUS, body.solid(frames[index])
    yield Subregion.CORPUS, sacrum.body.solid(sacrum.frame)


def sacral_masses(sacrum: Vertebra) -> Iterator[tuple[Subregion, Solid]]:
    """Yield the alae, the lateral masses and the posterior wall with its crest."""
    scale = sacrum.body.height / _HEIGHTS[0]
    frames = sacral_frames(sacrum)
    for index in range(4):
        half = _WIDTHS[index] / 2
        share = (1.0, 0.9, 0.7, 0.5)[index]
        canal = sacrum.norm.canal_depth * sacral_canal_share(index) / scale
        wall = -_DEPTHS[index] / 2
        for sign in (-1.0, 1.0):
            centre = np.array([sign * (half + 12.0 * share), wall * 0.75, -3.0 if index == 0 else 0.0]) * scale
            size = np.array([21.0 * share, 13.0 * share + 2.0, 15.0 if index == 0 else 14.0]) * scale
            level, reach = ellipsoid(centre, size)
            yield (
                Subregion.COSTAL_PROCESS_LEFT if sign < 0 else Subregion.COSTAL_PROCESS_RIGHT,
                boxed(frames[index], level, centre - reach, centre + reach),
            )
            start = np.array([sign * (half * 0.7 + 3), wall - 0.55 * canal, 0.0]) * scale
            end = np.array([0.0, wall - canal - 2.5, 0.0]) * scale
            tall = (_HEIGHTS[index] / 2 - 1.0) * scale
            yield Subregion.ARCH, boxed(frames[index], *plate(start, end, 3.0 * scale, tall))
        crest = np.array([0.0, wall - canal - 6.0, 0.0]) * scale
        level, reach = ellipsoid(crest, np.array([3.5, 7.0, 8.5]) * scale)
        yield Subregion.SPINOUS_PROCESS, boxed(frames[index], level, crest - reach, crest + reach)
