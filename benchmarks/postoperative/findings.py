"""What else surgery, infection and metal leave: fluid, missing bone, inflamed roots, oedema, signs of discitis, voids.

``section`` measures what the folder does not hold yet, one line of JSON a patient, and returns the page's part.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Measurement, Result
from lumbomics.core.visit import MetalTechnique, Plane
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination
from lumbomics.phantom import Phantom, PhantomParameters, make_phantom
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.lesions import draw_lesions
from lumbomics.phantom.metal import Screws, draw_metal
from lumbomics.phantom.postoperative import InflamedRoot, Kind, Postoperative
from lumbomics.phantom.postoperative.masses import mass_truth
from lumbomics.phantom.postoperative.rays import defect_truth
from lumbomics.prepare.metal import find_metal
from postoperative.findings_page import page
from postoperative.operated import collect
from postoperative.patients import Condition, Patient, examined, patient

TALL = Condition(name="tall", width_mm=84.0, half_height_mm=28.0, contrasts=(Contrast.T2,))
PAIR = Condition(name="below")
LARGE = ("fluid_collection", "laminectomy_defect", "herniation_volume")
LARGE_SHARE, WORN_SHARE, METAL_SHARE, ROOT_SHARE = 2, 8, 8, 3
"""One patient read over 5.6 cm for so many operated ones, one worn, one with metal, one whose roots are read."""
FIRST_WORN, FIRST_METAL = 500, 600
_MARROW = ("bone_marrow_edema_volume", "discitis_score")
Row = dict[str, Any]


def section(*, seeds: int, folder: Path, decay_seeds: int) -> list[str]:
    """Measure what is not in the folder yet, and return the section's lines."""
    del decay_seeds
    large = collect(range(seeds // LARGE_SHARE), folder / "large.jsonl", large_record)
    roots = collect(range(seeds // ROOT_SHARE), folder / "roots.jsonl", root_record)
    worn = collect(range(FIRST_WORN, FIRST_WORN + seeds // WORN_SHARE), folder / "worn.jsonl", worn_record)
    metal = collect(range(FIRST_METAL, FIRST_METAL + seeds // METAL_SHARE), folder / "metal.jsonl", metal_record)
    return page(large, roots, worn, metal)


def large_record(seed: int) -> Row:
    """Fluid, blood, missing arch and displaced volume at the operated level of one patient."""
    one = patient(seed)
    state = _state(one)
    (spine,) = examined(one, [TALL])
    true = [*mass_truth(state, one.phantom.scene), *defect_truth(one.phantom.scene, one.level)]
    found = measure_examination(spine, only=LARGE)
    return {"seed": seed, "kind": one.kind.value, "pairs": list(_pairs(true, found, one.level))}


def root_record(seed: int) -> Row:
    """Enhancement about the root that leaves below the operated level, and whether it is inflamed, by side."""
    one = _above_sacrum(seed)
    (root,) = [part for part in _state(one).parts if isinstance(part, InflamedRoot)] or [None]
    upper, lower = one.level.split("-")
    below = one.phantom.parameters.discs[one.phantom.parameters.discs.index(one.level) + 1]
    moved = Patient(one.seed, one.kind, below, one.phantom)
    (spine,) = examined(moved, [PAIR])
    values = {
        f"{r.method}|{r.side}": r.value
        for r in measure_examination(spine, only=["perineural_enhancement"])
        if isinstance(r, Measurement) and r.level == below
    }
    inflamed = {side.value: root is not None and root.side is side for side in (Side.LEFT, Side.RIGHT)}
    shell = 0.0 if root is None else root.shell_mm
    return {"seed": seed, "level": f"{upper}-{lower}", "inflamed": inflamed, "shell_mm": shell, "values": values}


def _above_sacrum(seed: int) -> Patient:
    """Patient with scar or disc above the lowest disc; every second one has an inflamed root."""
    for number in range(2000 + 40 * seed, 2040 + 40 * seed):
        one = patient(number, (Kind.SCAR, Kind.DISC))
        has = any(isinstance(part, InflamedRoot) for part in _state(one).parts)
        if one.level != one.phantom.parameters.discs[-1] and has == (seed % 2 == 0):
            return one
    raise RuntimeError(f"no patient of seed {seed} is operated above the lowest disc")


def worn_record(seed: int) -> Row:
    """Oedema and signs of discitis at every lumbar level of one worn spine; three in five have an infected disc."""
    base = PhantomParameters.random(seed)
    lesions = draw_lesions(seed, base, infection_chance=0.6)
    phantom = make_phantom(seed, lesions.shape(base), extras=(lesions,))
    grid = phantom.sagittal_grid()
    series = (Contrast.T2, Contrast.T1, Contrast.STIR, Contrast.T1_POST)
    scans = tuple(Scan(name=one.value, image=phantom.image(grid, one), plane=Plane.SAGITTAL) for one in series)
    labels = phantom.segmentation(grid)
    spine = ExaminedSpine(
        spine=describe_spine(labels), examination=Examination(segmentation=labels, scans=scans, operations=())
    )
    found = measure_examination(spine, only=_MARROW)
    true = [result for extra in phantom.scene.extras for result in extra.truth(phantom.scene)]
    return {"seed": seed, "pairs": list(_pairs(true, found, None))}


def metal_record(seed: int) -> Row:
    """Extent of what screws spoil at a level, from maps found in the image and from the exact ones."""
    base = PhantomParameters.random(seed)
    metal = draw_metal(seed, base, lead_chance=0.0)
    phantom = make_phantom(seed, base, extras=(metal,))
    (screws,) = [item for item in metal.implants if isinstance(item, Screws)]
    level = "-".join(screws.vertebrae[:2])
    rows = {}
    for technique in (MetalTechnique.NONE, MetalTechnique.SEMAC):
        taken = Acquisition(metal_technique=technique)
        found, exact = (_voids(phantom, level, taken, drawn=drawn) for drawn in (True, False))
        rows[technique.value] = {"found": found, "exact": exact}
    return {"seed": seed, "material": screws.material.value, "level": level, "rows": rows}


def _voids(phantom: Phantom, level: str, taken: Acquisition, *, drawn: bool) -> dict[str, float]:
    grid = phantom.axial_grid(level, slices=7, in_plane_mm=0.7, width_mm=140.0)
    labels = phantom.segmentation(phantom.sagittal_grid(in_plane_mm=0.9))
    image, t1 = (phantom.image(grid, one, acquisition=taken) for one in (Contrast.T2, Contrast.T1))
    exact = [extra.obscured(grid, Contrast.T2, taken, phantom.anatomy) for extra in phantom.scene.extras]
    (map_,) = [one for one in exact if one is not None]
    found = find_metal(image, labels.spine, others=[t1], technique=taken.metal_technique)
    obscured = found if drawn else found.__class__(map_, grid, found.names, "phantom", 0.0)
    scan = Scan(name="t2", image=image, plane=Plane.AXIAL, metal_technique=taken.metal_technique, obscured=obscured)
    spine = ExaminedSpine(
        spine=describe_spine(labels), examination=Examination(segmentation=labels, scans=(scan,), operations=())
    )
    return {
        str(r.method).split("_", 1)[1]: float(r.value)
        for r in measure_examination(spine, only=["mri_metal_artifact"])
        if isinstance(r, Measurement) and r.level == level and r.value is not None
    }


def _state(one: Patient) -> Postoperative:
    (state,) = [extra for extra in one.phantom.scene.extras if isinstance(extra, Postoperative)]
    return state


def _pairs(true: list[Result], found: list[Result], level: str | None) -> Iterator[Row]:
    """Every true value with what was measured of it: ``None`` where that is Absent."""
    known = {(r.biomarker, r.method, r.level, r.side): r for r in found if isinstance(r, Measurement)}
    asked = {r.biomarker for r in found}
    for one in true:
        if not isinstance(one, Measurement) or one.biomarker not in asked or (level and one.level != level):
            continue
        got = known.get((one.biomarker, one.method, one.level, one.side))
        yield {
            "key": f"{one.biomarker}|{one.method}",
            "level": one.level,
            "true": None if one.value is None else float(one.value),
            "category": one.category,
            "measured": None if got is None or got.value is None else float(got.value),
            "found": None if got is None else got.category,
            "se": None if got is None or got.se is None else float(got.se),
        }
