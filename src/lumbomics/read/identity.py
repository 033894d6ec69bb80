"""Patient identifier -> participant label, kept in one file outside the derivatives."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lumbomics.core.errors import OutputError, ReadError

_HEADER = "patient_hmac_sha256\tparticipant"
_SALT = "# salt "
_ROW = re.compile(r"[0-9a-f]{64}\t[A-Za-z0-9]+")


def pseudonym(patient: str, key_file: str | Path) -> str:
    """Participant label of a patient: the one in the key file, or the next free number, which is then recorded.

    The file holds a random salt and one row a patient: HMAC-SHA256 of the identifier under that salt, and the label.
    It is created where missing, readable by its owner alone, and replaced in one step under a lock. Whoever holds it
    and can guess identifiers can find patients: keep it apart from the derivatives.

    Raises
    ------
    ReadError
        If the file exists and is no key file.
    OutputError
        If it cannot be written.
    """
    path = Path(key_file)
    try:
        with _locked(path):
            salt, rows = _load(path)
            token = hmac.new(bytes.fromhex(salt), patient.encode(), hashlib.sha256).hexdigest()
            if token not in rows:
                rows[token] = _next_label(rows.values())
                _save(path, salt, rows)
            return rows[token]
    except OSError as error:
        raise OutputError(
            "the key file cannot be written", where=path.name, hint="give a folder you may write to"
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _load(path: Path) -> tuple[str, dict[str, str]]:
    if not path.exists():
        return secrets.token_hex(32), {}
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) < 2 or not re.fullmatch(_SALT + "[0-9a-f]{64}", lines[0]) or lines[1] != _HEADER:
        raise ReadError("not a key file", expected="a salt line and a header line", where=path.name)
    if not all(_ROW.fullmatch(line) for line in lines[2:]):
        raise ReadError("a row of the key file is broken", expected="hash, tab, label", where=path.name)
    return lines[0].removeprefix(_SALT), dict(line.split("\t") for line in lines[2:])


def _save(path: Path, salt: str, rows: dict[str, str]) -> None:
    text = "\n".join([_SALT + salt, _HEADER, *(f"{token}\t{label}" for token, label in rows.items())]) + "\n"
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    handle = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _next_label(taken: Iterable[str]) -> str:
    used = set(taken)
    number = 1
    while f"{number:02d}" in used:
        number += 1
    return f"{number:02d}"
