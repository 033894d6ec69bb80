"""A path -> one visit: images named by what they are, with their faults, and nothing that identifies a person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lumbomics.core.errors import InputError, LumbomicsError, ReadError
from lumbomics.core.image import Image, Quantity
from lumbomics.core.visit import Series, SeriesKind, Visit
from lumbomics.read.bids import entities, series_stem, sidecar
from lumbomics.read.classify import Override, classify
from lumbomics.read.dicom.scan import Aside, Progress
from lumbomics.read.dicom.volumes import volumes_of
from lumbomics.read.headers import SeriesHeaders, headers_from_sidecar
from lumbomics.read.identity import pseudonym
from lumbomics.read.naming import series_name, unique_names
from lumbomics.read.nifti import read_nifti_image, stem
from lumbomics.read.patterns import matches
from lumbomics.read.plane import plane_of
from lumbomics.read.posture import posture_of
from lumbomics.read.sources import SourceKind, VisitSource, find_visits

Overrides = Mapping[str, Override]
_DEFAULT_LABEL = "01"


EVERY_SERIES = "*"
"""Key of an override that holds for every series without one of its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    """A volume before it is named; ``name`` is set where the source's own name is kept, ``number`` is DICOM's."""

    image: Image
    headers: SeriesHeaders
    faults: tuple[str, ...] = ()
    fingerprint: str = ""
    name: str | None = None
    number: str = ""


def read_visit(
    path: str | Path | VisitSource,
    *,
    participant: str | None = None,
    session: str | None = None,
    overrides: Overrides | None = None,
    key_file: str | Path | None = None,
    progress: Progress | None = None,
) -> Visit:
    """Read one visit from a DICOM folder, a NIfTI file or a BIDS data set.

    Parameters
    ----------
    path
        Where the visit lies, or one of ``find_visits``' answers.
    participant, session
        BIDS labels to use; they win over all else. Default: the data set's own labels; for DICOM the label from
        ``key_file`` (else ``01``) and the study's place in time.
    overrides
        What the operator says about series, by the name the software gives (``acq-sag_T2w``) or by series number.
    key_file
        Table that maps patient identifiers to labels; kept outside the derivatives, made where missing.
    progress
        Called as (done, total, what).

    Raises
    ------
    ReadError
        If nothing readable is there.
    InputError
        If the path holds several patients or visits, or an override names no series.
    """
    source = path if isinstance(path, VisitSource) else _only_visit(find_visits(path, progress=progress))
    found, asides, identifying = _found(source, progress)
    if not found:
        raise ReadError("no volume could be read", expected="at least one", got=_listing(asides), hint=_hint(source))
    return Visit(
        participant=participant or _participant(source, key_file),
        session=session or source.session or _DEFAULT_LABEL,
        series=_named(found, overrides or {}, identifying),
        set_aside=tuple(asides),
    )


def read_bids(path: str | Path, *, progress: Progress | None = None) -> Iterator[Visit]:
    """Read the visits of a BIDS data set one after the other; the first that cannot be read raises.

    To go on past a bad visit, go through ``find_visits`` and give each to ``read_visit``.
    """
    for source in find_visits(path, progress=progress):
        yield read_visit(source, progress=progress)


def _only_visit(sources: Sequence[VisitSource]) -> VisitSource:
    if len(sources) != 1:
        raise InputError(
            "the path holds several visits",
            expected="1 visit",
            got=f"{len(sources)} visits",
            hint="go through find_visits and read each, or give one visit's folder",
        )
    return sources[0]


def _participant(source: VisitSource, key_file: str | Path | None) -> str:
    if source.participant:
        return source.participant
    if key_file is None or source.scan is None:
        return _DEFAULT_LABEL
    if not source.scan.patient:
        raise InputError(
            "the headers hold no patient identifier to look up in the key file",
            expected="PatientID",
            got="none",
            hint="name the participant yourself",
        )
    return pseudonym(source.scan.patient, key_file)


def _listing(asides: Sequence[Aside]) -> str:
    return "; ".join(f"{what}: {reason}" for what, reason in asides) or "no image"


def _hint(source: VisitSource) -> str:
    return "see the reasons above" if source.kind is SourceKind.DICOM else "check the files"


def _found(source: VisitSource, progress: Progress | None) -> tuple[list[_Found], list[Aside], frozenset[str]]:
    if source.scan is None:
        found, asides = _from_files(source, progress)
        return found, asides, frozenset()
    volumes, asides = volumes_of(source.scan, study=source.study, progress=progress)
    found = [_Found(**{name: getattr(one, name) for name in _VOLUME_FIELDS}) for one in volumes]
    return found, [*source.scan.set_aside, *asides], source.scan.identifying


_VOLUME_FIELDS = ("image", "headers", "faults", "fingerprint", "number")


def _from_files(source: VisitSource, progress: Progress | None) -> tuple[list[_Found], list[Aside]]:
    found, asides = [], []
    root = source.path if source.path.is_dir() else None
    for number, path in enumerate(source.images):
        if progress is not None:
            progress(number, len(source.images), "images")
        try:
            found.append(_from_file(path, root))
        except LumbomicsError as error:
            if len(source.images) == 1:
                raise
            asides.append((series_stem(path) or f"image {number + 1} of {len(source.images)}", error.problem))
    asides += [(series_stem(one.path) or "label map", "label map: to be converted") for one in source.label_maps]
    return found, asides


def _from_file(path: Path, root: Path | None) -> _Found:
    image = read_nifti_image(path)
    suffix = entities(path)[1] if entities(path)[0] else ""
    headers = headers_from_sidecar(sidecar(path, root=root), suffix=suffix, plane=plane_of(image.grid))
    if not suffix:
        headers = _with_name(headers, stem(path))
    if headers.modality == "CT":
        image = replace(image, quantity=Quantity.HOUNSFIELD)
    with path.open("rb") as handle:
        fingerprint = hashlib.file_digest(handle, "sha256").hexdigest()
    return _Found(image=image, headers=headers, fingerprint=fingerprint, name=series_stem(path))


def _with_name(headers: SeriesHeaders, name: str) -> SeriesHeaders:
    """Let the words of a file name that is not BIDS speak, for CT too, which has no timing to tell it by."""
    modality = headers.modality or ("CT" if matches("ct", [name]) else "")
    return replace(headers, modality=modality, texts=(*headers.texts, name))


def _named(found: Sequence[_Found], overrides: Overrides, identifying: frozenset[str]) -> tuple[Series, ...]:
    kinds = [classify(one.headers) for one in found]
    names = _names(found, kinds)
    said = [
        overrides.get(name) or overrides.get(one.number) or overrides.get(EVERY_SERIES)
        for one, name in zip(found, names, strict=True)
    ]
    _require_known(overrides, {EVERY_SERIES, *names, *(one.number for one in found)})
    kinds = [classify(one.headers, override) for one, override in zip(found, said, strict=True)]
    return tuple(
        _series(one, name, kind, identifying)
        for one, name, kind in zip(found, _names(found, kinds), kinds, strict=True)
    )


def _names(found: Sequence[_Found], kinds: Sequence[SeriesKind]) -> tuple[str, ...]:
    return unique_names(one.name or series_name(kind) for one, kind in zip(found, kinds, strict=True))


def _require_known(overrides: Overrides, names: set[str]) -> None:
    unknown = sorted(set(overrides) - names)
    if unknown:
        raise InputError(
            "an override names no series",
            expected=", ".join(sorted(name for name in names if name)),
            got=", ".join(unknown),
        )


def _series(one: _Found, name: str, kind: SeriesKind, identifying: frozenset[str]) -> Series:
    return Series(
        name=name,
        image=replace(one.image, contrast=kind.contrast),
        kind=kind,
        posture=posture_of(one.headers),
        facts=one.headers.facts(forbidden=identifying),
        faults=one.faults,
        fingerprint=one.fingerprint,
    )
