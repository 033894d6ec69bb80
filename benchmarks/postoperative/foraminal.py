"""What the foraminal biomarkers see of a facet that grows into the foramen, and of winding roots.

Each seed makes a healthy spine whose foramina L2-L3 to L4-L5 are narrowed at random (0 to 0.7 of the reference object's
knob: the superior facet moves forward by 10 mm x the knob); it is read from sagittal T1 of 0.6 x 0.6 x 4 mm with the
exact bone labels.

    python -m benchmarks.postoperative.foraminal --seeds 10

prints the rank correlation of the fat behind the root with the knob, the area under the curve of a narrowing above 0.4,
and the grades found by steps of the knob.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from lumbomics.core.anatomy import Side, Transition
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Measurement
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination
from lumbomics.phantom import PhantomParameters, make_phantom

LEVELS = ("L2-L3", "L3-L4", "L4-L5")
STEPS = (0.0, 0.2, 0.4, 0.7)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=6000)
    chosen = parser.parse_args(arguments)
    rows = []
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        rows += foramina(seed)
        report(np.array(rows))


def foramina(seed: int) -> Iterator[tuple[float, float, float]]:
    """Yield narrowing, share of directions with fat behind the root, and grade of every foramen that was read."""
    rng = np.random.default_rng([seed, 3])
    drawn = PhantomParameters.random(seed, healthy=True, transition=Transition.NONE)
    knob = {(level, side): float(rng.uniform(0, 0.7)) for level in LEVELS for side in (Side.LEFT, Side.RIGHT)}
    parameters = PhantomParameters(size=drawn.size, disc_height_mm=drawn.disc_height_mm, foraminal_narrowing=knob)
    phantom = make_phantom(seed, parameters)
    grid = phantom.sagittal_grid()
    scan = Scan(name="t1", image=phantom.image(grid, Contrast.T1), plane=Plane.SAGITTAL)
    labels = phantom.segmentation(grid)
    examination = Examination(segmentation=labels, scans=(scan,))
    examined = ExaminedSpine(spine=describe_spine(labels), examination=examination)
    results = measure_examination(examined, only=["lee_foraminal_grade"])
    found = {(r.level, r.side, r.method): r.value for r in results if isinstance(r, Measurement)}
    for (level, side), narrowing in knob.items():
        if (level, side, "grade") in found:
            yield narrowing, float(found[level, side, "fat_posterior"] or 0), float(found[level, side, "grade"] or 0)


def report(rows: np.ndarray) -> None:
    """Print what was found so far."""
    narrowing, fat, grade = rows.T
    severe = narrowing > STEPS[2]
    area = roc_auc_score(severe, 1 - fat) if 0 < severe.sum() < len(severe) else float("nan")
    print(f"n={len(rows)} rank correlation {spearmanr(narrowing, fat)[0]:.2f} area under the curve {area:.2f}")
    for low, high in pairwise(STEPS):
        members = grade[(narrowing >= low) & (narrowing < high)]
        print(f"  narrowing {low}-{high}: grades {[int((members == g).sum()) for g in range(4)]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
