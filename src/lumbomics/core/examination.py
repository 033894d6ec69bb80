"""Several series of one visit, laid into one space: what the biomarkers of the operated spine are measured from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.visit import MetalTechnique, Plane


class CanalTissue(IntEnum):
    """The project's own map of what lies in and about the spinal canal.

    The bony canal is everything in :data:`IN_CANAL`; the dural sac what is in :data:`IN_SAC`.
    """

    FLUID = 1
    """Cerebrospinal fluid."""
    ROOT = 2
    """Nerve roots inside the sac."""
    CORD = 3
    EPIDURAL_FAT = 4
    """Fat and veins between sac and canal wall."""
    FLAVUM = 5
    """Ligamentum flavum; outside the canal."""
    SCAR = 6
    """Epidural fibrosis."""
    DISC = 7
    """Displaced disc material, beyond the outline of the disc's own space."""
    COLLECTION = 8
    """Fluid outside the sac (pseudomeningocele, seroma, abscess); may reach out of the canal."""
    HAEMATOMA = 9
    EPIDURAL_TISSUE = 10
    """Epidural soft tissue of which no contrast series tells whether it is scar or disc."""
    FACET_FLUID = 11
    """Fluid in a facet joint; outside the canal."""
    DEFECT = 12
    """Scar or fat in the place of removed bone; outside the canal."""


IN_SAC = frozenset({CanalTissue.FLUID, CanalTissue.ROOT, CanalTissue.CORD})
"""Tissues inside the dural sac."""
IN_CANAL = IN_SAC | {
    CanalTissue.EPIDURAL_FAT,
    CanalTissue.SCAR,
    CanalTissue.DISC,
    CanalTissue.HAEMATOMA,
    CanalTissue.EPIDURAL_TISSUE,
}
"""Tissues inside the spinal canal."""


class Obscured(IntEnum):
    """The project's own map of what metal spoils in an MR image."""

    VOID = 1
    """No signal, or signal piled up."""
    DISTORTED = 2
    """Signal that belongs elsewhere."""


class Surgery(StrEnum):
    """Kind of operation at a level."""

    DISCECTOMY = "discectomy"
    LAMINECTOMY = "laminectomy"
    LAMINOTOMY = "laminotomy"
    FUSION = "fusion"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operated level.

    Parameters
    ----------
    level
        Disc level (``L4-L5``).
    kind
        What was done.
    side
        ``None`` for both sides or where it is not known.
    months
        Time between this operation and the examination; ``None`` where unknown.
    """

    level: str
    kind: Surgery = Surgery.OTHER
    side: Side | None = None
    months: float | None = None

    def __post_init__(self) -> None:
        if self.months is not None and self.months < 0:
            raise InputError(
                "the examination lies before the operation",
                expected=">= 0 months",
                got=str(self.months),
                where="months",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """One series, laid into the space all series of the examination share.

    Parameters
    ----------
    name
        BIDS name of the series.
    image
        Voxels as acquired; the grid is moved into the common space, the voxels are not resampled.
    plane
        How the slices lie.
    fat_suppressed, metal_technique
        As in :class:`~lumbomics.core.visit.SeriesKind`.
    tissue
        :class:`CanalTissue` on the same voxels; ``None`` where nobody drew it.
    muscle
        Muscle map on the same voxels.
    obscured
        :class:`Obscured` on the same voxels; ``None`` where metal was not looked for.
    registration_error_mm
        Estimated error of the common space for this series; 0 for the reference, ``None`` where it shares the
        reference's frame and was taken as it lies.
    stack_error_mm
        Estimated error of its place on the axial T2 of its stack; ``None`` where there is none or it was not checked.
    facts
        Acquisition facts, as in Series.
    """

    name: str
    image: Image
    plane: Plane
    fat_suppressed: bool = False
    metal_technique: MetalTechnique = MetalTechnique.NONE
    tissue: Labels | None = None
    muscle: Labels | None = None
    obscured: Labels | None = None
    registration_error_mm: float | None = None
    stack_error_mm: float | None = None
    facts: tuple[tuple[str, str | float], ...] = ()

    def __post_init__(self) -> None:
        for what in ("tissue", "muscle", "obscured"):
            labels: Labels | None = getattr(self, what)
            if labels is not None:
                self.image.grid.require_same_place(labels.grid, where=f"{what} map of {self.name}")

    @property
    def contrast(self) -> Contrast:
        """Kind of picture."""
        return self.image.contrast


@dataclass(frozen=True, kw_only=True, eq=False)
class Examination:
    """All series of one visit in one space, with the level map they share.

    Parameters
    ----------
    segmentation
        Label maps of the reference series, which name the levels.
    scans
        The series; names are unique. All lie in the reference's space.
    operations
        Operated levels, where known.
    left_out
        Series that could not be laid into the space, with the reason.
    """

    segmentation: Segmentation
    scans: tuple[Scan, ...] = ()
    operations: tuple[Operation, ...] = ()
    left_out: tuple[tuple[str, str], ...] = field(default=())

    def __post_init__(self) -> None:
        names = [scan.name for scan in self.scans]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError("scans share a name", got=", ".join(twice), where="examination")

    def of(
        self, contrasts: Collection[Contrast], *, plane: Plane | None = None, fat_suppressed: bool | None = None
    ) -> tuple[Scan, ...]:
        """Return the scans of the contrasts given, in that order; of one plane or fat suppression where asked."""
        order = list(contrasts)
        fitting = [
            scan
            for scan in self.scans
            if scan.contrast in order and plane in (None, scan.plane) and fat_suppressed in (None, scan.fat_suppressed)
        ]
        return tuple(sorted(fitting, key=lambda scan: order.index(scan.contrast)))

    def operated(self, level: str) -> tuple[Operation, ...]:
        """Return the operations at a disc level."""
        return tuple(one for one in self.operations if one.level == level)
