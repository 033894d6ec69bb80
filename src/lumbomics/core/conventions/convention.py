"""The conventions by name, what one of their numbers means, and what a conversion gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lumbomics.core.labels import Labels, Segmentation


class Convention(StrEnum):
    """A way of numbering the structures of the spine in a label map."""

    LUMBOMICS = "lumbomics"
    VERSE = "verse"
    SPINEPS = "spineps"
    TPTBOX_SUBREGION = "tptbox_subregion"
    TOTALSPINESEG = "totalspineseg"
    TOTALSEGMENTATOR_TOTAL = "totalsegmentator_total"
    TOTALSEGMENTATOR_TOTAL_MR = "totalsegmentator_total_mr"
    TOTALSEGMENTATOR_VERTEBRAE_MR = "totalsegmentator_vertebrae_mr"
    SPIDER = "spider"
    SPIDER_SEMANTIC = "spider_semantic"
    VERTEBRA_BODIES_ASCENDING = "vertebra_bodies_ascending"
    VERTEBRA_BODIES_UNORDERED = "vertebra_bodies_unordered"

    @property
    def is_semantic(self) -> bool:
        """Whether all vertebrae share one number, so that the map tells no levels."""
        return self in _SEMANTIC

    @property
    def is_counted(self) -> bool:
        """Whether vertebrae are counted from one that must be stated."""
        return self in _COUNTED

    @property
    def takes_second(self) -> bool:
        """Whether a TPTBox semantic map may stand beside the instance map."""
        return self in _PAIRED


_SEMANTIC = {Convention.TPTBOX_SUBREGION, Convention.TOTALSEGMENTATOR_TOTAL_MR, Convention.SPIDER_SEMANTIC}
_COUNTED = {Convention.SPIDER, Convention.VERTEBRA_BODIES_ASCENDING, Convention.VERTEBRA_BODIES_UNORDERED}
_PAIRED = {Convention.LUMBOMICS, Convention.VERSE, Convention.SPINEPS}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one number of a convention means in the project's maps.

    Parameters
    ----------
    name
        The convention's own name of the structure.
    spine
        Number in the spine map; 0 where that map does not hold it.
    subregion
        Number in the semantic map; 0 where that map does not hold it.
    note
        What is lost on the way in; empty where nothing is.
    """

    name: str
    spine: int = 0
    subregion: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A value of the source that the target holds not at all, or only under another meaning.

    Parameters
    ----------
    value
        The number in the source.
    name
        Its name in the source.
    voxels
        How many voxels are concerned.
    why
        What the target lacks.
    kept_as
        The target's number that these voxels now carry (where no other map of the source says more of them); 0 where
        they became background.
    map_name
        Which of the source's maps holds the value (``labels``, ``second``, ``spine``, ``subregion`` …).
    """

    value: int
    name: str
    voxels: int
    why: str
    kept_as: int = 0
    map_name: str = "labels"


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversion:
    """Label maps in the project's numbers, and what they could not take over."""

    segmentation: Segmentation
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ConvertedLabels:
    """A label map in another convention, and what it could not take over.

    Parameters
    ----------
    labels
        The map, with the convention's names.
    second
        The TPTBox semantic map that belongs beside it; ``None`` where there is none.
    losses
        What the convention does not hold.
    """

    labels: Labels
    second: Labels | None = None
    losses: tuple[Loss, ...] = ()
