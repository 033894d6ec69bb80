"""A forest figure of the percentages behind one question."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten, wrap
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lumbomics.advise.evidence import EvidenceEntry, evidence_table
from lumbomics.catalogue import load_meta
from lumbomics.core.errors import InputError, OutputError

_BLUE, _RED, _GREY = "#1f4e79", "#b03a2e", "#6b6b6b"
_STYLE = {"font.family": "DejaVu Sans", "font.size": 8.5, "svg.fonttype": "none", "svg.hashsalt": "lumbomics"}
_ROW_INCH, _MARGIN_INCH, _WIDTH_INCH = 0.34, 1.75, 9.2


def write_evidence_figure(question: str, path: Path | str) -> Path:
    """Draw percentages with Wilson 95 % intervals, the printed percentage where it differs, and what is counted.

    Parameters
    ----------
    question
        A key of ``load_meta().evidence_questions``.
    path
        ``.svg``, ``.png`` or ``.pdf``.

    Raises
    ------
    InputError
        If no row of the question has counts, or the ending is another.
    OutputError
        If the file cannot be written.
    """
    target = Path(path)
    kinds = (".svg", ".png", ".pdf")
    if target.suffix not in kinds:
        raise InputError("no picture format", expected=", ".join(kinds), got=target.name)
    entries = [entry for entry in evidence_table(question) if entry.interval is not None]
    if not entries:
        raise InputError(
            "no row of this question has counts", got=question, hint="`lumbomics evidence list` shows them"
        )
    try:
        target.write_bytes(_drawn(load_meta().evidence_questions[question], entries, target.suffix[1:]))
    except OSError as error:
        raise OutputError("picture cannot be written", got=str(error), where=str(target)) from error
    return target


def _drawn(title: str, entries: Sequence[EvidenceEntry], kind: str) -> bytes:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_INCH, _MARGIN_INCH + _ROW_INCH * len(entries)))
        FigureCanvasAgg(figure)
        _draw(figure, title, entries)
        stream = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(stream, format=kind, dpi=150, metadata=metadata)
    return stream.getvalue()


def _draw(figure: Figure, title: str, entries: Sequence[EvidenceEntry]) -> None:
    height = figure.get_size_inches()[1]
    axes = figure.add_axes((0.42, 1.05 / height, 0.33, 1 - _MARGIN_INCH / height))
    for place, entry in enumerate(entries):
        _row(axes, place, entry)
    axes.set_ylim(len(entries) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("percent of what is counted")
    axes.set_yticks([])
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.spines[["left", "top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    figure.text(0.015, 1 - 0.3 / height, title, fontsize=11, fontweight="bold")
    figure.text(0.763, 1 - 0.58 / height, "count / of what", color=_GREY)
    figure.text(0.905, 1 - 0.58 / height, "% (95 %)", color=_GREY)
    for line, text in enumerate(_footnotes(entries)):
        figure.text(0.015, (0.47 - 0.16 * line) / height, text, fontsize=7.3, color=_GREY)


def _row(axes: mpl.axes.Axes, place: int, entry: EvidenceEntry) -> None:
    row = entry.row
    if entry.interval is None or row.percent is None:
        return
    low, high = entry.interval
    colour = _RED if row.disagrees else _BLUE
    filled = colour if row.counted == "patients" else "white"
    axes.plot([low, high], [place, place], color=colour, linewidth=1.4, solid_capstyle="butt", clip_on=False)
    axes.plot(
        [row.percent],
        [place],
        marker="s",
        color=colour,
        markerfacecolor=filled,
        markersize=5.5,
        linestyle="none",
        clip_on=False,
    )
    if row.discrepancy and row.percent_stated:
        axes.plot([float(row.percent_stated)], [place], marker="x", color="black", markersize=7, linestyle="none")
    study = f"{row.row} {row.study.removesuffix(' et al.')} {row.year or ''}".strip()
    place_left: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center"}
    axes.text(-1.25, place, shorten(study, 27, placeholder=" …"), **place_left, color=colour)
    axes.text(-0.76, place, "\n".join(wrap(row.finding, 38, max_lines=2, placeholder=" …")), **place_left, fontsize=7.2)
    numbers = f"{row.count}/{row.denominator} {row.counted}"
    axes.text(1.04, place, numbers, **place_left, fontsize=7.6)
    axes.text(1.47, place, f"{row.percent:.0f} ({low:.0f} to {high:.0f})", **place_left, fontsize=7.6)


def _footnotes(entries: Sequence[EvidenceEntry]) -> list[str]:
    notes = ["Wilson 95 % intervals. Filled: patients. Open: findings, levels or the like, which are not independent."]
    if any(entry.row.disagrees for entry in entries):
        notes.append(
            "Red: numbers that disagree with each other or their source. Cross: printed percentage, where it differs."
        )
    notes.append("Rows are not pooled: populations, questions and reference standards differ.")
    return notes
