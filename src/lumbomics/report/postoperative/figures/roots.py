"""The dural sac close up, with its roots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lumbomics.core.colours import tissue_colour
from lumbomics.core.examination import IN_SAC, CanalTissue
from lumbomics.report.figures.canvas import Png, outline, show_pixels, title, to_png
from lumbomics.report.frame import FloatArray
from lumbomics.report.postoperative.figures.panels import (
    OBSCURED_COLOUR,
    hatch_obscured,
    legend,
    note_below,
    row_of,
)
from lumbomics.report.postoperative.view import LevelView, centred, window_of
from lumbomics.report.raster import Raster, sample_image, sample_mask

_SIZE_MM = (36.0, 31.0)
_ARROW = "#e69f00"
_SAC = tuple(sorted(IN_SAC))
_LEGEND = {
    "sac": tissue_colour(CanalTissue.FLUID),
    "root": tissue_colour(CanalTissue.ROOT),
    "shift": _ARROW,
}


def roots_figure(view: LevelView, words: Mapping[str, str], values: Sequence[str]) -> Png | None:
    """Draw the sac bare and with roots coloured; an arrow leads from the sac's middle to that of the roots.

    ``None`` without an axial T2 slice or without roots in its tissue map.
    """
    one = view.t2
    tissue = None if one is None else view.tissue_on(one)
    if one is None or tissue is None:
        return None
    raster = centred(one, _SIZE_MM, 0.15)
    sac, roots = sample_mask(tissue, _SAC, raster), sample_mask(tissue, (CanalTissue.ROOT,), raster)
    if sac.max() <= 0.5 or roots.max() <= 0.5:
        return None
    pixels = sample_image(one.scan.image, raster)
    figure, row = row_of(2, raster, columns=3, lines=len(values))
    for axes, heading in zip(row, ("t2", "roots"), strict=True):
        show_pixels(axes, raster, pixels, window_of(pixels), scale_mm=5.0)
        title(axes, words[heading])
    _roots(row[1], raster, sac, roots)
    note_below(row[0], values)
    entries = [(words[key], colour) for key, colour in _LEGEND.items()]
    if hatch_obscured(row[1], raster, one.scan.obscured):
        entries.append((words["obscured"], OBSCURED_COLOUR))
    legend(figure, entries)
    return to_png(figure)


def _roots(axes: Axes, raster: Raster, sac: FloatArray, roots: FloatArray) -> None:
    outline(axes, raster, sac, tissue_colour(CanalTissue.FLUID), width=1.4)
    outline(axes, raster, roots, tissue_colour(CanalTissue.ROOT), filled=True, fill=0.75, width=0.8)
    start, end = _middle(raster, sac), _middle(raster, roots)
    axes.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": _ARROW, "lw": 1.8})
    axes.plot(*start, "o", ms=4, color=_ARROW, mec="white", mew=0.8)


def _middle(raster: Raster, mask: FloatArray) -> tuple[float, float]:
    columns, rows = raster.cut.offsets_mm
    inside = mask > 0.5
    down, across = np.nonzero(inside)
    return float(columns[across].mean()), float(rows[down].mean())
