"""All our measurements against TPTBox's lordosis, Cobb angle and vertebral heights, on one map, in one run.

The map is 512 x 512 x 60 (sagittal, 0.75 x 0.75 x 2 mm) with 12 vertebrae: a digital reference object from T10 to the
sacrum, and three copies of T10 moved up its own axis as T9, T8 and T7. Both sides get the same label arrays, already in
memory; each runs in a process of its own, so that the peak memory is its own, once to warm up and then ``--repeats``
times. The ratio is the median time of TPTBox over ours.

Run: python benchmarks/measure_speed.py [--repeats 5]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.sampling import sample_nearest

SHAPE = (60, 512, 512)
SPACING_MM = (2.0, 0.75, 0.75)
NAMES = ("spine", "subregion", "dural_sac")
COPIES = ((14, 3), (15, 2), (16, 1))
"""Instance number of each copied vertebra, and how many levels above T10 it lies."""


def speed_map(seed: int = 1) -> Segmentation:
    """Label maps of 12 vertebrae, sacrum included, on the benchmark's grid."""
    from lumbomics.phantom import make_phantom

    phantom = make_phantom(seed)
    centre = phantom.default_grid(2.0).centre_mm + np.array((0.0, 0.0, 40.0))
    origin = centre - (np.array(SHAPE) - 1) * SPACING_MM / 2
    grid = Grid.from_spacing(SHAPE, SPACING_MM, origin_mm=origin)
    segmentation = phantom.segmentation(grid)
    spine, parts = segmentation.spine, segmentation.subregion
    if parts is None:
        raise RuntimeError("the reference object gives no map of vertebral parts")
    top, below = (spine.points_mm(n).mean(axis=0) for n in (17, 18))
    return Segmentation(
        spine=_stack(spine, spine, top - below, instance=True),
        subregion=_stack(parts, spine, top - below, instance=False),
        dural_sac=segmentation.dural_sac,
    )


def _stack(labels: Labels, spine: Labels, step_mm: np.ndarray, *, instance: bool) -> Labels:
    """Copy the voxels of T10 upwards, each copy one step further."""
    array = labels.array.copy()
    world = labels.grid.to_world(np.moveaxis(np.indices(SHAPE), 0, -1))
    for number, steps in COPIES:
        source = world - steps * step_mm
        copied = sample_nearest(spine.array, spine.grid, source) == 17
        values = number if instance else sample_nearest(labels.array, labels.grid, source)[copied]
        array[copied] = values
    return Labels(array, labels.grid, source="phantom", boundary_sd_mm=0.0)


def ours(segmentation: Segmentation) -> Callable[[], object]:
    """Every implemented biomarker."""
    from lumbomics.measure import measure

    # A fresh object each time: boxes and geometry are cached on it.
    def call() -> object:
        maps = {n: _fresh(getattr(segmentation, n)) for n in NAMES}
        return measure(Segmentation(**maps))

    return call


def _fresh(labels: Labels | None) -> Labels | None:
    return labels and Labels(labels.array, labels.grid, source=labels.source, boundary_sd_mm=labels.boundary_sd_mm)


def tptbox(segmentation: Segmentation) -> Callable[[], object]:
    """Points of interest, lordosis, Cobb angle and vertebral heights, as TPTBox documents them."""
    import nibabel as nib
    from TPTBox import NII, Location, calc_poi_from_subreg_vert
    from TPTBox.spine.spinestats.angles import compute_lordosis_and_kyphosis, compute_max_cobb_angle

    affine = segmentation.spine.grid.affine
    spine = segmentation.spine.array.astype(np.uint8)
    spine[spine == 61] = 0
    vertebrae = NII(nib.Nifti1Image(spine, affine), seg=True)
    parts = NII(nib.Nifti1Image(segmentation.subregion.array.astype(np.uint8), affine), seg=True)
    points = [
        Location.Vertebra_Corpus,
        Location.Vertebra_Direction_Posterior,
        Location.Vertebra_Direction_Right,
        Location.Vertebra_Disc,
        Location.Additional_Vertebral_Body_Middle_Superior_Median,
        Location.Additional_Vertebral_Body_Middle_Inferior_Median,
        Location.Additional_Vertebral_Body_Anterior_Central_Median,
        Location.Additional_Vertebral_Body_Posterior_Central_Median,
    ]

    def call() -> object:
        poi = calc_poi_from_subreg_vert(vertebrae, parts, subreg_id=points)
        top = Location.Additional_Vertebral_Body_Middle_Superior_Median.value
        bottom = Location.Additional_Vertebral_Body_Middle_Inferior_Median.value
        heights = {
            v: np.linalg.norm((np.array(poi[v, top]) - np.array(poi[v, bottom])) * poi.zoom)
            for v in poi.keys_region()
            if (v, top) in poi and (v, bottom) in poi
        }
        return compute_lordosis_and_kyphosis(poi), compute_max_cobb_angle(poi), heights

    return call


def _timed(make: Callable[[Segmentation], Callable[[], object]], maps: Path, repeats: int, pipe: Connection) -> None:
    warnings.simplefilter("ignore")
    segmentation = load_maps(maps)
    with contextlib.redirect_stdout(io.StringIO()):  # TPTBox tells its progress
        call = make(segmentation)
        call()
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            result = call()
            seconds.append(time.perf_counter() - start)
    pipe.send((seconds, _peak_mb(), _size(result)))


def _peak_mb() -> float:
    """Largest memory of this program alone; getrusage would hand down the parent's through the start."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return float(peak) / 1024


def _size(result: object) -> str:
    if isinstance(result, tuple) and result and hasattr(result[0], "biomarker"):
        values = sum(hasattr(entry, "value") for entry in result)
        return f"{values} values, {len(result) - values} absent"
    return f"lordosis, Cobb angle, {len(result[2])} heights"


def save_maps(segmentation: Segmentation, path: Path) -> None:
    """Keep the maps on disk, so that making them is on nobody's bill."""
    arrays = {n: getattr(segmentation, n).array for n in NAMES}
    np.savez(path, affine=segmentation.spine.grid.affine, **arrays)


def load_maps(path: Path) -> Segmentation:
    """Read what ``save_maps`` kept."""
    with np.load(path) as kept:
        grid = Grid(SHAPE, kept["affine"])
        maps = {n: Labels(kept[n], grid, source="phantom", boundary_sd_mm=0.0) for n in NAMES}
    return Segmentation(**maps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    medians = {}
    with tempfile.TemporaryDirectory() as folder:
        maps = Path(folder) / "maps.npz"
        segmentation = speed_map()
        print(f"map {SHAPE}, vertebrae: {len(segmentation.spine.vertebrae)}")
        save_maps(segmentation, maps)
        for name, make in (("lumbomics", ours), ("TPTBox", tptbox)):
            context = multiprocessing.get_context("spawn")
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_timed, args=(make, maps, repeats, sender))
            process.start()
            sender.close()  # so that a crash there ends the wait here
            seconds, peak, what = receiver.recv()
            process.join()
            medians[name] = statistics.median(seconds)
            spread = f"{min(seconds):.2f}-{max(seconds):.2f}"
            print(f"{name:10} {medians[name]:6.2f} s median of {repeats} ({spread}); peak {peak:.0f} MB; {what}")
    print(f"ratio TPTBox / lumbomics: {medians['TPTBox'] / medians['lumbomics']:.2f}")


if __name__ == "__main__":
    main()
