"""True values of the lesions: grades from the knobs, sizes from the closed form, areas from dense sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lumbomics.core.anatomy import Side
from lumbomics.core.grid import Grid
from lumbomics.core.measurement import Context, Measurement, Result
from lumbomics.phantom.lesions.marrow import (
    Endplate,
    Modic,
    ModicType,
    body_voxels,
    modic_level,
    modic_volume_mm3,
    vertebra_of,
)
from lumbomics.phantom.lesions.sections import canal_truth, muscle_truth
from lumbomics.phantom.lesions.tissues import Lesion
from lumbomics.phantom.scene import Scene

if TYPE_CHECKING:
    from lumbomics.phantom.lesions.lesions import Lesions

_CONTEXT = Context(label_source="phantom")
_OEDEMATOUS = (Lesion.OEDEMA, Lesion.INFECTED_MARROW)
_ROMAN = ("I", "II", "III", "IV", "V")
_RASTER_MM = 0.7


def lesion_truth(lesions: Lesions, scene: Scene) -> Iterator[Result]:
    """Yield what is exactly known of a worn spine, absent lesions as 0 wherever their kind was asked for.

    Sections of muscles, fat and ligament are those of the finished body, whatever else is in it.
    """
    parts = (
        _discs(lesions, scene),
        _modic(lesions, scene),
        _infections(lesions, scene),
        _facets(lesions),
        _oedema(lesions, scene),
        canal_truth(scene),
        muscle_truth(scene),
    )
    for part in parts:
        for result in part:
            yield result.within(_CONTEXT)


def _lumbar(scene: Scene) -> list[str]:
    return [name for name in scene.anatomy.parameters.discs if name.startswith("L")]


def _discs(lesions: Lesions, scene: Scene) -> Iterator[Result]:
    """Grades of the stated discs, and zones at every lumbar one."""
    for disc, state in lesions.discs.items():
        yield Measurement(
            biomarker="pfirrmann_disc_grade",
            method="grade",
            unit="{grade}",
            level=disc,
            value=float(state.grade),
            category=_ROMAN[state.grade - 1],
            se=0.0,
        )
    for disc in _lumbar(scene):
        found = [zone for zone in lesions.zones if zone.disc == disc]
        yield Measurement(
            biomarker="high_intensity_zone",
            method="present",
            unit="{flag}",
            level=disc,
            value=float(bool(found)),
            category=", ".join(sorted({zone.side.value for zone in found})) or "absent",
            se=0.0,
        )


def _modic(lesions: Lesions, scene: Scene) -> Iterator[Result]:
    """Type, volume and height by endplate of every lumbar disc; 0 where there is none."""
    for disc in _lumbar(scene):
        for endplate in Endplate:
            found = [item for item in lesions.modic if (item.disc, item.endplate) == (disc, endplate)]
            yield from _endplate(scene, disc, endplate, found)


def _endplate(scene: Scene, disc: str, endplate: Endplate, found: list[Modic]) -> Iterator[Result]:
    vertebra, _ = vertebra_of(scene.anatomy, disc, endplate)
    kinds = sorted({int(item.kind) for item in found})
    volumes = [modic_volume_mm3(item, scene.anatomy) for item in found]
    height = max((100 * item.height_mm / vertebra.body.height for item in found), default=0.0)
    largest = int(found[int(np.argmax(volumes))].kind) if found else 0
    values = {("type", "{type}"): float(largest), ("volume", "mm3"): float(sum(volumes)), ("height", "%"): height}
    for (what, unit), value in values.items():
        yield Measurement(
            biomarker="modic_type",
            method=f"{what}_{endplate}_endplate",
            unit=unit,
            level=disc,
            value=value,
            category="/".join(map(str, kinds)) or "0" if what == "type" else None,
            se=0.0,
        )


def _infections(lesions: Lesions, scene: Scene) -> Iterator[Result]:
    """Count the five signs at every lumbar disc."""
    for disc in _lumbar(scene):
        found = [item for item in lesions.infections if item.disc == disc]
        signs = [letter for item in found for letter, seen in item.signs.items() if seen]
        yield Measurement(
            biomarker="discitis_score",
            method="sign_count",
            unit="{count}",
            level=disc,
            value=float(len(signs)),
            category="".join(signs) or "none",
            se=0.0,
        )


def _facets(lesions: Lesions) -> Iterator[Result]:
    """Yield grade, bone spur, joint space (where fluid does not widen it) and width of fluid of every stated joint."""
    for state in lesions.facets:
        rows = [
            ("facet_arthropathy_grade", "grade", "{grade}", float(state.grade), str(state.grade)),
            ("facet_arthropathy_grade", "overhang", "mm", state.osteophyte_mm, None),
            ("facet_joint_effusion", "max_width", "mm", state.fluid_mm, None),
        ]
        if state.fluid_mm <= state.space_mm:
            rows.append(("facet_arthropathy_grade", "joint_space", "mm", state.space_mm, None))
        for biomarker, method, unit, value, category in rows:
            yield Measurement(
                biomarker=biomarker,
                method=method,
                unit=unit,
                level=state.disc,
                side=state.side,
                value=value,
                category=category,
                se=0.0,
            )


def _oedema(lesions: Lesions, scene: Scene) -> Iterator[Result]:
    """Volume of oedematous marrow of every lumbar body and side (S1 included)."""
    ill: dict[str, list[Modic]] = {}
    for change in lesions.modic:
        vertebra, _ = vertebra_of(scene.anatomy, change.disc, change.endplate)
        ill.setdefault(vertebra.name, []).extend([change] if change.kind is ModicType.OEDEMA else [])
    for item in lesions.infections:
        for endplate in Endplate:
            ill.setdefault(vertebra_of(scene.anatomy, item.disc, endplate)[0].name, [])
    for vertebra in scene.anatomy.chain:
        if not vertebra.name.startswith(("L", "S")):
            continue
        known = vertebra.name in ill
        volumes = _oedema_mm3(scene, vertebra.name, ill[vertebra.name]) if known else (0.0, 0.0)
        for side, value in zip((Side.LEFT, Side.RIGHT), volumes, strict=True):
            yield Measurement(
                biomarker="bone_marrow_edema_volume",
                method="body_volume",
                unit="mm3",
                level=vertebra.name,
                side=side,
                value=value,
                se=0.0,
            )


def _oedema_mm3(scene: Scene, name: str, changes: list[Modic]) -> tuple[float, float]:
    """Oedematous volume left and right of a body's middle plane; soft edges count up to their middle."""
    vertebra = scene.anatomy.vertebra(name)
    solid = vertebra.body.solid(vertebra.frame)
    low, high = np.array(solid.low), np.array(solid.high)
    shape = np.ceil((high - low) / _RASTER_MM).astype(int)
    grid = Grid.from_spacing(
        (int(shape[0]), int(shape[1]), int(shape[2])),
        _RASTER_MM,
        origin_mm=vertebra.frame.to_world(low),
        axes=vertebra.frame.rotation,
    )
    numbers = scene.tissue(grid)
    seen = body_voxels(vertebra, grid)
    if seen is None:
        return 0.0, 0.0
    box, x, y, z = seen
    numbers = numbers[box]
    inside = vertebra.body.level(x, y, z) <= 0
    ill = inside & np.isin(numbers, [int(number) for number in _OEDEMATOUS])
    for change in changes:
        _, superior = vertebra_of(scene.anatomy, change.disc, change.endplate)
        inner = inside & (modic_level(change, vertebra, x, y, z, superior=superior) <= 0)
        ill |= (numbers == Lesion.OEDEMA_EDGE) & inner
    left = x < 0
    voxel = grid.voxel_volume_mm3
    return float((ill & left).sum() * voxel), float((ill & ~left).sum() * voxel)
