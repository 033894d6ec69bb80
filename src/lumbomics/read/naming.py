"""BIDS names of series: ``acq-sag_T2w``, ``acq-ax_ce-gadolinium_T1w``, ``acq-sagSTIR_T2w``, ``acq-ax_ct``."""

from __future__ import annotations

from collections.abc import Iterable

from lumbomics.core.image import Contrast
from lumbomics.core.visit import MetalTechnique, Plane, SeriesKind

DIXON_BASE = "dixon base contrast"

_PLANES = {
    Plane.SAGITTAL: "sag",
    Plane.AXIAL: "ax",
    Plane.CORONAL: "cor",
    Plane.OBLIQUE: "obl",
    Plane.ISOTROPIC: "iso",
    Plane.PROJECTION: "proj",
    Plane.UNKNOWN: "any",
}
_CONTRASTS = {
    Contrast.T1: ("", "", "T1w"),
    Contrast.T2: ("", "", "T2w"),
    Contrast.STIR: ("STIR", "", "T2w"),
    Contrast.T1_POST: ("", "gadolinium", "T1w"),
    Contrast.PD: ("", "", "PDw"),
    Contrast.DIXON_WATER: ("Dixonwater", "", ""),
    Contrast.DIXON_FAT: ("Dixonfat", "", ""),
    Contrast.DWI: ("", "", "dwi"),
    Contrast.BSSFP: ("BSSFP", "", "T2w"),
    Contrast.T2_SPACE: ("SPACE", "", "T2w"),
    Contrast.CT: ("", "", "ct"),
    Contrast.CT_MYELOGRAPHY: ("", "intrathecal", "ct"),
    Contrast.RADIOGRAPH: ("", "", "dx"),
    Contrast.NM: ("", "", "nm"),
    Contrast.PET: ("", "", "pet"),
    Contrast.UNKNOWN: ("Unknown", "", "image"),
}
_METAL = {
    MetalTechnique.NONE: "",
    MetalTechnique.VAT: "VAT",
    MetalTechnique.SEMAC: "SEMAC",
    MetalTechnique.MAVRIC: "MAVRIC",
    MetalTechnique.CT_MAR: "MAR",
}


def series_name(kind: SeriesKind) -> str:
    """Name of a series by what it is: plane, technique, agent, contrast."""
    technique, agent, suffix = _CONTRASTS[kind.contrast]
    shown = technique in {"STIR", "Dixonwater"}
    fat = "FS" if kind.fat_suppressed and not shown else ""
    enhanced = f"_ce-{agent}" if agent else ""
    acquisition = _PLANES[kind.plane] + technique + fat + _METAL[kind.metal_technique]
    return f"acq-{acquisition}{enhanced}_{suffix or _dixon_base(kind)}"


def _dixon_base(kind: SeriesKind) -> str:
    """Suffix of the contrast that a Dixon part was split from; T1w where that is not known."""
    stated = [Contrast(one.choice) for one in kind.decisions if one.what == DIXON_BASE]
    return _CONTRASTS[stated[0]][2] if stated and stated[0] is not Contrast.UNKNOWN else "T1w"


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of all series of a visit, in order; those that coincide are numbered ``run-1``, ``run-2`` …."""
    names = list(names)
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(_with_run(name, seen[name]) if names.count(name) > 1 else name)
    return tuple(result)


def _with_run(name: str, run: int) -> str:
    entities, _, suffix = name.rpartition("_")
    return f"{entities}_run-{run}_{suffix}".removeprefix("_")
