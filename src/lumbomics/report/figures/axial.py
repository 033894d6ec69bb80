"""Axial pictures through each disc, perpendicular to the canal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lumbomics.core.anatomy import DISC_OFFSET
from lumbomics.core.colours import spine_colour
from lumbomics.core.measurement import Measurement
from lumbomics.report.composition import Panel
from lumbomics.report.figures.canvas import INK, Png, draw, new_mosaic, outline, show_raster, title, to_png
from lumbomics.report.raster import Raster, sample_mask
from lumbomics.report.scene import Scene, axial_raster, canal_labels, shows_disc
from lumbomics.report.text import short_value

_COLUMNS = 3
_LINE = "#e69f00"
_LEAST_WIDTH_MM = 12.0
"""Labels of one or two sagittal slices cut across are a strip that shows nothing."""


def axial_figure(scene: Scene, panel: Panel) -> Png | None:
    """Draw one axial picture a disc that has values, with outlines and drawn diameters.

    Where no disc has values, every disc whose place is known is shown; ``None`` where there is none, or the labels are
    too narrow to be seen from the feet.
    """
    if np.ptp(scene.frame.extent_mm[:, 0]) < _LEAST_WIDTH_MM:
        return None
    known = [disc for disc in scene.discs() if shows_disc(scene, disc)]
    discs = [disc for disc in known if _shown(scene, panel, disc[2])] or known
    if not discs:
        return None
    rasters = [axial_raster(scene, disc) for disc in discs]
    left, right, bottom, top = rasters[0].edges_mm
    lines = max(-(-len(_shown(scene, panel, level)) // 2) for _, _, level in discs)
    figure, mosaic = new_mosaic(
        len(discs), (right - left) / (top - bottom), columns=_COLUMNS, below_in=0.12 + 0.135 * lines
    )
    for axes, raster, disc in zip(mosaic, rasters, discs, strict=True):
        _disc(axes, raster, scene, disc, _shown(scene, panel, disc[2]))
    return to_png(figure)


def _shown(scene: Scene, panel: Panel, level: str) -> list[Measurement]:
    return [m for m in scene.measurements if m.level == level and panel.holds(m)]


def _disc(
    axes: Axes, raster: Raster, scene: Scene, disc: tuple[int, int, str], measurements: Sequence[Measurement]
) -> None:
    above, below, level = disc
    show_raster(axes, raster, scene)
    title(axes, level)
    spine = scene.segmentation.spine
    for value in (above, below, above + DISC_OFFSET):
        if value in spine.boxes:
            outline(axes, raster, sample_mask(spine, (value,), raster), spine_colour(value), filled=scene.image is None)
    for labels, values, colour in canal_labels(scene):
        outline(axes, raster, sample_mask(labels, values, raster), colour)
    for measurement in measurements:
        draw(axes, raster, measurement.drawings, _LINE, width=1.0)
    axes.set_xlabel(
        _caption([short_value(measurement) for measurement in measurements]),
        fontsize=7,
        color=INK,
        loc="left",
        linespacing=1.3,
        labelpad=3,
    )


def _caption(values: Sequence[str]) -> str:
    """Two values a line."""
    pairs = (values[i : i + 2] for i in range(0, len(values), 2))
    return "\n".join(" · ".join(pair) for pair in pairs)
