"""What is peculiar to REDCap: the codebook, event names, ticked boxes, the status of a form."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from lumbomics.clinical.delimited import decode_table, separator_of
from lumbomics.core.errors import ReadError

_FIELD, _FORM, _CHOICES = "variable / field name", "form name", "choices, calculations, or slider labels"
_CHECKBOX = re.compile(r"(.+)___(.+)")
_ARM = re.compile(r"_arm_(\d+)$")
COMPLETE = "2"
"""Code of a form that was marked complete."""


@dataclass(frozen=True, kw_only=True)
class Codebook:
    """Fields of a REDCap project (its data dictionary).

    Parameters
    ----------
    forms
        Field -> form.
    choices
        Field -> code -> label, of radio buttons, menus and check boxes.
    """

    forms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def code_of(self, column: str, label: str) -> str | None:
        """Code of a label, where the column's field has it exactly once."""
        found = [code for code, text in self.choices.get(column, {}).items() if text.casefold() == label.casefold()]
        return found[0] if len(found) == 1 else None


def read_codebook(path: Path | str) -> Codebook:
    """Read a data dictionary as REDCap writes it.

    Raises
    ------
    ReadError
        If the file cannot be read or lacks REDCap's columns.
    """
    place = Path(path)
    text, _ = decode_table(place)
    rows = list(csv.DictReader(io.StringIO(text), delimiter=separator_of(text)))
    names = {name.strip().lower(): name for name in (rows[0] if rows else {})}
    lacking = [name for name in (_FIELD, _FORM, _CHOICES) if name not in names]
    if lacking:
        raise ReadError("no REDCap codebook", expected="the data dictionary", got=f"lacks {lacking}", where=place.name)
    forms = {row[names[_FIELD]]: row[names[_FORM]] for row in rows}
    choices = {row[names[_FIELD]]: _choices(row[names[_CHOICES]] or "") for row in rows}
    return Codebook(
        forms=MappingProxyType(forms), choices=MappingProxyType({name: one for name, one in choices.items() if one})
    )


def _choices(text: str) -> Mapping[str, str]:
    pairs = [part.partition(",") for part in text.split("|")]
    return MappingProxyType({code.strip(): label.strip() for code, comma, label in pairs if comma})


def checkbox_field(column: str) -> str | None:
    """Field of a check box's column such as ``rmdq___3``; ``None`` for other columns."""
    found = _CHECKBOX.fullmatch(column.strip())
    return found[1] if found else None


def shorten_events(names: frozenset[str]) -> dict[str, str]:
    """Event names without their arm (``baseline_arm_1`` -> ``baseline``), where one arm is all there is."""
    arms = {found[1] for name in names if (found := _ARM.search(name))}
    return {name: _ARM.sub("", name) if len(arms) == 1 else name for name in names}
