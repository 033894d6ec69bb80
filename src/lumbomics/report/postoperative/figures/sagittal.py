"""The level from the side, on every acquired sagittal series that passes through its middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lumbomics.core.anatomy import DISC_OFFSET
from lumbomics.core.colours import tissue_colour
from lumbomics.core.examination import CanalTissue
from lumbomics.core.labels import Segmentation
from lumbomics.report.figures.canvas import Png, outline, show_pixels, title, to_png
from lumbomics.report.postoperative.figures.panels import OBSCURED_COLOUR, hatch_obscured, legend, row_of
from lumbomics.report.postoperative.place import NativeSlice
from lumbomics.report.postoperative.view import pixels_of, window_of
from lumbomics.report.raster import sample_mask

SIZE_MM = (84.0, 76.0)
_COLUMNS = 3


def level_figure(
    found: Sequence[tuple[str, NativeSlice]],
    segmentation: Segmentation,
    vertebrae: Sequence[int],
    words: Mapping[str, str],
) -> Png | None:
    """Draw each series with its heading, front on the left, and the first again with outlines and what metal spoils.

    ``words`` holds that picture's heading ``outlined`` and the name of what is ``obscured``. ``None`` without series.
    """
    if not found:
        return None
    panels = [*found, (words["outlined"].format(picture=found[0][0]), found[0][1])]
    columns = len(panels) if len(panels) == _COLUMNS + 1 else _COLUMNS  # none stands alone in a second row
    figure, row = row_of(
        len(panels), found[0][1].raster, columns=columns, has_legend=found[0][1].scan.obscured is not None
    )
    for axes, (heading, one) in zip(row, panels, strict=True):
        pixels = pixels_of(one)
        show_pixels(axes, one.raster, pixels, window_of(pixels), scale_mm=10.0)
        title(axes, heading)
    raster = found[0][1].raster
    for value in (*vertebrae, vertebrae[0] + DISC_OFFSET):
        mask = sample_mask(segmentation.spine, (value,), raster)
        outline(row[-1], raster, mask, tissue_colour(CanalTissue.FLUID), width=1.0)
    if hatch_obscured(row[-1], raster, found[0][1].scan.obscured):
        legend(figure, [(words["obscured"], OBSCURED_COLOUR)])
    return to_png(figure)
