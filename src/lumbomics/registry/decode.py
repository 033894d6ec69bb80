"""Bytes of an export to text, with every doubt about the encoding told."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from lumbomics.core.errors import ReadError
from lumbomics.registry.record import Fault

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TWICE = ("Ã¤", "Ã¶", "Ã¼", "Ã©", "Ã¨", "Ã¡", "Ã³", "Ã±", "Ã§", "ÃŸ", "â€™", "â€œ", "â€“")
"""Common letters after a wrong turn through Windows-1252: UTF-8 bytes read one by one."""


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """Text of a file, the encoding it was read in, and what was doubtful."""

    text: str
    encoding: str
    faults: tuple[Fault, ...] = ()


def decode(content: bytes, *, encoding: str | None = None) -> Decoded:
    """Text of ``content``, line ends made equal.

    A byte order mark decides; then UTF-16 shows by its zero bytes; then UTF-8 where all bytes fit; else Windows-1252
    (which holds Latin-1's letters). A file that mixes UTF-8 and Windows-1252 is read line by line and each line of the
    rarer kind is named. Signs of earlier damage (replacement characters, UTF-8 read as Windows-1252) are named too and
    left as they are.

    Parameters
    ----------
    encoding
        Name of the encoding where the user knows it; nothing is guessed then.

    Raises
    ------
    ReadError
        If the stated encoding is unknown or does not fit, or the file is empty.
    """
    if not content.strip(b"\x00 \r\n\t"):
        raise ReadError("the file is empty")
    text, used, faults = _stated(content, encoding) if encoding else _found(content)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text=lines, encoding=used, faults=(*faults, *_damage(lines)))


def _stated(content: bytes, encoding: str) -> tuple[str, str, list[Fault]]:
    try:
        return content.decode(encoding), encoding, []
    except LookupError:
        raise ReadError("unknown encoding", expected="a name such as utf-8, latin-1, utf-16", got=encoding) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ReadError(f"the file is not {encoding}", got=f"a byte that does not fit in line {line}") from None


def _found(content: bytes) -> tuple[str, str, list[Fault]]:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _wide(content, name)
    content = content.removeprefix(codecs.BOM_UTF8)
    zeros = content[:4096:2].count(0), content[1:4096:2].count(0)
    if max(zeros) > len(content[:4096]) // 8:
        return _wide(content, "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")
    try:
        return content.decode("utf-8"), "utf-8", []
    except UnicodeDecodeError:
        return _line_by_line(content)


def _wide(content: bytes, encoding: str) -> tuple[str, str, list[Fault]]:
    """Text of two or four bytes a letter; what fits no letter is replaced, which is then reported."""
    return content.decode(encoding, errors="replace"), encoding, []


def _line_by_line(content: bytes) -> tuple[str, str, list[Fault]]:
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    kinds = [_kind(line) for line in lines]
    text = "\n".join(
        _one_byte(line) if kind == "windows-1252" else line.decode() for line, kind in zip(lines, kinds, strict=True)
    )
    counts = {kind: kinds.count(kind) for kind in ("utf-8", "windows-1252")}
    if not counts["utf-8"]:
        return text, "windows-1252", []
    rarer = min(counts, key=lambda kind: (counts[kind], kind == "utf-8"))
    faults = [
        Fault(line=number, problem=f"encodings are mixed: this line was read as {kind}, most others are not")
        for number, kind in enumerate(kinds, start=1)
        if kind == rarer
    ]
    return text, "utf-8 and windows-1252, line by line", faults


def _kind(line: bytes) -> str:
    if line.isascii():
        return "ascii"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _one_byte(line: bytes) -> str:
    """Windows-1252; its five unused bytes become the replacement character, which is then reported."""
    return line.decode("cp1252", errors="replace")


def _damage(text: str) -> list[Fault]:
    faults = []
    for number, line in enumerate(text.split("\n"), start=1):
        if "\ufffd" in line:
            faults.append(
                Fault(line=number, problem="holds the replacement character: a letter was lost before or here")
            )
        elif any(sign in line for sign in _TWICE):
            faults.append(Fault(line=number, problem="looks like UTF-8 once read as Windows-1252 (such as Ã¼ for ü)"))
    return faults
