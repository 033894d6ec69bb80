"""The main job over all visits of a study: goes on past a bad one, resumes, reports all faults at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from lumbomics.advise import read_case
from lumbomics.core.anatomy import Transition
from lumbomics.core.conventions import Convention
from lumbomics.core.errors import InputError, LumbomicsError, OutputError
from lumbomics.core.visit import Visit
from lumbomics.read import Override, SourceKind, VisitSource, find_visits, read_visit
from lumbomics.run.choices import (
    chosen_contrasts,
    chosen_posture,
    chosen_question,
    chosen_transition,
)
from lumbomics.run.earlier import EarlierVisit
from lumbomics.run.engines import BUILTIN, NO_ENGINE, chosen_engine, identity_of, load_engine
from lumbomics.run.labels import LabelInput, convention_of
from lumbomics.run.operations import OperatedLevels, read_operations
from lumbomics.run.outcome import RunSummary, Status, VisitOutcome
from lumbomics.run.participants import write_participants
from lumbomics.run.process import VisitOptions, process_visit
from lumbomics.run.study import Job, StudyVisit, find_study
from lumbomics.segment.protocol import Segmenter
from lumbomics.write import write_dataset_description

Progress = Callable[[int, int, str], None]
"""Called as (visits done, visits in all, what is done now)."""


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
    found, unread = find_study(Path(source), participant, session)
    outcomes = [_failure(name, error) for name, error in unread]
    target = Path(out)
    work = partial(_one, out=target, options=options, overrides=overrides, key_file=key_file)
    if jobs == 1 and scheduler is None:
        for number, visit in enumerate(found):
            outcomes.append(work(visit, say=_teller(tell, number, len(found))))
    else:
        # a visit is shown beside the one before: first visits are finished before second ones begin
        for place in sorted({one.place for one in found}):
            outcomes += _spread(work, [one for one in found if one.place == place], jobs, scheduler, tell)
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


def _teller(tell: Progress, number: int, total: int) -> Callable[[str], None]:
    return lambda what: tell(number, total, what)


def _spread(
    work: Callable[[StudyVisit], VisitOutcome],
    found: Sequence[StudyVisit],
    jobs: int,
    scheduler: str | None,
    tell: Progress,
) -> list[VisitOutcome]:
    """All visits, on other processes; headers stay here, because they hold what identifies a person."""
    from lumbomics.run.parallel import Lost, each  # noqa: PLC0415  loads dask

    bare = [visit.bare() for visit in found]
    tell(0, len(bare), "starting workers")
    results = each(work, bare, jobs=jobs, scheduler=scheduler, done=lambda n: tell(n, len(bare), "visits"))
    return [
        _failure(visit.name, LumbomicsError(result.why)) if isinstance(result, Lost) else result
        for visit, result in zip(bare, results, strict=True)
    ]


def _one(
    found: StudyVisit,
    out: Path,
    options: VisitOptions,
    overrides: Mapping[str, Override],
    key_file: Path | str | None,
    say: Callable[[str], None] = lambda _: None,
) -> VisitOutcome:
    try:
        say(f"{found.name}: reading")
        visit = _read(found, overrides, key_file)
        earlier = None
        if found.earlier is not None:
            read = partial(_read, found.earlier, overrides, key_file)
            earlier = EarlierVisit(participant=visit.participant, session=found.earlier.session or "01", read=read)
        return process_visit(visit, out, options, step=lambda what: say(f"{visit.prefix}: {what}"), earlier=earlier)
    except OutputError:
        raise
    except LumbomicsError as error:
        return _failure(found.name, error)


def _read(found: StudyVisit, overrides: Mapping[str, Override], key_file: Path | str | None) -> Visit:
    source, job = found.source, found.job
    return read_visit(
        _with_headers(source, job),
        participant=job.participant or source.participant,
        session=job.session or source.session,
        overrides=overrides,
        key_file=None if source.kind is not SourceKind.DICOM else key_file,
    )


def _with_headers(source: VisitSource, job: Job) -> VisitSource:
    """Find a DICOM visit that came without its headers again."""
    if source.kind is not SourceKind.DICOM or source.scan is not None:
        return source
    return next(visit for visit in find_visits(job.path) if visit.session == source.session)


def _absolute(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path).absolute()


def _failure(name: str, error: LumbomicsError) -> VisitOutcome:
    return VisitOutcome(visit=name, status=Status.FAILED, faults=(str(error),))
