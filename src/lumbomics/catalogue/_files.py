"""Bytes of the records folder to plain rows; every fault keeps its file, record and field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from lumbomics.catalogue._record import Record
from lumbomics.core.errors import CatalogueError, LumbomicsError

# libyaml reads the records eight times faster; wheels of some platforms lack it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
R = TypeVar("R", bound=Record)
Row = Mapping[str, Any]


def read_yaml(folder: Traversable, name: str, faults: list[LumbomicsError]) -> dict[str, Any]:
    """Read one YAML file that holds a mapping; what goes wrong lands in ``faults`` and gives an empty mapping."""
    try:
        document = yaml.load(folder.joinpath(name).read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 (both safe)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        faults.append(
            CatalogueError("cannot be read", expected="a YAML file", got=" ".join(str(error).split()), where=name)
        )
        return {}
    if not isinstance(document, dict):
        faults.append(CatalogueError("holds no mapping", got=type(document).__name__, where=name))
        return {}
    return document


def list_yaml(folder: Traversable, name: str, faults: list[LumbomicsError]) -> list[str]:
    """Return the names of the YAML files in a subfolder, sorted; a folder without any is a fault."""
    subfolder = folder.joinpath(name)
    entries = subfolder.iterdir() if subfolder.is_dir() else ()
    names = sorted(entry.name for entry in entries if entry.name.endswith(".yaml"))
    if not names:
        faults.append(CatalogueError("holds no records", expected="a folder with YAML files", where=name))
    return names


def read_csv(folder: Traversable, name: str, faults: list[LumbomicsError]) -> list[dict[str, str | None]]:
    """Read one CSV file with a header; empty cells become ``None``."""
    try:
        text = folder.joinpath(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(CatalogueError("cannot be read", expected="a CSV file", got=str(error), where=name))
        return []
    return [{column: cell or None for column, cell in row.items()} for row in csv.DictReader(io.StringIO(text))]


def rows_of(document: Row, key: str, name: str, faults: list[LumbomicsError]) -> list[Row]:
    """Return the list of mappings under ``key``; anything else is a fault and gives no rows."""
    rows = document.get(key, None)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        faults.append(CatalogueError("a list of records is missing", expected=f"{key}: [...]", where=name))
        return []
    return rows


def parse(model: type[R], row: Any, where: str, faults: list[LumbomicsError]) -> R | None:
    """Make a record of one row; each wrong field becomes one fault at ``where: field``."""
    try:
        return model.model_validate(row)
    except ValidationError as error:
        faults.extend(_fault(detail, where) for detail in error.errors(include_url=False))
        return None


def parse_all(
    model: type[R], rows: Iterable[Row], key: str, name: str, faults: list[LumbomicsError], **extra: str
) -> list[R]:
    """Make records of all rows, naming each by its field ``key``; broken rows are left out and are in ``faults``."""
    found = [parse(model, {**row, **extra}, f"{name}: {row.get(key, '?')}", faults) for row in rows]
    return [record for record in found if record is not None]


def _fault(detail: Mapping[str, Any], where: str) -> CatalogueError:
    field = ".".join(str(part) for part in detail["loc"])
    got = None if detail["type"] == "missing" or not field else repr(detail["input"])[:120]
    return CatalogueError(detail["msg"], got=got, where=f"{where}: {field}" if field else where)
