"""Biomarkers that need several series of a visit: which function measures which, and the one call that runs them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, vertebra_number
from lumbomics.core.errors import InputError
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Context, Reason, Result
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import pair_level
from lumbomics.measure.geometry.frame import FloatArray, Frame
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.slices import AxialSlice, slices_at
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.registry import chosen, measured_if_sure, registering

_AT_SIDE = 0.7
"""Least cosine between the right axis and the normal of an image's face for the face to lie at a side."""
_BESIDE_MM = 4.0
T2_CONTRASTS = (Contrast.T2, Contrast.T2_SPACE)
"""Contrasts read as T2, best first."""


@dataclass(frozen=True, kw_only=True)
class ExaminationOptions:
    """Choices made before measuring; engineering defaults, none a diagnostic cut-off.

    Parameters
    ----------
    most_obscured
        Share of a region that metal may spoil before its values are Absent.
    disc_half_height_mm
        Slices whose plane passes so near the disc's middle, in the canal where they are tilted against the disc, count
        as slices through the disc.
    mature_months
        Scar is called mature from here on.
    early_months
        Examinations before carry the caution of the early postoperative days.
    goutallier_limits
        Fat fractions (%) at which Goutallier's grades 1 to 4 begin.
    """

    most_obscured: float = 0.2
    disc_half_height_mm: float = 8.0
    mature_months: float = 6.0
    early_months: float = 1.5
    goutallier_limits: tuple[float, float, float, float] = (5.0, 15.0, 45.0, 55.0)

    def __post_init__(self) -> None:
        if not 0 <= self.most_obscured <= 1:
            raise InputError(
                "share out of range", expected="0 to 1", got=str(self.most_obscured), where="most_obscured"
            )
        if not 0 < self.early_months <= self.mature_months or self.disc_half_height_mm <= 0:
            raise InputError("distances and times must be positive and in order", got=str(self))
        if list(self.goutallier_limits) != sorted(set(self.goutallier_limits)):
            raise InputError("limits of grades must rise", got=str(self.goutallier_limits), where="goutallier_limits")


@dataclass(frozen=True, kw_only=True, eq=False)
class ExaminedSpine:
    """A described spine with all series laid over it."""

    spine: SpineGeometry
    examination: Examination
    options: ExaminationOptions = field(default_factory=ExaminationOptions)
    _slices: dict[tuple[str, str, str, float], tuple[AxialSlice, ...]] = field(
        default_factory=dict, init=False, repr=False
    )
    _cuts: dict[tuple[str, str, str, int], AxialSlice] = field(default_factory=dict, init=False, repr=False)

    def scan(self, *contrasts: Contrast, plane: Plane | None = None, fat_suppressed: bool | None = None) -> Scan:
        """Return the best scan of the contrasts (first named first); NotMeasurableError where there is none."""
        found = self.examination.of(contrasts, plane=plane, fat_suppressed=fat_suppressed)
        if found:
            return found[0]
        reason = Reason.NO_CONTRAST_SERIES if contrasts == (Contrast.T1_POST,) else Reason.NO_SUITABLE_SERIES
        which = " or ".join(contrasts)
        raise NotMeasurableError(reason, f"the examination has no {f'{plane} ' if plane else ''}{which} series")

    def slices(
        self, scan: Scan, upper: str, lower: str, *, half_height_mm: float | None = None
    ) -> tuple[AxialSlice, ...]:
        """Return the slices of an axial scan through a disc, found once; NotMeasurableError where none passes."""
        reach = self.options.disc_half_height_mm if half_height_mm is None else half_height_mm
        key = scan.name, upper, lower, reach
        if key not in self._slices:
            segment, centre, canal = self.places(upper, lower)
            level = pair_level(upper, lower)
            found = slices_at(scan, segment, centre, half_height_mm=reach, level=level, canal_mm=canal)
            # one object a slice, whatever the reach: it keeps its points
            self._slices[key] = tuple(self._cuts.setdefault((*key[:3], one.index), one) for one in found)
        return self._slices[key]

    def places(self, upper: str, lower: str) -> tuple[Frame, FloatArray, FloatArray | None]:
        """Frame of a disc, its middle (3,) and the middle (3,) of the canal beside it, ``None`` where none is drawn."""
        segment = self.spine.segment(upper, lower)
        centre = _disc_middle(self.spine, segment, upper, lower)
        return segment, centre, _canal_middle(self.spine, segment, centre)

    def require_clear(self, obscured: NDArray[np.bool_], what: str) -> None:
        """Raise NotMeasurableError where metal spoils too much of a region; ``obscured`` holds its voxels."""
        share = float(obscured.mean()) if obscured.size else 0.0
        if share > self.options.most_obscured:
            raise NotMeasurableError(
                Reason.NOT_ASSESSABLE_METAL,
                f"metal spoils {100 * share:.0f} % of {what}, {100 * self.options.most_obscured:.0f} % are allowed",
            )

    def time_caution(self, level: str) -> str | None:
        """Tell what the time since the last operation at a level says against a value; ``None`` where nothing does."""
        known = [one.months for one in self.examination.operated(level) if one.months is not None]
        if not known:
            return None
        months = min(known)
        if months < self.options.early_months:
            return f"{months:.1f} months after surgery: normal healing looks like disease here"
        if months < self.options.mature_months:
            return f"{months:.1f} months after surgery: scar is not mature"
        return None


def _disc_middle(spine: SpineGeometry, segment: Frame, upper: str, lower: str) -> FloatArray:
    """Middle (3,) of a disc; of one that a narrow sagittal slab cuts off at a side, in the segment's sagittal plane."""
    try:
        return np.asarray(spine.disc(upper, lower).points_mm.mean(axis=0))
    except NotMeasurableError:
        solid = spine.structure(vertebra_number(upper) + DISC_OFFSET)
        faces = solid.cut_faces()
        if not len(faces) or (np.abs(faces @ segment.right) < _AT_SIDE).any():
            raise
        middle = segment.to_local(solid.points_mm.mean(axis=0))
        return segment.to_world((0.0, middle[1], middle[2]))


def _canal_middle(spine: SpineGeometry, segment: Frame, centre_mm: FloatArray) -> FloatArray | None:
    """Middle (3,) of the canal beside a disc; ``None`` where none is labelled."""
    points = np.concatenate([spine.labels.points_mm(value) for value in (CANAL, CORD)]) - centre_mm
    beside = points[np.abs(points @ segment.superior) <= _BESIDE_MM]
    return centre_mm + np.median(beside @ segment.anterior) * segment.anterior if len(beside) else None


ExaminationFunction = Callable[[ExaminedSpine], list[Result]]
"""A pure function: a spine with all its series -> every result of one biomarker."""

_FUNCTIONS: dict[str, ExaminationFunction] = {}
EXAMINED: Mapping[str, ExaminationFunction] = MappingProxyType(_FUNCTIONS)
"""Biomarker id -> function, for the biomarkers that need several series."""


examines = registering(_FUNCTIONS)
"""Register a function of several series under a catalogue id."""


def measure_examination(
    examined: ExaminedSpine, *, only: Collection[str] | None = None, context: Context | None = None
) -> tuple[Result, ...]:
    """Measure every biomarker that needs several series.

    Parameters
    ----------
    examined
        The spine and its series.
    only
        Biomarker ids to measure; all by default.
    context
        What the results share; a result's own series stands over the shared one.

    Returns
    -------
    Every (biomarker, method, level, side) in question exactly once, as Measurement or Absent.

    Raises
    ------
    InputError
        If ``only`` names a biomarker that is not implemented.
    """
    results = [
        result
        for name in chosen(EXAMINED, only)
        for result in measured_if_sure(name, examined.spine, lambda n: EXAMINED[n](examined))
    ]
    shared = context or Context()
    return tuple(result.within(replace(shared, series=result.context.series or shared.series)) for result in results)
