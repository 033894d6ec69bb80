"""Accuracy of the biomarkers of the operated spine on digital patients with known truth.

    python benchmarks/postoperative_accuracy.py --seeds 203 --records /tmp/postoperative

measures what the folder of records does not hold yet, one line a patient, and writes the page of the documentation.
Each module of ``benchmarks/postoperative`` that makes a part of the page has a function
``section(*, seeds, folder, decay_seeds) -> list of lines``; a further one is added to ``SECTIONS``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT)]
PAGE = ROOT / "docs" / "reference" / "postoperative-accuracy.md"
SECTIONS = ("operated_page", "drawn", "drawn_decay", "findings", "stenosis")
_HEAD = """# Accuracy at the operated level, on digital patients

Digital reference objects with one operated level each, axial T2, T1 and T1 after contrast as a clinic takes them
(0.55 x 0.55 x 4 mm, noise, coil shading, partial volume, slices where they happen to lie), tissue maps sampled from the
exact geometry; further down the same on maps drawn from the images. Measured values against the truth, counted on a
fine raster by other code. Phantoms, not patients: real tissue is more varied. `benchmarks/postoperative_accuracy.py`
writes this page.

n: values compared; absent: true but not measured; limits: bias ± 1.96 SD; coverage: share of values whose ± 1.96 se
holds the truth."""


def main() -> None:
    """Measure, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=203)
    parser.add_argument("--decay-seeds", type=int, default=84)
    parser.add_argument(
        "--records", type=Path, default=ROOT / "build" / "postoperative", help="folder of what was measured"
    )
    parser.add_argument("--page", type=Path, default=PAGE)
    chosen = parser.parse_args()
    chosen.records.mkdir(parents=True, exist_ok=True)
    started, parts = time.perf_counter(), [_HEAD]
    for name in SECTIONS:
        if find_spec(f"postoperative.{name}") is None:
            continue
        make = getattr(import_module(f"postoperative.{name}"), "section", None)
        if make is not None:
            lines = make(seeds=chosen.seeds, folder=chosen.records, decay_seeds=chosen.decay_seeds)
            parts.append("\n".join(lines))
    text = "\n\n".join(parts) + "\n"
    chosen.page.write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
