"""The commands ``segment`` and ``qc`` as a user meets them: exit codes, what is printed, JSON for machines."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from lumbomics.cli.qc import qc
from lumbomics.cli.segment import segment
from lumbomics.core.errors import InputError, SegmentationError
from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.run import qc as qc_run
from lumbomics.run import segment as segment_run
from lumbomics.run.qc import QcSummary
from lumbomics.run.segment import Drawn, SegmentSummary

APP = typer.Typer()
APP.command("segment")(segment)
APP.command("qc")(qc)
RUNNER = CliRunner()


def drawn(verdict: Verdict) -> SegmentSummary:
    grid = Grid.from_spacing((2, 2, 2), (1, 1, 1))
    spine = Labels(np.full((2, 2, 2), 22, np.uint8), grid)
    finding = Finding(check="confidence", message="L3 is 40 % sure", structures=(22,), excludes=True)
    report = QualityReport(verdict=verdict, findings=(finding,))
    prediction = Prediction(segmentation=Segmentation(spine=spine), confidence={22: 0.4}, engine="builtin 1")
    return SegmentSummary(
        series="T2w", files=(Path("out.nii.gz"),), drawn=Drawn(prediction=prediction, report=report)
    )  # fmt: skip


def draws(monkeypatch: pytest.MonkeyPatch, what: SegmentSummary | Exception) -> None:
    def answer(*_: Any, **__: Any) -> SegmentSummary:
        if isinstance(what, Exception):
            raise what
        return what

    monkeypatch.setattr(segment_run, "segment", answer)


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.PASS, 0), (Verdict.FAIL, 1), (Verdict.ARTIFACT, 1)])
def test_the_exit_code_tells_the_verdict(verdict: Verdict, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draws(monkeypatch, drawn(verdict))
    done = RUNNER.invoke(APP, ["segment", "in.nii.gz", "--out", "out.nii.gz"])
    assert done.exit_code == code
    assert f"verdict {verdict}" in done.output
    assert "left out: L3 is 40 % sure" in done.output


def test_json_holds_engine_confidence_and_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    draws(monkeypatch, drawn(Verdict.PASS))
    told = json.loads(RUNNER.invoke(APP, ["segment", "in.nii.gz", "--out", "out.nii.gz", "--json"]).stdout)
    assert (told["Engine"], told["Confidence"]) == ("builtin 1", {"L3": 0.4})
    assert told["Quality"]["findings"][0]["structures"] == ["L3"]


@pytest.mark.parametrize(
    ("error", "code"), [(InputError("the image is not fit"), 2), (SegmentationError("spineps is not installed"), 1)]
)
def test_what_cannot_be_drawn_is_one_line_and_an_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws(monkeypatch, error)
    done = RUNNER.invoke(APP, ["segment", "in.nii.gz", "--out", "out.nii.gz"])
    assert done.exit_code == code
    assert done.output.startswith("error: ")


def test_qc_tells_counts_and_what_to_do_next(monkeypatch: pytest.MonkeyPatch) -> None:
    summary = QcSummary(page=Path("quality.html"), cases=3, by_verdict={"pass": 2, "fail": 1}, verdicts=1)
    monkeypatch.setattr(qc_run, "qc", lambda *_, **__: summary)
    shown = RUNNER.invoke(APP, ["qc", "derivatives"]).output
    assert "3 label map(s): pass 2, fail 1" in shown
    assert "run the study again" in shown
    told = json.loads(RUNNER.invoke(APP, ["qc", "derivatives", "--json"]).stdout)
    assert told["by_verdict"] == {"pass": 2, "fail": 1}


@pytest.mark.parametrize(("name", "call"), [("segment", segment_run.segment), ("qc", qc_run.qc)])
def test_options_of_the_commands_are_arguments_of_their_calls(name: str, call: Any) -> None:
    options = {p.name for p in typer.main.get_command(APP).commands[name].params}  # type: ignore[attr-defined]
    assert options - {"json", "help"} == set(inspect.signature(call).parameters)
