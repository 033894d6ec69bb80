"""Text tables: encoding and separator found, and told where doubtful."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from lumbomics.clinical.notes import Notes
from lumbomics.clinical.score import Place
from lumbomics.core.errors import ReadError

_SEPARATORS = ("\t", ";", ",", "|")
_NAMES = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}


@dataclass(frozen=True, kw_only=True)
class Raw:
    """Cells of a file, every row as long as the header."""

    name: str
    header: list[str | float | datetime | date | None]
    rows: list[tuple[int, list[str | float | datetime | date | None]]]
    separator: str | None = None
    serial_dates: datetime | None = None


def read_delimited(path: Path, notes: Notes) -> Raw:
    """Read a text table; rows that are too long or too short are faults.

    Raises
    ------
    ReadError
        If the file is empty or no text.
    """
    text, encoding = decode_table(path)
    if encoding != "utf-8":
        notes.remark(Place(file=path.name), f"read as {encoding}", hint="save as UTF-8 where letters look wrong")
    separator = separator_of(text)
    notes_wanted = path.suffix.lower() == ".tsv" and separator != "\t"
    if notes_wanted or path.suffix.lower() != ".tsv":
        notes.remark(Place(file=path.name), f"columns are parted by {_NAMES[separator]}")
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error as error:
        raise ReadError("the file is no text table", got=str(error), where=path.name) from error
    if not lines:  # bytes that are no white space may still hold no text, as a lone byte order mark
        raise ReadError("the file is empty", expected="a header line and rows", got="no text", where=path.name)
    header, width = lines[0], len(lines[0])
    rows: list[tuple[int, list[str | float | datetime | date | None]]] = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != width:
            notes.fault(
                Place(file=path.name, row=number),
                "row has another number of cells than the header",
                expected=str(width),
                got=str(len(cells)),
                hint="a stray separator or quotation mark is likely",
            )
            continue
        rows.append((number, [*cells]))
    return Raw(name=path.name, header=[*header], rows=rows, separator=separator)


def decode_table(path: Path) -> tuple[str, str]:
    """Text of a file, line ends made alike, and the encoding: a byte order mark, else UTF-8, else Windows-1252."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReadError("file cannot be read", got=error.strerror, where=path.name) from error
    if not content.strip():
        raise ReadError("the file is empty", where=path.name)
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\x00" in content and not wide:
        raise ReadError("the file is no text table", expected="CSV, TSV or Excel (.xlsx)", where=path.name)
    try:
        text, encoding = (content.decode("utf-16"), "utf-16") if wide else (content.decode("utf-8-sig"), "utf-8")
    except UnicodeDecodeError:
        text, encoding = content.decode("cp1252", errors="replace"), "windows-1252"
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def separator_of(text: str) -> str:
    """Separator of a table: the one that parts the first rows into the same number of columns, most of them."""
    sample = "\n".join(text.splitlines()[:50])
    scores: dict[str, tuple[int, int]] = {}
    for separator in _SEPARATORS:
        widths = [len(cells) for cells in csv.reader(io.StringIO(sample), delimiter=separator) if cells]
        agreeing = Counter(widths)[widths[0]] if widths and widths[0] > 1 else 0
        scores[separator] = (agreeing, widths[0] if widths else 0)
    # A row count decides before a column count: decimal commas part rows unevenly, real separators do not.
    best = max(_SEPARATORS, key=lambda one: scores[one])
    return best if scores[best][0] else ","
