"""What a registry holds: bibliographic records, each with the batch and line it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from lumbomics.core.errors import InputError


class Source(StrEnum):
    """Where a batch of records was found; PRISMA 2020 counts the two kinds apart."""

    DATABASE = "database"
    REGISTER = "register"
    PERSONAL_LIBRARY = "personal_library"
    CROSS_REFERENCE = "cross_reference"
    WEBSITE = "website"
    ORGANISATION = "organisation"

    @property
    def is_database(self) -> bool:
        """True for databases and study registers, the left column of the PRISMA flow."""
        return self in {Source.DATABASE, Source.REGISTER}


@dataclass(frozen=True, kw_only=True)
class Record:
    """One bibliographic record as a source gave it; never changed after import.

    Parameters
    ----------
    id
        ``BATCH-NNNN``: the batch's id and the record's place in the file, counted from 1.
    batch
        Id of the batch.
    line
        First line of the record in the imported file, counted from 1.
    title, authors, journal, abstract, kind, language
        As the source writes them; an author as ``Family, Given`` or as found.
    year
        Year of publication.
    doi, pmid
        Normalised: the DOI in lower case without address, the PMID as digits.
    volume, start_page
        As the source writes them.
    raw
        Every field of the source, under the source's own names.

    Raises
    ------
    InputError
        If there is neither a title nor an identifier: nobody could screen it.
    """

    id: str
    batch: str
    line: int
    title: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    journal: str = ""
    volume: str = ""
    start_page: str = ""
    doi: str = ""
    pmid: str = ""
    abstract: str = ""
    language: str = ""
    kind: str = ""
    raw: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False, hash=False)

    def __post_init__(self) -> None:
        if not (self.title or self.doi or self.pmid):
            raise InputError("a record has neither title, DOI nor PMID", where=self.id)

    def to_dict(self) -> dict[str, Any]:
        """Plain form for one line of JSON; empty fields are left out."""
        names = (n for n in self.__dataclass_fields__ if n != "raw")
        plain = {name: getattr(self, name) for name in names}
        return {k: v for k, v in plain.items() if v not in ("", None, ())} | {"raw": dict(self.raw)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Build a record from ``to_dict``'s form."""
        known = {k: v for k, v in plain.items() if k in cls.__dataclass_fields__}
        return cls(**{**known, "authors": tuple(plain.get("authors", ())), "raw": MappingProxyType(plain["raw"])})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong in an imported file.

    Parameters
    ----------
    line
        Line of the file, counted from 1.
    problem
        What is wrong, in words.
    lost
        True where the record there was set aside; False where it was kept and only needs a look.
    """

    line: int
    problem: str
    lost: bool = False

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}" + (" (record set aside)" if self.lost else "")


@dataclass(frozen=True, kw_only=True)
class Search:
    """How a batch was found, as the searcher states it; nothing here filters anything.

    Parameters
    ----------
    source
        Kind of source.
    database
        Its name: ``PubMed``, ``Embase``, ``library of A. B.``, ``references of Smith 2010``.
    query
        The query as typed.
    searched
        Day of the search.
    languages
        Languages the search was limited to in the database; empty: no limit.
    from_date, to_date
        Publication dates the search was limited to in the database, as stated; empty: no limit.
    note
        Anything else.
    """

    source: Source
    database: str
    query: str = ""
    searched: date | None = None
    languages: tuple[str, ...] = ()
    from_date: str = ""
    to_date: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.database.strip():
            raise InputError("a batch needs the name of its source", expected="a name such as PubMed", got="nothing")

    def require_not_after(self, today: date) -> None:
        """InputError if the search lies in the future."""
        if self.searched is not None and self.searched > today:
            raise InputError("the search lies in the future", expected=f"{today} or before", got=str(self.searched))

    def to_dict(self) -> dict[str, Any]:
        """Plain form for YAML."""
        return {
            "source": str(self.source),
            "database": self.database,
            "query": self.query,
            "searched": self.searched.isoformat() if self.searched else "",
            "languages": list(self.languages),
            "from_date": self.from_date,
            "to_date": self.to_date,
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Build it from ``to_dict``'s form."""
        searched = plain["searched"]
        parts = {k: v for k, v in plain.items() if k in cls.__dataclass_fields__}
        parts |= {"source": Source(plain["source"]), "languages": tuple(plain["languages"])}
        return cls(**{**parts, "searched": date.fromisoformat(searched) if searched else None})


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One imported file.

    Parameters
    ----------
    id
        Name of the source and the first digits of the file's hash.
    sha256
        Hash of the file's bytes.
    file
        File name, without folders.
    format, encoding
        How the file was read.
    imported
        ISO 8601 time with zone.
    records
        Number of records kept.
    search
        How the batch was found.
    faults
        What was wrong with the file.
    supersedes
        Id of an earlier batch that this one stands for (a repaired export); empty: none.
    """

    id: str
    sha256: str
    file: str
    format: str
    encoding: str
    imported: str
    records: int
    search: Search
    faults: tuple[Fault, ...] = ()
    supersedes: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain form for YAML."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in {"search", "faults"}}
        faults = [{"line": f.line, "problem": f.problem, "lost": f.lost} for f in self.faults]
        return plain | {"search": self.search.to_dict(), "faults": faults}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Build it from ``to_dict``'s form."""
        parts = {k: v for k, v in plain.items() if k in cls.__dataclass_fields__}
        faults = tuple(Fault(**one) for one in plain["faults"])
        return cls(**{**parts, "search": Search.from_dict(plain["search"]), "faults": faults})
