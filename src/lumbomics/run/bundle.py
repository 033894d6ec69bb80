"""A segmentation as files: which label map has which BIDS name, written and read back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lumbomics.core.anatomy import Numbering, NumberingSource
from lumbomics.core.errors import ReadError
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.visit import Visit
from lumbomics.read import read_nifti_labels
from lumbomics.write import (
    MUSCLE_NAMES,
    SUBREGION_NAMES,
    bids_path,
    foramen_names,
    write_labels_nifti,
)


@dataclass(frozen=True, kw_only=True)
class _Map:
    entity: str
    value: str
    suffix: str
    names: Mapping[int, str] | None = None
    description: str


MAPS: Mapping[str, _Map] = MappingProxyType(
    {
        "spine": _Map(
            entity="seg",
            value="spine",
            suffix="dseg",
            description="Vertebrae, discs, cord and canal as numbered instances",
        ),
        "subregion": _Map(
            entity="seg",
            value="subregion",
            suffix="dseg",
            names=SUBREGION_NAMES,
            description="Parts of the vertebrae, disc, cord and canal",
        ),
        "dural_sac": _Map(entity="label", value="duralsac", suffix="mask", description="Dural sac"),
        "foramina": _Map(entity="seg", value="foramina", suffix="dseg", description="Neural foramina by side"),
        "muscle": _Map(
            entity="seg", value="muscle", suffix="dseg", names=MUSCLE_NAMES, description="Paraspinal and psoas muscles"
        ),
    }
)
"""Field of Segmentation -> how its file is named."""


def write_segmentation(
    root: Path,
    visit: Visit,
    series: str,
    segmentation: Segmentation,
    *,
    desc: str,
    record: Mapping[str, object] | None = None,
) -> tuple[Path, ...]:
    """Write every label map of a series as a BIDS derivative.

    Parameters
    ----------
    root, visit, series
        Where.
    segmentation
        What to write.
    desc
        How it came about: ``given``, ``auto``, ``manual``.
    record
        Further entries for the spine map's sidecar.
    """
    written: list[Path] = []
    for name, kind in MAPS.items():
        labels: Labels | None = getattr(segmentation, name)
        if labels is None:
            continue
        entity: dict[str, Any] = {kind.entity: kind.value}
        path = bids_path(root, visit, series, suffix=kind.suffix, desc=desc, **entity)
        names = foramen_names(segmentation.spine.vertebrae) if name == "foramina" else kind.names
        own = record if name == "spine" else None
        written += write_labels_nifti(labels, path, names=names, description=kind.description, record=own)
    return tuple(written)


def read_segmentation(
    files: Iterable[Path],
    *,
    source: str,
    boundary_sd_mm: float | None = None,
    numbering: Numbering | None = None,
) -> Segmentation:
    """Put together the label maps that ``write_segmentation`` wrote, told apart by their names.

    Raises
    ------
    ReadError
        If there is no spine map, or two files claim to be the same map.
    """
    found: dict[str, Path] = {}
    for path in files:
        name = map_of(path)
        if name is None:
            continue
        if name in found:
            raise ReadError("two files hold the same label map", got=f"{found[name].name} and {path.name}")
        found[name] = path
    if "spine" not in found:
        raise ReadError("no spine label map among the files", expected="a file with seg-spine in its name")
    maps = {n: read_nifti_labels(p, source=source, boundary_sd_mm=boundary_sd_mm) for n, p in found.items()}
    return Segmentation(**maps, numbering=numbering or Numbering(source=NumberingSource.LABEL_FILE))


def map_of(path: Path) -> str | None:
    """Which field of Segmentation a file name stands for, ``None`` if none."""
    for name, kind in MAPS.items():
        if re.search(rf"(^|_){kind.entity}-{kind.value}_.*{kind.suffix}\.nii(\.gz)?$", path.name):
            return name
    return None
