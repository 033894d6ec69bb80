"""Options, arguments and lines of text that the commands of ``lumbomics registry`` share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lumbomics.registry.record import Record


class StageName(StrEnum):
    """Stages as typed."""

    TITLE_ABSTRACT = "title_abstract"
    FULL_TEXT = "full_text"


class SourceName(StrEnum):
    """Sources as typed."""

    DATABASE = "database"
    REGISTER = "register"
    PERSONAL_LIBRARY = "personal_library"
    CROSS_REFERENCE = "cross_reference"
    WEBSITE = "website"
    ORGANISATION = "organisation"


Folder = Annotated[Path, typer.Argument(metavar="REGISTRY", help="The registry's folder.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]
By = Annotated[str, typer.Option("--by", help="Your short name (lower case).")]
Note = Annotated[str, typer.Option("--note", help="Anything to remember.")]
Reason = Annotated[str, typer.Option("--reason", help="Reason id of an exclusion, see registry.yaml.")]
RecordId = Annotated[str, typer.Argument(metavar="RECORD", help="Record id.")]


StageOption = Annotated[StageName, typer.Option("--stage", help="Stage of screening.")]


def describe(record: Record) -> str:
    """Record in a few lines."""
    authors = ", ".join(record.authors[:6]) + (" et al." if len(record.authors) > 6 else "")
    place = " ".join(filter(None, (record.journal, str(record.year or ""), record.volume, record.start_page)))
    ids = " ".join(
        filter(None, (record.doi and f"doi:{record.doi}", record.pmid and f"pmid:{record.pmid}", record.kind))
    )
    return f"  {record.id}\n    {record.title or 'no title'}\n    {authors or 'no authors'}\n    {place}  {ids}"


def ask(question: str, letters: str) -> str:
    """One of ``letters``; asks again until it gets one."""
    while True:
        answer = str(typer.prompt(question, default="", show_default=False)).strip().lower()[:1]
        if answer and answer in letters:
            return answer
