"""The muscles beside the spine, coloured, with their share of fat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lumbomics.core.colours import muscle_colour
from lumbomics.core.labels import Labels, Muscle
from lumbomics.report.figures.canvas import Png, outline, show_pixels, title, to_png, write
from lumbomics.report.postoperative.figures.panels import OBSCURED_COLOUR, hatch_obscured, legend, row_of
from lumbomics.report.postoperative.place import NativeSlice
from lumbomics.report.postoperative.view import pixels_of, window_of
from lumbomics.report.raster import sample_mask

SIZE_MM = (190.0, 130.0)
_KINDS = ("psoas", "multifidus", "erector_spinae")


def muscles_figure(one: NativeSlice, muscle: Labels, values: Mapping[int, str], words: Mapping[str, str]) -> Png | None:
    """Draw an axial slice bare and with the muscles coloured, each with its value; ``None`` where none is in it.

    Parameters
    ----------
    one
        The slice.
    muscle
        Map of :class:`~lumbomics.core.labels.Muscle`.
    values
        Muscle -> what is written on it.
    words
        Headings ``bare`` and ``coloured`` and the names of the muscles.
    """
    masks = {value: sample_mask(muscle, (value,), one.raster) for value in Muscle}
    masks = {value: mask for value, mask in masks.items() if mask.max() > 0.5}
    if not masks:
        return None
    pixels = pixels_of(one)
    figure, row = row_of(2, one.raster, columns=2)
    for axes, heading in zip(row, ("bare", "coloured"), strict=True):
        show_pixels(axes, one.raster, pixels, window_of(pixels))
        title(axes, words[heading])
    columns, rows = one.raster.cut.offsets_mm
    for value, mask in masks.items():
        outline(row[1], one.raster, mask, muscle_colour(value), filled=True, fill=0.3, width=1.1)
        down, across = np.nonzero(mask > 0.5)
        if value in values:
            text = values[value].replace(" ± ", "\n± ")  # a multifidus is narrower than a value with its error
            write(row[1], float(columns[across].mean()), float(rows[down].mean()), text, size=7.0)
    shown = sorted({(value - 1) // 2 for value in masks})
    entries = [(words[_KINDS[kind]], muscle_colour(2 * kind + 1)) for kind in shown]
    if hatch_obscured(row[1], one.raster, one.scan.obscured):
        entries.append((words["obscured"], OBSCURED_COLOUR))
    legend(figure, entries)
    return to_png(figure)
