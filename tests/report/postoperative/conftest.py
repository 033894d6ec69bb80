"""An examination made of boxes: L3 to L5 straight up, a canal behind, tissues whose place is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from lumbomics.core.anatomy import CANAL, Side
from lumbomics.core.examination import CanalTissue, Examination, Operation, Scan, Surgery
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Muscle, Segmentation
from lumbomics.core.measurement import Absent, Drawing, Measurement, Reason, Shape
from lumbomics.core.visit import Plane

PITCH_MM = 34.0
CANAL_MM = np.array([0.0, -26.0])
DISC_Z = {"L3-L4": PITCH_MM / 2, "L4-L5": -PITCH_MM / 2}
CONTRASTS = {"acq-ax_T2w": Contrast.T2, "acq-ax_T1w": Contrast.T1, "acq-ax_ce-gadolinium_T1w": Contrast.T1_POST}


def box(points, centre, size):
    return (np.abs(points - np.array(centre, dtype=float)) <= np.array(size, dtype=float) / 2).all(axis=-1)


def points_of(grid):
    return grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))


def spine_labels(points):
    array = np.zeros(points.shape[:3], dtype=np.uint8)
    array[box(points, (0, *CANAL_MM[1:], 0), (22, 16, 3.4 * PITCH_MM))] = CANAL
    for number in (22, 23, 24):
        z = (23 - number) * PITCH_MM
        array[box(points, (0, 0, z), (44, 32, 24))] = number
        array[box(points, (0, -46, z), (8, 22, 16))] = number
        if number != 24:
            array[box(points, (0, 0, z - PITCH_MM / 2), (40, 30, 10))] = 100 + number
    return array


def tissue_map(points, scar_z, scar_side):
    """Sac amid the canal, roots behind in it, fat around, scar in front on one side over 10 mm of height."""
    array = np.zeros(points.shape[:3], dtype=np.uint8)
    middle = CANAL_MM
    array[box(points, (0, middle[1], 0), (22, 16, 200))] = CanalTissue.EPIDURAL_FAT
    array[box(points, (0, middle[1], 0), (12, 9, 200))] = CanalTissue.FLUID
    array[box(points, (0, middle[1] - 3, 0), (4, 2, 200))] = CanalTissue.ROOT
    array[box(points, (scar_side * 8, middle[1] + 5.5, scar_z), (6, 5, 10))] = CanalTissue.SCAR
    return array


SIGNAL = {
    Contrast.T1: {CanalTissue.FLUID: 200, CanalTissue.ROOT: 300, CanalTissue.EPIDURAL_FAT: 900, CanalTissue.SCAR: 350},
    Contrast.T2: {CanalTissue.FLUID: 950, CanalTissue.ROOT: 300, CanalTissue.EPIDURAL_FAT: 700, CanalTissue.SCAR: 400},
}
ENHANCED_SCAR = 800.0


def signal(tissue, contrast, gain):
    weights = SIGNAL[Contrast.T2 if contrast is Contrast.T2 else Contrast.T1]
    array = np.full(tissue.shape, 400.0)
    for kind, value in weights.items():
        array[tissue == kind] = value
    if contrast is Contrast.T1_POST:
        array[tissue == CanalTissue.SCAR] = ENHANCED_SCAR
        array *= gain
    return array.astype(np.float32)


def muscle_map(points):
    array = np.zeros(points.shape[:3], dtype=np.uint8)
    for side, muscle in ((-1, Muscle.MULTIFIDUS_LEFT), (1, Muscle.MULTIFIDUS_RIGHT)):
        array[box(points, (side * 18, -50, 0), (18, 20, 200))] = muscle
    return array


@dataclass(frozen=True)
class World:
    """What the boxes can be made like."""

    scar_side: int = 1
    scar_z: float = DISC_Z["L4-L5"]
    gain: float = 1.0
    storage: str = "RAS"
    contrasts: tuple[str, ...] = tuple(CONTRASTS)
    suppressed: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = (
        Operation(level="L4-L5", kind=Surgery.DISCECTOMY, side=Side.RIGHT, months=8.0),
    )
    left_out: tuple[tuple[str, str], ...] = ()
    is_mapped: bool = True
    slices: int = 24
    bottom_z: float = -44.0


def axial_grid(world):
    """Axial slices 4 mm apart in the storage order asked for (``LAS``: columns run to the patient's left)."""
    grid = Grid.from_spacing((160, 160, world.slices), (0.8, 0.8, 4.0), origin_mm=(-64.0, -100.0, world.bottom_z))
    if world.storage == "RAS":
        return grid
    affine = grid.affine.copy()
    affine[:3, 0] *= -1
    affine[:3, 3] = (63.2, -100.0, world.bottom_z)
    return Grid(grid.shape, affine)


def make_examination(**changes) -> Examination:
    world = World(**changes)
    size, spacing = np.array([18, 120, 190]), np.array([4.0, 0.9, 0.8])
    sagittal = Grid.from_spacing((18, 120, 190), spacing, origin_mm=(0.0, -18.0, 0.0) - spacing * (size - 1) / 2)
    segmentation = Segmentation(spine=Labels(spine_labels(points_of(sagittal)), sagittal, source="manual"))
    grid = axial_grid(world)
    points = points_of(grid)
    tissue = tissue_map(points, world.scar_z, world.scar_side)
    maps = {"tissue": Labels(tissue, grid, source="boxes"), "muscle": Labels(muscle_map(points), grid)}
    scans = [
        Scan(
            name=name,
            image=Image(signal(tissue, CONTRASTS[name], world.gain), grid, contrast=CONTRASTS[name]),
            plane=Plane.AXIAL,
            fat_suppressed=name in world.suppressed,
            **(maps if world.is_mapped else {}),
        )
        for name in world.contrasts
    ]
    side = np.broadcast_to(points_of(sagittal)[..., 0], sagittal.shape).astype(np.float32)
    scans.append(Scan(name="acq-sag_T1w", image=Image(side, sagittal, contrast=Contrast.T1), plane=Plane.SAGITTAL))
    return Examination(
        segmentation=segmentation, scans=tuple(scans), operations=world.operations, left_out=world.left_out
    )


def value(biomarker, method, unit="1", at="L4-L5", **more):
    return Measurement(biomarker=biomarker, method=method, unit=unit, level=at, **more)


def make_results() -> list:
    """Fibrosis of grade 3 in front on the right, none elsewhere; what the phrases can meet."""
    found: list = []
    for side in (Side.LEFT, Side.RIGHT):
        for half in ("anterior", "posterior"):
            grade = 3 if (side, half) == (Side.RIGHT, "anterior") else 0
            key = f"{half}_epidural"
            found += [
                value(
                    "ross_fibrosis_grade", f"{key}_max", "{grade}", side=side, value=grade, category=f"grade {grade}"
                ),
                value("ross_fibrosis_grade", f"{key}_max_probability", side=side, value=0.87),
                value("ross_fibrosis_grade", f"{key}_mean", "{grade}", side=side, value=grade * 0.8),
                value("ross_fibrosis_sum", f"{key}_percent", "%", side=side, value=18.0 * grade, se=2.5),
            ]
        x = 18.0 if side is Side.RIGHT else -18.0
        ring = np.array([[x, -18.0, -14.0], [x, -22.0, -17.0], [x, -18.0, -20.0]])
        found.append(
            value(
                "lee_foraminal_grade", "grade", "{grade}", side=side, value=1, se=0.4, category="1",
                drawings=(Drawing(Shape.POLYGON, ring, "fat"),),
            )
        )  # fmt: skip
        found.append(
            Absent(
                biomarker="sac_traction", method="towards_tissue", level="L4-L5", side=side,
                reason=Reason.NOT_ASSESSABLE_METAL, detail="metal spoils 64 % of the canal, 20 % are allowed",
            )
        )  # fmt: skip
    found.append(
        value("scar_maturity_interval", "months_since_last_surgery", "mo", value=8.0, se=0.0, category="mature")
    )
    return found


@pytest.fixture(scope="session")
def examine() -> Callable[..., Examination]:
    return make_examination


@pytest.fixture(scope="session")
def examination() -> Examination:
    return make_examination()


@pytest.fixture(scope="session")
def results() -> list:
    return make_results()


@pytest.fixture(scope="session")
def made() -> Callable[..., Measurement]:
    return value
