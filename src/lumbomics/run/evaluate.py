"""Predicted label maps against reference label maps, as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lumbomics.core.anatomy import Numbering, NumberingSource
from lumbomics.core.conventions import Convention, to_segmentation
from lumbomics.core.errors import FaultsError, InputError, LabelError, LumbomicsError
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.evaluate import (
    CaseScores,
    Comparison,
    Matching,
    Structure,
    Summary,
    compare_maps,
    onto_grid,
    summarise,
)
from lumbomics.read import read_nifti_image, read_nifti_labels
from lumbomics.run.choices import chosen_convention, chosen_transition
from lumbomics.run.evaluate_files import summary_document, write_evaluation
from lumbomics.run.evaluate_pairs import Pair, find_pairs
from lumbomics.run.evaluate_scope import ReadOptions, chosen_matching, comparable_structures

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseResult:
    """One case that was compared.

    Parameters
    ----------
    pair
        Its files.
    comparison
        Scores and matched instances.
    """

    pair: Pair
    comparison: Comparison = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Parameters
    ----------
    cases
        Every case that could be compared, with its matched instances.
    scores
        Their scores, as they stand in the table.
    summary
        Mean, spread, interval and worst case over patients.
    failed
        Case -> why it could not be compared; such cases are in no number.
    not_scored
        Structure -> why it is not judged at all.
    without_reference
        Predictions that belong to no reference.
    matching
        How the overlap of instances was measured.
    files
        What was written.
    """

    cases: tuple[CaseResult, ...] = field(repr=False)
    scores: tuple[CaseScores, ...] = field(repr=False)
    summary: tuple[Summary, ...] = field(repr=False)
    failed: tuple[tuple[str, str], ...] = ()
    not_scored: tuple[tuple[Structure, str], ...] = ()
    without_reference: tuple[str, ...] = ()
    matching: Matching = Matching.IOU
    files: tuple[Path, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the summary as plain values: what ``--json`` prints and the summary file holds."""
        return summary_document(self)


def evaluate_labels(
    prediction: Path | str,
    reference: Path | str,
    *,
    convention: Convention | str,
    reference_convention: Convention | str | None = None,
    out: Path | str | None = None,
    structure: Sequence[str] = (),
    match: Matching | str = Matching.IOU,
    split: bool = False,
    resample: bool = False,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
    transition: str | None = None,
    ignore_unknown: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Judge predicted label maps by reference label maps.

    Parameters
    ----------
    prediction, reference
        Two NIfTI files, or two folders whose files belong together by their names.
    convention
        What the numbers of both mean.
    reference_convention
        What the reference's numbers mean, where that differs.
    out
        Table to write (``.tsv``), one row a case, structure and level; its columns are explained in the ``.json``
        beside it, and the summary over patients stands in ``…_summary.json``.
    structure
        Judge only these; by default all that both conventions and at least one reference hold.
    match
        ``iou`` or ``coverage``: how the overlap of instances is measured.
    split
        Take connected parts for instances where a map does not tell them apart.
    resample
        Bring a prediction on another grid to that of its reference by nearest neighbour, in place of refusing it.
    lowest_vertebra, top_vertebra
        The vertebra that a counting convention calls 1, in both maps.
    transition
        Transitional anatomy that an operator saw.
    ignore_unknown
        Pass over values that a convention does not know.
    progress
        Called as (cases done, cases in all, what is done now).

    Raises
    ------
    InputError
        If nothing can be compared, or an option makes no sense. Faults of single cases do not raise while another case
        can be compared; they are in ``failed``.
    OutputError
        If a file cannot be written.
    """
    read = ReadOptions(
        prediction=chosen_convention(convention),
        reference=chosen_convention(reference_convention or convention),
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        transition=chosen_transition(transition),
        ignore_unknown=ignore_unknown,
        resample=resample,
    )
    matching = chosen_matching(match)
    scope = comparable_structures(read, structure)
    pairs, without = find_pairs(Path(prediction), Path(reference))
    tell = progress or (lambda *_: None)
    cases: list[CaseResult] = []
    faults: dict[str, LumbomicsError] = {}
    for number, pair in enumerate(pairs):
        tell(number, len(pairs), pair.case)
        try:
            comparison = _compared(pair, read, scope.structures, matching, split=split)
        except LumbomicsError as error:
            faults[pair.case] = error
        else:
            cases.append(CaseResult(pair=pair, comparison=comparison))
    if not cases:
        raise FaultsError(tuple(faults.values())) if len(faults) > 1 else next(iter(faults.values()))
    undrawn = () if structure else _undrawn(cases)
    scores = tuple(_scores(case, without=undrawn) for case in cases)
    evaluation = Evaluation(
        cases=tuple(cases),
        scores=scores,
        summary=summarise(scores),
        failed=tuple((case, str(error)) for case, error in faults.items()),
        not_scored=(*scope.not_scored, *_extra(cases, undrawn)),
        without_reference=tuple(path.name for path in without),
        matching=matching,
    )
    return evaluation if out is None else replace(evaluation, files=write_evaluation(evaluation, Path(out)))


def _compared(
    pair: Pair, read: ReadOptions, structures: Sequence[Structure], matching: Matching, *, split: bool
) -> Comparison:
    if pair.prediction is None:
        hint = "give one prediction for each reference, named like it"
        raise InputError(pair.problem or "no prediction", where=pair.case, hint=hint)
    drawn, truth = _read_prediction(pair.prediction), read_nifti_labels(pair.reference)
    drawn = onto_grid(drawn, truth.grid, resample=read.resample, where=pair.case)
    return compare_maps(
        _segmentation(drawn, read.prediction, read) if drawn.present else Segmentation(spine=drawn),
        _segmentation(truth, read.reference, read),
        structures=structures,
        matching=matching,
        split=split,
    )


def _segmentation(labels: Labels, convention: Convention, read: ReadOptions) -> Segmentation:
    stated = None
    if read.transition is not None:
        stated = Numbering(source=NumberingSource.OPERATOR, transition=read.transition)
    return to_segmentation(
        labels,
        convention,
        lowest_vertebra=read.lowest_vertebra,
        top_vertebra=read.top_vertebra,
        numbering=stated,
        ignore_unknown=read.ignore_unknown,
    ).segmentation


def _read_prediction(path: Path) -> Labels:
    """Read a label map that may be empty: that is a bad prediction, and no fault of the file."""
    try:
        return read_nifti_labels(path)
    except LabelError:
        image = read_nifti_image(path)
        if image.array.any():
            raise
        return Labels(np.zeros(image.grid.shape, dtype=np.uint8), image.grid)


def _undrawn(cases: Sequence[CaseResult]) -> tuple[Structure, ...]:
    """Structures that no reference draws: there, a prediction can be neither right nor wrong."""
    rows = [row for case in cases for row in case.comparison.rows]
    drawn = {row.structure for row in rows if row.reference_ml > 0}
    return tuple(s for s in Structure if s in {row.structure for row in rows} - drawn)


def _extra(cases: Sequence[CaseResult], undrawn: Sequence[Structure]) -> list[tuple[Structure, str]]:
    """Those of them that predictions draw, with their number."""
    rows = [row for case in cases for row in case.comparison.rows if row.level is None and row.prediction_ml > 0]
    counts = Counter(row.structure for row in rows)
    why = "no reference draws it; {} of {} predictions do"
    return [(s, why.format(counts[s], len(cases))) for s in undrawn if counts[s]]


def _scores(case: CaseResult, *, without: Sequence[Structure]) -> CaseScores:
    return CaseScores(
        case=case.pair.case,
        participant=case.pair.participant,
        session=case.pair.session,
        rows=tuple(row for row in case.comparison.rows if row.structure not in without),
    )
