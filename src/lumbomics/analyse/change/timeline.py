"""One patient over time: each biomarker and score a panel, with its error and the events."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lumbomics.analyse.change.individual import MeasurementError
from lumbomics.analyse.change.visits import session_times
from lumbomics.analyse.tables import long_table, present
from lumbomics.core.errors import InputError
from lumbomics.core.measurement import Z_95

_STYLE: Final = {
    "font.family": "DejaVu Sans", "font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "lumbomics",
    "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip
# Okabe and Ito's palette: told apart with every kind of colour vision.
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_PANEL_INCH, _WIDTH_INCH = 1.75, 8.0
_MOST_LINES: Final = len(_COLOURS)


def patient_timeline(
    table: pd.DataFrame,
    *,
    participant: str,
    biomarkers: Sequence[str],
    clock: str = "months_since_surgery",
    errors: Mapping[str, MeasurementError] | None = None,
    events: Mapping[str, float] | None = None,
    kind: str = "svg",
) -> bytes:
    """Draw a patient's course, one panel a biomarker or score, one line a level and side.

    Bars are 95 % intervals: from the biomarker's error of measurement where ``errors`` has it, else from the standard
    error beside the value; no bar where neither is known. In a panel of one line whose error is known, a grey band
    marks what is within MDC95 of the first value.

    Parameters
    ----------
    table
        Long measurement table with the column ``clock``.
    participant
        Whose course.
    biomarkers
        Panels from top to bottom.
    clock
        Months since an event, which is marked at 0.
    errors
        Error of measurement by biomarker.
    events
        Further events, name -> month.
    kind
        ``svg`` or ``png``.

    Returns
    -------
    bytes
        The picture. It holds the participant's label and no other identifier.

    Raises
    ------
    InputError
        If the picture has another kind, a biomarker has no value with a time, or a panel would have more than 7 lines.
    FaultsError
        As in ``long_table``; or if a session has two times.
    """
    if kind not in {"svg", "png"}:
        raise InputError("no picture format", expected="svg or png", got=repr(kind))
    checked = long_table(table)
    if clock not in checked.columns:
        raise InputError("no clock in the table", expected=f"column {clock!r}", got=", ".join(checked.columns))
    rows = _timed(checked[checked["participant"] == participant], clock)
    panels = [(name, _lines(rows, name)) for name in biomarkers]
    empty = [name for name, lines in panels if not lines]
    if empty or not panels:
        raise InputError("nothing to draw", expected="a value with a time", got=", ".join(empty), where=participant)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_INCH, 0.9 + _PANEL_INCH * len(panels)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axis, (name, lines) in zip(axes, panels, strict=True):
            _panel(axis, name, lines, (errors or {}).get(name))
            _events(axis, {_event_name(clock): 0.0, **(events or {})}, label=axis is axes[0])
        axes[-1].set_xlabel(clock.replace("_", " "))
        figure.suptitle(f"Participant {participant}. Research use only, no diagnosis.", fontsize=10, x=0.01, ha="left")
        return _saved(figure, kind)


def _timed(rows: pd.DataFrame, clock: str) -> pd.DataFrame:
    times = session_times(rows, clock)
    keys = pd.MultiIndex.from_frame(rows[["participant", "session"]])
    return rows.assign(month=times.reindex(keys).to_numpy(dtype=np.float64)).dropna(subset=["month"])


def _lines(rows: pd.DataFrame, biomarker: str) -> dict[str, pd.DataFrame]:
    own = present(rows)[present(rows)["biomarker"] == biomarker]
    several = own["method"].nunique(dropna=False) > 1
    parts = ["level", "side", *(["method"] if several else [])]
    label = own[parts].fillna("").agg(" ".join, axis=1).str.split().str.join(" ") if len(own) else own["biomarker"]
    lines = {str(name): part.sort_values("month") for name, part in own.groupby(label)}
    if len(lines) > _MOST_LINES:
        raise InputError(
            "too many lines for one panel", expected=f"{_MOST_LINES} at most", got=str(len(lines)), where=biomarker,
            hint="keep the levels and sides that matter",
        )  # fmt: skip
    return lines


def _panel(axis: Any, name: str, lines: dict[str, pd.DataFrame], error: MeasurementError | None) -> None:
    for (label, line), colour, marker in zip(lines.items(), _COLOURS, _MARKERS, strict=False):
        se = np.full(len(line), error.sem) if error is not None else line["se"].to_numpy(dtype=np.float64)
        axis.errorbar(
            line["month"], line["value"], yerr=Z_95 * se, color=colour, marker=marker, markersize=4,
            linewidth=1.4, elinewidth=0.9, capsize=2, label=label or None,
        )  # fmt: skip
    if error is not None and len(lines) == 1:
        first = float(next(iter(lines.values()))["value"].iloc[0])
        axis.axhspan(first - error.mdc95, first + error.mdc95, color="#000000", alpha=0.07, linewidth=0)
    unit = next((str(u) for line in lines.values() for u in line["unit"] if u is not None), None)
    axis.set_ylabel(name.replace("_", " ") + (f"\n({unit})" if unit else ""))
    axis.margins(y=0.15)
    if any(lines):
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)


def _events(axis: Any, events: Mapping[str, float], *, label: bool) -> None:
    for name, month in events.items():
        axis.axvline(month, color="#6b6b6b", linestyle="--", linewidth=0.9)
        if label:
            axis.annotate(
                name, (month, 1.0), xycoords=("data", "axes fraction"), xytext=(3, 2), textcoords="offset points",
                fontsize=8, color="#444444", va="bottom",
            )  # fmt: skip


def _event_name(clock: str) -> str:
    return clock.removeprefix("months_since_").replace("_", " ")


def _saved(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": "lumbomics"}
    figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
    return buffer.getvalue()
