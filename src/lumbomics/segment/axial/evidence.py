"""What a pixel about the dural sac shows: the numbers by which the learned step tells scar, disc, blood and fat apart.

Every number is a ratio, a distance or a share: receiver gain, coil shading, side and storage order are out of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, maximum_filter, minimum_filter

from lumbomics.segment.axial.front import hind_edge
from lumbomics.segment.axial.outline import inside_path
from lumbomics.segment.axial.patch import Patch
from lumbomics.segment.axial.regions import disc_of
from lumbomics.segment.axial.signals import Signals
from lumbomics.segment.axial.symmetry import MiddleLine
from lumbomics.segment.axial.walls import Walls

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

REACH_MM = 10.0
"""How far from the sac tissue is told by these numbers."""
_SCALES_MM = (0.4, 1.0, 2.0)
_LEAST_T1 = 0.12
_FAR_MM = 8.0
_NEAR_MM = 3.0
_VIVID = 90


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """One slice with all that was found in it before tissue is told apart; ``signals`` hold T1 and uptake."""

    patch: Patch
    walls: Walls
    signals: Signals
    line: MiddleLine
    sac: Mask = field(repr=False)

    @classmethod
    def of(cls, patch: Patch, walls: Walls, signals: Signals, line: MiddleLine) -> Seen:
        """Lay the sac's outline over the pixels."""
        return cls(
            patch=patch, walls=walls, signals=signals, line=line, sac=inside_path(walls.sac_mm, patch.x, patch.y)
        )

    @property
    def about(self) -> Mask:
        """Pixels (rows, columns) that are told apart: the sac and what lies near it."""
        return np.asarray(distance_transform_edt(~self.sac) * self.patch.pixel_mm <= REACH_MM)


def evidence(stack: Sequence[Seen]) -> list[dict[str, FloatArray]]:
    """Numbers (rows, columns) by name, of every slice of a stack in the order of its slices.

    ``t2``, ``t1`` and ``uptake`` at three scales, of the other side and of the next slices; uptake among soft tissue
    alone, its least and most nearby and its strongest in the stack; how deep a pixel lies in soft tissue; distances to
    sac, wall, hind edge of disc or body, labelled bone and disc; place about the middle line; carried shares.

    Parameters
    ----------
    stack
        Slices with T1 and uptake.
    """
    numbers = [_signals(one) | _places(one) for one in stack]
    vivid = _strongest(stack, numbers)
    for values in numbers:
        values["vivid"] = np.full(values["t2_1"].shape, vivid)
    for name in ("t2_1", "t1_1", "uptake_1"):
        for values, beside in zip(numbers, _of_neighbours(stack, [one[name] for one in numbers]), strict=True):
            values[f"{name}_beside"] = beside
    return numbers


def _signals(seen: Seen) -> dict[str, FloatArray]:
    patch, signals = seen.patch, seen.signals
    t1, uptake = _given(signals)
    soft = ~signals.fat & ~signals.water
    gained = uptake * np.maximum(t1, _LEAST_T1)
    found: dict[str, FloatArray] = {}
    for index, scale in enumerate(_SCALES_MM):
        sd = scale / patch.pixel_mm
        found[f"t2_{index}"] = gaussian_filter(signals.t2, sd)
        found[f"t1_{index}"] = gaussian_filter(t1, sd)
        found[f"uptake_{index}"] = gaussian_filter(gained, sd) / np.maximum(found[f"t1_{index}"], _LEAST_T1)
        share = gaussian_filter(soft.astype(np.float64), sd)
        found[f"soft_{index}"] = share
        found[f"soft_uptake_{index}"] = gaussian_filter(np.where(soft, uptake, 0.0), sd) / np.maximum(share, 0.02)
    for name in ("t2_1", "t1_1", "uptake_1"):
        found[f"{name}_opposite"] = seen.line.mirrored(found[name], patch)
    area = disc_of(_NEAR_MM / 2, patch.pixel_mm)
    found["least_uptake"] = minimum_filter(np.where(soft, found["soft_uptake_1"], np.inf), footprint=area)
    found["least_uptake"] = np.where(np.isfinite(found["least_uptake"]), found["least_uptake"], 1.0)
    found["most_uptake"] = maximum_filter(np.where(soft, found["soft_uptake_0"], -1.0), footprint=area)
    found["depth"] = _depth(soft & ~seen.sac, patch)
    found["depth_nearby"] = maximum_filter(found["depth"], footprint=disc_of(_NEAR_MM, patch.pixel_mm))
    return found


def _given(signals: Signals) -> tuple[FloatArray, FloatArray]:
    if signals.t1 is None or signals.uptake is None:
        raise AssertionError("tissue is told by learned numbers only where T1 and uptake are given")
    return signals.t1, signals.uptake


def _places(seen: Seen) -> dict[str, FloatArray]:
    patch = seen.patch
    across = np.abs(seen.line.across(patch.x, patch.y))
    canal = inside_path(seen.walls.canal_mm, patch.x, patch.y)
    edge = hind_edge(patch)
    return {
        "across": across,
        "ahead": patch.y,
        "turn": np.arctan2(across, patch.y),
        "from_sac": _signed(seen.sac, patch),
        "from_wall": _signed(canal, patch),
        "from_edge": np.full(patch.y.shape, _FAR_MM) if edge is None else np.clip(patch.y - edge, -_FAR_MM, _FAR_MM),
        "from_bone": _signed(patch.bone > 0.5, patch),
        "from_disc": _signed(patch.disc > 0.5, patch),
        "canal": patch.canal,
    }


def _depth(mask: Mask, patch: Patch) -> FloatArray:
    """How deep each pixel lies in a mask, mm."""
    return np.asarray(distance_transform_edt(mask) * patch.pixel_mm)


def _signed(mask: Mask, patch: Patch) -> FloatArray:
    """Distance from a mask's border, mm, negative within, at most ``_FAR_MM``."""
    if not mask.any():
        return np.full(mask.shape, _FAR_MM)
    return np.clip(_depth(~mask, patch) - _depth(mask, patch), -_FAR_MM, _FAR_MM)


def _strongest(stack: Sequence[Seen], numbers: Sequence[Mapping[str, FloatArray]]) -> float:
    """Uptake of the soft tissue about the sac that takes up most."""
    values = [
        one["soft_uptake_1"][seen.about & ~seen.sac & (one["soft_1"] > 0.6)]
        for seen, one in zip(stack, numbers, strict=True)
    ]
    known = np.concatenate(values)
    return float(np.percentile(known, _VIVID)) if len(known) else 0.0


def _of_neighbours(stack: Sequence[Seen], values: Sequence[FloatArray]) -> list[FloatArray]:
    """Mean (rows, columns) of what the next slices show at the same place in the patient; its own where there is none.

    Places are taken along the slices' common normal, not along the canal.
    """
    by_index = {seen.patch.place.index: order for order, seen in enumerate(stack)}
    found = []
    for seen, own in zip(stack, values, strict=True):
        beside = [
            _carried(seen.patch, stack[by_index[index]].patch, values[by_index[index]], own)
            for index in (seen.patch.place.index - 1, seen.patch.place.index + 1)
            if index in by_index
        ]
        found.append(np.mean(beside, axis=0) if beside else own)
    return found


def _carried(patch: Patch, other: Patch, values: FloatArray, own: FloatArray) -> FloatArray:
    """Values (rows, columns) of another slice at the same voxels of the stack; a patch's own where that one ends."""
    found = own.copy()
    here, there = [], []
    for mine, its in zip(patch.box, other.box, strict=True):
        low, high = max(mine.start, its.start), min(mine.stop, its.stop)
        if low >= high:
            return found
        here.append(slice(low - mine.start, high - mine.start))
        there.append(slice(low - its.start, high - its.start))
    found[tuple(here)] = values[tuple(there)]
    return found
