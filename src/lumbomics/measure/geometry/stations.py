"""Where the levels of a spine lie along its canal or dural sac."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from lumbomics.core.anatomy import DISC_OFFSET, VERTEBRA_NAMES, disc_level, disc_levels, vertebra_number
from lumbomics.core.measurement import Reason
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.profile import STEP_MM, Cut, Profile, area
from lumbomics.measure.geometry.section import Section
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.geometry.tube import Tube

STATION_SE_MM = 0.5
"""Standard error of a level's station: a centreline tilted by 1 deg, seen from the disc's middle 30 mm away."""
NO_DISC_LABEL = "no disc label: placed midway between the facing endplates"


@dataclass(frozen=True, eq=False)
class LevelledTube:
    """A tube beside a described spine.

    Parameters
    ----------
    tube
        The canal or the sac.
    spine
        The vertebrae and discs that name its levels.
    """

    tube: Tube
    spine: SpineGeometry = field(repr=False)

    def at_disc(self, upper: str, lower: str) -> tuple[float, str | None]:
        """Station of a disc's centroid and a caution where the disc is not labelled.

        Raises
        ------
        NotMeasurableError
            If neither the disc nor the endplates that face it can be used.
        """
        number = vertebra_number(upper) + DISC_OFFSET
        if number in self.spine.labels.boxes:
            return self._station(self.spine.structure(number).points_mm.mean(axis=0)), None
        above, below = self.spine.vertebra(upper), self.spine.vertebra(lower)
        between = (above.require_inferior().middle_mm + below.superior.middle_mm) / 2
        return self._station(between), NO_DISC_LABEL

    def at_body(self, level: str) -> float:
        """Station of a vertebral body's centroid."""
        return self._station(self.spine.vertebra(level).frame.origin_mm)

    def around_body(self, level: str) -> tuple[float, float]:
        """Stations of the disc below and the disc above a vertebra; of the body's end where there is no such disc."""
        vertebra = self.spine.vertebra(level)
        number = vertebra_number(level)
        pairs = [(above, below) for above, below, _ in disc_levels(self.spine.labels.vertebrae)]
        below = next((_names(pair) for pair in pairs if pair[0] == number), None)
        above = next((_names(pair) for pair in pairs if pair[1] == number), None)
        first = self._disc_or(below, vertebra.require_inferior().middle_mm)
        return first, self._disc_or(above, vertebra.superior.middle_mm)

    def level_stations(self) -> dict[str, float]:
        """Station of every vertebra (``L4``) and disc (``L4-L5``) that can be placed, in mm."""
        found: dict[str, float] = {}
        for level in self.spine.vertebra_levels:
            with suppress(NotMeasurableError):
                found[level] = self.at_body(level)
        for upper, lower in self.spine.disc_pairs:
            with suppress(NotMeasurableError):
                found[disc_level(vertebra_number(upper), vertebra_number(lower))] = self.at_disc(upper, lower)[0]
        return found

    def profile(self, first_mm: float, last_mm: float) -> Profile:
        """Sections every ``STEP_MM`` between two stations, in the vertebrae's own anterior directions."""
        count = max(2, round((last_mm - first_mm) / STEP_MM) + 1)
        stations = np.linspace(first_mm, last_mm, count)
        return Profile.along(self.tube, stations, self._anteriors(stations))

    def section(self, station_mm: float) -> Section:
        """Section at a station, in the anterior direction interpolated between the vertebrae's."""
        return self.tube.section(station_mm, self._anteriors(np.array([station_mm]))[0])

    def smallest(
        self, profile: Profile, first_mm: float, last_mm: float, known: Iterable[Cut] = ()
    ) -> tuple[Section, float]:
        """Section of smallest area between two stations, and the standard error of that area.

        Compared are the profile's sections, one more at the vertex of the parabola through the lowest and its
        neighbours, and the sections already ``known`` on that stretch: the smallest is never above a value stated
        there. Where the area still falls towards an end, the error of the end's station counts.

        Raises
        ------
        NotMeasurableError
            If the tube is not seen all the way.
        """
        cuts = [*profile.between(first_mm, last_mm), *known]
        if not cuts:
            raise NotMeasurableError(Reason.GEOMETRY_FAILED, "no section of the tube lies on that stretch")
        vertex = profile.lowest_near(min(cuts, key=_area_of)[0])
        if first_mm <= vertex <= last_mm:
            with suppress(NotMeasurableError):
                cuts.append((vertex, self.section(vertex)))
        station, section = min(cuts, key=_area_of)
        at_end = min(station - first_mm, last_mm - station) < STEP_MM / 2
        moved = STATION_SE_MM * profile.slope_at(station, area) if at_end else 0.0
        return section, float(np.hypot(section.area_se_mm2, moved))

    def _disc_or(self, pair: tuple[str, str] | None, otherwise_mm: FloatArray) -> float:
        if pair is None:
            return self._station(otherwise_mm)
        try:
            return self.at_disc(*pair)[0]
        except NotMeasurableError:
            return self._station(otherwise_mm)

    def _station(self, point_mm: FloatArray) -> float:
        return float(self.tube.centreline.station_of(point_mm))

    def _anteriors(self, stations_mm: FloatArray) -> FloatArray:
        known = sorted(self._known_fronts(), key=lambda entry: entry[0])
        if not known:
            raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, "no vertebra tells which way is front")
        at, fronts = np.array([s for s, _ in known]), np.array([front for _, front in known])
        return np.stack([np.interp(stations_mm, at, axis) for axis in fronts.T], axis=-1)

    def _known_fronts(self) -> list[tuple[float, FloatArray]]:
        found = []
        for level in (*self.spine.vertebra_levels, "S1"):
            try:
                frame = self.spine.vertebra(level).frame
            except NotMeasurableError:
                continue
            found.append((self._station(frame.origin_mm), frame.anterior))
        return found


def _area_of(cut: Cut) -> float:
    return cut[1].area_mm2


def _names(pair: tuple[int, int]) -> tuple[str, str]:
    return VERTEBRA_NAMES[pair[0]], VERTEBRA_NAMES[pair[1]]
