"""Label maps as NIfTI files with their lookup table and sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import yaml

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, VERTEBRA_NAMES, below, disc_level
from lumbomics.core.colours import spine_colour
from lumbomics.core.errors import OutputError
from lumbomics.core.labels import Labels, Muscle, Subregion
from lumbomics.write.atomic import write_json_atomic, write_text_atomic
from lumbomics.write.nifti import smallest_integer, write_nifti

SUBREGION_NAMES = MappingProxyType({int(part): part.name.lower() for part in Subregion})
"""Names for ``write_labels_nifti`` of the semantic map of vertebral parts."""
MUSCLE_NAMES = MappingProxyType({int(muscle): muscle.name.lower() for muscle in Muscle})
"""Names for ``write_labels_nifti`` of the muscle map."""
_COLUMNS = ("index", "name", "color", "snomed_ct")
# Kept apart by lightness as well as hue, for maps that know no levels.
_PALETTE = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2", "#882255", "#999933")


def write_labels_nifti(
    labels: Labels,
    path: Path | str,
    *,
    names: Mapping[int, str] | None = None,
    description: str = "Label map of the spine",
    reference: str = "orig",
    record: Mapping[str, object] | None = None,
) -> tuple[Path, ...]:
    """Write a label map, its lookup table (``.tsv``) and its sidecar (``.json``).

    The table lists the values that occur; codes stand only where they were verified, ``n/a`` elsewhere. BIDS allows no
    table beside a single structure (``…_mask``): its name stands in the path. The image comes last, so that where it
    is, its companions are.

    Parameters
    ----------
    labels
        What to write; stored in the smallest integer type that holds its values.
    path
        ``….nii.gz`` or ``….nii``; the companions take the same stem.
    names
        Value -> name; by default the map's own names, or those of the spine map.
    description
        One line for the sidecar.
    reference
        BIDS ``SpatialReference``: the URI of the image on whose grid the map lies, or ``orig``.
    record
        Further entries of the sidecar, as JSON values.

    Returns
    -------
    tuple of Path
        Sidecar, table (unless a mask) and image.

    Raises
    ------
    OutputError
        If the name is not that of a NIfTI file, or as in ``atomic_path``.
    """
    target = Path(path)
    stem = _stem(target)
    is_mask = stem.endswith("_mask")
    sidecar = _sidecar(labels, description, reference, is_mask=is_mask) | dict(record or {})
    written = [write_json_atomic(sidecar, _beside(target, stem, "json"))]
    if not is_mask:
        written.append(write_text_atomic(_lookup(labels, names or labels.names), _beside(target, stem, "tsv")))
    top = max(labels.present, default=0)
    write_nifti(labels.array.astype(smallest_integer(0, top)), labels.grid, target)
    return (*written, target)


def foramen_names(vertebrae: tuple[int, ...]) -> dict[int, str]:
    """Names of the foraminal map (2 x disc above, + 1 on the right) for the vertebrae of a spine, head to tail."""
    named = {above: _disc_name(above, vertebrae) for above in vertebrae}
    return {
        2 * above + int(right): f"foramen {name} {'right' if right else 'left'}"
        for above, name in named.items()
        for right in (False, True)
    }


def _lookup(labels: Labels, names: Mapping[int, str]) -> str:
    rows = ["\t".join(_COLUMNS)]
    known = names or {value: _spine_name(value, labels.vertebrae) for value in labels.present}
    for position, value in enumerate(labels.present):
        name = known.get(value, f"value {value}")
        colour = _PALETTE[position % len(_PALETTE)] if names else spine_colour(value)
        rows.append("\t".join((str(value), " ".join(name.split()), colour, _codes().get(name, "n/a"))))
    return "\n".join(rows) + "\n"


def _spine_name(value: int, vertebrae: tuple[int, ...]) -> str:
    if value in VERTEBRA_NAMES:
        return VERTEBRA_NAMES[value]
    if value - DISC_OFFSET in VERTEBRA_NAMES:
        return f"disc {_disc_name(value - DISC_OFFSET, vertebrae)}"
    return {CORD: "cord", CANAL: "canal"}.get(value, f"value {value}")


def _disc_name(above: int, vertebrae: tuple[int, ...]) -> str:
    """``L5-S1`` where the lower neighbour is in the map, ``below L5`` where it is not known."""
    under = below(above, vertebrae)
    return f"below {VERTEBRA_NAMES[above]}" if under is None else disc_level(above, under)


@cache
def _codes() -> dict[str, str]:
    record = files("lumbomics.write").joinpath("anatomy_codes.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(record))


def _sidecar(labels: Labels, description: str, reference: str, *, is_mask: bool) -> dict[str, object]:
    content: dict[str, object] = {
        "Description": description,
        "SpatialReference": reference,
        "Manual": labels.source.lower().startswith("manual"),
        "LabelSource": labels.source,
    }
    if reference != "orig":
        content["Sources"] = [reference]
    if labels.boundary_sd_mm is not None:
        content["BoundarySD"] = {"Value": labels.boundary_sd_mm, "Units": "mm"}
    own = {"Type": "ROI"} if is_mask else {"snomed_ct": {"Description": "SNOMED CT identifier, where verified"}}
    return content | own


def _beside(target: Path, stem: str, extension: str) -> Path:
    return target.with_name(f"{stem}.{extension}")


def _stem(path: Path) -> str:
    for extension in (".nii.gz", ".nii"):
        if path.name.endswith(extension):
            return path.name[: -len(extension)]
    raise OutputError("not the name of a NIfTI file", expected=".nii.gz or .nii", got=path.name, where=str(path))
