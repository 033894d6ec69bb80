"""From the data folder to what a run learns from and what it must never see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from lumbomics.train.batches import Pool
from lumbomics.train.config import TrainConfig
from lumbomics.train.division import held_out
from lumbomics.train.loop import Data
from lumbomics.train.midsagittal import Slice, inherited, load_slices, unlabelled
from lumbomics.train.phantoms import phantom_sample
from lumbomics.train.samples import Sample
from lumbomics.train.volumes import patients, volume_sample


def assemble(folder: Path, config: TrainConfig, cache: Path, *, say: Callable[[str], None]) -> Data:
    """Read and prepare all samples; phantoms are painted once and kept in ``cache``."""
    away = held_out(folder, config)
    volumes = {
        p: volume_sample(folder / "spider-t2space", p, spacing_mm=config.spacing_mm)
        for p in patients(folder / "spider-t2space")
    }
    carried: dict[str, list[Sample]] = defaultdict(list)
    for patient, volume in volumes.items():
        found = inherited(folder / "spider-midsag", patient, volume, spacing_mm=config.spacing_mm)
        carried[patient] = [sample for sample, _ in found]
        told = ", ".join(f"{s.name} r={m.correlation:.2f} shift={m.shift_px}" for s, m in found)
        say(f"sub-{patient}: {told or 'no slice of another contrast coincides'}")
    slices = load_slices(folder / "spider-midsag", spacing_mm=config.spacing_mm)
    phantoms = []
    for seed in range(config.phantoms):
        phantoms.append(phantom_sample(seed, spacing_mm=config.spacing_mm, cache=cache))
        if seed % 20 == 0:
            say(f"phantom {seed} of {config.phantoms}")
    return Data(
        pool=Pool(
            volumes=[v for p, v in volumes.items() if p not in away],
            midsagittal=[s for p, samples in carried.items() if p not in away for s in samples],
            phantoms=phantoms,
        ),
        unlabelled=_together([s for s in slices if s.patient not in away and s.patient not in volumes]),
        validation={
            "T2 SPACE": [v for p, v in volumes.items() if p in away],
            **{
                contrast: [s for p in sorted(carried) if p in away for s in carried[p] if s.name.endswith(contrast)]
                for contrast in ("T1w", "T2w")
            },
        },
    )


def _together(slices: Sequence[Slice]) -> list[list[Sample]]:
    """Slices of one patient with the same raster and voxel size show the same anatomy."""
    groups: dict[tuple[object, ...], list[Sample]] = defaultdict(list)
    for one in slices:
        groups[one.patient, one.plane.shape, round(one.spacing_mm, 3)].append(unlabelled(one))
    return list(groups.values())
