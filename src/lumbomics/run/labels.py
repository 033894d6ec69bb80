"""Which label map belongs to which series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from lumbomics.core.anatomy import Numbering, NumberingSource, Transition
from lumbomics.core.conventions import Convention, Loss
from lumbomics.core.errors import GridMismatchError, InputError, ReadError
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Segmentation
from lumbomics.core.visit import Series, Visit
from lumbomics.read.labels import is_dicom_labels, read_labels
from lumbomics.run.bundle import map_of, read_segmentation
from lumbomics.run.choices import chosen_convention

_PATTERNS = ("*dseg.nii.gz", "*dseg.nii", "*mask.nii.gz", "*mask.nii")
# The image whose signal is of use beside the labels comes first.
_PREFERRED = (Contrast.T2, Contrast.T2_SPACE, Contrast.CT, Contrast.T1)


@dataclass(frozen=True, kw_only=True)
class LabelInput:
    """Label maps as the user gives them.

    Parameters
    ----------
    path
        A NIfTI file or DICOM segmentation, or a folder of NIfTI files whose names hold ``sub-`` and ``ses-``.
    convention
        What the numbers of NIfTI files mean; a DICOM segmentation says itself what its segments are.
    second
        Semantic map beside an instance map, for conventions that come as two files.
    lowest_vertebra, top_vertebra
        Name of the lowest or the uppermost vertebra, for conventions that count from there.
    transition
        Transitional anatomy that an operator saw.
    ignore_unknown
        Report values that the convention does not know instead of refusing them.
    boundary_sd_mm
        Standard deviation of the drawn boundary, where known.
    """

    path: Path
    convention: Convention
    second: Path | None = None
    lowest_vertebra: str | None = None
    top_vertebra: str | None = None
    transition: Transition | None = None
    ignore_unknown: bool = False
    boundary_sd_mm: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedLabels:
    """A segmentation with the files it came from and what its conversion lost."""

    segmentation: Segmentation
    files: tuple[Path, ...]
    losses: tuple[Loss, ...] = ()


def convention_of(path: Path, stated: Convention | str | None) -> Convention:
    """Tell what the numbers of a label map mean: as stated; a DICOM segmentation needs no statement.

    Raises
    ------
    InputError
        If nothing is stated of numbers that say nothing by themselves, or the convention is not known.
    """
    if stated is not None:
        return chosen_convention(stated)
    if path.is_file() and is_dicom_labels(path):
        return Convention.LUMBOMICS
    raise InputError("label numbers without a convention mean nothing", expected="--convention", got="none")


def load_labels(given: LabelInput, visit: Visit) -> tuple[LoadedLabels, ...]:
    """Read the label maps of one visit and bring them to the project's numbers.

    Raises
    ------
    ReadError
        If there is no file, or none for this visit.
    LabelError
        If values are unknown to the convention, or all are zero.
    """
    if given.path.is_dir():
        return _load_folder(given, visit)
    return (_load_file(given, given.path),)


def attach(visit: Visit, loaded: Sequence[LoadedLabels]) -> Visit:
    """Give every segmentation to the series on whose voxels it lies.

    Raises
    ------
    GridMismatchError
        If a label map lies on the voxels of no series.
    """
    series = list(visit.series)
    for labels in loaded:
        position = _find(series, labels)
        series[position] = replace(series[position], segmentation=labels.segmentation)
    return replace(visit, series=tuple(series))


def _find(series: Sequence[Series], labels: LoadedLabels) -> int:
    grid = labels.segmentation.spine.grid
    fitting = [n for n, s in enumerate(series) if s.segmentation is None and s.image.grid.shares_lattice(grid)]
    if not fitting:
        known = "; ".join(f"{s.name}: {s.image.grid.describe()}" for s in series) or "no series at all"
        raise GridMismatchError(
            "label map lies on the voxels of no series",
            expected=known,
            got=grid.describe(),
            where="label map",
            hint="resample the label map to its image (nearest neighbour), or give the image it was drawn on",
        )
    return min(fitting, key=lambda n: _preference(series[n]))


def _preference(series: Series) -> int:
    contrast = series.kind.contrast
    return _PREFERRED.index(contrast) if contrast in _PREFERRED else len(_PREFERRED)


def _load_file(given: LabelInput, path: Path) -> LoadedLabels:
    conversion = read_labels(
        path,
        convention=given.convention,
        second=given.second,
        lowest_vertebra=given.lowest_vertebra,
        top_vertebra=given.top_vertebra,
        numbering=_numbering(given),
        ignore_unknown=given.ignore_unknown,
        boundary_sd_mm=given.boundary_sd_mm,
    )
    files = (path,) if given.second is None else (path, given.second)
    return LoadedLabels(segmentation=conversion.segmentation, files=files, losses=conversion.losses)


def _numbering(given: LabelInput) -> Numbering | None:
    """Level numbers are the label file's own unless the operator says more."""
    if given.transition is None:
        return None
    return Numbering(source=NumberingSource.OPERATOR, transition=given.transition)


def _load_folder(given: LabelInput, visit: Visit) -> tuple[LoadedLabels, ...]:
    found = sorted({path for pattern in _PATTERNS for path in given.path.rglob(pattern)})
    mine = [path for path in found if _is_of(path, visit)]
    if not mine:
        raise ReadError(
            "no label map for this visit",
            expected=f"files named {visit.prefix}_…_dseg.nii.gz",
            got=f"{len(found)} label map(s) of other visits",
            where=visit.prefix,
        )
    if given.convention is not Convention.LUMBOMICS:
        return tuple(_load_file(given, path) for path in mine if "dseg" in path.name)
    groups = (tuple(group) for _, group in groupby([p for p in mine if map_of(p)], key=_group))
    return tuple(
        LoadedLabels(
            segmentation=read_segmentation(
                group, source=given.convention, boundary_sd_mm=given.boundary_sd_mm, numbering=_numbering(given)
            ),
            files=group,
        )
        for group in groups
    )


def _is_of(path: Path, visit: Visit) -> bool:
    return f"sub-{visit.participant}_" in path.name and (
        "ses-" not in path.name or f"ses-{visit.session}_" in path.name
    )


def _group(path: Path) -> tuple[str, str]:
    """Files of one segmentation share folder and name up to the map's own entity."""
    return str(path.parent), path.name.split("_seg-")[0].split("_label-")[0]
