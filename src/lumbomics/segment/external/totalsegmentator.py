"""TotalSegmentator: vertebrae, sacrum, cord and (in MR, without their levels) discs.

Command line, weights and class numbers as read in the published package (2.18; weights of 2.5 and later). Wasserthal J
et al., Radiol Artif Intell 2023, doi 10.1148/ryai.230024; Akinci D'Antonoli T et al., Radiology 2025,
doi 10.1148/radiol.241613. Licence: Apache-2.0, for the tasks used here also of the weights.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from lumbomics.core.conventions import Convention, names_of
from lumbomics.core.image import Image
from lumbomics.core.provenance import Decision
from lumbomics.segment.external.engine import (
    ExternalEngine,
    Job,
    is_ct,
    link_weights,
    missing_weights,
    weights_decision,
)
from lumbomics.segment.external.tool import Tool

_CONVENTIONS = {
    "total": Convention.TOTALSEGMENTATOR_TOTAL,
    "vertebrae_mr": Convention.TOTALSEGMENTATOR_VERTEBRAE_MR,
    "total_mr": Convention.TOTALSEGMENTATOR_TOTAL_MR,
}
# Numbers of the nnU-Net data sets that hold the classes of the spine, and the coarse model that crops to them.
_MODELS = {"total": (292, 294, 298), "vertebrae_mr": (756,), "total_mr": (850, 852)}
_SPINE = ("sacrum", "vertebrae", "intervertebral_discs", "spinal_cord")
_BY_LEVEL = "levels are those of vertebrae_mr; the discs of total_mr carry none and stand in the semantic map alone"


class TotalSegmentator(ExternalEngine):
    """TotalSegmentator as a ``Segmenter``: task ``total`` for CT, ``vertebrae_mr`` and ``total_mr`` for MR.

    See ``ExternalEngine`` for the parameters.
    """

    tool: ClassVar[Tool] = Tool(
        name="totalsegmentator",
        title="TotalSegmentator",
        command="TotalSegmentator",
        distribution="totalsegmentator",
        executable_variable="LUMBOMICS_TOTALSEGMENTATOR",
        weights_variables=("LUMBOMICS_TOTALSEGMENTATOR_WEIGHTS", "TOTALSEG_WEIGHTS_PATH"),
        install=(
            "install it in an environment of its own (python -m venv totalsegmentator; "
            "totalsegmentator/bin/pip install TotalSegmentator) and give the path of "
            "totalsegmentator/bin/TotalSegmentator; its licence is Apache-2.0"
        ),
        weights=(
            "run totalseg_download_weights -t total (for MR: -t vertebrae_mr and -t total_mr) on a connected machine, "
            "copy the folder .totalsegmentator/nnunet/results from there, and state it"
        ),
    )

    def _default_weights(self, executable: Path) -> tuple[Path, ...]:
        del executable
        stated = os.environ.get("TOTALSEG_HOME_DIR", "")
        home = Path(stated) if stated else Path.home() / ".totalsegmentator"
        return (home / "nnunet" / "results",)

    def _all_weights(self, weights: Path) -> tuple[Path, ...]:
        numbers = (number for models in _MODELS.values() for number in models)
        return tuple(folder for number in numbers if (folder := _model(weights, number)) is not None)

    def _weights_for(self, image: Image, weights: Path) -> tuple[Path, ...]:
        numbers = [number for task in _tasks(image) for number in _MODELS[task]]
        missing = [number for number in numbers if _model(weights, number) is None]
        if missing:
            raise missing_weights(self.tool, [f"Dataset{number}_…" for number in missing])
        return tuple(folder for number in numbers if (folder := _model(weights, number)) is not None)

    def _jobs(self, image: Image, source: Path, weights: tuple[Path, ...], folder: Path) -> Sequence[Job]:
        # its settings file alone holds the switch of its usage statistics
        home = folder / "settings"
        home.mkdir()
        settings = {"totalseg_id": "", "send_usage_stats": False, "prediction_counter": 0}
        text = json.dumps(settings | {"statistics_disclaimer_shown": True})
        (home / "config.json").write_text(text, encoding="utf-8")
        linked = link_weights(weights, folder / "weights")
        environment = {"TOTALSEG_HOME_DIR": str(home), "TOTALSEG_WEIGHTS_PATH": str(linked)}
        return [self._job(task, source, folder / "output", environment) for task in _tasks(image)]

    def _job(self, task: str, source: Path, output: Path, environment: dict[str, str]) -> Job:
        file = f"{task}.nii.gz"
        device = "gpu" if self._on_gpu else "cpu"
        options = ("-ta", task, "-d", device, "-nr", "1", "-ns", "1", "-q", *_subset(task))
        return Job(
            arguments=("-i", str(source), "-o", str(output / file), "--ml", *options),
            environment=environment,
            folder=output,
            labels=file,
            convention=_CONVENTIONS[task],
        )

    def _decisions(self, image: Image, weights: tuple[Path, ...]) -> tuple[Decision, ...]:
        tasks = _tasks(image)
        because = "the image is a CT" if is_ct(image) else f"the image is an MR; {_BY_LEVEL}"
        return (Decision(what="tasks", choice=" and ".join(tasks), because=because), weights_decision(weights))


def _tasks(image: Image) -> tuple[str, ...]:
    return ("total",) if is_ct(image) else ("vertebrae_mr", "total_mr")


def _subset(task: str) -> tuple[str, ...]:
    """Classes of the spine among those of a task; the task of vertebrae alone takes no subset."""
    if task == "vertebrae_mr":
        return ()
    names = names_of(_CONVENTIONS[task]).values()
    return ("-rs", *(name for name in names if name in _SPINE or name.startswith("vertebrae_")))


def _model(weights: Path, number: int) -> Path | None:
    return next((path for path in sorted(weights.glob(f"Dataset{number}_*"), reverse=True) if path.is_dir()), None)
