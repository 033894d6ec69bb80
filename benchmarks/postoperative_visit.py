"""A full postoperative visit from DICOM to report: how long it takes, and on what.

    python benchmarks/postoperative_visit.py --seed 3

The visit (sagittal T1, T2, STIR, axial T2, axial T1 before and after contrast agent) is written as DICOM first, which
does not count. Processor seconds tell the work whatever else the machine does; wall seconds are what a user waits.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path

from lumbomics.run.phantom_postoperative import write_postoperative_visit
from lumbomics.run.pipeline import run


class Clock:
    """Gathers time by what the run says it does."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}
        self._what, self._since = "start", self._now()

    def __call__(self, _done: int, _total: int, what: str) -> None:
        now = self._now()
        name = re.sub(r"^sub-\w+_ses-\w+: ", "", self._what)
        cpu, wall = self.steps.get(name, (0.0, 0.0))
        self.steps[name] = (cpu + now[0] - self._since[0], wall + now[1] - self._since[1])
        self._what, self._since = what, now

    def _now(self) -> tuple[float, float]:
        return time.process_time(), time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--engine", default="builtin")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_postoperative_visit(chosen.seed, None, root, dicom=True)
        clock = Clock()
        summary = run(root / "sourcedata", out=root / "derivatives", engine=chosen.engine, progress=clock)
        clock(1, 1, "end")
        [outcome] = summary.outcomes
    print("| step | processor s | wall s |\n|---|---|---|")
    for name, (cpu, wall) in clock.steps.items():
        print(f"| {name} | {cpu:.1f} | {wall:.1f} |")
    total = [sum(values) for values in zip(*clock.steps.values(), strict=True)]
    print(f"| all | {total[0]:.1f} | {total[1]:.1f} |")
    print(f"\n{outcome.status}: {outcome.measured} measured, {outcome.absent} absent; faults: {list(outcome.faults)}")


if __name__ == "__main__":
    main()
