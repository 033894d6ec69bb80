"""TotalSpineSeg: vertebrae, discs, cord and canal in MR of any contrast.

Command line, folders and numbers as read in the published package (release 2026-08-07; the options used are those of
2024-11-21 as well). Warszawer Y et al., Proc. ISMRM 32, 2024. Licence: LGPL-3.0; it is run as a program of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from lumbomics.core.conventions import Convention
from lumbomics.core.image import Image
from lumbomics.core.provenance import Decision
from lumbomics.segment.external.engine import ExternalEngine, Job, link_weights, missing_weights, weights_decision
from lumbomics.segment.external.tool import Tool, site_packages

_MODELS = ("Dataset101_TotalSpineSeg_step1", "Dataset102_TotalSpineSeg_step2")


class TotalSpineSeg(ExternalEngine):
    """TotalSpineSeg as a ``Segmenter``; see ``ExternalEngine`` for the parameters."""

    tool: ClassVar[Tool] = Tool(
        name="totalspineseg",
        title="TotalSpineSeg",
        command="totalspineseg",
        distribution="totalspineseg",
        executable_variable="LUMBOMICS_TOTALSPINESEG",
        weights_variables=("LUMBOMICS_TOTALSPINESEG_WEIGHTS", "TOTALSPINESEG_DATA"),
        install=(
            "install it in an environment of its own (python -m venv totalspineseg; "
            "totalspineseg/bin/pip install totalspineseg) and give the path of totalspineseg/bin/totalspineseg; "
            "its licence is LGPL-3.0"
        ),
        weights=(
            f"get the archives of {' and '.join(_MODELS)} from the releases of its project on a connected machine, "
            "unpack them into WEIGHTS/nnUNet/results, and state WEIGHTS"
        ),
    )

    def _default_weights(self, executable: Path) -> tuple[Path, ...]:
        return tuple(folder / "totalspineseg" / "models" for folder in site_packages(executable))

    def _all_weights(self, weights: Path) -> tuple[Path, ...]:
        return tuple(folder for model in _MODELS if (folder := _newest(weights, model)) is not None)

    def _weights_for(self, image: Image, weights: Path) -> tuple[Path, ...]:
        del image
        missing = [model for model in _MODELS if _newest(weights, model) is None]
        if missing:
            raise missing_weights(self.tool, missing)
        return self._all_weights(weights)

    def _jobs(self, image: Image, source: Path, weights: tuple[Path, ...], folder: Path) -> Sequence[Job]:
        del image
        link_weights(weights, folder / "weights" / "nnUNet" / "results")
        output = folder / "output"
        device = "cuda" if self._on_gpu else "cpu"
        options = ("--data-dir", str(folder / "weights"), "--max-workers", "1", "--device", device, "--quiet")
        return [
            Job(
                arguments=(str(source), str(output), *options),
                environment={"TOTALSPINESEG_DATA": str(folder / "weights")},
                folder=output,
                labels="step2_output/image.nii.gz",
                # an image without discs is dropped between its two steps
                empty_sign="step1_output/image.nii.gz",
                convention=Convention.TOTALSPINESEG,
            )
        ]

    def _decisions(self, image: Image, weights: tuple[Path, ...]) -> tuple[Decision, ...]:
        del image
        return (weights_decision(weights),)


def _newest(weights: Path, model: str) -> Path | None:
    """Folder of a model: in the results themselves, in the latest release below them, or in ``weights``."""
    results = weights / "nnUNet" / "results"
    releases = sorted(results.glob(f"*/{model}"), reverse=True)
    return next((place for place in (results / model, *releases, weights / model) if place.is_dir()), None)
