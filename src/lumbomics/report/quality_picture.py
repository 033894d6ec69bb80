"""One picture by which a person can judge a label map: image, outlines, confidence, a glance from the front."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from lumbomics.core.anatomy import VERTEBRA_NAMES
from lumbomics.core.colours import NEUTRAL, level_colour, spine_colour
from lumbomics.core.image import Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.quality import QualityReport, Verdict
from lumbomics.core.sampling import Cut, sample_linear
from lumbomics.report.figures.canvas import INK, new_row, outline, png_bytes, show_raster, title, write
from lumbomics.report.raster import Raster, sample_image, sample_mask
from lumbomics.report.scene import Scene, build_scene, canal_labels, coronal_raster, sagittal_raster, shown_values

VERDICT_COLOURS = {Verdict.PASS: "#1b6e3c", Verdict.FAIL: "#a3241b", Verdict.ARTIFACT: "#7a3e00"}
_METAL = "#ff3df2"
_LEFT_OUT = "#ff2d2d"
_MAP = colormaps["viridis"]
_WIDEST_MM = 400.0
_PIXEL_MM = 0.8
_LEAST_WIDTH_MM = 30.0
_MOST_REASONS = 4
_REASON_LENGTH = 130
_LINE_IN = 0.17


def quality_picture(
    image: Image,
    segmentation: Segmentation | None,
    *,
    confidence: Mapping[int, float] | None = None,
    metal: Image | None = None,
    report: QualityReport | None = None,
) -> bytes:
    """Draw the picture of one series.

    Mid-sagittal, front on the left: the bare image; the outlines with level names; the same filled by confidence (dark
    is unsure), metal in magenta, structures left out in red. A coronal glance follows where the labels are wide enough.
    Below stand verdict and reasons. Without labels, the middle slice stands alone.

    Parameters
    ----------
    image
        What the labels were drawn on.
    segmentation
        The labels; ``None`` where there are none.
    confidence
        Value in the spine map -> probability that it is well drawn.
    metal
        Probability of metal on the image's grid.
    report
        Verdict and findings.

    Returns
    -------
    bytes
        A PNG file.
    """
    scene = None if segmentation is None else build_scene(segmentation, image, ())
    figure = _bare(image) if scene is None else _labelled(scene, confidence or {}, metal, report)
    if report is not None:
        _tell(figure, report)
    return png_bytes(figure)


def _bare(image: Image) -> Figure:
    grid = image.grid
    corners = grid.to_world(np.array(list(np.ndindex(2, 2, 2))) * (np.asarray(grid.shape) - 1))
    size = np.minimum(np.ptp(corners, axis=0), _WIDEST_MM)
    cut = Cut.through(
        grid.centre_mm, (0, -1, 0), (0, 0, 1), size_mm=(float(size[1]), float(size[2])), spacing_mm=0.7
    )  # fmt: skip
    raster = Raster(cut)
    pixels = sample_image(image, raster)
    figure, (axes,) = new_row([raster], [False], tallest_in=5.0)
    seen = pixels[np.isfinite(pixels)]
    low, high = np.percentile(seen, (0.5, 99.5)) if seen.size else (0.0, 1.0)
    axes.imshow(
        pixels, cmap="gray", vmin=low, vmax=max(high, low + 1e-6), origin="lower", extent=raster.edges_mm
    )  # fmt: skip
    axes.set_facecolor("black")
    axes.set_xticks([])
    axes.set_yticks([])
    title(axes, "Middle slice, no labels")
    return figure


def _labelled(
    scene: Scene, confidence: Mapping[int, float], metal: Image | None, report: QualityReport | None
) -> Figure:
    sagittal = sagittal_raster(scene, spacing_mm=_PIXEL_MM)
    rasters = [sagittal] * 3
    width = float(np.ptp(scene.frame.extent_mm[:, 0]))
    if width >= _LEAST_WIDTH_MM:
        rasters.append(coronal_raster(scene, spacing_mm=_PIXEL_MM))
    figure, row = new_row(rasters, [False] * len(rasters), tallest_in=5.6)
    for axes, raster in zip(row, rasters, strict=True):
        show_raster(axes, raster, scene)
    title(row[0], "Image")
    title(row[1], "Labels")
    _outlines(row[1], sagittal, scene)
    _names(row[1], sagittal, scene)
    title(row[2], "Confidence" if confidence else "Left out (red)")
    _confidence(row[2], sagittal, scene, confidence, report)
    _show_metal(row[2], sagittal, metal)
    if len(row) > 3:
        title(row[3], "From the front")
        _outlines(row[3], rasters[3], scene, canal=False)
        _names(row[3], rasters[3], scene)
    return figure


def _outlines(axes: Axes, raster: Raster, scene: Scene, *, canal: bool = True) -> None:
    spine = scene.segmentation.spine
    for value in shown_values(scene):
        outline(axes, raster, sample_mask(spine, (value,), raster), spine_colour(value), filled=True)
    for labels, values, colour in canal_labels(scene) if canal else ():
        outline(axes, raster, sample_mask(labels, values, raster), colour)


def _names(axes: Axes, raster: Raster, scene: Scene) -> None:
    for number, centre in scene.frame.bodies.items():
        x, y = raster.cut.project(centre)
        write(axes, x, y, VERTEBRA_NAMES[number], level_colour(number), size=8)


def _confidence(
    axes: Axes, raster: Raster, scene: Scene, confidence: Mapping[int, float], report: QualityReport | None
) -> None:
    lost = set() if report is None else {v for f in report.findings if f.excludes for v in f.structures}
    columns, rows = raster.cut.offsets_mm
    for value in shown_values(scene):
        mask = sample_mask(scene.segmentation.spine, (value,), raster)
        if mask.max() <= 0.5:
            continue
        sure = confidence.get(value)
        colour = NEUTRAL if sure is None else to_hex(_MAP(sure))
        axes.contourf(columns, rows, mask, levels=[0.5, 2.0], colors=[colour], alpha=0.55)
        outline(axes, raster, mask, _LEFT_OUT if value in lost else colour)
        if sure is not None and value in VERTEBRA_NAMES and value in scene.frame.bodies:
            x, y = raster.cut.project(scene.frame.bodies[value])
            write(axes, x, y, f"{100 * sure:.0f} %", size=7)


def _show_metal(axes: Axes, raster: Raster, metal: Image | None) -> None:
    if metal is None:
        return
    share = sample_linear(metal.array, metal.grid, raster.points_mm, outside=0.0)
    outline(axes, raster, share, _METAL, filled=True)


def _tell(figure: Figure, report: QualityReport) -> None:
    """Write verdict and gravest reasons below the pictures, on paper added for them."""
    reasons = [f.message for f in report.findings][:_MOST_REASONS]
    lines = [textwrap.shorten(reason, _REASON_LENGTH, placeholder=" …") for reason in reasons]
    more = len(report.findings) - len(reasons)
    lines += [f"and {more} more"] if more > 0 else []
    width, height = figure.get_size_inches()
    added = _LINE_IN * (len(lines) + 1.6)
    boxes = [(axes, axes.get_position()) for axes in figure.axes]
    figure.set_size_inches(max(width, 6.0), height + added)
    stretch = width / max(width, 6.0)
    for axes, box in boxes:
        scale = height / (height + added)
        axes.set_position((box.x0 * stretch, 1 - (1 - box.y0) * scale, box.width * stretch, box.height * scale))
    by = "operator's" if report.by == "operator" else "software's"
    lost = {value for finding in report.findings if finding.excludes for value in finding.structures}
    left = f", {len(lost)} structure{'' if len(lost) == 1 else 's'} left out" if lost and report.usable else ""
    verdict = f"Verdict ({by}): {report.verdict.value.upper()}{left}"
    colour = VERDICT_COLOURS[report.verdict]
    first = 1 - height / (height + added) - 0.2 * _LINE_IN / (height + added)
    figure.text(0.01, first, verdict, color=colour, fontsize=10, weight="bold", va="top")
    step = _LINE_IN / (height + added)
    for number, line in enumerate(lines, start=1):
        figure.text(0.01, first - 0.2 * step - number * step, f"- {line}", color=INK, fontsize=8, va="top")
