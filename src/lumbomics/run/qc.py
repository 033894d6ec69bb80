"""The quality of a whole batch: one page to go through, verdicts and corrections taken in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumbomics.core.anatomy import Numbering, NumberingSource, Transition
from lumbomics.core.conventions import Convention
from lumbomics.core.errors import InputError, ReadError
from lumbomics.core.visit import Visit
from lumbomics.report.compose import numbering_text
from lumbomics.report.quality_page import QualityCase, compose_quality_page
from lumbomics.run.choices import chosen_transition
from lumbomics.run.corrections import (
    operators_word,
    parse_correction,
    read_verdicts,
    store_correction,
    store_verdicts,
    stored_verdicts,
)
from lumbomics.run.labels import LabelInput, convention_of
from lumbomics.run.quality_record import report_from_json
from lumbomics.write import write_text_atomic

PAGE = "quality.html"


@dataclass(frozen=True, kw_only=True)
class QcSummary:
    """What was stored, and the page.

    Parameters
    ----------
    page
        The page over all label maps.
    cases
        How many it holds.
    by_verdict
        Verdict -> how many.
    verdicts
        Operator's verdicts stored by this call.
    corrected
        Label maps stored by this call.
    """

    page: Path
    cases: int
    by_verdict: dict[str, int]
    verdicts: int = 0
    corrected: tuple[Path, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        return {
            "page": str(self.page),
            "cases": self.cases,
            "by_verdict": self.by_verdict,
            "verdicts_stored": self.verdicts,
            "corrected": [str(path) for path in self.corrected],
        }


def qc(
    derivatives: Path | str,
    *,
    out: Path | str | None = None,
    verdicts: Path | str | None = None,
    correct: Sequence[str] = (),
    convention: Convention | str | None = None,
    second: Path | str | None = None,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
    transition: Transition | str | None = None,
    ignore_unknown: bool = False,
) -> QcSummary:
    """Make one page over all label maps of a batch, after taking in verdicts and corrected maps.

    What is taken in counts from the next ``lumbomics run`` on, which measures those visits again.

    Parameters
    ----------
    derivatives
        Folder that ``lumbomics run`` wrote.
    out
        Page to write; by default ``quality.html`` in the derivatives.
    verdicts
        Table that the page saved.
    correct
        Corrected maps, ``sub-01_ses-01_SERIES=FILE``.
    convention, second, lowest_vertebra, top_vertebra, transition, ignore_unknown
        What the numbers of the corrected maps mean, as in LabelInput.

    Raises
    ------
    InputError
        If the folder holds no finished visit, or what is given makes no sense; nothing is stored then.
    OutputError
        If a file cannot be written.
    """
    root = Path(derivatives)
    if not root.is_dir():
        raise InputError("no such folder", expected="a folder that lumbomics run wrote", where="derivatives")
    said = () if verdicts is None else read_verdicts(Path(verdicts))
    maps = _corrections(
        correct, convention, second, lowest_vertebra, top_vertebra, chosen_transition(transition), ignore_unknown
    )
    if said:
        store_verdicts(root, said)
    corrected = [path for key, given in maps for path in store_correction(root, key, given)]
    cases = list(_cases(root))
    if not cases:
        raise InputError(
            "the folder holds no label map to check",
            expected="sub-*/ses-*/*_quality.json",
            got="none",
            hint="run the study first (lumbomics run)",
        )
    page = root / PAGE if out is None else Path(out)
    write_text_atomic(compose_quality_page(cases), page)
    found = [case.report.verdict.value for case in cases]
    counts = {verdict: found.count(verdict) for verdict in dict.fromkeys(found)}
    return QcSummary(
        page=page, cases=len(cases), by_verdict=counts, verdicts=len(said), corrected=tuple(corrected)
    )  # fmt: skip


def _corrections(
    words: Sequence[str],
    convention: Convention | str | None,
    second: Path | str | None,
    lowest_vertebra: str | None,
    top_vertebra: str | None,
    transition: Transition | None,
    ignore_unknown: bool,
) -> list[tuple[tuple[str, str, str], LabelInput]]:
    if not words:
        return []
    if second is not None and len(words) > 1:
        raise InputError("a second map belongs to one corrected map", expected="one --correct", got=str(len(words)))
    found = []
    for key, path in map(parse_correction, words):
        named = convention_of(path, convention)
        if not path.is_file():
            raise InputError("no such label map", where="_".join(key), hint="check the path given with --correct")
        given = LabelInput(
            path=path,
            convention=named,
            second=None if second is None else Path(second),
            lowest_vertebra=lowest_vertebra,
            top_vertebra=top_vertebra,
            transition=transition,
            ignore_unknown=ignore_unknown,
        )
        found.append((key, given))
    return found


def _cases(root: Path) -> Iterator[QualityCase]:
    remembered = stored_verdicts(root)
    for path in sorted(root.glob("sub-*/ses-*/*_quality.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            visit = Visit(participant=content["participant"], session=content["session"])
            for series, entry in content["series"].items():
                report = report_from_json(entry["quality"])
                word = operators_word(remembered, visit, series, report, entry["map"])
                yield QualityCase(
                    participant=visit.participant,
                    session=visit.session,
                    series=series,
                    report=word or report,
                    source=entry["source"],
                    numbering=_numbering_words(entry["numbering"]),
                    map_id=entry["map"],
                    picture=_embedded(path.parent, entry["picture"]),
                )
        except (OSError, ValueError, KeyError, TypeError) as error:
            hint = "run the visit again (lumbomics run --force)"
            raise ReadError("a record of quality control cannot be read", where=path.name, hint=hint) from error


def _numbering_words(stored: dict[str, Any] | None) -> str:
    if stored is None:
        return "no labels"
    return numbering_text(
        Numbering(
            source=NumberingSource(stored["source"]),
            confidence=stored["confidence"],
            alternative=stored["alternative"],
            transition=Transition(stored["transition"]),
        )
    )


def _embedded(folder: Path, name: str | None) -> str | None:
    path = None if name is None else folder / name
    if path is None or not path.is_file():
        return None
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
