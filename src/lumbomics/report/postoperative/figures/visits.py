"""The same level at two visits, side by side."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes

from lumbomics.report.figures.canvas import Png, show_pixels, title, to_png
from lumbomics.report.postoperative.figures.panels import OUTLINED, legend, outline_tissues, row_of
from lumbomics.report.postoperative.place import NativeSlice
from lumbomics.report.postoperative.view import LevelView, pixels_of, window_of


def visits_figure(previous: LevelView, present: LevelView, words: Mapping[str, str]) -> Png | None:
    """Draw the pictures that both visits have, previous on the left; ``None`` where they share no contrast.

    Parameters
    ----------
    previous, present
        The slices of the level at both visits, each in its own space.
    words
        Headings ``t2``, ``before``, ``after`` ``previous`` and ``present`` (with ``{picture}``), names of the outlines.
    """
    pairs = [
        (key, earlier, later)
        for key in ("t2", "before", "after")
        for earlier, later in [(getattr(previous, key), getattr(present, key))]
        if earlier is not None and later is not None
    ]
    if not pairs:
        return None
    figure, row = row_of(2 * len(pairs), present.slices[0].raster, columns=2)
    shown: set[str] = set()
    for number, (key, earlier, later) in enumerate(pairs):
        for axes, view, one, when in zip(
            row[2 * number :], (previous, present), (earlier, later), ("previous", "present"), strict=False
        ):
            shown |= _show(axes, view, one, words[when].format(picture=words[key]))
    legend(figure, [(words[key], OUTLINED[key].colour) for key in OUTLINED if key in shown])
    return to_png(figure)


def _show(axes: Axes, view: LevelView, one: NativeSlice, heading: str) -> set[str]:
    pixels = pixels_of(one)
    show_pixels(axes, one.raster, pixels, window_of(pixels), scale_mm=10.0)
    title(axes, heading)
    tissue = view.tissue_on(one)
    return set() if tissue is None else set(outline_tissues(axes, one.raster, tissue))
