"""Wheel of the four quadrants of the canal with share and grade of fibrosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Wedge

from lumbomics.report.figures.canvas import INK, Png, new_figure, title, to_png

# One hue from white to dark, so that the order stays in grey print.
_GRADES = ("#ffffff", "#fde3bf", "#f6bd6a", "#d98a1a", "#8a4b00")
_UNKNOWN = "#ececec"
_SAC_RADIUS, _TEXT_RADIUS = 0.3, 0.66
# Seen from the feet: the patient's right on the left, front up.
_PLACES = {
    ("right", "anterior"): (90.0, (-1, 1)),
    ("left", "anterior"): (0.0, (1, 1)),
    ("left", "posterior"): (270.0, (1, -1)),
    ("right", "posterior"): (180.0, (-1, -1)),
}
_RIM = {"anterior": (0, 1.08), "posterior": (0, -1.08), "R": (-1.08, 0), "L": (1.08, 0)}


@dataclass(frozen=True, kw_only=True)
class Quadrant:
    """One quarter of the canal.

    Parameters
    ----------
    side, half
        ``left`` or ``right``; ``anterior`` or ``posterior``.
    grade
        0 to 4; ``None`` where it was not assessable.
    text
        What is written in it.
    """

    side: str
    half: str
    grade: float | None
    text: str


def wheel_figure(wheels: Sequence[tuple[str, Sequence[Quadrant]]], centre: str) -> Png | None:
    """Draw wheels side by side, each with its heading; ``None`` where there is none."""
    if not wheels:
        return None
    figure = new_figure(3.1 * len(wheels), 3.3)
    for number, (heading, quadrants) in enumerate(wheels):
        width = 1 / len(wheels)
        axes = figure.add_axes((number * width, 0.01, width, 0.88))
        _wheel(axes, quadrants, centre)
        title(axes, heading)
    return to_png(figure)


def _wheel(axes: Axes, quadrants: Sequence[Quadrant], centre: str) -> None:
    axes.set_xlim(-1.22, 1.22)
    axes.set_ylim(-1.22, 1.22)
    axes.set_aspect("equal")
    axes.axis("off")
    for quadrant in quadrants:
        _quarter(axes, quadrant)
    axes.add_patch(Circle((0, 0), _SAC_RADIUS, facecolor="white", edgecolor=INK, lw=1.0))
    axes.text(0, 0, centre, fontsize=7, color=INK, ha="center", va="center", linespacing=1.1)
    for text, (x, y) in _RIM.items():
        axes.text(x, y, text, fontsize=8, weight="bold", color=INK, ha="center", va="center")


def _quarter(axes: Axes, quadrant: Quadrant) -> None:
    start, direction = _PLACES[quadrant.side, quadrant.half]
    known = quadrant.grade is not None
    colour = _UNKNOWN if quadrant.grade is None else _GRADES[min(max(round(quadrant.grade), 0), 4)]
    axes.add_patch(
        Wedge(
            (0, 0), 1, start, start + 90, width=1 - _SAC_RADIUS, facecolor=colour, edgecolor=INK, lw=1.0,
            hatch=None if known else "////",
        )
    )  # fmt: skip
    x, y = np.array(direction) * _TEXT_RADIUS / np.sqrt(2)
    dark = colour == _GRADES[-1]
    box = None if known else {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    axes.text(
        x, y, quadrant.text, fontsize=6.9, color="white" if dark else INK, ha="center", va="center", linespacing=1.25,
        bbox=box,
    )  # fmt: skip
