"""Finished visits of a derivatives folder, found without opening their tables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lumbomics.cohort.faults import Fault

MANIFEST = "run.json"
_LABEL = {kind: re.compile(rf"{kind}-[A-Za-z0-9]+") for kind in ("sub", "ses")}


@dataclass(frozen=True, kw_only=True)
class VisitFile:
    """The measurement table of one finished visit.

    Parameters
    ----------
    participant, session
        With ``sub-`` and ``ses-``.
    folder
        The visit's folder.
    stamp
        Sizes and times of the table and of the record of the run: the same stamp, the same content.
    """

    participant: str
    session: str
    folder: Path
    stamp: str

    @property
    def key(self) -> tuple[str, str]:
        """Participant and session."""
        return self.participant, self.session

    @property
    def table(self) -> Path:
        """The measurement table."""
        return self.folder / f"{self.participant}_{self.session}_measurements.tsv"

    @property
    def file(self) -> str:
        """The table's path below the derivatives."""
        return f"{self.participant}/{self.session}/{self.table.name}"


def find_visit_files(root: Path) -> tuple[list[VisitFile], list[Fault]]:
    """List finished visits by participant and session, and what stands in their place where one is not."""
    found: list[VisitFile] = []
    faults: list[Fault] = []
    for folder in _visit_folders(root, faults):
        one = _visit(folder, faults)
        found += [] if one is None else [one]
    return found, [*faults, *_alike(found)]


def _visit_folders(root: Path, faults: list[Fault]) -> Iterator[Path]:
    for subject in _named(root, "sub", root, faults):
        yield from _named(subject, "ses", root, faults)


def _named(folder: Path, kind: str, root: Path, faults: list[Fault]) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.startswith(f"{kind}-") and entry.is_dir())
    for name in names:
        path = folder / name
        if _LABEL[kind].fullmatch(name):
            yield path
        else:
            where = path.relative_to(root).as_posix()
            faults.append(Fault(file=where, problem="folder is no BIDS label, not read", hint="a copy? remove it"))


def _visit(folder: Path, faults: list[Fault]) -> VisitFile | None:
    participant, session = folder.parent.name, folder.name
    where = f"{participant}/{session}"
    one = VisitFile(participant=participant, session=session, folder=folder, stamp="")
    tables = sorted(path.name for path in folder.glob("*_measurements.tsv"))
    others = [name for name in tables if name != one.table.name]
    faults += [Fault(file=f"{where}/{name}", problem="a second table of the visit, not read") for name in others]
    if not (folder / MANIFEST).is_file():
        if tables:
            hint = "run the visit again"
            faults.append(Fault(file=where, problem="visit is not finished (no run.json), not read", hint=hint))
        return None
    if one.table.name not in tables:
        faults.append(Fault(file=one.file, problem="finished visit has no measurement table", hint="run it again"))
        return None
    stamps = [path.stat() for path in (one.table, folder / MANIFEST)]
    stamp = " ".join(f"{stat.st_size}:{stat.st_mtime_ns}" for stat in stamps)
    return VisitFile(participant=participant, session=session, folder=folder, stamp=stamp)


def _alike(found: list[VisitFile]) -> Iterator[Fault]:
    """Labels that differ in case alone: two visits here, one on another computer."""
    seen: dict[tuple[str, str], VisitFile] = {}
    for one in found:
        first = seen.setdefault((one.participant.casefold(), one.session.casefold()), one)
        if first is not one:
            yield Fault(
                file=one.file,
                problem="visit's labels differ from another's in upper and lower case alone; both are indexed",
                got=f"{first.participant}/{first.session}",
                hint="one person twice? rename one of them",
            )
