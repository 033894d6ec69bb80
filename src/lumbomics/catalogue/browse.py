"""The catalogue for readers: what there is, what is implemented, and one biomarker in full."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from lumbomics.catalogue.biomarkers import BiomarkerRecord
from lumbomics.catalogue.catalogue import load_catalogue
from lumbomics.catalogue.quantities import Quantity
from lumbomics.core.errors import CatalogueError


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the list."""

    record: BiomarkerRecord
    implemented: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines."""
        shown = self.record.model_dump(mode="json", include={"id", "name", "group", "units", "data_type", "modality"})
        return {**shown, "implemented": self.implemented, "version": self.record.version}


@dataclass(frozen=True, kw_only=True)
class Group:
    """The entries of one group."""

    id: str
    title: str
    entries: tuple[Entry, ...]

    @property
    def implemented(self) -> int:
        """How many entries are implemented."""
        return sum(entry.implemented for entry in self.entries)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Groups in catalogue order; groups without an entry are left out."""

    groups: tuple[Group, ...]

    @property
    def total(self) -> int:
        """How many biomarkers are listed."""
        return sum(len(group.entries) for group in self.groups)

    @property
    def implemented(self) -> int:
        """How many of them are implemented."""
        return sum(group.implemented for group in self.groups)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines."""
        entries = [entry.to_dict() for group in self.groups for entry in group.entries]
        return {"total": self.total, "implemented": self.implemented, "biomarkers": entries}


@dataclass(frozen=True, kw_only=True)
class Description:
    """One biomarker with its exact quantities."""

    record: BiomarkerRecord
    quantities: tuple[Quantity, ...]
    implemented: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines; thresholds and intervals say whether they are unverified."""
        data = self.record.model_dump(mode="json")
        for field in ("thresholds", "reference_intervals"):
            for row, record in zip(data[field], getattr(self.record, field), strict=True):
                row["unverified"] = record.is_unverified
        quantities = [quantity.model_dump(mode="json") for quantity in self.quantities]
        return {**data, "implemented": self.implemented, "quantities": quantities}


def list_biomarkers(
    *, implemented: Collection[str] = (), group: str | None = None, only_implemented: bool = False
) -> Listing:
    """List biomarkers by group.

    Parameters
    ----------
    implemented
        Ids that the installed software can measure.
    group
        Only this group.
    only_implemented
        Leave out what cannot be measured.

    Raises
    ------
    CatalogueError
        If the group is unknown.
    """
    catalogue = load_catalogue()
    titles = catalogue.meta.groups
    if group is not None and group not in titles:
        raise _unknown("group", group, titles)
    groups = []
    for name in titles if group is None else [group]:
        records = [record for record in catalogue.biomarkers.values() if record.group == name]
        entries = tuple(Entry(record=record, implemented=record.id in implemented) for record in records)
        kept = tuple(entry for entry in entries if entry.implemented or not only_implemented)
        groups += [Group(id=name, title=titles[name], entries=kept)] if kept else []
    return Listing(groups=tuple(groups))


def describe_biomarker(biomarker: str, *, implemented: Collection[str] = ()) -> Description:
    """Describe one biomarker.

    Raises
    ------
    CatalogueError
        If the id is unknown; the hint names the nearest ids.
    """
    catalogue = load_catalogue()
    if biomarker not in catalogue.biomarkers:
        raise _unknown("biomarker", biomarker, catalogue.biomarkers)
    return Description(
        record=catalogue.biomarkers[biomarker],
        quantities=tuple(q for q in catalogue.quantities.values() if q.biomarker == biomarker),
        implemented=biomarker in implemented,
    )


def _unknown(what: str, given: str, known: Collection[str]) -> CatalogueError:
    near = difflib.get_close_matches(given.lower(), list(known), n=3, cutoff=0.4)
    near += [name for name in known if given and given.lower() in name and name not in near][:3]
    hint = f"did you mean {', '.join(near)}?" if near else "`lumbomics biomarkers` lists all"
    return CatalogueError(f"unknown {what}", got=repr(given), hint=hint)
