"""A registry as it stands in its folder: what each question of it needs is read when asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lumbomics.core.errors import InputError
from lumbomics.registry.decision import Decision, Kind, Stage, pair_choices, standing
from lumbomics.registry.dedupe import Deduplication, Pair
from lumbomics.registry.record import Batch, Record
from lumbomics.registry.screening import Outcome, Standing, stand
from lumbomics.registry.settings import Settings, settings_to_dict
from lumbomics.run import registry_files as files


@dataclass(frozen=True)
class Registry:
    """A registry's folder, read when asked; every call to ``open_registry`` sees what is there then.

    Parameters
    ----------
    folder
        Where it lies.
    """

    folder: Path
    settings: Settings = field(compare=False)

    @cached_property
    def batches(self) -> tuple[Batch, ...]:
        """Active batches, in the order imported."""
        return files.active_batches(self.folder)

    @cached_property
    def records(self) -> dict[str, Record]:
        """Active records by id."""
        return {record.id: record for record in files.read_records(self.folder, self.batches)}

    @cached_property
    def people(self) -> tuple[Decision, ...]:
        """Everyone's decisions but screening."""
        return files.read_people(self.folder)

    @cached_property
    def groups(self) -> Deduplication:
        """Records gathered into reports."""
        return files.gather(self.folder, self.records.values(), self.people)

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Record ids of each report, by its first."""
        return {group[0]: group for group in self.groups.groups}

    def fullest(self, report: str) -> Record:
        """Record of a report that tells a screener most."""
        return max(
            (self.records[r] for r in self.members[report]), key=lambda r: (bool(r.abstract), len(r.title), r.id)
        )

    @property
    def disputed(self) -> tuple[Pair, ...]:
        """Pairs over which people differ; kept apart until they agree."""
        return pair_choices(self.people)[1]

    def said(self, kind: Kind) -> dict[str, Decision]:
        """Give the standing decisions of a kind (retrieval, removal, study), by report."""
        chosen = sorted((d for d in self.people if d.kind is kind), key=lambda d: d.at)
        return standing(chosen, self.groups.lead)

    def standings(self, stage: Stage) -> dict[str, Standing]:
        """Where each report stands at a stage, both screeners seen."""
        own = files.read_screening(self.folder, stage, self.settings.screeners)
        decisions = [*own, *(d for d in self.people if d.kind is Kind.RESOLUTION)]
        return stand(stage, self.members, self.settings.screeners, decisions, self.groups.lead)

    def open_at(self, stage: Stage) -> tuple[str, ...]:
        """List the reports to be screened at a stage: none removed; at full text those kept before and retrieved."""
        gone = {r for r, d in self.said(Kind.REMOVAL).items() if d.choice == "removed"}
        left = [report for report in self.members if report not in gone]
        if stage is Stage.TITLE_ABSTRACT:
            return tuple(left)
        missing = {r for r, d in self.said(Kind.RETRIEVAL).items() if d.choice == "not_retrieved"}
        before = self.standings(Stage.TITLE_ABSTRACT)
        return tuple(r for r in left if before[r].outcome is Outcome.INCLUDED and r not in missing)

    def report_of(self, record: str) -> str:
        """First record's id of the report that ``record`` belongs to; InputError if there is no such record."""
        if record not in self.groups.lead:
            raise InputError("no such record", got=record, hint="`lumbomics registry export` lists all ids")
        return self.groups.lead[record]


def create_registry(folder: Path | str, settings: Settings) -> Registry:
    """Make a registry's folder.

    Raises
    ------
    InputError
        If there is one already.
    """
    place = Path(folder)
    if (place / "registry.yaml").exists():
        raise InputError("there is a registry already", where=str(place))
    files.write_yaml(settings_to_dict(settings), place / "registry.yaml")
    return Registry(place, settings)


def open_registry(folder: Path | str) -> Registry:
    """Open a registry; ReadError if the folder holds none."""
    return Registry(Path(folder), files.read_settings(Path(folder)))
