"""The visits of a study: where they are, and which of a patient's comes before which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lumbomics.core.errors import InputError, LumbomicsError
from lumbomics.read import VisitSource, find_visits
from lumbomics.read.bids import is_dataset

_SUBJECT = re.compile(r"sub-([A-Za-z0-9]+)")
_SESSION = re.compile(r"ses-([A-Za-z0-9]+)")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A place to look for visits, with the labels its folder names."""

    path: Path
    participant: str | None
    session: str | None


@dataclass(frozen=True, kw_only=True)
class StudyVisit:
    """A visit to be measured, and the one of the same patient before it.

    Parameters
    ----------
    source, job
        Where it is.
    earlier
        The visit before; ``None`` for the first one, and where the names of sessions tell no order.
    place
        0 for a patient's first visit, 1 for the second …
    """

    source: VisitSource
    job: Job
    earlier: StudyVisit | None = None
    place: int = 0

    @property
    def participant(self) -> str | None:
        """BIDS label, where folder or data set states one."""
        return self.job.participant or self.source.participant

    @property
    def session(self) -> str | None:
        """BIDS label, where folder or data set states one, or the study's place in time."""
        return self.job.session or self.source.session

    @property
    def name(self) -> str:
        """Visit as messages call it."""
        return f"sub-{self.participant or '01'}_ses-{self.session or '01'}"

    def bare(self) -> StudyVisit:
        """Leave out headers, which hold what identifies a person."""
        earlier = None if self.earlier is None else self.earlier.bare()
        return replace(self, source=replace(self.source, scan=None, study=None), earlier=earlier)


def find_study(
    source: Path, participant: str | None, session: str | None
) -> tuple[list[StudyVisit], list[tuple[str, LumbomicsError]]]:
    """Visits that can be tried, each patient's in order of time, and each place of several that cannot be read.

    Raises
    ------
    InputError
        If two visits would be written into one folder.
    LumbomicsError
        If the only place cannot be read.
    """
    jobs = _jobs(source) or [Job(path=source, participant=participant, session=session)]
    found: list[StudyVisit] = []
    failed: list[tuple[str, LumbomicsError]] = []
    for job in jobs:
        try:
            found += [StudyVisit(source=visit, job=job) for visit in find_visits(job.path)]
        except LumbomicsError as error:
            if len(jobs) == 1:
                raise
            failed.append((f"sub-{job.participant}_ses-{job.session or '01'}", error))
    twice = [name for name, count in Counter(one.name for one in found).items() if count > 1]
    if twice:
        raise InputError(
            "several visits would be written into one folder",
            expected="one visit each",
            got=", ".join(twice),
            hint="series of another date are another visit: give each date a folder of its own, leave out the label of "
            "patient or session, or give the visits one by one",
        )
    patients: dict[str | None, list[StudyVisit]] = {}
    for one in found:
        patients.setdefault(one.participant, []).append(one)
    return [one for visits in patients.values() for one in _in_order(visits)], failed


def _in_order(visits: Sequence[StudyVisit]) -> list[StudyVisit]:
    """One patient's visits by the number in the session's name; as they are where not every name holds its own."""
    numbered = {int(match[0]): visit for visit in visits if (match := _NUMBER.search(visit.session or ""))}
    if len(numbered) < len(visits):
        return list(visits)
    chain = [numbered[number] for number in sorted(numbered)]
    return [
        replace(visit, earlier=before, place=at)
        for at, (before, visit) in enumerate(zip([None, *chain], chain, strict=False))
    ]


def _jobs(source: Path) -> list[Job]:
    """``sub-XX[/ses-YY]`` folders of a folder that is no BIDS dataset; empty where there are none."""
    if not source.is_dir() or is_dataset(source):
        return []
    return [job for subject, folder in _named(source, _SUBJECT) for job in _jobs_of(subject, folder)]


def _jobs_of(subject: str, folder: Path) -> list[Job]:
    sessions = [Job(path=place, participant=subject, session=name) for name, place in _named(folder, _SESSION)]
    return sessions or [Job(path=folder, participant=subject, session=None)]


def _named(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, Path]]:
    for child in sorted(folder.iterdir()):
        match = pattern.fullmatch(child.name)
        if match and child.is_dir():
            yield match[1], child
