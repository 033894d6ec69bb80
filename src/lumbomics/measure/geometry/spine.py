"""All vertebrae of one segmentation, described once and when first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from lumbomics.core.anatomy import (
    CANAL,
    CORD,
    DISC_OFFSET,
    VERTEBRA_NAMES,
    VERTEBRA_NUMBERS,
    disc_level,
    rank,
    vertebra_number,
)
from lumbomics.core.errors import InputError
from lumbomics.core.labels import Labels, Segmentation, Subregion, spine_name
from lumbomics.core.measurement import Reason
from lumbomics.core.sampling import sample_nearest
from lumbomics.measure.geometry.frame import FloatArray, Frame, mean_frame, unit
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.options import MeasureOptions
from lumbomics.measure.geometry.orientation import WORLD_SUPERIOR, deepest_point_mm
from lumbomics.measure.geometry.sacrum import describe_sacrum
from lumbomics.measure.geometry.storage import canonical
from lumbomics.measure.geometry.surface import Solid
from lumbomics.measure.geometry.uncertainty import BoundaryError
from lumbomics.measure.geometry.vertebra import Surroundings, VertebraGeometry, describe_vertebra

_S1 = VERTEBRA_NUMBERS["S1"]
_L1, _L5, _L6 = (VERTEBRA_NUMBERS[name] for name in ("L1", "L5", "L6"))
_T1, _T12, _T13 = (VERTEBRA_NUMBERS[name] for name in ("T1", "T12", "T13"))
_CORPUS = (Subregion.CORPUS, Subregion.CORPUS_BORDER)
_LEAST_CORPUS_MM3 = 1000.0
_NEXT_LEVEL_MM = 36.0


@dataclass(frozen=True, eq=False)
class SpineGeometry:
    """Vertebrae, segments and structures of one segmentation; each is described when first asked for, then kept.

    Every getter raises NotMeasurableError, with the reason that belongs into Absent, for what is missing, cut off or
    beyond description.

    Parameters
    ----------
    segmentation
        The label maps.
    options
        Choices made before measuring.
    """

    segmentation: Segmentation
    options: MeasureOptions = field(default_factory=MeasureOptions)
    _vertebrae: dict[int, VertebraGeometry | NotMeasurableError] = field(default_factory=dict, init=False, repr=False)
    _solids: dict[int, Solid] = field(default_factory=dict, init=False, repr=False)
    _bodies: dict[int, Solid | None] = field(default_factory=dict, init=False, repr=False)

    @property
    def labels(self) -> Labels:
        """The spine map."""
        return self.segmentation.spine

    @cached_property
    def error(self) -> BoundaryError:
        """Error sources of the spine map."""
        return BoundaryError.from_labels(self.labels, self.options)

    @cached_property
    def vertebra_levels(self) -> tuple[str, ...]:
        """Vertebrae in question, head to tail: the thoracic ones present, L1 to L5, and L6 if present."""
        present = [n for n in self.labels.vertebrae if rank(_T1) <= rank(n) <= rank(_T13)]
        lumbar = [n for n in range(_L1, _L6 + 1) if n != _L6 or n in self.labels.vertebrae]
        return tuple(VERTEBRA_NAMES[n] for n in (*present, *lumbar))

    @cached_property
    def disc_pairs(self) -> tuple[tuple[str, str], ...]:
        """Neighbours (upper, lower) of the discs in question: from T12 (T13 if present) to S1."""
        top = _T13 if _T13 in self.labels.vertebrae else _T12
        lumbar = [n for n in range(_L1, _L6 + 1) if n != _L6 or n in self.labels.vertebrae]
        chain = [VERTEBRA_NAMES[n] for n in (top, *lumbar, _S1)]
        return tuple(pairwise(chain))

    @cached_property
    def has_lumbar(self) -> bool:
        """Whether any lumbar vertebra is labelled."""
        return any(_L1 <= n <= _L6 for n in self.labels.vertebrae)

    def vertebra(self, level: str) -> VertebraGeometry:
        """Geometry of a vertebra by name (``L4``; ``S1`` for the sacrum)."""
        number = vertebra_number(level)
        if number not in self._vertebrae:
            try:
                self._vertebrae[number] = self._describe(number, level)
            except NotMeasurableError as obstacle:
                self._vertebrae[number] = obstacle
            except InputError as fault:  # directions without a length, in labels that are no vertebra
                detail = f"{level} cannot be described: {fault.problem}"
                self._vertebrae[number] = NotMeasurableError(Reason.GEOMETRY_FAILED, detail)
        found = self._vertebrae[number]
        if isinstance(found, NotMeasurableError):
            raise NotMeasurableError(found.reason, found.detail)
        return found

    def segment(self, upper: str, lower: str) -> Frame:
        """Frame of the disc between two neighbours: unit means of both body frames, right axis first."""
        return mean_frame([self.vertebra(upper).frame, self.vertebra(lower).frame])

    def common_frame(self, first: str, last: str) -> Frame:
        """Mean frame of all vertebrae from ``first`` to ``last`` that can be described; both ends must be."""
        ends = [self.vertebra(first), self.vertebra(last)]
        return mean_frame([ends[0].frame, *(v.frame for v in self.described(first, last)[1:-1]), ends[1].frame])

    def described(self, first: str, last: str) -> tuple[VertebraGeometry, ...]:
        """Return the vertebrae from ``first`` to ``last`` that can be described, head to tail."""
        ends = rank(vertebra_number(first)), rank(vertebra_number(last))
        numbers = [n for n in self.labels.vertebrae if ends[0] <= rank(n) <= ends[1]]
        return tuple(v for n in numbers if (v := self._describable(n)) is not None)

    def _describable(self, number: int) -> VertebraGeometry | None:
        try:
            return self.vertebra(VERTEBRA_NAMES[number])
        except NotMeasurableError:
            return None

    def structure(self, value: int) -> Solid:
        """Structure of the spine map by its number (disc, canal, cord, whole vertebra)."""
        if value not in self.labels.boxes:
            name = spine_name(value) or str(value)
            raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"{name} is not in the labels")
        if value not in self._solids:
            self._solids[value] = Solid.from_labels(self.labels, value)
        return self._solids[value]

    def disc(self, upper: str, lower: str) -> Solid:
        """Disc between two neighbours; NotMeasurableError where unlabelled or cut off by the grid's edge."""
        self._require(vertebra_number(upper), upper)
        self._require(vertebra_number(lower), lower)
        solid = self.structure(vertebra_number(upper) + DISC_OFFSET)
        if len(solid.cut_faces()):
            name = disc_level(vertebra_number(upper), vertebra_number(lower))
            where = "at the side" if any(solid.at_sides) else "by the edge of the image"
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"the disc {name} is cut off {where}")
        return solid

    @cached_property
    def canal_points_mm(self) -> FloatArray:
        """Voxel centres of canal and cord together, (n, 3) RAS+ mm, from the spine map or else the semantic map."""
        for labels in (self.labels, self.segmentation.subregion):
            if labels is not None and (points := [labels.points_mm(v) for v in (CANAL, CORD) if v in labels.boxes]):
                return np.concatenate(points)
        return np.empty((0, 3))

    @cached_property
    def _seeds(self) -> dict[int, FloatArray]:
        numbers = [n for n in self.labels.vertebrae if rank(n) < rank(_S1)]
        return {n: deepest_point_mm(self._corpus(n) or self.structure(n)) for n in numbers}

    def _describe(self, number: int, level: str) -> VertebraGeometry:
        self._require(number, level)
        if number == _S1:
            above = [n for n in self.labels.vertebrae if rank(n) < rank(_S1)]
            if not above or rank(above[-1]) < rank(_L5) - 1:
                raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "the vertebra above S1 is not in the labels")
            upper = self.vertebra(VERTEBRA_NAMES[above[-1]])
            return describe_sacrum(self.labels, number, level, self._around(upper.frame.superior), upper)
        around = replace(self._around(self._tangent(number)), seed_mm=self._seeds[number])
        return describe_vertebra(self.labels, number, level, around, self._corpus(number))

    def _around(self, superior: FloatArray) -> Surroundings:
        return Surroundings(superior, self.canal_points_mm, self.error, self.options.slab_half_width_mm)

    def _tangent(self, number: int) -> FloatArray:
        """Direction of the spine at a vertebra, from the bodies' middles; the image's vertical for a lone one."""
        numbers = list(self._seeds)
        at = numbers.index(number)
        upper, lower = numbers[max(at - 1, 0)], numbers[min(at + 1, len(numbers) - 1)]
        return WORLD_SUPERIOR if upper == lower else unit(self._seeds[upper] - self._seeds[lower])

    def _corpus(self, number: int) -> Solid | None:
        """Body of a vertebra where the semantic map marks it."""
        if number not in self._bodies:
            self._bodies[number] = self._marked_body(number)
        return self._bodies[number]

    def _marked_body(self, number: int) -> Solid | None:
        if self.segmentation.subregion is None:
            return None
        whole = self.structure(number)
        part = sample_nearest(self.segmentation.subregion.array, self.segmentation.subregion.grid, whole.points_mm)
        corpus = whole.keep(np.isin(part, _CORPUS))
        return corpus if corpus.volume_mm3 > _LEAST_CORPUS_MM3 else None

    def _require(self, number: int, level: str) -> None:
        if number in self.labels.boxes:
            return
        if not self.has_lumbar:
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, "no lumbar vertebra is in the labels")
        if self._beyond_edge(number):
            raise NotMeasurableError(Reason.FIELD_OF_VIEW, f"{level} lies beyond the edge of the image")
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"{level} is not in the labels")

    def _beyond_edge(self, number: int) -> bool:
        """Tell whether the spine, carried on past its last labelled vertebra, leaves the grid before ``number``."""
        numbers = list(self._seeds)
        above = rank(number) < rank(numbers[0])
        if not above and rank(number) < rank(numbers[-1]):
            return False
        end = numbers[0] if above else numbers[-1]
        steps = abs(rank(number) - rank(end))
        ahead = self._seeds[end] + (1 if above else -1) * steps * _NEXT_LEVEL_MM * self._tangent(end)
        index = self.labels.grid.to_index(ahead)
        return bool(((index < -0.5) | (index > np.array(self.labels.grid.shape) - 0.5)).any())


def describe_spine(segmentation: Segmentation, *, options: MeasureOptions | None = None) -> SpineGeometry:
    """Prepare the geometry of a segmentation, in canonical storage order; vertebrae are described when asked for."""
    return SpineGeometry(canonical(segmentation), options or MeasureOptions())
