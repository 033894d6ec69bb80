"""Which patients are learnt from, and which never."""

from __future__ import annotations

from pathlib import Path

from lumbomics.core.errors import InputError
from lumbomics.train.config import TrainConfig
from lumbomics.train.volumes import patients

HELD_OUT_EVERY = 3
"""Of the patients with slices alone, every third is kept for judging other contrasts."""


def held_out(folder: Path, config: TrainConfig) -> frozenset[str]:
    """Patients no step may learn from: those of the validation and every third with slices alone."""
    masked = set(patients(folder / "spider-t2space"))
    unknown = set(config.validation) - masked
    if unknown:
        raise InputError("validation patients without a mask", got=", ".join(sorted(unknown)), where="config")
    return frozenset(config.validation) | frozenset(slices_alone(folder)[::HELD_OUT_EVERY])


def slices_alone(folder: Path) -> tuple[str, ...]:
    """Patients with mid-sagittal slices and no mask, sorted."""
    found = {p.name.split("_")[0].removeprefix("sub-") for p in (folder / "spider-midsag").glob("sub-*.nii.gz")}
    return tuple(sorted(found - set(patients(folder / "spider-t2space"))))
