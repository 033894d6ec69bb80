"""The main job over all visits of a study: goes on past a bad one, resumes, reports all faults at the end."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lumbomics.advise import read_case
from lumbomics.core.anatomy import Transition
from lumbomics.core.conventions import Convention
from lumbomics.core.errors import InputError, LumbomicsError, OutputError
from lumbomics.read import Override, SourceKind, VisitSource, find_visits, read_visit
from lumbomics.read.bids import is_dataset
from lumbomics.run.choices import (
    chosen_contrasts,
    chosen_posture,
    chosen_question,
    chosen_transition,
)
from lumbomics.run.engines import BUILTIN, NO_ENGINE, chosen_engine, identity_of, load_engine
from lumbomics.run.labels import LabelInput, convention_of
from lumbomics.run.operations import OperatedLevels, read_operations
from lumbomics.run.outcome import RunSummary, Status, VisitOutcome
from lumbomics.run.participants import write_participants
from lumbomics.run.process import VisitOptions, process_visit
from lumbomics.segment.protocol import Segmenter
from lumbomics.write import write_dataset_description

Progress = Callable[[int, int, str], None]
"""Called as (visits done, visits in all, what is done now)."""

_SUBJECT = re.compile(r"sub-([A-Za-z0-9]+)")
_SESSION = re.compile(r"ses-([A-Za-z0-9]+)")


@dataclass(frozen=True, kw_only=True)
class _Job:
    """A place to look for visits, with the labels its folder names."""

    path: Path
    participant: str | None
    session: str | None


def run(
    source: Path | str,
    *,
    out: Path | str,
    labels: Path | str | None = None,
    convention: Convention | str | None = None,
    second: Path | str | None = None,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
    transition: Transition | str | None = None,
    ignore_unknown: bool = False,
    boundary_sd_mm: float | None = None,
    engine: str = BUILTIN,
    engine_path: Path | str | None = None,
    weights: Path | str | None = None,
    participant: str | None = None,
    session: str | None = None,
    posture: str | None = None,
    months_since_surgery: float | None = None,
    surgery: Path | str | None = None,
    contrast: Sequence[str] = (),
    key_file: Path | str | None = None,
    question: str | None = None,
    case: Path | str | None = None,
    pdf: bool = False,
    force: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> RunSummary:
    """Measure a study: label maps, measurement table, pictures and report for every visit.

    A visit whose folder is whole, from the same inputs and options, is kept; so a killed run goes on where it stopped.

    Parameters
    ----------
    source
        DICOM folder, NIfTI file or BIDS dataset; or a folder of ``sub-XX[/ses-YY]`` folders of DICOM files.
    out
        Derivatives folder; made where missing.
    labels
        Label map, or folder of label maps with BIDS names. Without it, the engine draws the labels of every series it
        can.
    convention
        What the label numbers mean (a value of Convention); needed with ``labels`` that are no DICOM segmentation.
    second, lowest_vertebra, top_vertebra, transition, ignore_unknown, boundary_sd_mm
        As in LabelInput.
    engine
        What draws labels where none are given: ``builtin``, ``totalspineseg``, ``spineps``, ``totalsegmentator``; with
        ``none`` series are read, classified and reported, and every measurement is absent. Maps that an operator
        corrected (``lumbomics qc --correct``) come before all others.
    engine_path, weights
        As in ``load_engine``.
    participant, session
        BIDS labels; by default those of the dataset, else ``01`` and the study's place in time.
    posture
        How the patient was held (a value of Posture), where the header does not say.
    months_since_surgery
        Time since the last spinal operation; by default the shortest of those in ``surgery``.
    surgery
        Table of operated levels, CSV or TSV: ``participant_id``, ``level`` and where known ``session_id``, ``side``,
        ``kind``, ``months``. By default ``phenotype/operations.tsv`` of the derivatives (``lumbomics clinical
        score``), where it stands.
    contrast
        Operator's words on series, ``NAME=KIND``; a bare ``KIND`` holds for every series.
    key_file
        Table outside the derivatives that maps patients to labels.
    question
        What the images must answer (``lumbomics advise protocol``); the report then says which series are lacking.
    case
        Case file with facts that the question's protocol asks for.
    pdf
        Also write the report as PDF.
    force
        Measure again what is finished.
    jobs
        Visits at the same time, each in a process of its own.
    scheduler
        Address of a dask scheduler whose workers do the visits; they must see the same folders under the same paths.
    progress
        Called as (visits done, visits in all, what is done now).

    Raises
    ------
    InputError
        If there is nothing to read, two visits would share a folder, no scheduler answers or an option makes no sense;
        nothing is written then. Faults of single visits do
        not raise: they stand in the summary.
    SegmentationError
        If the engine is not there; nothing is written then.
    OutputError
        If the result cannot be written: no later visit could be written either.
    LumbomicsError
        If the scheduler is lost; finished visits are kept.
    """
    started = time.perf_counter()
    if scheduler is not None:  # its workers were started in other folders
        source, out = Path(source).absolute(), Path(out).absolute()
        labels, second, weights, key_file, surgery = map(_absolute, (labels, second, weights, key_file, surgery))
    tell = progress or (lambda *_: None)
    options = VisitOptions(
        labels=_labels(
            labels, convention, second, lowest_vertebra, top_vertebra, transition, ignore_unknown, boundary_sd_mm
        ),
        engine=_engine(engine, engine_path, weights, needed=labels is None),
        posture=chosen_posture(posture),
        months_since_surgery=months_since_surgery,
        operations=_operations(surgery, Path(out)),
        question=chosen_question(question),
        case=None if case is None else read_case(Path(case)),
        pdf=pdf,
        force=force,
    )
    overrides = {name: Override(contrast=kind) for name, kind in chosen_contrasts(tuple(contrast)).items()}
    tell(0, 0, "looking for visits")
    found, outcomes = _find(Path(source), participant, session)
    target = Path(out)
    work = partial(_one, out=target, options=options, overrides=overrides, key_file=key_file)
    if jobs == 1 and scheduler is None:
        for number, visit in enumerate(found):
            outcomes.append(work(visit, say=_teller(tell, number, len(found))))
    else:
        outcomes += _spread(work, found, jobs, scheduler, tell)
    if any(outcome.status is not Status.FAILED for outcome in outcomes):
        write_dataset_description(target, name="Lumbomics derivatives", sources=())
        write_participants(target)
    tell(len(found), len(found), "done")
    return RunSummary(out=target, outcomes=tuple(outcomes), seconds=time.perf_counter() - started)


def _labels(
    path: Path | str | None,
    convention: Convention | str | None,
    second: Path | str | None,
    lowest_vertebra: str | None,
    top_vertebra: str | None,
    transition: Transition | str | None,
    ignore_unknown: bool,
    boundary_sd_mm: float | None,
) -> LabelInput | None:
    if path is None:
        return None
    named = convention_of(Path(path), convention)
    if not Path(path).exists():
        raise InputError("no such label map", where=Path(path).name, hint="check the path given as labels")
    return LabelInput(
        path=Path(path),
        convention=named,
        second=None if second is None else Path(second),
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        transition=chosen_transition(transition),
        ignore_unknown=ignore_unknown,
        boundary_sd_mm=boundary_sd_mm,
    )


def _operations(surgery: Path | str | None, out: Path) -> OperatedLevels:
    if surgery is not None:
        return read_operations(surgery)
    known = out / "phenotype" / "operations.tsv"
    return read_operations(known, every_row=False) if known.is_file() else OperatedLevels()


def _engine(word: str, engine_path: Path | str | None, weights: Path | str | None, *, needed: bool) -> Segmenter | None:
    name = chosen_engine(word, allow_none=True)
    if name == NO_ENGINE or not needed:
        return None
    engine = load_engine(name, engine_path=engine_path, weights=weights)
    identity_of(engine)  # raises where the weights are missing or altered, before anything is read
    return engine


def _find(
    source: Path, participant: str | None, session: str | None
) -> tuple[list[tuple[VisitSource, _Job]], list[VisitOutcome]]:
    """Visits that can be tried, and a failed outcome for each place of several that cannot be read."""
    jobs = _jobs(source) or [_Job(path=source, participant=participant, session=session)]
    found: list[tuple[VisitSource, _Job]] = []
    failed: list[VisitOutcome] = []
    for job in jobs:
        try:
            found += [(visit, job) for visit in find_visits(job.path)]
        except LumbomicsError as error:
            if len(jobs) == 1:
                raise
            failed.append(_failure(f"sub-{job.participant}_ses-{job.session or '01'}", error))
    twice = [name for name, count in Counter(_name(*one) for one in found).items() if count > 1]
    if twice:
        raise InputError(
            "several visits would be written into one folder",
            expected="one visit each",
            got=", ".join(twice),
            hint="leave out the label of patient or session, or give the visits one by one",
        )
    return found, failed


def _jobs(source: Path) -> list[_Job]:
    """``sub-XX[/ses-YY]`` folders of a folder that is no BIDS dataset; empty where there are none."""
    if not source.is_dir() or is_dataset(source):
        return []
    return [job for subject, folder in _named(source, _SUBJECT) for job in _jobs_of(subject, folder)]


def _jobs_of(subject: str, folder: Path) -> list[_Job]:
    sessions = [_Job(path=place, participant=subject, session=name) for name, place in _named(folder, _SESSION)]
    return sessions or [_Job(path=folder, participant=subject, session=None)]


def _named(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, Path]]:
    for child in sorted(folder.iterdir()):
        match = pattern.fullmatch(child.name)
        if match and child.is_dir():
            yield match[1], child


def _teller(tell: Progress, number: int, total: int) -> Callable[[str], None]:
    return lambda what: tell(number, total, what)


def _spread(
    work: Callable[[tuple[VisitSource, _Job]], VisitOutcome],
    found: Sequence[tuple[VisitSource, _Job]],
    jobs: int,
    scheduler: str | None,
    tell: Progress,
) -> list[VisitOutcome]:
    """All visits, on other processes; headers stay here, because they hold what identifies a person."""
    from lumbomics.run.parallel import Lost, each  # noqa: PLC0415  loads dask

    bare = [(replace(source, scan=None, study=None), job) for source, job in found]
    tell(0, len(bare), "starting workers")
    results = each(work, bare, jobs=jobs, scheduler=scheduler, done=lambda n: tell(n, len(bare), "visits"))
    return [
        _failure(_name(*visit), LumbomicsError(result.why)) if isinstance(result, Lost) else result
        for visit, result in zip(bare, results, strict=True)
    ]


def _one(
    found: tuple[VisitSource, _Job],
    out: Path,
    options: VisitOptions,
    overrides: Mapping[str, Override],
    key_file: Path | str | None,
    say: Callable[[str], None] = lambda _: None,
) -> VisitOutcome:
    source, job = found
    name = _name(source, job)
    try:
        say(f"{name}: reading")
        visit = read_visit(
            _with_headers(source, job),
            participant=job.participant or source.participant,
            session=job.session or source.session,
            overrides=overrides,
            key_file=None if source.kind is not SourceKind.DICOM else key_file,
        )
        return process_visit(visit, out, options, step=lambda what: say(f"{visit.prefix}: {what}"))
    except OutputError:
        raise
    except LumbomicsError as error:
        return _failure(name, error)


def _with_headers(source: VisitSource, job: _Job) -> VisitSource:
    """Find a DICOM visit that came without its headers again."""
    if source.kind is not SourceKind.DICOM or source.scan is not None:
        return source
    return next(visit for visit in find_visits(job.path) if visit.session == source.session)


def _name(source: VisitSource, job: _Job) -> str:
    return f"sub-{job.participant or source.participant or '01'}_ses-{job.session or source.session or '01'}"


def _absolute(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path).absolute()


def _failure(name: str, error: LumbomicsError) -> VisitOutcome:
    return VisitOutcome(visit=name, status=Status.FAILED, faults=(str(error),))
