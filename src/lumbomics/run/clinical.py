"""Questionnaires and logs: checked, scored, written as phenotype tables of the derivatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from lumbomics.clinical import (
    ClinicalData,
    Codebook,
    DateOrder,
    Note,
    Reader,
    Scheme,
    Score,
    SessionFacts,
    describe_instrument,
    fact_tables,
    gather,
    known_columns,
    load_schemes,
    read_codebook,
    read_columns,
    read_value_set,
    responses,
    score_all,
    score_tables,
)
from lumbomics.core.errors import InputError
from lumbomics.write import ignore_in_bids, write_json_atomic, write_text_atomic


@dataclass(frozen=True, kw_only=True)
class ClinicalCheck:
    """What a check found.

    Parameters
    ----------
    faults
        Must be put right before anything is scored.
    remarks
        What was done or left out, told so that nothing happens silently.
    filled
        Instrument -> how many were filled, by anybody at any session.
    participants, sessions
        How many occur.
    """

    faults: tuple[Note, ...]
    remarks: tuple[Note, ...]
    filled: dict[str, int]
    participants: int
    sessions: int


@dataclass(frozen=True, kw_only=True)
class ClinicalScores:
    """Scores and facts of all participants, and the files they were written to."""

    scores: tuple[Score, ...]
    sessions: tuple[SessionFacts, ...]
    remarks: tuple[Note, ...]
    files: tuple[Path, ...] = ()


def check_clinical(
    files: Sequence[Path | str],
    *,
    columns: Path | str | None = None,
    codebook: Path | str | None = None,
    missing: Sequence[str] = (),
    date_order: str | None = None,
    sheet: str | None = None,
    today: date | None = None,
) -> ClinicalCheck:
    """Read tables and tell everything that is wrong or was done with them; writes nothing.

    Parameters
    ----------
    files
        CSV, TSV (BIDS phenotype) or Excel tables: questionnaires, participants, treatment log, REDCap exports.
    columns
        YAML file with own column names, ``column: odi.1``.
    codebook
        REDCap's data dictionary.
    missing
        Codes of missing answers, such as ``-99``.
    date_order
        ``dmy`` or ``mdy``, for dates with slashes.
    sheet
        Sheet of a workbook that has several.
    today
        Later dates are faults; the real day where not given.

    Raises
    ------
    LumbomicsError
        If the mapping of columns or the codebook is broken, or no file is given.
    """
    data = _gathered(files, columns, codebook, missing, date_order, sheet, today)
    filled = Counter(one.instrument for one in data.answers if one.values or one.entered)
    return ClinicalCheck(
        faults=data.notes.faults,
        remarks=data.notes.remarks,
        filled=dict(sorted(filled.items())),
        participants=len({one.participant for one in data.sessions}),
        sessions=sum(one.session is not None for one in data.sessions),
    )


def score_clinical(
    files: Sequence[Path | str],
    *,
    out: Path | str | None = None,
    value_set: Path | str | None = None,
    value_set_name: str | None = None,
    columns: Path | str | None = None,
    codebook: Path | str | None = None,
    missing: Sequence[str] = (),
    date_order: str | None = None,
    sheet: str | None = None,
    today: date | None = None,
) -> ClinicalScores:
    """Score every instrument of the tables and write ``phenotype/*.tsv`` with sidecars.

    Parameters
    ----------
    files, columns, codebook, missing, date_order, sheet, today
        As in ``check_clinical``.
    out
        Derivatives folder; nothing is written where not given.
    value_set, value_set_name
        EQ-5D-5L utilities (columns ``state``, ``utility``) and the name they are cited by; both or none.

    Raises
    ------
    FaultsError
        All faults of all tables; nothing is written then.
    OutputError
        If a table cannot be written.
    """
    if (value_set is None) != (value_set_name is None):
        raise InputError("a value set and its name belong together", hint="give --value-set and --value-set-name")
    values = read_value_set(value_set, name=value_set_name) if value_set is not None and value_set_name else None
    data = _gathered(files, columns, codebook, missing, date_order, sheet, today)
    data.notes.raise_faults()
    single = score_all(data.answers, value_set=values)
    later = responses(single, before_surgery=data.before_surgery, before_stimulator=data.before_stimulator)
    scores = tuple(sorted((*single, *later), key=lambda one: (one.instrument, one.participant, one.session)))
    made = () if out is None else _write(scores, data.sessions, Path(out) / "phenotype")
    return ClinicalScores(scores=scores, sessions=data.sessions, remarks=data.notes.remarks, files=made)


def _gathered(
    files: Sequence[Path | str],
    columns: Path | str | None,
    codebook: Path | str | None,
    missing: Sequence[str],
    date_order: str | None,
    sheet: str | None,
    today: date | None,
) -> ClinicalData:
    if date_order not in {None, *DateOrder}:
        raise InputError("unknown order of dates", expected="dmy or mdy", got=repr(date_order))
    reader = Reader(
        columns=read_columns(columns) if columns else {},
        codebook=read_codebook(codebook) if codebook else Codebook(),
        missing=frozenset(missing),
        date_order=DateOrder(date_order) if date_order else None,
        sheet=sheet,
        today=today or datetime.now(UTC).date(),
    )
    return gather(files, reader)


def _write(scores: Sequence[Score], sessions: Sequence[SessionFacts], folder: Path) -> tuple[Path, ...]:
    written: list[Path] = []
    for table in (*score_tables(scores), *fact_tables(sessions)):
        written.append(write_json_atomic(table.sidecar, folder / f"{table.name}.json"))
        written.append(write_text_atomic(table.text, folder / f"{table.name}.tsv"))
    ignore_in_bids(f"{folder.name}/", folder.parent)  # BIDS 1.10 grants phenotype tables one row a participant alone
    return tuple(written)


@dataclass(frozen=True, kw_only=True)
class DescribedInstrument:
    """An instrument as it is scored, for machines and for readers."""

    id: str
    as_dict: dict[str, Any]
    lines: tuple[str, ...]


def describe_instruments(instrument: str | None = None) -> tuple[DescribedInstrument, ...]:
    """Describe one instrument or all: columns understood, scales, missing-item rules, important changes.

    Raises
    ------
    InputError
        If the id is unknown.
    """
    schemes = load_schemes()
    if instrument is not None and instrument not in schemes:
        raise InputError("unknown instrument", expected=", ".join(schemes), got=repr(instrument))
    return tuple(_described(schemes[name]) for name in ((instrument,) if instrument else schemes))


def _described(scheme: Scheme) -> DescribedInstrument:
    about = {**describe_instrument(scheme.id), "Columns": list(known_columns(scheme))}
    lines = [f"{scheme.id}: {about['Description']}", f"  columns: {', '.join(about['Columns'])}"]
    for name, scale in about["Scales"].items():
        low, high = (("…" if end is None else f"{end:g}") for end in scale["Range"])
        lines.append(f"  {name}: {scale['Rule']}, {low} to {high} {scale['Unit'].replace('1', '')}".rstrip())
        lines += [f"    missing items: {scale['MissingItems']}"] if scale["MissingItems"] else []
        bands = ", ".join(f"{band['Label']} from {band['From']:g}" for band in scale["Bands"] if band["Label"])
        lines += [f"    bands: {bands}"] if bands else []
        lines.append(f"    source: {scale['Source']}")
    changes = about["ImportantChange"]
    for one in changes if isinstance(changes, list) else ():
        span = f"{one['From']:g}" if one["From"] == one["To"] else f"{one['From']:g} to {one['To']:g}"
        context = f", {one['Context']}" if one["Context"] else ""
        lines.append(f"  important change: {span} {one['Unit']}{context} ({one['Source']})")
    lines += [f"  important change: {changes}"] if isinstance(changes, str) else []
    return DescribedInstrument(id=scheme.id, as_dict=about, lines=(*lines, f"  licence: {about['Licence']}"))
