"""Folds in which every patient lies once, and in which the outcome is spread evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.errors import InputError

Array = NDArray[np.float64]
Places = NDArray[np.intp]


def grouped_folds(patients: Places, outcome: Array, folds: int, rng: np.random.Generator) -> Places:
    """Deal patients to folds, neighbours in outcome to different ones.

    Patients are put in the order of their mean outcome (ties in random order) and dealt in rounds, each round in a
    random order of folds, so that classes, or low and high scores, are spread over all folds.

    Parameters
    ----------
    patients
        (n,) number of the patient of each row, 0 to m - 1.
    outcome
        (n,) outcome of each row.
    folds
        Number of folds, at most m.
    rng
        Source of chance.

    Returns
    -------
    numpy.ndarray
        (n,) number of the fold of each row; all rows of a patient lie in one fold.
    """
    count = int(patients.max()) + 1
    if not 2 <= folds <= count:
        raise InputError("fewer patients than folds", expected=f"{folds} patients or more", got=str(count))
    mean = np.bincount(patients, outcome, count) / np.bincount(patients, minlength=count)
    order = np.lexsort((rng.random(count), mean))
    rounds = -(-count // folds)
    dealt = np.concatenate([rng.permutation(folds) for _ in range(rounds)])[:count]
    fold = np.empty(count, dtype=np.intp)
    fold[order] = dealt
    return np.asarray(fold[patients], dtype=np.intp)


def check_folds(fold: Places, patients: Places) -> None:
    """Refuse folds that share a patient.

    Parameters
    ----------
    fold, patients
        (n,) fold and patient of each row.

    Raises
    ------
    InputError
        With the number of patients that lie in more than one fold.
    """
    pairs = np.unique(np.column_stack([patients, fold]), axis=0)
    shared = int((np.unique(pairs[:, 0], return_counts=True)[1] > 1).sum())
    if shared:
        raise InputError(
            "a patient lies in training and test rows at once",
            expected="all rows of a patient in one fold",
            got=f"{shared} patients in several folds",
            hint="split by patient, not by row",
        )
