"""The mid-sagittal picture: image, alignment, heights."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from lumbomics.core.anatomy import VERTEBRA_NAMES
from lumbomics.core.colours import level_colour, spine_colour
from lumbomics.core.measurement import Measurement
from lumbomics.report.composition import Panel
from lumbomics.report.figures.canvas import (
    Png,
    draw,
    margin_notes,
    new_row,
    outline,
    prolong,
    show_raster,
    title,
    to_png,
    write,
)
from lumbomics.report.raster import Raster, sample_mask
from lumbomics.report.scene import Scene, canal_labels, sagittal_raster, shown_values
from lumbomics.report.text import short_value, value_text

GLOBAL_LINE = "#ffffff"


def sagittal_figure(scene: Scene, panels: Sequence[Panel]) -> Png:
    """Draw the mid-sagittal row: a panel without quantities shows the labels, the others the lines of their values.

    Panels without any value are left out; where none has one, the bare image stands beside the labels.
    """
    raster = sagittal_raster(scene)
    shown = [p for p in panels if not p.quantities or any(p.holds(m) for m in scene.measurements)]
    bare = scene.image is not None and not any(panel.quantities for panel in shown)
    figure, row = new_row([raster] * (len(shown) + bare), [bool(panel.quantities) for panel in shown] + [False] * bare)
    for axes, panel in zip(row, shown, strict=False):
        show_raster(axes, raster, scene)
        title(axes, panel.title)
        if scene.image is None or not panel.quantities:
            _outlines(axes, raster, scene)
        if panel.quantities:
            _lines(axes, raster, scene, panel)
        else:
            _names(axes, raster, scene)
    if bare:
        show_raster(row[-1], raster, scene)
    return to_png(figure)


def _outlines(axes: Axes, raster: Raster, scene: Scene) -> None:
    spine = scene.segmentation.spine
    for value in shown_values(scene):
        outline(axes, raster, sample_mask(spine, (value,), raster), spine_colour(value), filled=True)
    for labels, values, colour in canal_labels(scene):
        outline(axes, raster, sample_mask(labels, values, raster), colour)


def _names(axes: Axes, raster: Raster, scene: Scene) -> None:
    for number, centre in scene.frame.bodies.items():
        x, y = raster.cut.project(centre)
        write(axes, x, y, VERTEBRA_NAMES[number], level_colour(number), size=9)


def _lines(axes: Axes, raster: Raster, scene: Scene, panel: Panel) -> None:
    shown = [m for m in scene.measurements if panel.holds(m)]
    for measurement in shown:
        if measurement.level is None:
            prolong(axes, raster, measurement.drawings, GLOBAL_LINE)
        draw(axes, raster, measurement.drawings, colour_of(measurement.level))
    level_notes(axes, raster, scene, shown, terse=panel.terse)


def level_notes(
    axes: Axes, raster: Raster, scene: Scene, measurements: Sequence[Measurement], *, terse: bool = False
) -> None:
    """Write the values of each level beside it, those of the whole spine at the foot."""
    notes: dict[str, list[str]] = {}
    for measurement in measurements:
        text = value_text(measurement, unit=True) if terse else short_value(measurement)
        notes.setdefault(measurement.level or "", []).append(text)
    base = float(raster.cut.centre_mm @ scene.frame.up)
    join = "  " if terse else "\n"
    placed = {join.join([level, *texts] if level else texts): scene.height_of(level) for level, texts in notes.items()}
    margin_notes(axes, raster, {text: height - base for text, height in placed.items()})


def colour_of(level: str | None) -> str:
    """Colour of a level's lines: that of its upper vertebra; white for the whole spine."""
    upper = (level or "").split("-")[0]
    numbers = {name: number for number, name in VERTEBRA_NAMES.items()}
    return level_colour(numbers[upper]) if upper in numbers else GLOBAL_LINE
