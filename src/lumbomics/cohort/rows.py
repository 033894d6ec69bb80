"""Measurement tables, many at a time: the bytes that were hashed are the bytes that are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from lumbomics.cohort.delimited import Parsed, parse
from lumbomics.cohort.faults import Fault, compact
from lumbomics.cohort.schema import MEASUREMENTS
from lumbomics.cohort.visits import MANIFEST, VisitFile

_COLUMNS = tuple(MEASUREMENTS)
_HEADER = "\t".join(_COLUMNS).encode()


@dataclass(frozen=True, kw_only=True)
class ReadVisit:
    """A visit whose table was read: its hash and the hashes of the images behind it."""

    visit: VisitFile
    sha256: str
    images: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of many visits as text.

    Parameters
    ----------
    table
        ``MEASUREMENTS`` as text, null where empty; ``visit_participant`` and ``visit_session`` say whose folder the row
        stands in, ``line`` on which line.
    visits
        The visits that could be read.
    faults
        What could not, by visit.
    """

    table: Any
    visits: tuple[ReadVisit, ...]
    faults: tuple[tuple[VisitFile, Fault], ...]


@dataclass
class _Reading:
    bodies: list[tuple[ReadVisit, bytes]] = field(default_factory=list)
    faults: list[tuple[VisitFile, Fault]] = field(default_factory=list)


def read_batch(files: Sequence[VisitFile]) -> Batch:
    """Read the tables of ``files``: those that are not what the run wrote are faults."""
    reading = _Reading()
    for one in files:
        _read(one, reading)
    tables = _parse_together(reading)
    return Batch(
        table=pa.concat_tables(tables) if tables else _with_place(Parsed.empty(_COLUMNS), []),
        visits=tuple(read for read, _ in reading.bodies),
        faults=tuple(reading.faults),
    )


def _read(one: VisitFile, reading: _Reading) -> None:
    try:
        content = one.table.read_bytes()
        record = json.loads((one.folder / MANIFEST).read_bytes())
        stated, inputs = record["files"][one.table.name], dict(record["inputs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "run the visit again"
        reading.faults.append((one, Fault(file=one.file, problem="cannot be read", got=repr(error), hint=hint)))
        return
    digest = hashlib.sha256(content).hexdigest()
    header, _, body = content.partition(b"\n")
    if digest != stated:
        problem, got = "table is not the one that the run wrote, not read", "another hash than in run.json"
        reading.faults.append((one, Fault(file=one.file, problem=problem, got=got, hint="run the visit again")))
    elif header.rstrip(b"\r") != _HEADER:
        got = f"lacks {lack}" if (lack := _lacking(header)) else "columns in another order, or more of them"
        problem = "no measurement table of this version, not read"
        reading.faults.append((one, Fault(file=one.file, problem=problem, got=got, hint="run the visit again")))
    else:
        images = tuple(str(value) for name, value in inputs.items() if not name.startswith("label map"))
        reading.bodies.append((ReadVisit(visit=one, sha256=digest, images=images), _closed(body)))


def _lacking(header: bytes) -> str:
    names = header.decode("utf-8", "replace").rstrip("\r").split("\t")
    return ", ".join(name for name in _COLUMNS if name not in names)


def _closed(body: bytes) -> bytes:
    return body if not body or body.endswith(b"\n") else body + b"\n"


def _parse_together(reading: _Reading) -> list[Any]:
    """All bodies in one go where every row is whole, else one by one to name the broken lines."""
    if not reading.bodies:
        return []
    counts = [body.count(b"\n") for _, body in reading.bodies]
    parsed = parse(b"".join(body for _, body in reading.bodies), _COLUMNS)
    if not parsed.broken and parsed.problem is None:
        lines = np.concatenate([np.arange(2, count + 2) for count in counts])
        visits = [read.visit for read, _ in reading.bodies]
        return [_with_place(parsed.table, visits, np.repeat(np.arange(len(counts)), counts), lines)]
    return [_parse_alone(read.visit, body, reading) for read, body in reading.bodies]


def _parse_alone(visit: VisitFile, body: bytes, reading: _Reading) -> Any:
    parsed = parse(body, _COLUMNS)
    if parsed.problem is not None:
        reading.faults.append((visit, Fault(file=visit.file, problem=parsed.problem)))
    elif parsed.broken:
        lines = compact([number + 1 for number in parsed.broken])
        problem = f"row is cut short or too long, expected {len(_COLUMNS)} cells; not indexed"
        reading.faults.append((visit, Fault(file=visit.file, lines=lines, problem=problem, hint="run the visit again")))
    whole = np.array([number + 1 for number in parsed.whole], dtype=np.int64)
    return _with_place(parsed.table, [visit], np.zeros(whole.size, dtype=np.int64), whole)


def _with_place(table: Any, visits: Sequence[VisitFile], codes: Any = (), lines: Any = ()) -> Any:
    indices = pa.array(np.asarray(codes, dtype=np.int64))
    for column, values in (
        ("visit_participant", [visit.participant for visit in visits]),
        ("visit_session", [visit.session for visit in visits]),
    ):
        table = table.append_column(column, pa.array(values, pa.string()).take(indices))
    return table.append_column("line", pa.array(np.asarray(lines, dtype=np.int64)))
