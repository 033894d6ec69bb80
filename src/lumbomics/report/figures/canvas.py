"""What all pictures share: grey image, outlines, drawn lines, direction letters, scale bar, PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from lumbomics.core.image import Image, Quantity
from lumbomics.core.measurement import Drawing, Shape
from lumbomics.report.raster import Raster, sample_image

DPI = 130
_BONE_WINDOW_HU = (-450.0, 1350.0)
_HALO = [withStroke(linewidth=2.2, foreground="black")]
_THIN_HALO = [withStroke(linewidth=1.6, foreground="black", alpha=0.75)]
_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))
_SCALE_MM = 20.0


def new_figure(width_in: float, height_in: float) -> Figure:
    """Make an empty white figure drawn by Agg, away from any global state."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def to_png(figure: Figure) -> str:
    """Return the figure as a ``data:`` address."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", pad_inches=0.04, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def show_raster(axes: Axes, raster: Raster, image: Image | None) -> None:
    """Draw the image in true proportions with direction letters and a scale bar; black where there is none."""
    left, right, bottom, top = raster.edges_mm
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("black")
    if image is not None:
        pixels = sample_image(image, raster)
        low, high = window(image, pixels)
        axes.imshow(
            pixels, cmap="gray", vmin=low, vmax=high, origin="lower", extent=raster.edges_mm, interpolation="bilinear"
        )
    _mark_directions(axes, raster)
    _draw_scale(axes, raster)


def window(image: Image, pixels: NDArray[np.float64]) -> tuple[float, float]:
    """Grey window: a bone window in HU, elsewhere the middle 99 % of what the picture shows."""
    if image.quantity is Quantity.HOUNSFIELD:
        return _BONE_WINDOW_HU
    seen = pixels[np.isfinite(pixels)]
    if not seen.size:
        return 0.0, 1.0
    low, high = np.percentile(seen, (0.5, 99.5))
    return float(low), float(max(high, low + 1e-6))


def outline(axes: Axes, raster: Raster, mask: NDArray[np.float64], colour: str, *, filled: bool = False) -> None:
    """Draw the outline of a sampled mask, with a faint fill where wanted; nothing where the mask misses the picture."""
    if mask.max() <= 0.5:
        return
    columns, rows = raster.cut.offsets_mm
    if filled:
        axes.contourf(columns, rows, mask, levels=[0.5, 2.0], colors=[colour], alpha=0.16)
    axes.contour(columns, rows, mask, levels=[0.5], colors=[colour], linewidths=0.9)


def draw(axes: Axes, raster: Raster, drawings: Iterable[Drawing], colour: str, *, width: float = 1.3) -> None:
    """Project drawings along the picture's normal and draw them."""
    for drawing in drawings:
        flat = raster.cut.project(drawing.points_mm)
        if drawing.shape is Shape.POINTS:
            axes.plot(flat[:, 0], flat[:, 1], "o", ms=2.6, color=colour, mec="black", mew=0.4)
            continue
        closed = np.vstack([flat, flat[:1]]) if drawing.shape is Shape.POLYGON else flat
        axes.plot(closed[:, 0], closed[:, 1], color=colour, lw=width, path_effects=_THIN_HALO, solid_capstyle="butt")


def write(axes: Axes, x: float, y: float, text: str, colour: str = "white", *, size: float = 7.5) -> None:
    """Write centred text on the picture, readable on light and dark."""
    axes.text(x, y, text, color=colour, fontsize=size, ha="center", va="center", weight="bold", path_effects=_HALO)


def margin_notes(axes: Axes, raster: Raster, notes: Mapping[str, float]) -> None:
    """Write one line a note to the right of the picture, at the height given, pushed apart where they would touch."""
    _, right, bottom, top = raster.edges_mm
    gap = (top - bottom) * 0.035
    height = np.inf
    for text, wanted in sorted(notes.items(), key=lambda note: -note[1]):
        height = min(wanted, height - gap * (1 + text.count("\n")))
        axes.text(right + 2, height, text, fontsize=6.8, color="#1b1b1b", ha="left", va="center", linespacing=1.15)


def direction_letters(direction: NDArray[np.float64]) -> str:
    """Letters of the world directions a vector runs along, the strongest first: ``A``, or ``AL`` where oblique."""
    order = np.argsort(-np.abs(direction))
    return "".join(_LETTERS[axis][int(direction[axis] > 0)] for axis in order if abs(direction[axis]) > 0.4)


def _mark_directions(axes: Axes, raster: Raster) -> None:
    ends = (
        (0.02, 0.5, -raster.cut.right, "left", "center"),
        (0.98, 0.5, raster.cut.right, "right", "center"),
        (0.5, 0.985, raster.cut.up, "center", "top"),
        (0.5, 0.015, -raster.cut.up, "center", "bottom"),
    )
    for x, y, direction, across, along in ends:
        axes.text(
            x, y, direction_letters(direction), transform=axes.transAxes, color="white", fontsize=8, weight="bold",
            ha=across, va=along, path_effects=_HALO,
        )  # fmt: skip


def _draw_scale(axes: Axes, raster: Raster) -> None:
    left, right, bottom, top = raster.edges_mm
    start, height = left + 0.05 * (right - left), bottom + 0.05 * (top - bottom)
    axes.plot(
        [start, start + _SCALE_MM], [height, height], color="white", lw=2, path_effects=_HALO, solid_capstyle="butt"
    )
    axes.text(
        start + _SCALE_MM / 2, height + 0.012 * (top - bottom), f"{_SCALE_MM:.0f} mm", color="white", fontsize=6,
        ha="center", va="bottom", path_effects=_HALO,
    )  # fmt: skip
