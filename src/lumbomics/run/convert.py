"""One label map from one convention to another, as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lumbomics.core.anatomy import Numbering, NumberingSource, Transition
from lumbomics.core.conventions import Convention, Loss, from_segmentation, to_segmentation
from lumbomics.core.labels import Labels
from lumbomics.read import read_nifti_labels
from lumbomics.run.choices import chosen_convention, chosen_transition
from lumbomics.write import write_labels_nifti


@dataclass(frozen=True, kw_only=True)
class LabelConversion:
    """What a conversion wrote, and what it could not take along.

    Parameters
    ----------
    files
        Everything written: image, table and sidecar of each map.
    unread
        Losses from the source's convention to the project's maps; their numbers are the source's.
    unwritten
        Losses from the project's maps to the target's convention; their numbers are the project's.
    """

    files: tuple[Path, ...]
    unread: tuple[Loss, ...] = ()
    unwritten: tuple[Loss, ...] = ()


def convert_labels(
    source: Path | str,
    target: Path | str,
    *,
    from_convention: Convention | str,
    to_convention: Convention | str,
    second: Path | str | None = None,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
    transition: Transition | str | None = None,
    ignore_unknown: bool = False,
) -> LabelConversion:
    """Write a label map in the numbers of another convention.

    A target that comes as two maps (``spineps``, or any instance map with a semantic map beside it) gets the second one
    as ``<target>_semantic``.

    Parameters
    ----------
    source, target
        NIfTI files.
    from_convention, to_convention
        What the numbers mean, and what they are to mean.
    second
        TPTBox semantic map beside the source.
    lowest_vertebra, top_vertebra
        The vertebra that a counting convention calls 1.
    transition
        Transitional anatomy that an operator saw; T13 and a lumbarised S1 enter the count.
    ignore_unknown
        Report values that the source's convention does not know instead of refusing them.

    Raises
    ------
    InputError
        As ``to_segmentation`` and ``from_segmentation``; also for a convention that does not exist.
    ReadError, OutputError
        If a file cannot be read or written.
    """
    origin, goal = chosen_convention(from_convention), chosen_convention(to_convention)
    labels = read_nifti_labels(source)
    semantic = None if second is None else read_nifti_labels(second)
    seen = chosen_transition(transition)
    numbering = None if seen is None else Numbering(source=NumberingSource.OPERATOR, transition=seen)
    conversion = to_segmentation(
        labels,
        origin,
        second=semantic,
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        numbering=numbering,
        ignore_unknown=ignore_unknown,
    )
    converted = from_segmentation(
        conversion.segmentation, goal, lowest_vertebra=lowest_vertebra, top_vertebra=top_vertebra
    )
    files = _written(converted.labels, Path(target), goal.value)
    if converted.second is not None:
        files += _written(converted.second, _beside(Path(target)), Convention.TPTBOX_SUBREGION.value)
    return LabelConversion(files=files, unread=conversion.losses, unwritten=converted.losses)


def _written(labels: Labels, path: Path, convention: str) -> tuple[Path, ...]:
    description = f"Label map of the spine in the numbers of {convention}"
    return write_labels_nifti(labels, path, description=description)


def _beside(path: Path) -> Path:
    stem = path.name.removesuffix(".gz").removesuffix(".nii")
    return path.with_name(f"{stem}_semantic{path.name.removeprefix(stem)}")
