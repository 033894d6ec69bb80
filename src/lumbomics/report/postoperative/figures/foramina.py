"""Both foramina of a level on the acquired sagittal T1 slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lumbomics.core.anatomy import Side
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Drawing
from lumbomics.report.figures.canvas import Png, draw, outline, show_pixels, title, to_png
from lumbomics.report.postoperative.figures.panels import note_below, row_of
from lumbomics.report.postoperative.place import NativeSlice
from lumbomics.report.postoperative.view import pixels_of, window_of
from lumbomics.report.raster import sample_mask

SIZE_MM = (62.0, 56.0)
_LINE = "#e69f00"
_VERTEBRA = "#56b4e9"


@dataclass(frozen=True, kw_only=True)
class Foramen:
    """One side: the slice through it, what was drawn in it, its values in words."""

    side: Side
    slice: NativeSlice = field(repr=False)
    drawings: tuple[Drawing, ...] = field(default=(), repr=False)
    values: tuple[str, ...] = ()


def foramina_figure(
    found: Sequence[Foramen], segmentation: Segmentation, vertebrae: Sequence[int], headings: Mapping[str, str]
) -> Png | None:
    """Draw right and left beside each other, front on the left on both; ``None`` where neither is seen."""
    if not found:
        return None
    pictures = [pixels_of(one.slice) for one in found]
    window = window_of(*pictures)
    lines = max(len(one.values) for one in found)
    figure, row = row_of(len(found), found[0].slice.raster, columns=3, lines=lines, has_legend=False)
    for axes, one, pixels in zip(row, found, pictures, strict=True):
        raster = one.slice.raster
        show_pixels(axes, raster, pixels, window, scale_mm=10.0)
        title(axes, headings[one.side])
        for number in vertebrae:
            outline(axes, raster, sample_mask(segmentation.spine, (number,), raster), _VERTEBRA, width=0.8)
        draw(axes, raster, one.drawings, _LINE, width=1.0)
        note_below(axes, one.values)
    return to_png(figure)
