"""The coronal picture with the lines of the Cobb angle."""

from __future__ import annotations

from lumbomics.core.anatomy import VERTEBRA_NAMES
from lumbomics.core.colours import level_colour, spine_colour
from lumbomics.report.composition import Panel
from lumbomics.report.figures.canvas import (
    Png,
    draw,
    new_row,
    outline,
    prolong,
    show_raster,
    to_png,
    write,
)
from lumbomics.report.figures.sagittal import GLOBAL_LINE, level_notes
from lumbomics.report.raster import sample_mask
from lumbomics.report.scene import Scene, coronal_raster, shown_values


def coronal_figure(scene: Scene, panel: Panel) -> Png:
    """Draw the coronal picture, seen from the front and bent to follow the bodies."""
    raster = coronal_raster(scene)
    figure, (axes,) = new_row([raster], [True])
    show_raster(axes, raster, scene)
    for value in shown_values(scene):
        mask = sample_mask(scene.segmentation.spine, (value,), raster)
        outline(axes, raster, mask, spine_colour(value), filled=scene.image is None)
    for number, centre in scene.frame.bodies.items():
        x, y = raster.cut.project(centre)
        write(axes, x, y, VERTEBRA_NAMES[number], level_colour(number), size=8)
    shown = [m for m in scene.measurements if panel.holds(m)]
    for measurement in shown:
        prolong(axes, raster, measurement.drawings, GLOBAL_LINE)
        draw(axes, raster, measurement.drawings, GLOBAL_LINE)
    level_notes(axes, raster, scene, shown)
    return to_png(figure)
