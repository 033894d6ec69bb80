"""Two pictures of a prediction: whether risks are right, and whether acting on them does good."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lumbomics.analyse.prediction.choices import Task
from lumbomics.analyse.prediction.result import CLINICAL, MODEL, Prediction
from lumbomics.core.errors import InputError

INK, QUIET = "#1b1b1b", "#9e9e9e"
# Blue and vermilion stay apart in every form of colour blindness (Okabe and Ito, 2008); the line style says it again.
_LOOKS = {MODEL: ("#0072b2", "-"), CLINICAL: ("#d55e00", (0, (5, 2)))}
_NAMES = {MODEL: "model", CLINICAL: "clinical only"}
_DPI = 150


def calibration_figure(prediction: Prediction) -> Figure:
    """Observed against predicted, with limits, over the predictions of all repeats."""
    figure, axes = _canvas()
    design = prediction.design
    for name, part in prediction.calibration.groupby("model", sort=False):
        colour, style = _LOOKS[str(name)]
        label = f"{_NAMES[str(name)]}: {_slope(prediction, str(name))}"
        axes.plot(part["predicted"], part["observed"], color=colour, linestyle=style, linewidth=1.8, label=label)
        axes.fill_between(part["predicted"], part["low"], part["high"], color=colour, alpha=0.15, linewidth=0)
    if design.task is Task.BINARY:
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
    axes.axline((0, 0), slope=1, color=INK, linewidth=0.7)
    # The ideal line goes through the whole plane; where nothing is predicted it needs no room.
    axes.set_aspect("equal", adjustable="datalim" if design.task is Task.CONTINUOUS else "box")
    what = "risk" if design.task is Task.BINARY else design.outcome
    axes.set_xlabel(f"predicted {what}")
    axes.set_ylabel("observed share" if design.task is Task.BINARY else f"observed {what}")
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    _caption(figure, prediction, "out-of-fold predictions, 1st to 99th percentile; the thin line is perfect")
    return figure


def decision_figure(prediction: Prediction) -> Figure:
    """Net benefit against the threshold, beside treating all and treating none."""
    if prediction.decisions is None:
        raise InputError("net benefit needs risks", expected="a binary outcome", got=prediction.design.task)
    figure, axes = _canvas()
    table = prediction.decisions
    for name, part in table.groupby("model", sort=False):
        colour, style = _LOOKS[str(name)]
        axes.plot(
            part["threshold"],
            part["net_benefit"],
            color=colour,
            linestyle=style,
            linewidth=1.8,
            label=_NAMES[str(name)],
        )
        axes.fill_between(part["threshold"], part["low"], part["high"], color=colour, alpha=0.15, linewidth=0)
    every = table[table["model"] == MODEL]
    axes.plot(every["threshold"], every["treat_all"], color=QUIET, linewidth=1.4, label="treat all")
    axes.axhline(0, color=INK, linewidth=0.8, label="treat none")
    top = float(max(table["high"].max(), every["treat_all"].max()))
    axes.set_ylim(-0.25 * top, 1.1 * top)
    axes.set_xlim(0, 1)
    axes.set_xlabel("risk at which one would act")
    axes.set_ylabel("net benefit per patient")
    axes.legend(loc="upper right", frameon=False, fontsize=8)
    _caption(figure, prediction, "net benefit: true positives less false ones, weighted by the odds of the threshold")
    return figure


def _canvas() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.6, 5.2), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.13, 0.19, 0.83, 0.77))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5)
    return figure, axes


def _slope(prediction: Prediction, model: str) -> str:
    value, low, high = prediction.estimate("calibration_slope", model=model)
    return f"slope {value:.2f} [{low:.2f}, {high:.2f}]"


def _caption(figure: Figure, prediction: Prediction, text: str) -> None:
    d = prediction.design
    counted = f"{d.participants} participants" + ("" if d.events is None else f", {d.events} of the rarer class")
    percent = f"{100 * d.confidence:g} % limits"
    figure.text(0.02, 0.055, f"{counted}; {percent} by bootstrap of participants", fontsize=7.5, color=INK)
    figure.text(0.02, 0.02, text, fontsize=7.5, color=INK)
