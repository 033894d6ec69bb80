"""All MR series of a visit laid into the space of one labelled series, with what can be seen on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.examination import Examination, Operation, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.provenance import Decision
from lumbomics.core.visit import Plane, Series, Visit
from lumbomics.prepare.metal import find_metal
from lumbomics.prepare.registration import Refusal, Registration, RegistrationOptions, register
from lumbomics.prepare.rigid import inverse, rms_distance_mm
from lumbomics.run.examination_checks import clipped, missed_levels, spoilt, swapped, undrawn
from lumbomics.run.examination_stacks import settle_stacks
from lumbomics.run.examination_tissue import draw_on_axial

FloatArray = NDArray[np.float64]

MR_CONTRASTS = frozenset(
    {
        Contrast.T1,
        Contrast.T2,
        Contrast.STIR,
        Contrast.T1_POST,
        Contrast.PD,
        Contrast.DIXON_WATER,
        Contrast.DIXON_FAT,
        Contrast.BSSFP,
        Contrast.T2_SPACE,
    }
)
"""Kinds of series that an examination is made of."""
_REFERENCES = (Contrast.T2, Contrast.T2_SPACE, Contrast.T1, Contrast.STIR)
_PLANES = (Plane.SAGITTAL, Plane.ISOTROPIC)
_MOVED_MM = 1.5
"""Patients lie within this of the headers' geometry in ordinary examinations; engineering default."""
_SURE = 3.0
"""A motion is believed from so many times its own error."""
_POINTS = 4000
_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Examined:
    """An examination, or why there is none, with what was decided on the way.

    Parameters
    ----------
    examination
        The series in one space; ``None`` where no series can be the reference.
    reference
        Name of the series whose labels name the levels.
    reason
        Why there is no examination.
    faults
        What the user must know: patient moved, series left out, clipped signals.
    decisions
        How each series was laid.
    registrations
        Series name -> how it was registered; series that were not are not in it.
    """

    examination: Examination | None = None
    reference: str | None = None
    reason: str = ""
    faults: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    registrations: Mapping[str, Registration] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def examine_visit(
    visit: Visit,
    segmentations: Mapping[str, Segmentation],
    *,
    operations: Sequence[Operation] = (),
    step: Callable[[str], None] = lambda _: None,
) -> Examined:
    """Lay every MR series of a visit into the space of a labelled one, and see what is on each.

    The reference is the labelled sagittal T2, else another labelled sagittal series. A series of the same frame of
    reference lies as its header says, unless registration shows that the patient moved. A series of another frame, or
    of none, must register, or it is left out with the reason. Axial series are then laid finely onto the T2 of their
    stack. On each, metal is looked for; on axial T2 series the
    tissue of the canal is drawn, and muscles.

    Parameters
    ----------
    visit
        All series.
    segmentations
        Series name -> label maps that may be used.
    operations
        Operated levels, where known.
    step
        Told what is done now.
    """
    reference = _reference(visit, segmentations)
    if reference is None:
        return Examined(reason="no sagittal MR series of this visit has a label map that can be used")
    segmentation = segmentations[reference.name]
    step("laying all series into one space")
    laid = _lay_all(visit.series, reference, segmentation)
    settled = settle_stacks([one.scan for one in laid if one.scan is not None], segmentation)
    found = _with_metal(settled.scans, segmentation)
    scans, swaps = swapped(found, segmentation)
    step("drawing tissue on axial series")
    drawn, told = draw_on_axial(scans, segmentation)
    left_out = (*(why for one in laid for why in one.left_out), *swaps)
    examination = Examination(segmentation=segmentation, scans=drawn, operations=tuple(operations), left_out=left_out)
    return Examined(
        examination=examination,
        reference=reference.name,
        faults=(
            *(fault for one in laid for fault in one.faults),
            *settled.faults,
            *(f"{name} is left out: {why}" for name, why in left_out),
            *clipped(visit, [scan.name for scan in scans]),
            *spoilt(scans, segmentation),
            *told,
            *missed_levels(examination),
            *undrawn(examination, visit),
        ),
        decisions=(
            Decision(what="space of the examination", choice=reference.name, because="best labelled sagittal series"),
            *(decision for one in laid for decision in one.decisions),
            *settled.decisions,
        ),
        registrations=MappingProxyType({name: found for one in laid for name, found in one.registrations.items()}),
    )


def _reference(visit: Visit, segmentations: Mapping[str, Segmentation]) -> Series | None:
    fit = [
        series
        for series in visit.series
        if series.name in segmentations and series.kind.plane in _PLANES and series.kind.contrast in _REFERENCES
    ]
    return min(fit, key=lambda series: _REFERENCES.index(series.kind.contrast), default=None)


def _lay_all(series: Sequence[Series], reference: Series, segmentation: Segmentation) -> list[_Laid]:
    """Lay every series, in the order given; registration lets go of the interpreter, so that two go side by side."""
    spine = segmentation.spine
    inside = np.argwhere(spine.array > 0)
    points = spine.grid.to_world(inside[:: max(1, len(inside) // _POINTS)])
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda one: _Laid(one, reference, segmentation, points), series))


def _with_metal(scans: Sequence[Scan], segmentation: Segmentation) -> list[Scan]:
    """Mark what metal spoils; where fat is dark by technique, voids cannot be told from it."""
    images = {scan.name: scan.image for scan in scans if not scan.fat_suppressed}

    def marked(scan: Scan) -> Scan:
        if scan.fat_suppressed:
            return scan
        others = [image for name, image in images.items() if name != scan.name]
        found = find_metal(scan.image, segmentation.spine, others=others, technique=scan.metal_technique)
        return replace(scan, obscured=found)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(marked, scans))


class _Laid:
    """One series laid into the reference's space, and what was decided on the way."""

    def __init__(self, series: Series, reference: Series, segmentation: Segmentation, points: FloatArray) -> None:
        self._reference = reference
        self._fixed = _image(reference)
        self._segmentation = segmentation
        self._points = points
        self.left_out: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.decisions: list[Decision] = []
        self.registrations: dict[str, Registration] = {}
        self.scan = self._lay(series)

    def _lay(self, series: Series) -> Scan | None:
        """Scan of a series in the common space, or ``None`` where it is left out."""
        if series.kind.contrast not in MR_CONTRASTS:
            return None
        if series.name == self._reference.name:
            return self._scan(series, series.image.grid, 0.0)
        frame, own = self._reference.image.grid.frame, series.image.grid.frame
        if frame is not None and own is not None and frame != own:
            return self._from_elsewhere(series, search=True)
        if frame is None or own is None:
            return self._from_elsewhere(series, search=False)
        return self._from_the_same(series)

    def _register(self, series: Series, *, search: bool) -> Registration:
        found = register(_image(series), self._fixed, about_mm=self._points, options=RegistrationOptions(search=search))
        self.registrations[series.name] = found
        return found

    def _from_the_same(self, series: Series) -> Scan | None:
        found = self._register(series, search=False)
        if found.accepted:
            return self._moved_or_not(series, found)
        if found.refusal is Refusal.MIRRORED:
            self._leave_swapped(series, found)
            return None
        self._decide(series, "as the header says", f"same frame of reference; not checked: {found.reason}")
        if found.refusal in {Refusal.UNRELATED, Refusal.INCONSISTENT}:
            self.faults.append(
                f"{series.name}: its place could not be checked: {found.reason}; it lies as its header says, "
                "see its pictures in the report before its values are used"
            )
        return self._scan(series, series.image.grid, None)

    def _leave_swapped(self, series: Series, found: Registration) -> None:
        hint = f"check how this one and {self._reference.name} were exported"
        self.left_out.append((series.name, f"against {self._reference.name}, {found.reason}; {hint}"))

    def _from_elsewhere(self, series: Series, *, search: bool) -> Scan | None:
        found = self._register(series, search=search)
        if found.accepted:
            if search:
                self.faults.append(f"{series.name} lies in another frame of reference and was registered")
                return self._placed(series, found, "another frame of reference")
            return self._moved_or_not(series, found)
        if found.refusal is Refusal.MIRRORED:
            self._leave_swapped(series, found)
            return None
        if not search and found.refusal is Refusal.TOO_FEW_SLICES and self._overlaps(series.image.grid):
            self._decide(series, "as the header says", f"no frame of reference; not checked: {found.reason}")
            return self._scan(series, series.image.grid, None)
        where = "lies in another frame of reference" if search else "names no frame of reference"
        self.left_out.append((series.name, f"{where} and could not be registered: {found.reason}"))
        return None

    def _moved_or_not(self, series: Series, found: Registration) -> Scan:
        by_mm = rms_distance_mm(found.motion, np.eye(4), self._seen(series, found))
        if by_mm <= max(_MOVED_MM, _SURE * (found.error_mm or 0)):
            because = f"registration agrees within {by_mm:.1f} mm{_on_sides(found)}"
            self._decide(series, "as the header says", because)
            return self._scan(series, series.image.grid, max(by_mm, found.error_mm or 0))
        self.faults.append(
            f"{series.name}: the patient moved by {found.shift_mm:.1f} mm and {found.rotation_deg:.1f} degrees; "
            f"the series was laid back (error about {found.error_mm:.1f} mm)"
        )
        return self._placed(series, found, f"the patient moved by {by_mm:.1f} mm")

    def _placed(self, series: Series, found: Registration, why: str) -> Scan:
        self._decide(series, f"registered, error {found.error_mm:.2f} mm", why + _on_sides(found))
        return self._scan(series, found.place(series.image.grid), found.error_mm)

    def _seen(self, series: Series, found: Registration) -> FloatArray:
        """Points of the spine that the series shows; all where it shows none."""
        grid = series.image.grid
        index = grid.to_index(self._points @ inverse(found.motion)[:3, :3].T + inverse(found.motion)[:3, 3])
        inside = ((index > -0.5) & (index < np.array(grid.shape) - 0.5)).all(axis=1)
        return np.asarray(self._points[inside] if inside.any() else self._points)

    def _overlaps(self, grid: Grid) -> bool:
        index = grid.to_index(self._points)
        return bool(((index > -0.5) & (index < np.array(grid.shape) - 0.5)).all(axis=1).any())

    def _scan(self, series: Series, grid: Grid, error_mm: float | None) -> Scan:
        # all grids bear the reference's frame: they lie in its space now
        placed = Grid(grid.shape, grid.affine, self._fixed.grid.frame)
        image = replace(_image(series), grid=placed)
        return Scan(
            name=series.name,
            image=image,
            plane=series.kind.plane,
            fat_suppressed=series.kind.fat_suppressed,
            metal_technique=series.kind.metal_technique,
            registration_error_mm=error_mm,
            facts=series.facts,
        )

    def _decide(self, series: Series, choice: str, because: str) -> None:
        self.decisions.append(Decision(what=f"{series.name}: place", choice=choice, because=because))


def _on_sides(found: Registration) -> str:
    return "" if found.side_checked else "; left and right rest on the headers: the body is too even to tell"


def _image(series: Series) -> Image:
    return Image(series.image.array, series.image.grid, series.image.quantity, series.kind.contrast)
