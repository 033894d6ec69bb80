"""Files that are whole or not there at all."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from lumbomics.core.errors import OutputError

_MARK = ".unfinished-"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Give a temporary path to write to; on leaving, it becomes ``path`` in one step.

    The temporary file lies in the same folder, keeps all extensions (writers choose a format by them), and is brought
    to the disk before it is renamed, so that ``path`` holds the old content or the new one, never a part of either. If
    the body raises, the temporary file is removed and ``path`` stays as it was.

    Parameters
    ----------
    path
        Where the file shall be; missing folders are made.

    Raises
    ------
    OutputError
        If the folder cannot be written to or the disk is full; nothing is left behind.
    """
    target = Path(path)
    temporary = target.with_name(f"{_MARK}{secrets.token_hex(4)}-{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _settle(temporary)
        temporary.replace(target)
        _settle(target.parent)
    except OSError as error:
        _discard(temporary)
        if isinstance(error, OutputError):
            raise
        _refuse(target, error)
    except BaseException:
        _discard(temporary)
        raise


def write_text_atomic(text: str, path: Path | str) -> Path:
    """Write ``text`` as UTF-8, line ends as given, whole or not at all; OutputError as in ``atomic_path``."""
    return write_bytes_atomic(text.encode("utf-8"), path)


def write_bytes_atomic(content: bytes, path: Path | str) -> Path:
    """Write ``content``, whole or not at all; OutputError as in ``atomic_path``."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def write_json_atomic(
    content: Mapping[str, object] | Sequence[object], path: Path | str, *, indented: bool = True
) -> Path:
    """Write ``content`` as JSON, whole or not at all; NaN and infinity are refused (ValueError).

    Indented is for people; files of a hundred thousand points are written in a tenth of the time without.
    """
    indent = 2 if indented else None
    return write_text_atomic(json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False) + "\n", path)


def remove_unfinished(folder: Path | str) -> tuple[Path, ...]:
    """Remove what a killed run left in ``folder`` and below; call it only where no other run is writing.

    Returns
    -------
    tuple of Path
        The temporary files removed.
    """
    left = tuple(sorted(Path(folder).rglob(f"{_MARK}*")))
    for path in left:
        path.unlink(missing_ok=True)
    return left


def _settle(path: Path) -> None:
    """Bring a file's content, or a folder's list of names, from the cache to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _discard(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _refuse(target: Path, error: OSError) -> NoReturn:
    if error.errno in _FULL:
        problem, hint = "no room left to write the file", "free some space or choose another output folder"
    elif error.errno in _FORBIDDEN:
        problem, hint = "the folder does not let us write", "choose another output folder or change its permissions"
    elif error.errno in {errno.ENOTDIR, errno.EEXIST}:
        problem, hint = "a file stands where a folder is needed", "choose another output folder"
    else:
        problem, hint = "the file cannot be written", "check the output folder"
    raise OutputError(problem, got=error.strerror or str(error), where=str(target), hint=hint) from error
