"""Pictures of a cohort: who came and who was lost, how reliable the numbers are, what has changed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray

from lumbomics.core.errors import InputError
from lumbomics.report.figures.canvas import INK, new_figure
from lumbomics.report.text import with_unit

_BLUE, _VERMILION, _QUIET, _SHADE = "#0072b2", "#d55e00", "#9e9e9e", "#f3f5f7"
# Koo and Li, Journal of Chiropractic Medicine 2016;15:155-163.
_ICC_STEPS = ((0.5, "poor"), (0.75, "moderate"), (0.9, "good"), (1.0, "excellent"))
_MINUS = "\N{MINUS SIGN}"
_ROW_IN = 0.4


def png_of(figure: Figure) -> bytes:
    """Bytes of a finished figure, the same for the same figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": "lumbomics"})
    return buffer.getvalue()


def flow_figure(steps: Sequence[tuple[str, int, str]]) -> Figure:
    """Boxes from the first to the last step, beside them who was lost and why.

    Parameters
    ----------
    steps
        (what the people of this box have, how many they are, why the others of the box before are not among them).
    """
    if not steps:
        raise InputError("nothing to draw", expected="one step or more", got="none")
    height = 0.35 + 0.95 * len(steps)
    figure = new_figure(9.2, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 9.2)
    axes.set_ylim(0, height)
    axes.axis("off")
    for place, (has, count, why) in enumerate(steps):
        middle = height - 0.6 - 0.95 * place
        _box(axes, (0.4, middle), 4.2, f"{has}\nn = {count}", face=_SHADE)
        if place:
            axes.annotate("", (2.5, middle + 0.3), (2.5, middle + 0.65), arrowprops={"arrowstyle": "-|>", "color": INK})
            lost = steps[place - 1][1] - count
            if lost:
                axes.annotate(
                    "", (5.2, middle + 0.475), (2.5, middle + 0.475), arrowprops={"arrowstyle": "-|>", "color": _QUIET}
                )
                axes.text(5.3, middle + 0.475, f"{lost} {why}", va="center", fontsize=9, color=INK)
    return figure


def _box(axes: Axes, corner: tuple[float, float], width: float, text: str, *, face: str) -> None:
    x, middle = corner
    shape = FancyBboxPatch((x, middle - 0.28), width, 0.56, boxstyle="round,pad=0.02", facecolor=face, edgecolor=INK)
    axes.add_patch(shape)
    axes.text(x + width / 2, middle, text, ha="center", va="center", fontsize=9.5, color=INK)


def reliability_figure(rows: pd.DataFrame) -> Figure:
    """Intraclass correlation with interval of each biomarker, one mark for each kind of repetition.

    Parameters
    ----------
    rows
        ``biomarker``, ``between``, ``icc``, ``icc_low``, ``icc_high``, ``mdc95``, ``unit``.
    """
    if rows.empty:
        raise InputError("nothing to draw", expected="one biomarker or more", got="none")
    names, kinds = list(dict.fromkeys(rows["biomarker"])), list(dict.fromkeys(rows["between"]))
    figure, axes = _dots(len(names), bottom_in=0.85)
    for shift, (kind, (colour, marker)) in enumerate(
        zip(kinds, ((_BLUE, "o"), (_VERMILION, "s"), (INK, "^")), strict=False)
    ):
        part = rows[rows["between"] == kind].set_index("biomarker").reindex(names)
        y = np.arange(len(names))[::-1] + 0.19 * (len(kinds) - 1) - 0.38 * shift
        axes.hlines(y, part["icc_low"], part["icc_high"], color=colour, linewidth=1.5)
        axes.scatter(part["icc"], y, color=colour, marker=marker, s=32, label=f"between {kind}s", zorder=3)
        for at, value, unit in zip(y, part["mdc95"], part["unit"], strict=True):
            if np.isfinite(value):
                _margin(axes, at, with_unit(f"{value:.2g}", str(unit or "1")), colour)
    lowest = max(0.0, min(0.5, float(np.nanmin(rows["icc_low"].fillna(rows["icc"]))) - 0.05))
    axes.set_xlim(lowest, 1.0)
    for limit, word in _ICC_STEPS:
        axes.axvline(limit, color=_QUIET, linewidth=0.6, linestyle=(0, (4, 3)))
        if limit > lowest + 0.06:
            axes.text(limit - 0.004, len(names) - 0.42, word, ha="right", va="bottom", fontsize=8, color=_QUIET)
    _names(axes, names)
    axes.text(1.03, len(names) - 0.42, "smallest change\nbeyond error", transform=axes.get_yaxis_transform(),
              fontsize=8, va="bottom")  # fmt: skip
    axes.set_xlabel("intraclass correlation ICC(2,1) with 95 % interval", fontsize=9)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.55, -0.05), frameon=False, fontsize=8.5)
    return figure


def change_figure(rows: pd.DataFrame, *, confidence: float = 0.95) -> Figure:
    """Mean change of each biomarker and score in standard deviations of the change, largest first.

    Parameters
    ----------
    rows
        ``name``, ``response_mean``, ``low``, ``high`` (of the same scale), ``p_fdr``, ``text`` (change in its unit).
    confidence
        Level of the intervals, for the words below.
    """
    if rows.empty:
        raise InputError("nothing to draw", expected="one change or more", got="none")
    figure, axes = _dots(len(rows), bottom_in=0.85)
    y = np.arange(len(rows))[::-1]
    value, low, high, p = (rows[name].to_numpy(dtype=np.float64) for name in ("response_mean", "low", "high", "p_fdr"))
    for at, x, start, end, chance, text in zip(y, value, low, high, p, rows["text"], strict=True):
        colour, marker = (_VERMILION, "^") if x > 0 else (_BLUE, "v")
        axes.plot([start, end], [at, at], color=colour, linewidth=1.5)
        face = colour if chance <= 1 - confidence else "white"
        axes.plot(x, at, marker=marker, color=colour, markerfacecolor=face, markersize=6.5)
        _margin(axes, at, str(text), INK)
    axes.axvline(0, color=INK, linewidth=0.7)
    reach = 1.1 * max(1.0, float(np.nanmax(np.abs(np.concatenate([low, high])))))
    axes.set_xlim(-reach, reach)
    _names(axes, list(rows["name"]))
    axes.text(1.03, len(rows) - 0.42, "mean change", transform=axes.get_yaxis_transform(), fontsize=8, va="bottom")
    axes.set_xlabel("mean change / its standard deviation  (fell  \N{LEFTWARDS ARROW}   \N{RIGHTWARDS ARROW}  rose)",
                    fontsize=9)  # fmt: skip
    figure.text(0.01, 0.02, f"Filled: adjusted p ≤ {1 - confidence:.2g}. Bars: {100 * confidence:g} % intervals.",
                fontsize=8)  # fmt: skip
    return figure


def _dots(rows: int, *, bottom_in: float) -> tuple[Figure, Axes]:
    height = 0.55 + bottom_in + _ROW_IN * rows
    figure = new_figure(9.2, height)
    axes = figure.add_axes((0.3, bottom_in / height, 0.5, _ROW_IN * rows / height))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_ylim(-0.55, rows - 0.45)
    axes.tick_params(labelsize=8.5)
    return figure, axes


def _names(axes: Axes, names: Sequence[str]) -> None:
    places: NDArray[np.intp] = np.arange(len(names))[::-1]
    axes.set_yticks(places, [name.replace("_", " ") for name in names])
    axes.tick_params(axis="y", length=0)


def _margin(axes: Axes, at: float, text: str, colour: str) -> None:
    axes.text(
        1.03, at, text.replace("-", _MINUS), transform=axes.get_yaxis_transform(), va="center", fontsize=8,
        color=colour,
    )  # fmt: skip
