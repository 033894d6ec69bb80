"""Marrow of all bodies in units of the patient's own normal marrow, on T1 and T2, slice by slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from scipy import ndimage
from scipy.stats import theilslopes

from lumbomics.core.anatomy import rank
from lumbomics.core.image import Contrast, Image
from lumbomics.core.measurement import Reason
from lumbomics.measure.degeneration.midsagittal import MidSagittal, midsagittal, require_sagittal
from lumbomics.measure.degeneration.patch import STEP_MM, DiscPatch, parallel_patches
from lumbomics.measure.degeneration.signal import body, depth_mm
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError

HALF_WIDTH_MM = 22.0
"""Slices so far beside the mid-sagittal one are looked at."""
_SMOOTH_MM = 1.0
_DEEP_MM = (9.0, 16.0)
_LEAST_SD = 0.05
_LEAST_BODIES = 3
_LEAST_PIXELS = 100


@dataclass(frozen=True, eq=False)
class MarrowView:
    """Smoothed logarithmic signal of bone in one slice, in standard deviations from normal marrow; NaN elsewhere."""

    patch: DiscPatch
    t1: FloatArray = field(repr=False)
    t2: FloatArray = field(repr=False)


@dataclass(frozen=True, eq=False)
class _Normal:
    """Logarithm of normal marrow as a plane over height and depth of the image, and its SD.

    Parameters
    ----------
    offset
        At the world's origin.
    upwards, forwards
        Change a millimetre.
    sd
        Of single pixels, smoothed.
    local
        By body: what the plane misses there, median of the body and its two neighbours.
    """

    offset: float
    upwards: float
    forwards: float
    sd: float
    local: Mapping[int, float] = field(repr=False)

    def distance(self, patch: DiscPatch, value: FloatArray) -> FloatArray:
        """Return by how many standard deviations the values (rows, columns) of a patch differ from normal."""
        points = patch.points_mm
        usual = self.offset + self.upwards * points[..., 2] + self.forwards * points[..., 1]
        for number in (patch.upper, patch.lower):
            usual = usual + np.where(patch.labels == number, self.local.get(number, np.nan), 0.0)
        return np.asarray((value - usual) / self.sd)


_VIEWS: WeakKeyDictionary[ExaminedSpine, dict[str, tuple[MarrowView, ...]]] = WeakKeyDictionary()
_NORMALS: WeakKeyDictionary[ExaminedSpine, tuple[_Normal, _Normal]] = WeakKeyDictionary()


def marrow_views(examined: ExaminedSpine, level: str) -> tuple[MarrowView, ...]:
    """Look at both bodies beside a disc in every slice within 22 mm, once.

    Normal marrow is a plane through the middles (9 to 16 mm from an endplate) of all bodies: its slope along the spine
    is Theil-Sen's over the bodies, so that a few changed ones do not count; its slope to the front and its SD are the
    medians of those within the bodies; what it misses at a body is the median of it and its neighbours, so that one
    changed body is still seen. Coil shading is taken out with it.

    Raises
    ------
    NotMeasurableError
        If there is no sagittal T1 or T2, or fewer than three bodies to tell what is normal.
    """
    known = _VIEWS.setdefault(examined, {})
    if level not in known:
        slice_ = midsagittal(examined)
        patch = slice_.at(level).patch
        t1, t2 = require_sagittal(examined, (Contrast.T1,)).image, require_sagittal(examined, T2_CONTRASTS).image
        if examined not in _NORMALS:
            _NORMALS[examined] = _normal(slice_, t1), _normal(slice_, t2)
        first, second = _NORMALS[examined]
        known[level] = tuple(
            MarrowView(one, first.distance(one, smoothed(one, t1)), second.distance(one, smoothed(one, t2)))
            for one in parallel_patches(patch, examined.spine.labels, half_width_mm=HALF_WIDTH_MM)
        )
    return known[level]


def smoothed(patch: DiscPatch, image: Image) -> FloatArray:
    """Logarithm of the signal, smoothed inside bone alone (SD 1 mm); NaN elsewhere and beyond the image."""
    picture = patch.signal(image)
    bone = np.isin(patch.labels, (patch.upper, patch.lower)) & np.isfinite(picture)
    top = float(picture[bone].max()) if bone.any() else 1.0
    value = np.log(np.maximum(np.where(bone, picture, 1.0), 1e-3 * max(top, 1e-9)))
    weight = ndimage.gaussian_filter(bone.astype(float), _SMOOTH_MM / STEP_MM, truncate=2.5)
    total = ndimage.gaussian_filter(np.where(bone, value, 0.0), _SMOOTH_MM / STEP_MM, truncate=2.5)
    return np.where(bone, total / np.maximum(weight, 1e-6), np.nan)


def _normal(slice_: MidSagittal, image: Image) -> _Normal:
    places, middles, forwards, spreads = [], [], [], []
    bodies = dict(sorted(_middles(slice_, image).items(), key=lambda body: rank(body[0])))
    for points, values in bodies.values():
        slope = float(np.polyfit(points[:, 1], values, 1)[0])
        rest = values - slope * points[:, 1]
        forwards.append(slope)
        spreads.append(1.4826 * float(np.median(np.abs(rest - np.median(rest)))))
        places.append(points.mean(axis=0))
        middles.append(float(np.median(values)))
    if len(middles) < _LEAST_BODIES:
        raise NotMeasurableError(Reason.FIELD_OF_VIEW, "fewer than three bodies tell what normal marrow is")
    where, forward = np.array(places), float(np.median(forwards))
    levelled = np.array(middles) - forward * where[:, 1]
    upwards, offset, _, _ = theilslopes(levelled, where[:, 2])
    missed = levelled - offset - upwards * where[:, 2]
    local = {number: float(np.median(missed[max(at - 1, 0) : at + 2])) for at, number in enumerate(bodies)}
    return _Normal(float(offset), float(upwards), forward, max(float(np.median(spreads)), _LEAST_SD), local)


def _middles(slice_: MidSagittal, image: Image) -> dict[int, tuple[FloatArray, FloatArray]]:
    """Points and values of the middle of every body."""
    found: dict[int, tuple[FloatArray, FloatArray]] = {}
    for one in slice_.discs.values():
        if isinstance(one, NotMeasurableError):
            continue
        picture = smoothed(one.patch, image)
        for bone in (one.patch.upper, one.patch.lower):
            depth = depth_mm(one.patch, bone)
            inside = body(one.patch, bone) & (depth > _DEEP_MM[0]) & (depth < _DEEP_MM[1]) & np.isfinite(picture)
            if inside.sum() > _LEAST_PIXELS:
                found[bone] = one.patch.points_mm[inside], picture[inside]
    return found
