"""Case files, YAML or JSON, to cases; everything wrong with a file is told at once."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lumbomics.advise.case import Case, Expected, Observed, make_case
from lumbomics.catalogue import RuleBook
from lumbomics.core.errors import FaultsError, InputError, LumbomicsError, ReadError


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice: the second would silently win."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"given twice: {', '.join(twice)}", node.start_mark)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Expect(_Strict):
    fires: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


class _CaseFile(_Strict):
    title: str = "Case"
    description: str = ""
    facts: dict[str, Any] = Field(default_factory=dict)
    dates: dict[str, date] = Field(default_factory=dict)
    expect: _Expect | None = None


def read_case(
    path: Path | str, *, book: RuleBook | None = None, observed: Mapping[str, Observed] | None = None
) -> Case:
    """Read one case.

    Parameters
    ----------
    path
        YAML or JSON file; ``-`` reads standard input.
    book
        The rule book that defines the facts; default: the shipped one.
    observed
        Facts taken from elsewhere, to add; a statement that denies one is a fault.

    Raises
    ------
    FaultsError
        All faults of the file: unknown facts, wrong values, contradictions, dates in the future.
    ReadError
        If it is no readable YAML or JSON.
    """
    where = "standard input" if str(path) == "-" else str(path)
    return parse_case(_text(path, where), where=where, book=book, observed=observed)


def parse_case(
    text: str, *, where: str = "case", book: RuleBook | None = None, observed: Mapping[str, Observed] | None = None
) -> Case:
    """Parse the text of a case file; as ``read_case``."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ReadError("no readable YAML or JSON", got=" ".join(str(error).split()), where=where) from error
    if not isinstance(document, dict):
        raise ReadError("holds no case", expected="facts: ...", got=type(document).__name__, where=where)
    try:
        content = _CaseFile.model_validate(document)
    except ValidationError as error:
        raise FaultsError([_fault(detail, where) for detail in error.errors(include_url=False)]) from error
    try:
        return make_case(
            content.facts,
            title=content.title,
            description=" ".join(content.description.split()),
            dates=content.dates,
            observed=observed,
            expected=_expected(content.expect),
            book=book,
        )
    except FaultsError as error:
        raise FaultsError([_placed(fault, where) for fault in error.faults]) from error


def read_cases(folder: Path | str, *, book: RuleBook | None = None) -> Mapping[str, Case]:
    """Read all cases of a folder by file name without its ending; FaultsError with the faults of all files."""
    place = Path(folder)
    paths = sorted(p for p in place.iterdir() if p.suffix in (".yaml", ".yml", ".json")) if place.is_dir() else []
    if not paths:
        raise ReadError("no case files", expected="a folder with .yaml, .yml or .json files", where=str(place))
    cases: dict[str, Case] = {}
    faults: list[LumbomicsError] = []
    for path in paths:
        try:
            cases[path.stem] = read_case(path, book=book)
        except FaultsError as error:
            faults.extend(error.faults)
        except LumbomicsError as error:
            faults.append(error)
    if faults:
        raise FaultsError(faults)
    return cases


def library_folder() -> Path:
    """Folder of the shipped case library: fictional patients, drawn from what the review discusses."""
    return Path(str(files("lumbomics.advise") / "cases"))


@cache
def load_cases() -> Mapping[str, Case]:
    """Load the shipped case library by name, once per process."""
    return read_cases(library_folder())


def _text(path: Path | str, where: str) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError("cannot be read", expected="UTF-8 text", got=str(error), where=where) from error


def _expected(expect: _Expect | None) -> Expected | None:
    return None if expect is None else Expected(fires=frozenset(expect.fires), held=frozenset(expect.held))


def _fault(detail: Mapping[str, Any], where: str) -> LumbomicsError:
    place = ".".join(str(part) for part in detail["loc"])
    return InputError(detail["msg"], got=repr(detail["input"])[:80], where=f"{where}: {place}")


def _placed(fault: LumbomicsError, where: str) -> LumbomicsError:
    place = where if fault.where is None else f"{where}: {fault.where}"
    return InputError(fault.problem, expected=fault.expected, got=fault.got, where=place, hint=fault.hint)
