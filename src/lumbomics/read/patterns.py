"""Words that scanners and radiographers use in series names, in several languages, from ``rules/texts.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import yaml

_SEPARATORS = re.compile(r"[_\-./\\,;:()\[\]\s]+")


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    text = files("lumbomics.read").joinpath("rules/texts.yaml").read_text(encoding="utf-8")
    groups: dict[str, list[str]] = yaml.safe_load(text)
    return {name: re.compile("|".join(rf"(?<![^ ]){p}(?![^ ])" for p in parts)) for name, parts in groups.items()}


def normalised(text: str) -> str:
    """Lower case, with every separator turned into one space."""
    return _SEPARATORS.sub(" ", text.lower()).strip()


def matches(name: str, texts: Iterable[str]) -> str | None:
    """Give the first words in ``texts`` that the group ``name`` knows, or ``None``."""
    pattern = _patterns()[name]
    for text in texts:
        found = pattern.search(normalised(text))
        if found is not None:
            return found.group(0)
    return None
