"""A simulated cohort on disk: questionnaires as given, derivatives as a run leaves them, the truth beside."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from lumbomics import __version__
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError
from lumbomics.core.measurement import Absent, Context, Measurement, Posture, Reason, Result
from lumbomics.core.provenance import Provenance
from lumbomics.core.visit import Visit
from lumbomics.phantom.cohort import Effects, SimulatedCohort, planted_truth, simulate_cohort
from lumbomics.run.clinical import score_clinical
from lumbomics.run.phantom import write_phantom
from lumbomics.write import (
    remove_run_manifest,
    visit_path,
    write_dataset_description,
    write_json_atomic,
    write_measurements,
    write_run_manifest,
    write_text_atomic,
)

_README = """\
# A simulated cohort

Drawn by Lumbomics {version}; no person is behind it. `visits.csv` and `treatment_log.csv` are the questionnaires as a
study would hand them in, `derivatives/` what a run and their scoring leave behind, `truth.json` every planted effect
with its size. `images/` holds digital reference patients of their own with images and exact truth; the numbers of the
simulated cohort do not come from them.
"""


@dataclass(frozen=True, kw_only=True)
class PhantomCohortFiles:
    """What was written.

    Parameters
    ----------
    participants, visits, measurements
        How many; measurements include absent ones.
    derivatives, truth
        Folder of the tables, file of the planted effects.
    images
        Folder of the digital reference patients; ``None`` where none were wanted.
    """

    participants: int
    visits: int
    measurements: int
    derivatives: Path
    truth: Path
    images: Path | None

    def as_json(self) -> dict[str, object]:
        """Plain values for machines."""
        return {
            "participants": self.participants,
            "visits": self.visits,
            "measurements": self.measurements,
            "derivatives": str(self.derivatives),
            "truth": str(self.truth),
            "images": None if self.images is None else str(self.images),
        }


def phantom_cohort(
    *,
    out: Path | str,
    n: int = 200,
    seed: int = 0,
    images: int = 2,
    null: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> PhantomCohortFiles:
    """Write a simulated cohort with planted, documented effects.

    Parameters
    ----------
    out
        Folder; gets ``visits.csv``, ``treatment_log.csv``, ``derivatives``, ``truth.json`` and ``images``.
    n
        Patients, 20 at least.
    seed
        The same seed gives the same cohort.
    images
        How many digital reference patients to write with images; 0 for none.
    null
        Whether nothing is planted, so that nothing may be found; confounding by age and site stays.
    progress
        Called as (done, in all, what is done now).

    Raises
    ------
    InputError
        If there are too few patients or a number is negative; nothing is written then.
    OutputError
        If the folder cannot be written.
    """
    if images < 0:
        raise InputError("number of patients with images", expected="0 or more", got=str(images))
    cohort = simulate_cohort(n, seed=seed, effects=Effects.none() if null else Effects())
    root = Path(out)
    write_text_atomic(_README.format(version=__version__), root / "README.md")
    truth = write_json_atomic(planted_truth(cohort), root / "truth.json")
    derivatives = root / "derivatives"
    write_dataset_description(derivatives, name="Simulated cohort", sources=())
    visits = _write_visits(cohort, derivatives, progress)
    _write_clinical(cohort, root, derivatives)
    if images:
        write_phantom(seed=seed, out=root / "images", cohort=images, progress=progress)
    return PhantomCohortFiles(
        participants=n,
        visits=visits,
        measurements=len(cohort.measurements),
        derivatives=derivatives,
        truth=truth,
        images=root / "images" if images else None,
    )


def _write_visits(cohort: SimulatedCohort, derivatives: Path, progress: Callable[[int, int, str], None] | None) -> int:
    groups = cohort.measurements.groupby(["participant_id", "session_id"], sort=True)
    for done, ((participant, session), rows) in enumerate(groups):
        if progress is not None:
            progress(done, len(groups), f"simulated visit {done + 1}")
        _write_visit(rows, Visit(participant=str(participant), session=str(session)), derivatives)
    return len(groups)


def _write_visit(rows: pd.DataFrame, visit: Visit, derivatives: Path) -> None:
    table = visit_path(derivatives, visit, "measurements.tsv")
    remove_run_manifest(table.parent)
    results = [_result(row) for row in rows.to_dict("records")]
    written = write_measurements(results, table, participant=visit.participant, session=visit.session)
    provenance = Provenance(software=MappingProxyType({"lumbomics": __version__}))
    write_run_manifest(table.parent, provenance=provenance, files=written, options={"simulated": True})


def _result(row: Mapping[Hashable, Any]) -> Result:
    level, side, value = row["level"], row["side"], float(row["value"])
    context = Context(
        posture=Posture.SUPINE,
        series="acq-sag_T2w",
        label_source="simulated",
        rater=str(row["rater"]),
        months_since_surgery=float(row["months_since_surgery"]),
    )
    biomarker, method = str(row["biomarker"]), str(row["method"])
    where = None if level is None else str(level)
    which = None if side is None else Side(str(side))
    if math.isnan(value):
        detail = "left out at random by the simulation"
        return Absent(
            biomarker=biomarker, method=method, level=where, side=which, reason=Reason.IMAGE_ARTIFACT, detail=detail,
            context=context,
        )  # fmt: skip
    return Measurement(
        biomarker=biomarker, method=method, level=where, side=which, value=value, unit=str(row["unit"]),
        se=float(row["se"]), context=context,
    )  # fmt: skip


def _write_clinical(cohort: SimulatedCohort, root: Path, derivatives: Path) -> None:
    """Hand the answers in as a study does, and score them as a study's are."""
    files = (root / "visits.csv", root / "treatment_log.csv")
    for table, path in zip((cohort.visits, cohort.stimulators), files, strict=True):
        write_text_atomic(table.to_csv(index=False, lineterminator="\n"), path)
    score_clinical(files, out=derivatives)
