"""A full postoperative visit from DICOM to report: how long it takes, and on what.

    python benchmarks/postoperative_visit.py --seeds 3 4 5 > docs/reference/postoperative-speed.md

Each visit (sagittal T1, T2, STIR, axial T2, axial T1 before and after contrast agent) is written as DICOM first, which
does not count. Processor seconds tell the work whatever else the machine does; wall seconds are what a user waits.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
import time
from pathlib import Path

import numpy as np

from lumbomics.run.outcome import VisitOutcome
from lumbomics.run.phantom_postoperative import write_postoperative_visit
from lumbomics.run.pipeline import run

_PAGE = """# How long a postoperative visit takes

From DICOM to report: sagittal T1, T2 and STIR, axial T2, axial T1 before and after contrast agent. Means over {n}
digital patients (seeds {seeds}) ± standard deviation, {cpus} processors;
the load before each visit was {loads}.
Processor seconds tell the work, of all threads together, whatever else the machine does; wall seconds are what a user
waits, and grow with other work. Labels are drawn by the built-in network ({engine}).

| step | processor s | wall s |
|---|---|---|
{rows}

{outcomes}

What is not in these times: reading from a slow disk, series of more and larger slices than a clinical examination
has, and a second visit beside the first. Results do not depend on the number of processors: registration draws its
points from fixed seeds on one thread each, and series are put together in the order of the visit.

Measured by `benchmarks/postoperative_visit.py`.
"""
_NAMES = {
    "drawing labels": re.compile("drawing labels on .*"),
    "finding, reading": re.compile("start|looking for visits|reading|label maps"),
    "measuring each series": re.compile("measuring"),
    "laying all series into one space": re.compile("laying .*"),
    "writing maps, tables, quality pictures": re.compile("writing label maps"),
}

Seconds = dict[str, tuple[float, float]]


class Clock:
    """Gathers time by what the run says it does."""

    def __init__(self) -> None:
        self.steps: Seconds = {}
        self._what, self._since = "start", self._now()

    def __call__(self, _done: int, _total: int, what: str) -> None:
        now = self._now()
        name = _step(self._what)
        cpu, wall = self.steps.get(name, (0.0, 0.0))
        self.steps[name] = (cpu + now[0] - self._since[0], wall + now[1] - self._since[1])
        self._what, self._since = what, now

    def _now(self) -> tuple[float, float]:
        return time.process_time(), time.perf_counter()


def _step(what: str) -> str:
    bare = re.sub(r"^sub-\w+_ses-\w+: ", "", what)
    return next((name for name, pattern in _NAMES.items() if pattern.fullmatch(bare)), bare)


def timed(seed: int, engine: str) -> tuple[Seconds, VisitOutcome]:
    """Measure one digital patient."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_postoperative_visit(seed, None, root, dicom=True)
        clock = Clock()
        surgery = root / "derivatives" / "phantom" / "surgery.tsv"
        summary = run(root / "sourcedata", out=root / "out", engine=engine, surgery=surgery, progress=clock)
        clock(1, 1, "end")
        [outcome] = summary.outcomes
        return clock.steps, outcome


def page(seeds: list[int], engine: str) -> str:
    """Measure the patients and lay out the page."""
    loads, found = [], []
    for seed in seeds:
        loads.append(f"{os.getloadavg()[0]:.1f}")
        found.append(timed(seed, engine))
    steps = [name for name in found[0][0] if name != "done"]
    seconds = np.array([[one[name] for name in steps] for one, _ in found])  # (patients, steps, processor and wall)
    rows = [_row(name, seconds[:, number]) for number, name in enumerate(steps)]
    outcomes = [
        f"Seed {seed}: {one.status}, {one.measured} measured, {one.absent} absent."
        for seed, (_, one) in zip(seeds, found, strict=True)
    ]
    return _PAGE.format(
        n=len(seeds),
        seeds=", ".join(map(str, seeds)),
        cpus=os.cpu_count(),
        loads=", ".join(loads),
        engine=engine,
        rows="\n".join([*rows, _row("**all**", seconds.sum(axis=1))]),
        outcomes=" ".join(outcomes),
    )


def _row(name: str, seconds: np.ndarray) -> str:
    spread = seconds.std(axis=0, ddof=1) if len(seconds) > 1 else (float("nan"),) * 2
    cells = (f"{mean:.1f} ± {sd:.1f}" for mean, sd in zip(seconds.mean(axis=0), spread, strict=True))
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 4, 5])
    parser.add_argument("--engine", default="builtin")
    chosen = parser.parse_args()
    print(page(chosen.seeds, chosen.engine), end="")


if __name__ == "__main__":
    main()
