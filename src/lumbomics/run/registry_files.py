"""A registry's folder: what lies where, how it is read, and how a decision is appended without loss.

    registry.yaml               title, screeners, reasons, limits
    batches/BATCH.yaml          one imported file: hash, date, count, database, query, limits, faults
    records/BATCH.jsonl         its records, one a line
    decisions/PERSON.jsonl      pairs, resolutions, retrieval, removals, studies; one line a decision
    screening/STAGE.PERSON.jsonl  one screener's decisions at one stage
    derived/                    worked out from the rest; may be deleted

Records and batches are written once, whole, and never changed; a batch counts when its YAML stands, written last.
Each person appends to files of their own, so two people, or two windows of one, can work at once.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from lumbomics.core.errors import InputError, OutputError, ReadError
from lumbomics.registry.decision import Decision, Kind, Stage, pair_choices, read_decisions
from lumbomics.registry.dedupe import Deduplication, Doubt, Link, deduplicate
from lumbomics.registry.record import Batch, Record
from lumbomics.registry.settings import Settings, person, settings_from
from lumbomics.write import write_text_atomic

_METHOD = 1
"""Raised when the comparison of records changes, so that what was derived before is worked out again."""


def read_settings(folder: Path) -> Settings:
    """Read ``registry.yaml``; ReadError if there is none, FaultsError with all that is wrong in it."""
    path = folder / "registry.yaml"
    if not path.is_file():
        raise ReadError("no registry here", where=str(folder), hint="make one with `lumbomics registry create`")
    return settings_from(_read_yaml(path), where="registry.yaml")


def write_yaml(plain: object, path: Path) -> Path:
    """Write ``plain`` as YAML, whole or not at all."""
    return write_text_atomic(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=120), path)


def read_batches(folder: Path) -> tuple[Batch, ...]:
    """Read all batches, in the order imported."""
    paths = sorted((folder / "batches").glob("*.yaml"))
    return tuple(sorted((Batch.from_dict(_read_yaml(p)) for p in paths), key=lambda b: (b.imported, b.id)))


def active_batches(folder: Path) -> tuple[Batch, ...]:
    """Read the batches that no later batch stands for."""
    batches = read_batches(folder)
    replaced = {batch.supersedes for batch in batches}
    return tuple(batch for batch in batches if batch.id not in replaced)


def read_records(folder: Path, batches: Iterable[Batch]) -> tuple[Record, ...]:
    """Read the records of ``batches``; ReadError where a file does not hold what its batch says."""
    found: list[Record] = []
    for batch in batches:
        path = folder / "records" / f"{batch.id}.jsonl"
        own = [Record.from_dict(json.loads(line)) for line in _read_text(path).split("\n") if line]
        if len(own) != batch.records:
            raise ReadError(
                "the records file was changed", expected=f"{batch.records} records", got=str(len(own)), where=str(path)
            )
        found += own
    return tuple(found)


def write_batch(folder: Path, batch: Batch, records: Iterable[Record]) -> None:
    """Write the records, then the batch that makes them count."""
    lines = (json.dumps(record.to_dict(), ensure_ascii=False) + "\n" for record in records)
    write_text_atomic("".join(lines), folder / "records" / f"{batch.id}.jsonl")
    write_yaml(batch.to_dict(), folder / "batches" / f"{batch.id}.yaml")


def decisions_path(folder: Path, kind: Kind, by: str, stage: Stage | None) -> Path:
    """Give the file of one person's decisions of a kind."""
    name = f"{stage}.{person(by)}.jsonl" if kind is Kind.SCREENING else f"{person(by)}.jsonl"
    return folder / ("screening" if kind is Kind.SCREENING else "decisions") / name


def append_decision(folder: Path, decision: Decision) -> None:
    """Append one line to the person's file and bring it to the disk.

    The line goes out in one write to a file opened for appending, so that windows of one person do not tear
    each other's lines; it begins a new line where a machine went down in the middle of the last one.

    Raises
    ------
    OutputError
        If the folder cannot be written to or the disk is full.
    """
    path = decisions_path(folder, decision.kind, decision.by, decision.stage)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            content = ("\n" if torn else "").encode() + decision.to_line().encode()
            if os.write(handle, content) != len(content):
                raise OutputError("the decision was written in part only", where=str(path), hint="free some space")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            "the decision cannot be written", where=str(path), got=error.strerror or str(error)
        ) from error


def read_people(folder: Path) -> tuple[Decision, ...]:
    """Read everyone's decisions but screening."""
    return _read_all(sorted((folder / "decisions").glob("*.jsonl")))


def read_screening(folder: Path, stage: Stage, screeners: Iterable[str]) -> tuple[Decision, ...]:
    """Read the screening decisions of the people named, no others."""
    paths = (decisions_path(folder, Kind.SCREENING, one, stage) for one in screeners)
    return _read_all(path for path in paths if path.is_file())


def gather(folder: Path, records: Iterable[Record], people: Iterable[Decision]) -> Deduplication:
    """Deduplicate, or read what was derived before from the same records and decisions."""
    records = tuple(records)
    told, disputed = pair_choices(people)
    basis = json.dumps([_METHOD, sorted(r.id for r in records), [[*p, *c] for p, c in sorted(told.items())]])
    fingerprint = hashlib.sha256(basis.encode()).hexdigest()
    path = folder / "derived" / "deduplication.json"
    if path.is_file():
        plain = json.loads(_read_text(path))
        if plain.get("fingerprint") == fingerprint:
            return _deduplication_from(plain)
    groups = deduplicate(records, told)
    write_text_atomic(json.dumps({"fingerprint": fingerprint, **asdict(groups)}, ensure_ascii=False), path)
    _write_tables(folder / "derived", groups, disputed)
    return groups


def _deduplication_from(plain: dict[str, Any]) -> Deduplication:
    return Deduplication(
        groups=tuple(tuple(group) for group in plain["groups"]),
        links=tuple(Link(**{**link, "pair": tuple(link["pair"])}) for link in plain["links"]),
        doubts=tuple(Doubt(**{**doubt, "pair": tuple(doubt["pair"])}) for doubt in plain["doubts"]),
        contradictions=tuple(plain["contradictions"]),
    )


def _write_tables(folder: Path, groups: Deduplication, disputed: Iterable[tuple[str, str]]) -> None:
    """Write the groups and the queue once more, for people to read."""
    lines = ["record\treport\n", *(f"{r}\t{lead}\n" for r, lead in sorted(groups.lead.items()))]
    write_text_atomic("".join(lines), folder / "groups.tsv")
    links = ["one\tother\tby\treason\n", *(f"{k.pair[0]}\t{k.pair[1]}\t{k.by}\t{k.reason}\n" for k in groups.links)]
    write_text_atomic("".join(links), folder / "merges.tsv")
    queue = ["one\tother\ttitle_similarity\treason\n"]
    queue += [f"{d.pair[0]}\t{d.pair[1]}\t{d.title_similarity}\t{d.reason}\n" for d in groups.doubts]
    queue += [f"{a}\t{b}\tn/a\tpeople differ; kept apart until they agree\n" for a, b in disputed]
    write_text_atomic("".join(queue), folder / "review.tsv")


def _read_all(paths: Iterable[Path]) -> tuple[Decision, ...]:
    return tuple(one for path in paths for one in read_decisions(_read_text(path), where=path.name))


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(_read_text(path))
    except yaml.YAMLError as error:
        raise InputError("no valid YAML", got=" ".join(str(error).split())[:200], where=str(path)) from None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ReadError("a file of the registry is missing", where=str(path)) from None
    except UnicodeDecodeError:
        raise ReadError(
            "a file of the registry is not UTF-8", where=str(path), hint="it was edited or damaged"
        ) from None
