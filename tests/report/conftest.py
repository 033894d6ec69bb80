"""A visit rasterised from boxes, with measurements whose values and lines are known."""

import numpy as np
import pytest

from lumbomics.core.anatomy import CANAL, Numbering, NumberingSource, Side
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Context, Drawing, Measurement, Posture, Reason, Shape
from lumbomics.core.provenance import Decision
from lumbomics.core.visit import Plane, Series, SeriesKind, Visit

BODY_MM = (44.0, 32.0, 24.0)
PITCH_MM = 34.0
LEVELS = ((22, "L3"), (23, "L4"), (24, "L5"))


def centre_mm(number: int) -> np.ndarray:
    """Middle of a body: L4 at the origin, the spine straight up."""
    return np.array([0.0, 0.0, (23 - number) * PITCH_MM])


def mm(*coordinates: float) -> np.ndarray:
    return np.array(coordinates, dtype=float)


def inside(points: np.ndarray, centre: np.ndarray, size: tuple[float, float, float]) -> np.ndarray:
    return (np.abs(points - centre) <= np.array(size) / 2).all(axis=-1)


def spine_array(grid: Grid) -> np.ndarray:
    """Bodies with a spinous process behind a canal, discs between them."""
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    array = np.zeros(grid.shape, dtype=np.uint8)
    array[inside(points, np.array([0, -26.0, 0]), (22, 16, 3.2 * PITCH_MM))] = CANAL
    for number, _ in LEVELS:
        at = centre_mm(number)
        array[inside(points, at, BODY_MM)] = number
        array[inside(points, at + mm(0, -46, 0), (8, 22, 16))] = number
        if number != 24:
            array[inside(points, at - (0, 0, PITCH_MM / 2), (40, 30, 10))] = 100 + number
    return array


def sagittal_grid() -> Grid:
    """A sagittal acquisition: slices 4 mm apart from left to right, finer in the plane."""
    size, spacing = np.array([18, 120, 190]), np.array([4.0, 0.9, 0.8])
    return Grid.from_spacing((18, 120, 190), spacing, origin_mm=(0.0, -18.0, 0.0) - spacing * (size - 1) / 2)


def level(context: Context, biomarker: str, method: str, unit: str, at: str, value: float, se: float, **more):
    return Measurement(
        biomarker=biomarker, method=method, unit=unit, level=at, value=value, se=se, context=context, **more
    )


def box_results(context: Context) -> list:
    """Measurements with the lines of the boxes, and absences."""
    half = BODY_MM[1] / 2
    results: list = []
    for number, name in ((22, "L3-L4"), (23, "L4-L5")):
        low, high = centre_mm(number) - (0, 0, 12), centre_mm(number + 1) + mm(0, 0, 12)
        line = tuple(Drawing.line(at + mm(0, -half, 0), at + mm(0, half, 0), "endplate") for at in (low, high))
        height = (Drawing.line(low, high),)
        ring = np.array([[-11, -34, 0], [11, -34, 0], [11, -18, 0], [-11, -18, 0]]) + (low + high) / 2
        results += [
            level(context, "segmental_lordosis", "disc_angle", "deg", name, -0.04, 0.61, drawings=line),
            level(context, "slip_percent", "endplate_corner", "%", name, -12.3 if number == 22 else 1.7, 1.1),
            level(context, "disc_height", "mean_central80", "mm", name, 10.1, 0.32, drawings=height),
            level(
                context, "dural_sac_area", "perpendicular_at_disc", "mm2", name, 88.0 if number == 22 else 97.0, 4.0,
                drawings=(Drawing(Shape.POLYGON, ring, "sac"),),
            ),
        ]  # fmt: skip
        for side, sign in ((Side.LEFT, -1), (Side.RIGHT, 1)):
            column = np.array([sign * 20.0, -20.0, 0.0])
            drawn = (Drawing.line(low + column, high + column),)
            value = 18.25 if side is Side.LEFT else 20.75
            results.append(
                level(context, "foraminal_dimensions", "height", "mm", name, value, 0.9, side=side, drawings=drawn)
            )
    arms = tuple(Drawing.line(centre_mm(n) + mm(0, -half, 12), centre_mm(n) + mm(0, half + 30, 12)) for n in (22, 24))
    results += [
        Measurement(
            biomarker="lumbar_lordosis_l1_l5", method="endplate_line_midsagittal", unit="deg", value=43.21, se=1.5,
            drawings=arms, caution="posture changes this angle", context=context,
        ),
        Measurement(
            biomarker="meyerding_grade", method="from_slip_percent", unit="{grade}", level="L3-L4", value=1,
            category="retro", context=context,
        ),
        Measurement(
            biomarker="disc_signal_ratio", method="a_method_without_a_column", unit="1", level="L3-L4", value=0.654,
            context=context,
        ),
        Absent(
            biomarker="sacral_slope", method="endplate_line_to_image_axial", reason=Reason.FIELD_OF_VIEW,
            detail="S1 is not in the image", context=context,
        ),
        *(
            Absent(
                biomarker="disc_volume", method="label_volume", reason=Reason.STRUCTURE_NOT_LABELLED, level=at,
                detail="the disc is cut by the image's edge", context=context,
            )
            for at in ("L4-L5", "L3-L4")
        ),
    ]  # fmt: skip
    return results


def box_visit(name: str = "acq-sag_T2w") -> tuple[Visit, list]:
    grid = sagittal_grid()
    spine = Labels(spine_array(grid), grid, source="manual")
    brightness = np.select([spine.array == CANAL, spine.array >= 100, spine.array > 0], [900, 260, 420], 120)
    noise = np.random.default_rng(7).normal(0, 20, grid.shape)
    series = Series(
        name=name,
        image=Image((brightness + noise).astype(np.float32), grid, contrast=Contrast.T2),
        kind=SeriesKind(
            contrast=Contrast.T2,
            plane=Plane.SAGITTAL,
            confidence=0.93,
            decisions=(Decision(what="contrast", choice="T2w", because="echo time 102 ms"),),
        ),
        posture=Posture.SUPINE,
        segmentation=Segmentation(
            spine=spine, numbering=Numbering(source=NumberingSource.SACRUM_ASSUMPTION, confidence=0.8, alternative=1)
        ),
        faults=("slice 4 of 18 is missing",),
    )
    visit = Visit(
        participant="X7", session="02", series=(series,), set_aside=(("localiser", "three slices in three planes"),),
        months_since_surgery=14.0,
    )  # fmt: skip
    return visit, box_results(Context(posture=Posture.SUPINE, series=name, label_source="manual"))


@pytest.fixture(scope="session")
def visit_and_results():
    return box_visit()
