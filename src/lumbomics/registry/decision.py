"""What people decide: one line each, appended to a file of their own and never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from lumbomics.core.errors import FaultsError, InputError, LumbomicsError
from lumbomics.registry.dedupe import Pair, ordered


class Kind(StrEnum):
    """What a decision is about."""

    PAIR = "pair"
    SCREENING = "screening"
    RESOLUTION = "resolution"
    RETRIEVAL = "retrieval"
    REMOVAL = "removal"
    STUDY = "study"


class Stage(StrEnum):
    """The two stages of screening."""

    TITLE_ABSTRACT = "title_abstract"
    FULL_TEXT = "full_text"


_CHOICES: dict[Kind, frozenset[str]] = {
    Kind.PAIR: frozenset({"same", "different"}),
    Kind.SCREENING: frozenset({"include", "exclude", "unsure"}),
    Kind.RESOLUTION: frozenset({"include", "exclude"}),
    Kind.RETRIEVAL: frozenset({"retrieved", "not_retrieved"}),
    Kind.REMOVAL: frozenset({"removed", "restored"}),
}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision of one person.

    Parameters
    ----------
    kind
        What it is about.
    by, at
        Person, and ISO 8601 time with zone.
    records
        The two records of a pair; else the record shown and all others of its group at that time.
    choice
        ``same``, ``include``, ``not_retrieved`` …; for a study its name.
    stage
        Stage of screening and resolutions.
    reason
        Reason id of an exclusion; words for a removal.
    how
        Of a resolution: ``third`` person or ``consensus``.
    note
        Anything else.

    Raises
    ------
    InputError
        If a part does not fit the kind.
    """

    kind: Kind
    by: str
    at: str
    records: tuple[str, ...]
    choice: str
    stage: Stage | None = None
    reason: str = ""
    how: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind in _CHOICES and self.choice not in _CHOICES[self.kind]:
            raise InputError(
                f"no such choice for a {self.kind}",
                expected=", ".join(sorted(_CHOICES[self.kind])),
                got=repr(self.choice),
            )
        if (self.stage is None) == (self.kind in {Kind.SCREENING, Kind.RESOLUTION}):
            raise InputError("screening and resolutions name a stage, nothing else does", got=str(self.stage))
        if self.stage is Stage.FULL_TEXT and self.choice == "unsure":
            raise InputError("at full text a report is included or excluded", got="unsure")
        if not self.records or (self.kind is Kind.PAIR and len(set(self.records)) != 2):
            raise InputError("a decision names its records, a pair two different ones", got=str(self.records))
        if self.how not in ({"third", "consensus"} if self.kind is Kind.RESOLUTION else {""}):
            raise InputError("a resolution is made by a third person or by consensus", got=repr(self.how))

    def to_line(self) -> str:
        """One line of JSON, with its line end."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps({k: v for k, v in plain.items() if v not in ("", None)}, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, plain: Mapping[str, object]) -> Self:
        """Build it from a line's content."""
        parts = {
            str(k): v if isinstance(v, list) else str(v) for k, v in plain.items() if k in cls.__dataclass_fields__
        }
        stage = Stage(str(parts["stage"])) if "stage" in parts else None
        records = tuple(str(one) for one in parts["records"])
        return cls(**{**parts, "kind": Kind(str(parts["kind"])), "stage": stage, "records": records})  # type: ignore[arg-type]


def read_decisions(text: str, *, where: str) -> tuple[Decision, ...]:
    """Decisions of one file, in its order; FaultsError naming every line that is none."""
    found: list[Decision] = []
    faults: list[LumbomicsError] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(Decision.from_dict(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            hint = "repair or remove the line; nothing was counted"
            faults.append(InputError(f"no decision: {error}", where=f"{where}, line {number}", hint=hint))
    if faults:
        raise FaultsError(faults)
    return tuple(found)


def now() -> str:
    """Give the present time, to the microsecond, with zone."""
    return datetime.now().astimezone().isoformat()


def pair_choices(decisions: Iterable[Decision]) -> tuple[dict[Pair, tuple[bool, str]], tuple[Pair, ...]]:
    """Sum up what people say of pairs, and the pairs over which they differ.

    A person's last word on a pair counts. Where people differ, the pair is kept apart until they agree.
    """
    last: dict[Pair, dict[str, bool]] = {}
    for one in decisions:
        if one.kind is Kind.PAIR:
            last.setdefault(ordered(one.records[0], one.records[1]), {})[one.by] = one.choice == "same"
    disputed = tuple(sorted(pair for pair, words in last.items() if len(set(words.values())) > 1))
    told = {pair: (all(words.values()), ", ".join(sorted(words))) for pair, words in sorted(last.items())}
    return told, disputed


def standing(decisions: Iterable[Decision], lead: Mapping[str, str]) -> dict[str, Decision]:
    """Find the decision that stands for each report, by its first record's id; decisions in the order made.

    A decision counts for the report that the shown record belongs to. Where later merging brought decisions on
    different records together, the last one stands only if all agree, or if it was made on the merged report;
    otherwise none stands and the report comes up again.
    """
    heard: dict[str, list[Decision]] = {}
    for one in decisions:
        if one.records[0] in lead:
            heard.setdefault(lead[one.records[0]], []).append(one)
    found = {}
    for report, words in heard.items():
        last = words[-1]
        if all(w.records[0] in last.records or (w.choice, w.reason) == (last.choice, last.reason) for w in words):
            found[report] = last
    return found
