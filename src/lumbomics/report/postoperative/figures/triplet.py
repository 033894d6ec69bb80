"""The canal before and after contrast medium, their difference, and what the tissue map outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from matplotlib.axes import Axes

from lumbomics.core.labels import Labels
from lumbomics.report.figures.canvas import Png, show_pixels, title, to_png
from lumbomics.report.frame import FloatArray
from lumbomics.report.postoperative.figures.panels import (
    OBSCURED_COLOUR,
    OUTLINED,
    hatch_obscured,
    legend,
    outline_tissues,
    row_of,
)
from lumbomics.report.postoperative.place import NativeSlice
from lumbomics.report.postoperative.view import LevelView, enhancement, gain_between, pixels_of, window_of
from lumbomics.report.raster import Raster

_COLUMNS = 3
_COLOURS = {key: kind.colour for key, kind in OUTLINED.items()} | {"obscured": OBSCURED_COLOUR}
_ENHANCEMENT_WINDOW = 0.6  # of the white of the pictures before and after, so that strength can be compared


@dataclass(frozen=True)
class _Panel:
    heading: str
    raster: Raster = field(repr=False)
    pixels: FloatArray = field(repr=False)
    window: tuple[float, float]
    tissue: Labels | None = field(default=None, repr=False)
    obscured: Labels | None = field(default=None, repr=False)


def triplet_figure(view: LevelView, words: Mapping[str, str]) -> Png | None:
    """Draw the axial slices of a level: pre, post and subtraction, then T2 bare and the outlines; ``None`` without any.

    Parameters
    ----------
    view
        The slices.
    words
        Headings ``t2``, ``before``, ``after``, ``subtraction``, ``outlined`` and the names of :data:`OUTLINED`.
    """
    panels = [*_contrast_panels(view, words), *_outlined_panels(view, words)]
    if not panels:
        return None
    figure, row = row_of(len(panels), panels[0].raster, columns=_COLUMNS)
    shown: list[str] = []
    for axes, panel in zip(row, panels, strict=True):
        shown += _show(axes, panel)
    legend(figure, [(words[key], colour) for key, colour in _COLOURS.items() if key in shown])
    return to_png(figure)


def _show(axes: Axes, panel: _Panel) -> list[str]:
    show_pixels(axes, panel.raster, panel.pixels, panel.window, scale_mm=10.0)
    title(axes, panel.heading)
    shown = [] if panel.tissue is None else outline_tissues(axes, panel.raster, panel.tissue)
    return [*shown, "obscured"] if hatch_obscured(axes, panel.raster, panel.obscured) else shown


def _contrast_panels(view: LevelView, words: Mapping[str, str]) -> list[_Panel]:
    """Pre and post in one window, and their difference where they are prepared alike."""
    before, after = view.before, view.after
    if before is None or after is None or not view.subtracts:
        return [_bare(one, words[key]) for key, one in (("before", before), ("after", after)) if one is not None]
    gain = gain_between(before, after)
    one, other = pixels_of(before), gain * pixels_of(after)
    window = window_of(one, other)
    gained = (0.0, _ENHANCEMENT_WINDOW * window[1])
    return [
        _Panel(words["before"], before.raster, one, window),
        _Panel(words["after"], after.raster, other, window),
        _Panel(words["subtraction"], before.raster, enhancement(before, after, gain), gained),
    ]


def _outlined_panels(view: LevelView, words: Mapping[str, str]) -> list[_Panel]:
    """T2 bare, then T2 and the picture after (else before) contrast medium with outlines."""
    panels = [] if view.t2 is None else [_bare(view.t2, words["t2"])]
    drawn = {"t2": view.t2, "after": view.after or view.before}
    for key, one in drawn.items():
        tissue = None if one is None else view.tissue_on(one)
        if one is not None and (tissue is not None or one.scan.obscured is not None):
            name = "before" if key == "after" and view.after is None else key
            bare = _bare(one, words["outlined"].format(picture=words[name]))
            panels.append(replace(bare, tissue=tissue, obscured=one.scan.obscured))
    return panels


def _bare(one: NativeSlice, heading: str) -> _Panel:
    pixels = pixels_of(one)
    return _Panel(heading, one.raster, pixels, window_of(pixels))
