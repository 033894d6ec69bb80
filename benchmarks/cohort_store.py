"""The cohort's index: time to build, to bring up to date and to ask, and memory, on synthetic visits.

Every visit gets a measurement table of 300 rows (60 quantities at 5 levels; every seventh absent) and its ``run.json``;
every visit also an ODI. Contents repeat after 64 visits, identifiers do not.

    python benchmarks/cohort_store.py --visits 100000 --folder /scratch/cohort     # about 5 GB of tables
    python benchmarks/cohort_store.py --visits 1000

prints seconds of wall clock and of processor for each step, the size of the tables and of the index, and the largest
resident memory. The folder is filled once and kept, where one is given.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lumbomics.cohort.schema import MEASUREMENTS, SCORES
from lumbomics.run import cohort

LEVELS = ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")
QUANTITIES = 60
VARIANTS = 64
PLACE = b"sub-PPPPPP\tses-01"


def variant(seed: int) -> bytes:
    """A visit's table with the participant left open."""
    rng = np.random.default_rng(seed)
    rows = ["\t".join(MEASUREMENTS)]
    for number, value in enumerate(rng.normal(10, 2, QUANTITIES * len(LEVELS))):
        cells = dict.fromkeys(MEASUREMENTS, "n/a")
        cells |= {"participant_id": "sub-PPPPPP", "session_id": "ses-01", "series": "acq-sag_T2w", "posture": "supine"}
        cells |= {"biomarker": f"quantity_{number // len(LEVELS):02d}", "level": LEVELS[number % len(LEVELS)]}
        cells |= {"method": "mean", "definition_version": "1", "research_only": "true", "label_source": "builtin 1"}
        if (number + seed) % 7:
            cells |= {"value": repr(float(value)), "unit": "mm", "se": "0.3", "status": "ok"}
        else:
            cells |= {"status": "absent", "reason": "field_of_view", "detail": "the level lies outside the image"}
        rows.append("\t".join(cells.values()))
    return ("\n".join(rows) + "\n").encode()


def fill(root: Path, visits: int) -> int:
    """Write the visits that are not there yet; gives the bytes of all tables."""
    variants = [variant(seed) for seed in range(VARIANTS)]
    total = 0
    for number in range(visits):
        participant = f"sub-{number:06d}"
        folder = root / participant / "ses-01"
        body = variants[number % VARIANTS].replace(PLACE, f"{participant}\tses-01".encode())
        total += len(body)
        if (folder / "run.json").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        table = folder / f"{participant}_ses-01_measurements.tsv"
        table.write_bytes(body)
        record = {"files": {table.name: hashlib.sha256(body).hexdigest()}, "inputs": {"image": participant}}
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    scores(root, visits)
    return total


def scores(root: Path, visits: int) -> None:
    rng = np.random.default_rng(1)
    shared = dict.fromkeys(SCORES, "n/a") | {"session_id": "ses-01", "instrument": "odi", "subscale": "total"}
    shared |= {"unit": "%", "status": "ok", "higher_is_worse": "true"}
    rows = ["\t".join(SCORES)]
    for number, value in enumerate(rng.uniform(0, 100, visits)):
        rows.append("\t".join((shared | {"participant_id": f"sub-{number:06d}", "value": f"{value:.1f}"}).values()))
    (root / "phenotype").mkdir(parents=True, exist_ok=True)
    (root / "phenotype" / "odi.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def timed(what: str, work: Callable[[], object]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<52} {wall:9.2f} s wall {processor:9.2f} s processor {memory:8.0f} MiB so far")


def measure(root: Path, visits: int) -> None:
    size = fill(root, visits)
    cohort.index_path(root).unlink(missing_ok=True)
    print(f"{visits} visits x {QUANTITIES * len(LEVELS)} measurements, {size / 1e6:.0f} MB of tables")
    timed("build from nothing", lambda: cohort.build(root))
    print(f"index: {cohort.index_path(root).stat().st_size / 1e6:.0f} MB")
    timed("build again, nothing changed", lambda: cohort.build(root))
    record = root / "sub-000000" / "ses-01" / "run.json"
    os.utime(record)
    timed("build again, one visit changed", lambda: cohort.build(root))
    count = "SELECT count(*) FROM measurements"
    timed("query: count of all measurements", lambda: cohort.query(root, count))
    mean = "SELECT biomarker, level, avg(value), count(value) FROM measurements GROUP BY ALL"
    timed("query: mean of each quantity and level", lambda: cohort.query(root, mean))
    joined = "SELECT level, corr(value, score) FROM matched WHERE biomarker = 'quantity_07' GROUP BY level"
    timed("query: one quantity against the ODI, by level", lambda: cohort.query(root, joined))
    one = "SELECT * FROM measurements WHERE participant_id = 'sub-000007'"
    timed("query: one patient", lambda: cohort.query(root, one))
    chosen = ["quantity_07", "quantity_08"]
    timed(
        "wide table: 2 quantities at 5 levels", lambda: cohort.table(root, form="wide", biomarker=chosen, score=["odi"])
    )
    timed("Table 1 of 2 quantities at 5 levels", lambda: cohort.describe(root, biomarker=chosen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where the tables lie; a temporary folder where not given")
    given = parser.parse_args()
    if given.folder is not None:
        given.folder.mkdir(parents=True, exist_ok=True)
        measure(given.folder, given.visits)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given.visits)


if __name__ == "__main__":
    main()
