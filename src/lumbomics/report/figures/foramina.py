"""Parasagittal pictures through the foramina, left and right."""

from __future__ import annotations

from matplotlib.axes import Axes

from lumbomics.core.anatomy import Side
from lumbomics.core.colours import spine_colour
from lumbomics.core.measurement import Measurement
from lumbomics.report.composition import Panel
from lumbomics.report.figures.canvas import Png, draw, new_row, outline, show_raster, title, to_png
from lumbomics.report.figures.sagittal import colour_of, level_notes
from lumbomics.report.raster import Raster, sample_mask
from lumbomics.report.scene import Scene, all_points, sagittal_raster, shown_values

_SIDES = (Side.RIGHT, Side.LEFT)


def foramina_figure(scene: Scene, panel: Panel) -> Png | None:
    """Draw both sides through the drawn foramina; ``None`` where none was drawn."""
    rasters = {side: _raster(scene, panel, side) for side in _SIDES}
    drawn = {side: raster for side, raster in rasters.items() if raster is not None}
    if not drawn:
        return None
    figure, row = new_row(list(drawn.values()), [True] * len(drawn))
    for axes, (side, raster) in zip(row, drawn.items(), strict=True):
        _side(axes, scene, raster, _measured(scene, panel, side), f"Patient's {side}")
    return to_png(figure)


def _measured(scene: Scene, panel: Panel, side: Side) -> list[Measurement]:
    return [m for m in scene.measurements if m.side is side and panel.holds(m)]


def _raster(scene: Scene, panel: Panel, side: Side) -> Raster | None:
    points = all_points(drawing for m in _measured(scene, panel, side) for drawing in m.drawings)
    return None if points is None else sagittal_raster(scene, through_mm=points)


def _side(axes: Axes, scene: Scene, raster: Raster, measurements: list[Measurement], heading: str) -> None:
    show_raster(axes, raster, scene)
    title(axes, heading)
    for value in shown_values(scene):
        mask = sample_mask(scene.segmentation.spine, (value,), raster)
        outline(axes, raster, mask, spine_colour(value), filled=scene.image is None)
    for measurement in measurements:
        draw(axes, raster, measurement.drawings, colour_of(measurement.level))
    level_notes(axes, raster, scene, measurements)
