"""A finished visit, or a study, to the facts and series that the rules look at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lumbomics.advise import Case, Observed, ProtocolReport, check_protocol, observed_facts, summarise
from lumbomics.catalogue import RuleBook
from lumbomics.core.errors import ReadError
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Posture
from lumbomics.core.visit import Visit
from lumbomics.read import read_visit
from lumbomics.report import SeriesCheck
from lumbomics.write import read_measurements, read_run_manifest

_CONTRAST = re.compile(r"(?P<series>.+): contrast")


def facts_of_visit(folder: Path | str, *, book: RuleBook | None = None) -> Mapping[str, Observed]:
    """Take facts from a finished visit's folder: its measurement table and ``run.json``.

    Parameters
    ----------
    folder
        ``DERIVATIVES/sub-01/ses-01``.
    book
        Rules that define the facts; default: the shipped ones.

    Raises
    ------
    ReadError
        If the folder holds no finished run or no measurement table.
    """
    place = Path(folder)
    record = read_run_manifest(place)
    tables = sorted(place.glob("*_measurements.tsv"))
    if len(tables) != 1:
        raise ReadError(
            "no measurement table", expected="one …_measurements.tsv", got=str(len(tables)), where=str(place)
        )
    kinds: dict[str, Contrast] = {}
    for decision in record.provenance.decisions:  # a later word, the operator's, stands over an earlier one
        match = _CONTRAST.fullmatch(decision.what)
        if match and decision.choice in tuple(Contrast):
            kinds[match["series"]] = Contrast(decision.choice)
    stated = Posture(record.options.get("posture") or Posture.UNKNOWN)
    months = record.options.get("months_since_surgery")
    return observed_facts(
        [row.result for row in read_measurements(tables[0])],
        kinds,
        postures=dict.fromkeys(kinds, stated) if stated is not Posture.UNKNOWN else None,
        months_since_surgery=None if months is None else float(months),
        book=book,
    )


def protocol_of_study(
    study: Path | str, question: str, *, case: Case | None = None, book: RuleBook | None = None
) -> ProtocolReport:
    """Check a study's series (DICOM folder, NIfTI file, BIDS data set of one visit) against a question's protocol.

    Raises
    ------
    InputError
        If there is no such question, or the study holds several visits.
    ReadError
        If nothing readable is there.
    """
    visit = read_visit(study)
    return check_protocol([summarise(series) for series in visit.series], question, case, book=book)


def series_check(visit: Visit, question: str, case: Case | None = None) -> SeriesCheck:
    """Check a visit's series against a question's protocol, in the report's words; InputError if unknown."""
    found = check_protocol([summarise(series) for series in visit.series], question, case)
    headings, *rows = found.table()
    return SeriesCheck(
        title=found.title, headings=headings, rows=tuple(rows), complete=found.complete, limits=found.limits
    )
