"""Two pictures of a search: all pairs at once (volcano) and the strongest with their intervals (forest)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lumbomics.analyse.association.choices import LABEL
from lumbomics.analyse.association.partial import Array
from lumbomics.analyse.association.result import Associations
from lumbomics.core.errors import InputError

INK, QUIET = "#1b1b1b", "#9e9e9e"
# Blue and vermilion stay apart in every form of colour blindness (Okabe and Ito, 2008); the shape says the same again.
_UP, _DOWN = ("#d55e00", "^"), ("#0072b2", "v")
_TITLES = {
    "standardised_beta": "SD of score for 1 SD of biomarker",
    "odds_ratio_per_sd": "odds ratio for 1 SD of biomarker",
}
_DPI = 150
_ROOM, _LONG = 0.075, 26
_PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
_MINUS = "\N{MINUS SIGN}"
_CELLS = (1.04, 1.60, 1.88)


def volcano(associations: Associations, *, labelled: int = 8) -> Figure:
    """Effect against -log10 p of every estimated pair; findings in colour, the strongest ``labelled`` by name."""
    rows, ratio = _estimated(associations)
    x = np.log(rows["effect"].to_numpy()) if ratio else rows["effect"].to_numpy()
    height = -np.log10(np.maximum(rows["p"].to_numpy(), 1e-300))
    figure, axes = _canvas(9.2, 5.2, left=0.27, right=0.73, bottom=0.16)
    finding = rows["finding"].to_numpy(dtype=bool)
    axes.scatter(x[~finding], height[~finding], s=9, color=QUIET, alpha=0.6, linewidths=0)
    for mask, (colour, marker) in ((finding & (x > 0), _UP), (finding & (x < 0), _DOWN)):
        axes.scatter(x[mask], height[mask], s=26, color=colour, marker=marker, linewidths=0)
    reach = 1.12 * max(float(np.abs(x).max()), 1e-6)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(0, 1.08 * max(float(height.max()), 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, prune="lower"))
    axes.spines["left"].set_position(("data", 0))  # the middle is empty but at its foot; the margins hold the names
    axes.set_xlabel(_TITLES[rows["effect_kind"].iloc[0]])
    axes.set_title("strength of evidence, $-\\log_{10}\\,p$", fontsize=10)
    if ratio:
        _odds_ticks(axes, reach)
    _threshold(axes, associations, height[finding])
    strongest = np.flatnonzero(finding)[np.argsort(-height[finding], kind="stable")][:labelled]
    for mask, right in ((x[strongest] > 0, True), (x[strongest] <= 0, False)):
        _names(axes, rows, x, height, strongest[mask], right=right)
    _caption(figure, associations, f"{int(finding.sum())} of {len(rows)} pairs")
    return figure


def forest(associations: Associations, *, rows: int = 12) -> Figure:
    """Effect with its interval of the pairs with the smallest p; findings filled, others hollow."""
    table, ratio = _estimated(associations)
    chosen = table.sort_values("p", kind="stable").head(rows).iloc[::-1]
    height_in = 1.5 + 0.34 * len(chosen)
    figure, axes = _canvas(9.2, height_in, left=0.31, right=0.64, bottom=0.98 / height_in)
    null = 1.0 if ratio else 0.0
    effects, lows, highs, adjusted, patients = (
        chosen[name].to_numpy(dtype=np.float64)
        for name in ("effect", "effect_low", "effect_high", "p_adjusted", "patients")
    )
    for place, finding in enumerate(chosen["finding"].to_numpy(dtype=bool)):
        colour, marker = _UP if effects[place] > null else _DOWN
        axes.plot([lows[place], highs[place]], [place, place], color=colour, linewidth=1.6)
        face = colour if finding else "white"
        axes.plot(effects[place], place, marker=marker, color=colour, markerfacecolor=face, markersize=7)
        interval = f"{effects[place]:.2f} [{lows[place]:.2f}, {highs[place]:.2f}]".replace("-", _MINUS)
        _cells(axes, place, (interval, _p(adjusted[place]), f"{patients[place]:.0f}"))
    axes.set_yticks(range(len(chosen)), _pair_names(chosen))
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.7, len(chosen) - 0.3)
    axes.axvline(null, color=INK, linewidth=0.6)
    if ratio:
        axes.set_xscale("log")
        _odds_ticks(axes, None)
    percent = f"{100 * associations.plan.confidence:g} % interval"
    _cells(axes, len(chosen) - 0.05, (f"effect [{percent}]", "adjusted p", "patients"), weight="bold")
    axes.set_xlabel(_TITLES[chosen["effect_kind"].iloc[0]])
    _caption(figure, associations, f"strongest {len(chosen)} of {len(table)} pairs, filled")
    return figure


def _cells(axes: Axes, place: float, texts: tuple[str, str, str], *, weight: str = "normal") -> None:
    """Three columns of text right of the axes."""
    for across, text in zip(_CELLS, texts, strict=True):
        axes.text(across, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8.5, weight=weight)


def _pair_names(rows: pd.DataFrame) -> list[str]:
    pairs = zip(rows["biomarker"], rows["score"], strict=True)
    return [f"{b}\n→ {s}" if len(b) + len(s) > _LONG else f"{b} → {s}" for b, s in pairs]


def _estimated(associations: Associations) -> tuple[pd.DataFrame, bool]:
    table = associations.to_frame()
    rows = table[table["status"] == "estimated"].reset_index(drop=True)
    if rows.empty:
        got = ", ".join(sorted(table["reason"].dropna().unique()))
        raise InputError("no pair has an estimate to draw", expected="at least one", got=got)
    return rows, bool(rows["effect_kind"].iloc[0] == "odds_ratio_per_sd")


def _canvas(width_in: float, height_in: float, *, left: float, right: float, bottom: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((left, bottom, right - left, 0.94 - bottom))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5)
    return figure, axes


def _odds_ticks(axes: Axes, reach: float | None) -> None:
    """Write odds ratios, 1 in the middle; ``reach`` where the axis holds their logarithms."""
    ratios = (0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
    low, high = axes.get_xlim() if reach is None else (math.exp(-reach), math.exp(reach))
    shown = [r for r in ratios if low <= r <= high]
    axes.set_xticks(shown if reach is None else np.log(shown), [f"{r:g}" for r in shown])
    axes.set_xticks([], minor=True)


def _threshold(axes: Axes, associations: Associations, heights: Array) -> None:
    plan = associations.plan
    if len(heights) == 0:
        text = f"  no pair at adjusted p ≤ {plan.threshold:g}"
        axes.text(0.5, 0.97, text, transform=axes.transAxes, ha="left", va="top", fontsize=9, color=INK)
        return
    axes.axhline(heights.min(), color=INK, linewidth=0.6, linestyle=(0, (4, 3)))
    # In the middle: no pair with so small an effect has so small a p.
    text = f"adjusted p ≤ {plan.threshold:g}"
    axes.text(
        0.02 * axes.get_xlim()[1], heights.min(), text, ha="left", va="center", fontsize=8, color=INK, bbox=_PAPER
    )


def _names(axes: Axes, rows: pd.DataFrame, x: Array, height: Array, chosen: NDArray[np.intp], *, right: bool) -> None:
    """Names in the margin on the point's own side, kept apart, each tied to its point."""
    top, names = axes.get_ylim()[1], _pair_names(rows)
    free = 1.0
    for i in chosen[np.argsort(-height[chosen], kind="stable")]:
        free = min(height[i] / top, free)
        axes.annotate(
            names[i],
            (x[i], height[i]),
            xytext=(1.03 if right else -0.03, free),
            textcoords="axes fraction",
            ha="left" if right else "right",
            va="center",
            fontsize=8,
            color=_UP[0] if right else _DOWN[0],
            arrowprops={
                "arrowstyle": "-",
                "color": QUIET,
                "linewidth": 0.6,
                "shrinkB": 3,
                "relpos": (0 if right else 1, 0.5),
            },
            annotation_clip=False,
        )
        free -= _ROOM


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _caption(figure: Figure, associations: Associations, counted: str) -> None:
    plan = associations.plan
    adjusted = ", ".join(plan.adjust) or "nothing"
    text = f"{LABEL.capitalize()}: {counted} at adjusted p ≤ {plan.threshold:g}; adjusted for {adjusted}"
    figure.text(0.01, 0.02, text, fontsize=8, color=INK)
