"""What all pictures share: grey image, outlines, drawn lines, direction letters, scale bar, PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from lumbomics.core.image import Image
from lumbomics.core.measurement import Drawing, Shape
from lumbomics.report.raster import Raster, sample_image
from lumbomics.report.scene import Scene

DPI = 150
_COMPRESSION = 3
_METADATA: dict[str, Any] = {"Software": None}
"""No version of the drawing library: the same picture is the same file."""
PAGE_IN = 9.2
INK = "#1b1b1b"
_EDGE_IN = 0.03
_LINE_IN = 0.122
_NOTES_IN, _GAP_IN, _TITLE_IN = 1.6, 0.1, 0.3
_HALO = [withStroke(linewidth=2.2, foreground="black")]
_THIN_HALO = [withStroke(linewidth=1.6, foreground="black", alpha=0.75)]
_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))


@dataclass(frozen=True, kw_only=True)
class Png:
    """A finished picture.

    Parameters
    ----------
    source
        ``data:`` address.
    width_in
        Width at which its text has the size meant.
    """

    source: str
    width_in: float


def new_figure(width_in: float, height_in: float) -> Figure:
    """Make an empty white figure drawn by Agg, away from any global state."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def new_row(rasters: Sequence[Raster], notes: Sequence[bool], *, tallest_in: float = 6.4) -> tuple[Figure, list[Axes]]:
    """Lay pictures side by side at one scale of height, each with room for margin notes where wanted.

    The row is as wide as the page unless that would make it taller than ``tallest_in``.
    """
    shapes = [(r - left) / (top - bottom) for left, r, bottom, top in (raster.edges_mm for raster in rasters)]
    margins = [_NOTES_IN if wanted else _GAP_IN for wanted in notes]
    height = min(tallest_in, (PAGE_IN - _EDGE_IN - sum(margins)) / sum(shapes))
    widths = [height * shape for shape in shapes]
    figure = new_figure(_EDGE_IN + sum(widths) + sum(margins), height + _TITLE_IN + _GAP_IN)
    total, tall = figure.get_size_inches()
    starts = np.cumsum([_EDGE_IN, *(w + m for w, m in zip(widths, margins, strict=True))])
    boxes = [(x / total, _GAP_IN / tall, w / total, height / tall) for x, w in zip(starts, widths, strict=False)]
    return figure, [figure.add_axes(box) for box in boxes]


def new_mosaic(
    count: int, shape: float, *, columns: int, below_in: float, foot_in: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """Lay ``count`` pictures of one shape (width / height) in rows, with room for a title above and text below each.

    ``foot_in`` adds room below the last row.
    """
    rows = -(-count // columns)
    width = (PAGE_IN - _GAP_IN * (columns - 1)) / columns
    cell = width / shape + _TITLE_IN + below_in
    used = min(count, columns)
    figure = new_figure(used * width + (used - 1) * _GAP_IN, rows * cell + foot_in)
    total, tall = figure.get_size_inches()
    places = [(n % columns * (width + _GAP_IN), tall - (n // columns + 1) * cell + below_in) for n in range(count)]
    return figure, [figure.add_axes((x / total, y / tall, width / total, width / shape / tall)) for x, y in places]


def to_png(figure: Figure) -> Png:
    """Render the figure for a page."""
    source = "data:image/png;base64," + base64.b64encode(png_bytes(figure)).decode("ascii")
    return Png(source=source, width_in=float(figure.get_size_inches()[0]))


def png_bytes(figure: Figure) -> bytes:
    """Render the figure as a PNG file; its paper is white, so that it needs no transparency."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    buffer = io.BytesIO()
    # a higher level takes twice the time for a file about as large
    imsave(
        buffer,
        np.asarray(canvas.buffer_rgba())[..., :3],
        format="png",
        dpi=figure.dpi,
        metadata=_METADATA,
        pil_kwargs={"compress_level": _COMPRESSION},
    )
    return buffer.getvalue()


def title(axes: Axes, text: str) -> None:
    """Write a picture's title above its left corner."""
    axes.set_title(text, fontsize=9.5, loc="left", color=INK, weight="bold", pad=4)


def show_raster(axes: Axes, raster: Raster, scene: Scene) -> None:
    """Draw the image in true proportions with direction letters and a scale bar; black where there is none."""
    pixels = None if scene.image is None else _sampled(scene.image, raster)
    show_pixels(axes, raster, pixels, scene.window if scene.image is not None else (0.0, 1.0))


@lru_cache(maxsize=2)
def _sampled(image: Image, raster: Raster) -> NDArray[np.float64]:
    """Pixels of a raster, kept for the panels beside that show it once more."""
    return sample_image(image, raster)


def show_pixels(
    axes: Axes,
    raster: Raster,
    pixels: NDArray[np.float64] | None,
    window: tuple[float, float],
    *,
    scale_mm: float = 20.0,
) -> None:
    """Draw pixel values on a raster in true proportions with direction letters and a scale bar; black without any."""
    left, right, bottom, top = raster.edges_mm
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for edge in axes.spines.values():
        edge.set_visible(False)
    axes.set_facecolor("black")
    if pixels is not None:
        axes.imshow(
            pixels,
            cmap="gray",
            vmin=window[0],
            vmax=window[1],
            origin="lower",
            extent=raster.edges_mm,
            interpolation="bilinear",
        )
    _mark_directions(axes, raster)
    _draw_scale(axes, raster, scale_mm)


def outline(
    axes: Axes,
    raster: Raster,
    mask: NDArray[np.float64],
    colour: str,
    *,
    filled: bool = False,
    fill: float = 0.16,
    width: float = 0.9,
    style: str = "solid",
) -> None:
    """Draw the outline of a sampled mask, with a faint fill where wanted; nothing where the mask misses the picture."""
    if mask.max() <= 0.5:
        return
    box = _about(mask)
    columns, rows = (offsets[part] for offsets, part in zip(raster.cut.offsets_mm, box[::-1], strict=True))
    mask = mask[box]
    if filled:
        axes.contourf(columns, rows, mask, levels=[0.5, 2.0], colors=[colour], alpha=fill)
    axes.contour(columns, rows, mask, levels=[0.5], colors=[colour], linewidths=width, linestyles=style)


def _about(mask: NDArray[np.float64]) -> tuple[slice, slice]:
    """Rows and columns that hold a mask, with a blank pixel on every side: contours of all the rest cost time."""
    spans = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(max(int(span[0]) - 1, 0), int(span[-1]) + 2) for span in spans)
    return rows, columns


def draw(axes: Axes, raster: Raster, drawings: Iterable[Drawing], colour: str, *, width: float = 1.3) -> None:
    """Project drawings along the picture's normal and draw them."""
    for drawing in drawings:
        flat = raster.cut.project(drawing.points_mm)
        if drawing.shape is Shape.POINTS:
            axes.plot(flat[:, 0], flat[:, 1], "o", ms=2.6, color=colour, mec="black", mew=0.4)
            continue
        closed = np.vstack([flat, flat[:1]]) if drawing.shape is Shape.POLYGON else flat
        axes.plot(closed[:, 0], closed[:, 1], color=colour, lw=width, path_effects=_THIN_HALO, solid_capstyle="butt")


def prolong(axes: Axes, raster: Raster, drawings: Iterable[Drawing], colour: str) -> None:
    """Draw straight lines on, dashed, to both edges of the picture, to show the angle between them."""
    for drawing in drawings:
        if drawing.shape is Shape.LINE:
            start, end = raster.cut.project(drawing.points_mm)
            if abs(end[0] - start[0]) > abs(end[1] - start[1]):
                axes.axline(start, end, color=colour, lw=0.8, ls=(0, (4, 3)), path_effects=_THIN_HALO)


def write(axes: Axes, x: float, y: float, text: str, colour: str = "white", *, size: float = 7.5) -> None:
    """Write centred text on the picture, readable on light and dark."""
    axes.text(x, y, text, color=colour, fontsize=size, ha="center", va="center", weight="bold", path_effects=_HALO)


def margin_notes(axes: Axes, raster: Raster, notes: Mapping[str, float]) -> None:
    """Write each note to the right of the picture at the height given (mm), pushed apart where they would touch."""
    _, right, bottom, top = raster.edges_mm
    line = _LINE_IN * (top - bottom) / (axes.get_window_extent().height / DPI)
    ordered = sorted(notes.items(), key=lambda note: -note[1])
    halves = np.array([line * (text.count("\n") + 1.3) / 2 for text, _ in ordered])
    places = spread([wanted for _, wanted in ordered], halves, bottom, top)
    for (text, _), place in zip(ordered, places, strict=True):
        axes.text(
            right + line * 0.3, place, text, fontsize=7, color=INK, ha="left", va="center", linespacing=1.2
        )  # fmt: skip


def spread(wanted: Sequence[float], halves: NDArray[np.float64], bottom: float, top: float) -> NDArray[np.float64]:
    """Move descending positions as little as needed so that items of these half heights lie apart and inside."""
    places = np.array(wanted, dtype=np.float64)
    ceiling = top
    for item in range(len(places)):
        places[item] = min(places[item], ceiling - halves[item])
        ceiling = places[item] - halves[item]
    floor = bottom
    for item in reversed(range(len(places))):
        places[item] = max(places[item], floor + halves[item])
        floor = places[item] + halves[item]
    return places


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


def _draw_scale(axes: Axes, raster: Raster, length_mm: float) -> None:
    left, right, bottom, top = raster.edges_mm
    start, height = left + 0.05 * (right - left), bottom + 0.05 * (top - bottom)
    axes.plot(
        [start, start + length_mm], [height, height], color="white", lw=2, path_effects=_HALO, solid_capstyle="butt"
    )
    axes.text(
        start + length_mm / 2, height + 0.012 * (top - bottom), f"{length_mm:.0f} mm", color="white", fontsize=7,
        ha="center", va="bottom", path_effects=_HALO,
    )  # fmt: skip
