"""Axial pictures through each disc, perpendicular to the canal."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from lumbomics.core.anatomy import DISC_OFFSET
from lumbomics.core.colours import spine_colour
from lumbomics.report.composition import Panel
from lumbomics.report.figures.canvas import draw, new_figure, outline, show_raster, to_png
from lumbomics.report.raster import sample_mask
from lumbomics.report.scene import Scene, axial_raster, canal_labels
from lumbomics.report.text import short_value

_COLUMNS = 3
_CANAL_COLOURS = {"canal": "#0072b2", "dural sac": "#ffffff"}
_LINE = "#e69f00"


def axial_figure(scene: Scene, panel: Panel) -> str:
    """Draw one axial picture a disc with the outlines of disc, canal and sac and the drawn diameters."""
    discs = scene.discs()
    rows = -(-len(discs) // _COLUMNS)
    figure = new_figure(3.3 * _COLUMNS, 3.45 * rows)
    grid = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, disc in zip(grid, discs, strict=False):
        _disc(axes, scene, disc, panel)
    for axes in grid[len(discs) :]:
        axes.set_axis_off()
    figure.subplots_adjust(wspace=0.06, hspace=0.32)
    return to_png(figure)


def _disc(axes: Axes, scene: Scene, disc: tuple[int, int, str], panel: Panel) -> None:
    above, below, level = disc
    raster = axial_raster(scene, above, below)
    show_raster(axes, raster, scene.image)
    axes.set_title(level, fontsize=9, loc="left", color="#1b1b1b")
    spine = scene.segmentation.spine
    for value in (above, below, above + DISC_OFFSET):
        if value in spine.boxes:
            outline(axes, raster, sample_mask(spine, value, raster), spine_colour(value), filled=scene.image is None)
    for labels, value, what in canal_labels(scene):
        outline(axes, raster, sample_mask(labels, value, raster), _CANAL_COLOURS[what])
    shown = [m for m in scene.measurements if m.level == level and panel.holds(m)]
    for measurement in shown:
        draw(axes, raster, measurement.drawings, _LINE, width=1.0)
    axes.set_xlabel(
        _caption([short_value(m) for m in shown]), fontsize=6.6, color="#1b1b1b", loc="left", linespacing=1.3
    )


def _caption(values: Sequence[str]) -> str:
    """Two values a line."""
    pairs = (values[i : i + 2] for i in range(0, len(values), 2))
    return "\n".join(" · ".join(pair) for pair in pairs)
