"""What lies at a path: which visits, of which kind, so that a run can go through them one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from lumbomics.core.errors import ReadError
from lumbomics.read.bids import LabelCandidate, VisitFiles, entities, is_dataset, is_label_map, visit_files, visits_of
from lumbomics.read.dicom.scan import Progress, Scan, scan
from lumbomics.read.nifti import is_nifti


class SourceKind(StrEnum):
    """What the files of a visit are."""

    DICOM = "dicom"
    NIFTI = "nifti"
    BIDS = "bids"


@dataclass(frozen=True, kw_only=True, eq=False)
class VisitSource:
    """One visit that can be read.

    Parameters
    ----------
    kind
        What its files are.
    path
        The path it was found at.
    participant, session
        BIDS labels where the data set states them; for DICOM the session is the study's place in time.
    images
        NIfTI and BIDS: the image files.
    label_maps
        NIfTI label maps delivered beside the images; the caller converts them.
    scan
        DICOM: the folder's headers, so that they are read once.
    study
        DICOM: which study of the scan; may be a date, so it is written nowhere.
    """

    kind: SourceKind
    path: Path
    participant: str | None = None
    session: str | None = None
    images: tuple[Path, ...] = ()
    label_maps: tuple[LabelCandidate, ...] = ()
    scan: Scan | None = field(default=None, repr=False)
    study: str | None = field(default=None, repr=False)


def find_visits(path: str | Path, *, progress: Progress | None = None) -> tuple[VisitSource, ...]:
    """List the visits at a path without reading pixels.

    A BIDS data set, or a folder of NIfTI files, gives one visit for each subject and session that names state (files
    whose names state none are one visit); a NIfTI file gives one; a DICOM folder gives one for each study date, oldest
    first.

    Parameters
    ----------
    path
        A file or a folder.
    progress
        Called as (done, total, what).

    Raises
    ------
    ReadError
        If the path does not exist, cannot be read, is empty or holds nothing readable.
    InputError
        If a DICOM folder holds several patients.
    """
    place = Path(path)
    _require_there(place)
    if place.is_file():
        return _of_nifti(place, (place,)) if is_nifti(place) else _of_dicom(place, progress)
    if is_dataset(place):
        return _of_bids(place)
    loose = tuple(sorted(file for file in place.iterdir() if is_nifti(file)))
    try:
        return _of_dicom(place, progress, loose)
    except ReadError:
        if loose:
            return _of_nifti(place, loose)
        raise


def _require_there(place: Path) -> None:
    try:
        there = place.exists()
        readable = not place.is_dir() or next(place.iterdir(), None) is not None
    except PermissionError as error:
        raise ReadError("the path may not be read", hint="ask for read permission") from error
    if not there:
        raise ReadError("no such file or folder", hint="check the path")
    if not readable:
        raise ReadError("the folder is empty", expected="DICOM, NIfTI or a BIDS data set", got="no file")


def _of_nifti(place: Path, files: tuple[Path, ...]) -> tuple[VisitSource, ...]:
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in files:
        found, _ = entities(file)
        groups.setdefault((found.get("sub", ""), found.get("ses", "")), []).append(file)
    return tuple(_source(SourceKind.NIFTI, place, visit_files(groups[key])) for key in sorted(groups))


def _of_bids(place: Path) -> tuple[VisitSource, ...]:
    found = visits_of(place)
    if not found:
        raise ReadError(
            "the BIDS data set holds no image",
            expected="sub-*/[ses-*/]anat/*.nii.gz",
            got="none",
            hint="give the raw data set's folder",
        )
    return tuple(_source(SourceKind.BIDS, place, one) for one in found)


def _source(kind: SourceKind, place: Path, files: VisitFiles) -> VisitSource:
    return VisitSource(
        kind=kind,
        path=place,
        participant=files.participant,
        session=files.session,
        images=files.images,
        label_maps=files.label_maps,
    )


def _of_dicom(place: Path, progress: Progress | None, loose: tuple[Path, ...] = ()) -> tuple[VisitSource, ...]:
    found = scan(place, progress=progress)
    studies = found.study_order or ("",)
    maps = tuple(LabelCandidate(path=path, series=None) for path in loose if is_label_map(path))
    return tuple(
        VisitSource(
            kind=SourceKind.DICOM, path=place, session=f"{number:02d}", scan=found, study=study, label_maps=maps
        )
        for number, study in enumerate(studies, start=1)
    )
