"""A picture of what the clusters look like."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lumbomics.analyse.phenotype.choices import LABEL, NoClusters
from lumbomics.analyse.phenotype.result import Phenotypes
from lumbomics.core.errors import InputError

INK, QUIET = "#1b1b1b", "#9e9e9e"
# Okabe and Ito's colours stay apart in every form of colour blindness; the marker says the same again.
_LOOKS = (("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"), ("#e69f00", "v"), ("#56b4e9", "P"))
_DPI, _REACH = 150, 2.0
_STRONG = 0.5


def profile_figure(phenotypes: Phenotypes) -> Figure:
    """One row a feature, one mark a cluster: how far its mean lies from all patients, in SD (or the share's distance).

    Parameters
    ----------
    phenotypes
        With clusters.

    Raises
    ------
    InputError
        If no clusters were found.
    """
    if isinstance(phenotypes.profile, NoClusters):
        raise InputError("no clusters to draw", got=phenotypes.profile.detail)
    table = phenotypes.profile
    names = list(dict.fromkeys(zip(table["feature"], table["level"], strict=True)))
    height = 1.7 + 0.36 * len(names)
    figure = Figure(figsize=(7.6, height), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.3, 0.85 / height, 0.66, 1 - 1.55 / height))
    place = {name: len(names) - 1 - i for i, name in enumerate(names)}
    most = max(_REACH, 1.1 * float(np.nanmax(np.abs(table["effect"]))))
    for number, part in table.groupby("cluster"):
        _draw(axes, part, place, int(str(number)), phenotypes.jaccard)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlim(-most, most)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_yticks([place[name] for name in names], [f"{f}: {level}" if level else f for f, level in names])
    axes.tick_params(labelsize=8.5, length=0)
    axes.grid(axis="y", color=QUIET, linewidth=0.4, alpha=0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel(
        "below others  \N{LEFTWARDS ARROW}  Hedges' g, or difference of shares  \N{RIGHTWARDS ARROW}  above",
        fontsize=8.5,
    )
    axes.legend(loc="lower left", bbox_to_anchor=(-0.42, 1.01), ncol=3, frameon=False, fontsize=8.5, handletextpad=0.2)
    made = f"these features made the clusters, so they differ by construction; hollow: below {_STRONG:g}"
    figure.text(0.01, 0.14 / height, f"{LABEL.capitalize()}: {made}", fontsize=8, color=INK)
    return figure


def _draw(
    axes: Axes, part: pd.DataFrame, place: dict[tuple[str, str], int], number: int, jaccard: tuple[float, ...]
) -> None:
    colour, marker = _LOOKS[(number - 1) % len(_LOOKS)]
    y = [place[key] for key in zip(part["feature"], part["level"], strict=True)]
    x = part["effect"].to_numpy(dtype=np.float64)
    far = np.abs(x) >= _STRONG
    label = f"{number}: n {part['patients'].iloc[0]}, Jaccard {jaccard[number - 1]:.2f}"
    axes.scatter(x, y, s=44, marker=marker, facecolor=np.where(far, colour, "white"), edgecolor=colour, zorder=3)
    axes.scatter([], [], s=44, marker=marker, color=colour, label=label)
