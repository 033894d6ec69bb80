"""One patient on one date, with all series."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Posture
from lumbomics.core.provenance import Decision

_BIDS_LABEL = re.compile(r"[A-Za-z0-9]+")


class Plane(StrEnum):
    """Orientation of the acquired slices."""

    SAGITTAL = "sagittal"
    AXIAL = "axial"
    CORONAL = "coronal"
    OBLIQUE = "oblique"
    ISOTROPIC = "isotropic"
    PROJECTION = "projection"
    UNKNOWN = "unknown"


class MetalTechnique(StrEnum):
    """Metal-artefact technique of the sequence."""

    NONE = "none"
    VAT = "VAT"
    SEMAC = "SEMAC"
    MAVRIC = "MAVRIC"
    CT_MAR = "CT_MAR"


@dataclass(frozen=True, kw_only=True)
class SeriesKind:
    """What a series is, each part with the fact that decided it.

    Parameters
    ----------
    contrast, plane, metal_technique
        The classes.
    fat_suppressed
        Whether fat is dark by technique.
    kernel
        CT convolution kernel; ``None`` elsewhere.
    confidence
        Probability in [0, 1] that the contrast is right.
    decisions
        What decided each part.
    """

    contrast: Contrast = Contrast.UNKNOWN
    plane: Plane = Plane.UNKNOWN
    metal_technique: MetalTechnique = MetalTechnique.NONE
    fat_suppressed: bool = False
    kernel: str | None = None
    confidence: float = 0.0
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One acquired volume.

    Parameters
    ----------
    name
        BIDS name without subject and session (``acq-sag_T2w``), unique in the visit.
    image
        Voxels, grid, quantity, contrast.
    kind
        What it is and how that was decided.
    posture
        How the patient was held.
    segmentation
        Label maps that came with it; ``None`` where none did.
    facts
        Acquisition facts that identify nobody (field strength, TE, TR …), as plain text and numbers.
    faults
        What is wrong with it (missing slices …), in words.
    fingerprint
        SHA-256 over the bytes it was read from.
    """

    name: str
    image: Image
    kind: SeriesKind = field(default_factory=SeriesKind)
    posture: Posture = Posture.UNKNOWN
    segmentation: Segmentation | None = None
    facts: tuple[tuple[str, str | float], ...] = ()
    faults: tuple[str, ...] = ()
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if self.segmentation is not None:
            self.image.grid.require_same_frame(self.segmentation.spine.grid, where=f"labels of {self.name}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Visit:
    """One patient on one date.

    Parameters
    ----------
    participant, session
        BIDS labels without ``sub-`` and ``ses-``: letters and digits only.
    series
        All volumes that can be measured; names are unique.
    set_aside
        What was found and not used (localisers, screenshots, broken series), with the reason.
    months_since_surgery
        Time since the last spinal operation, where known.

    Raises
    ------
    InputError
        If an identifier is no BIDS label or two series share a name.
    """

    participant: str
    session: str = "01"
    series: tuple[Series, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()
    months_since_surgery: float | None = None

    def __post_init__(self) -> None:
        for what, label in (("participant", self.participant), ("session", self.session)):
            if not _BIDS_LABEL.fullmatch(label):
                raise InputError(f"{what} is no BIDS label", expected="letters and digits", got=repr(label))
        names = [s.name for s in self.series]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise InputError("series share a name", got=", ".join(twice), where=f"sub-{self.participant}")

    @property
    def prefix(self) -> str:
        """BIDS prefix of every file of the visit: ``sub-01_ses-01``."""
        return f"sub-{self.participant}_ses-{self.session}"
