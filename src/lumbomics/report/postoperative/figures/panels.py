"""What the pictures of an operated level share: tissue outlines, their legend, rows of panels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lumbomics.core.colours import tissue_colour
from lumbomics.core.examination import IN_SAC, CanalTissue, Obscured
from lumbomics.core.labels import Labels
from lumbomics.report.figures.canvas import INK, new_mosaic, outline
from lumbomics.report.raster import Raster, sample_mask

_LEGEND_IN, _LINE_IN, _GAP_IN = 0.24, 0.15, 0.08
OBSCURED_COLOUR = "#d55e00"
"""Colour of what metal spoils."""


@dataclass(frozen=True)
class Outlined:
    """A structure that is outlined: the values it is made of, its colour and line."""

    values: tuple[int, ...]
    colour: str
    style: str


OUTLINED = {
    "sac": Outlined(tuple(sorted(IN_SAC)), tissue_colour(CanalTissue.FLUID), "solid"),
    "scar": Outlined((CanalTissue.SCAR,), tissue_colour(CanalTissue.SCAR), "solid"),
    "disc": Outlined((CanalTissue.DISC,), tissue_colour(CanalTissue.DISC), "dashed"),
    "epidural_tissue": Outlined((CanalTissue.EPIDURAL_TISSUE,), tissue_colour(CanalTissue.EPIDURAL_TISSUE), "dashed"),
    "collection": Outlined((CanalTissue.COLLECTION,), tissue_colour(CanalTissue.COLLECTION), "dotted"),
    "haematoma": Outlined((CanalTissue.HAEMATOMA,), tissue_colour(CanalTissue.HAEMATOMA), "dashdot"),
}
"""Structures outlined, by the key under which the words name them; the line's kind tells them apart without colour."""


def outline_tissues(axes: Axes, raster: Raster, tissue: Labels, *, width: float = 1.1) -> list[str]:
    """Outline every structure of a tissue map; returns the keys of those that are in the picture."""
    shown = []
    for key, kind in OUTLINED.items():
        mask = sample_mask(tissue, kind.values, raster)
        outline(axes, raster, mask, kind.colour, width=width, style=kind.style)
        shown += [key] if mask.max() > 0.5 else []
    return shown


def hatch_obscured(axes: Axes, raster: Raster, obscured: Labels | None) -> bool:
    """Hatch what metal spoils; returns whether any of it is in the picture."""
    if obscured is None:
        return False
    mask = sample_mask(obscured, tuple(int(kind) for kind in Obscured), raster)
    if mask.max() <= 0.5:
        return False
    columns, rows = raster.cut.offsets_mm
    # hatching is drawn in the edge's colour, and an edge of no width leaves the hatching alone
    drawn = axes.contourf(columns, rows, mask, levels=[0.5, 2.0], colors="none", hatches=["////"])
    drawn.set(edgecolor=OBSCURED_COLOUR, linewidth=0.0)
    outline(axes, raster, mask, OBSCURED_COLOUR, width=0.8)
    return True


def legend(figure: Figure, entries: Iterable[tuple[str, str]]) -> None:
    """Write what each colour means (name, colour) along the foot of a figure."""
    handles = [Patch(facecolor=colour, edgecolor=INK, linewidth=0.6, label=name) for name, colour in entries]
    if handles:
        figure.legend(
            handles=handles, loc="lower left", ncols=len(handles), frameon=False, fontsize=7.5, handlelength=1.2,
            handleheight=0.9, columnspacing=1.4, borderaxespad=0.1, bbox_to_anchor=(0.0, 0.0),
        )  # fmt: skip


def row_of(
    count: int, raster: Raster, *, columns: int, lines: int = 0, has_legend: bool = True
) -> tuple[Figure, list[Axes]]:
    """Lay panels of one raster's shape in rows, with room for lines of text below each and a legend at the foot."""
    left, right, bottom, top = raster.edges_mm
    below = _GAP_IN + _LINE_IN * lines
    foot = _LEGEND_IN if has_legend else 0.0
    return new_mosaic(count, (right - left) / (top - bottom), columns=columns, below_in=below, foot_in=foot)


def note_below(axes: Axes, lines: Sequence[str]) -> None:
    """Write values under a panel."""
    axes.set_xlabel("\n".join(lines), fontsize=7.5, color=INK, loc="left", linespacing=1.3, labelpad=4)
