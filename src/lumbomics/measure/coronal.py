"""Coronal alignment: the largest Cobb angle from T10 to L5."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lumbomics.core.image import Image
from lumbomics.core.measurement import Drawing, Measurement, Result
from lumbomics.measure.attempt import attempt, both
from lumbomics.measure.geometry.endplate import Endplate
from lumbomics.measure.geometry.frame import FloatArray, Frame, mean_frame, unit
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.vertebra import VertebraGeometry
from lumbomics.measure.registry import implements

_METHOD = "endplate_line_midcoronal"
_STRAIGHT_DEG = 10.0


@dataclass(frozen=True)
class Curve:
    """Two end vertebrae and the signed angle between them, positive when the convexity is on the right."""

    upper: VertebraGeometry
    lower: VertebraGeometry
    angle_deg: float

    @property
    def se_deg(self) -> float:
        """Standard error of the angle."""
        lower = self.lower.require_inferior()
        return both(self.upper.superior.coronal_angle_se_deg, lower.coronal_angle_se_deg)


def coronal_plane(vertebrae: tuple[VertebraGeometry, ...]) -> Frame:
    """Frame whose anterior axis is the unit mean of the vertebrae's anterior axes."""
    frames = [v.frame for v in vertebrae]
    mean = mean_frame(frames)
    front = unit(np.mean([f.anterior for f in frames], axis=0))
    up = unit(mean.superior - (mean.superior @ front) * front)
    return Frame(mean.origin_mm, np.cross(front, up), front, up)


def coronal_tilt_deg(endplate: Endplate, plane: Frame) -> float:
    """Elevation of the right end of the endplate's plane, cut by the coronal plane."""
    cut = np.cross(plane.anterior, endplate.normal)
    return float(np.degrees(np.arctan2(cut @ plane.superior, cut @ plane.right)))


def largest_curve(vertebrae: tuple[VertebraGeometry, ...], plane: Frame) -> Curve:
    """Pair of vertebrae with the largest angle between the upper's superior and the lower's inferior endplate.

    The right end of the upper endplate high and that of the lower one low: the left side is closed, the convexity
    lies on the right.
    """
    top = {v.level: coronal_tilt_deg(v.superior, plane) for v in vertebrae}
    bottom = {v.level: coronal_tilt_deg(v.require_inferior(), plane) for v in vertebrae}
    curves = [Curve(u, w, top[u.level] - bottom[w.level]) for u, w in combinations(vertebrae, 2)]
    return max(curves, key=lambda curve: abs(curve.angle_deg))


@implements("coronal_cobb")
def coronal_cobb(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Largest angle between a superior and a lower inferior endplate from T10 to L5 in the mean coronal plane."""
    del image
    return attempt("coronal_cobb", [_METHOD], lambda: _cobb(spine))


def _cobb(spine: SpineGeometry) -> Iterator[Result]:
    for level in ("L1", "L2", "L3", "L4", "L5"):
        spine.vertebra(level).require_whole_width()
    vertebrae = tuple(v for v in spine.described("T10", "L5") if not v.cut_at_side)
    plane = coronal_plane(vertebrae)
    curve = largest_curve(vertebrae, plane)
    side = "right" if curve.angle_deg > 0 else "left"
    yield Measurement(
        biomarker="coronal_cobb",
        method=_METHOD,
        unit="deg",
        value=abs(curve.angle_deg),
        category=f"convex {side}, {curve.upper.level} to {curve.lower.level}",
        se=curve.se_deg,
        caution=_caution(vertebrae[0].level, abs(curve.angle_deg)),
        drawings=(
            _line(curve.upper, curve.upper.superior, plane, f"{curve.upper.level} superior endplate"),
            _line(curve.lower, curve.lower.require_inferior(), plane, f"{curve.lower.level} inferior endplate"),
        ),
    )


def _caution(first: str, angle_deg: float) -> str | None:
    parts = [] if first == "T10" else [f"The curve was sought from {first} down: nothing above is in view."]
    if angle_deg < _STRAIGHT_DEG:
        parts.append("Below 10 deg no scoliosis; the largest of many angles lies above zero by measuring error alone.")
    return " ".join(parts) or None


def _line(vertebra: VertebraGeometry, plate: Endplate, plane: Frame, label: str) -> Drawing:
    along: FloatArray = unit(np.cross(plane.anterior, plate.normal))
    half = 0.5 * vertebra.width_mm * along
    return Drawing.line(plate.centre_mm - half, plate.centre_mm + half, label)
