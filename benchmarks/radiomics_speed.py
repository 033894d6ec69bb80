"""Speed of all texture families on 10 regions of 20,000 voxels, as a ratio to pyradiomics and MIRP, in one run.

Ours is z-rad on the region's box; the others are called as their users call them, on the whole image with one mask a
region. 32 bins, 3D, averaged over directions. pyradiomics has no distance zones, so it does one family less; MIRP does
all six. Times are processor seconds (they hold on a busy machine) and wall clock; imports are not counted, and one
small region is computed before the clock starts.

    pip install mirp pyradiomics-bhklab
    python benchmarks/radiomics_speed.py
    python benchmarks/radiomics_speed.py --regions 2

A peer that is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Measurement
from lumbomics.radiomics import Aggregation, Normalisation, RadiomicsSettings, Structure, extract_radiomics

SHAPE = (96, 192, 192)
FAMILIES = ("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm")
PEER_FAMILIES = ("glcm", "glrlm", "glszm", "ngtdm", "gldm")
Extractor = Callable[[np.ndarray, np.ndarray], dict[str, float]]


def make_case(number: int, voxels: int) -> tuple[np.ndarray, np.ndarray]:
    """Smooth texture and an ellipsoid of about so many voxels."""
    rng = np.random.default_rng(number)
    array = ndimage.gaussian_filter(rng.standard_normal(SHAPE), 1.5) * 400 + 500
    axes = np.array([0.8, 1.0, 1.25])
    radius = (voxels / (4 / 3 * np.pi)) ** (1 / 3)
    index = np.indices(SHAPE).transpose(1, 2, 3, 0) - np.array(SHAPE) / 2
    return array, ((index / (radius * axes)) ** 2).sum(axis=-1) <= 1


def ours() -> Extractor:
    """Our interface."""
    settings = RadiomicsSettings(
        aggregation=Aggregation.VOLUME_AVERAGED, bins=32, normalisation=Normalisation.NONE, families=FAMILIES
    )
    grid = Grid.from_spacing(SHAPE, (1.0, 1.0, 1.0))

    def extract(array: np.ndarray, mask: np.ndarray) -> dict[str, float]:
        empty = Labels(np.zeros(SHAPE, np.uint8), grid)
        labels = Segmentation(spine=empty, dural_sac=Labels(mask.astype(np.uint8), grid))
        found = extract_radiomics(Image(array, grid), labels, settings=settings, structures=(Structure.DURAL_SAC,))
        return {r.biomarker: float(r.value) for r in found if isinstance(r, Measurement) and r.value is not None}

    return extract


def pyradiomics() -> Extractor:
    """pyradiomics (the fork pyradiomics-bhklab installs on present Pythons)."""
    import SimpleITK
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    extractor = RadiomicsFeatureExtractor(binCount=32)
    extractor.disableAllFeatures()
    for family in PEER_FAMILIES:
        extractor.enableFeatureClassByName(family)

    def extract(array: np.ndarray, mask: np.ndarray) -> dict[str, float]:
        found = extractor.execute(
            SimpleITK.GetImageFromArray(array), SimpleITK.GetImageFromArray(mask.astype(np.uint8))
        )
        return {name: float(value) for name, value in found.items() if name.startswith("original_")}

    return extract


def mirp() -> Extractor:
    """MIRP."""
    from mirp import extract_features

    def extract(array: np.ndarray, mask: np.ndarray) -> dict[str, float]:
        (table,) = extract_features(
            image=array,
            mask=mask.astype(np.uint8),
            base_feature_families=["glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm"],
            base_discretisation_method="fixed_bin_number",
            base_discretisation_n_bins=32,
            glcm_spatial_method="3d_average",
            glrlm_spatial_method="3d_average",
        )
        numbers = table.select_dtypes("number").iloc[0]
        return {str(name): float(value) for name, value in numbers.items()}

    return extract


def measure(extract: Extractor, cases: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float, dict[str, float]]:
    """Processor seconds, wall seconds and the last region's features."""
    extract(*make_case(99, 500))
    started, clock = time.process_time(), time.perf_counter()
    for array, mask in cases:
        found = extract(array, mask)
    return time.process_time() - started, time.perf_counter() - clock, found


def main() -> None:
    """Run all that is installed and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--regions", type=int, default=10)
    parser.add_argument("--voxels", type=int, default=20_000)
    chosen = parser.parse_args()
    cases = [make_case(number, chosen.voxels) for number in range(chosen.regions)]
    sizes = [int(mask.sum()) for _, mask in cases]
    print(f"{len(cases)} region(s) of {min(sizes)}-{max(sizes)} voxels in images of {SHAPE}, {len(FAMILIES)} families")
    warnings.simplefilter("ignore")
    seconds: dict[str, float] = {}
    for name, make in (("lumbomics (z-rad)", ours), ("pyradiomics", pyradiomics), ("MIRP", mirp)):
        try:
            extract = make()
        except ImportError as error:
            print(f"{name}: left out, {error.name} is not installed")
            continue
        processor, wall, found = measure(extract, cases)
        seconds[name] = processor
        ratio = processor / seconds["lumbomics (z-rad)"]
        print(f"{name}: {len(found)} features, {processor:.2f} s processor, {wall:.2f} s wall, {ratio:.2f} times ours")


if __name__ == "__main__":
    main()
