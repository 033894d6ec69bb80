"""A quantity along the canal."""

from __future__ import annotations

from lumbomics.report.figures.canvas import PAGE_IN, Png, new_figure, to_png
from lumbomics.report.profile import Profile

_LINE = "#0072b2"


def profile_figure(profile: Profile) -> Png:
    """Draw a quantity against the distance along the canal, levels marked, head on the left."""
    figure = new_figure(PAGE_IN, 2.6)
    axes = figure.add_axes((0.075, 0.2, 0.91, 0.76))
    axes.plot(profile.station_mm, profile.values, color=_LINE, lw=1.6)
    axes.set_xlim(profile.station_mm.min(), profile.station_mm.max())
    axes.set_ylim(0, max(float(profile.values.max()) * 1.15, 1e-6))
    for level, station in profile.marks:
        axes.axvline(station, color="#b0b0b0", lw=0.8, zorder=0)
        axes.annotate(
            level, (station, 0.98), xycoords=("data", "axes fraction"), fontsize=7.5, ha="center", va="top",
            bbox={"fc": "white", "ec": "none", "pad": 1},
        )  # fmt: skip
    axes.set_xlabel("distance along the canal, head to foot (mm)", fontsize=8)
    axes.set_ylabel(f"{profile.name} ({profile.unit})", fontsize=8)
    axes.tick_params(labelsize=7.5)
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)
    return to_png(figure)
