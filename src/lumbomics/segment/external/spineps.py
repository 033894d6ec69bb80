"""SPINEPS: vertebrae with their parts, discs, endplates, cord and canal in sagittal MR.

Command line, model folders and file names as read in the published package (2.1.3; the short options used are those of
1.x as well). Moeller H et al., Eur Radiol 2024, doi 10.1007/s00330-024-11155-y. Licence: Apache-2.0. Its CT models crop
by another tool's weights and are not used here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from lumbomics.core.conventions import Convention
from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast, Image
from lumbomics.core.provenance import Decision
from lumbomics.segment.external.engine import ExternalEngine, Job, is_ct, missing_weights, weights_decision
from lumbomics.segment.external.tool import Tool, find_executable, installed_version, site_packages

_T1 = {Contrast.T1, Contrast.T1_POST}
_CONFIG = "inference_config.json"
_EMPTY = ("predicted masks was empty", "produced no vertebra predictions")


class Spineps(ExternalEngine):
    """SPINEPS as a ``Segmenter`` for MR; see ``ExternalEngine`` for the parameters."""

    tool: ClassVar[Tool] = Tool(
        name="spineps",
        title="SPINEPS",
        command="spineps",
        distribution="spineps",
        executable_variable="LUMBOMICS_SPINEPS",
        weights_variables=("LUMBOMICS_SPINEPS_WEIGHTS", "SPINEPS_SEGMENTOR_MODELS"),
        install=(
            "install it in an environment of its own (python -m venv spineps; spineps/bin/pip install spineps) and "
            "give the path of spineps/bin/spineps; its licence is Apache-2.0"
        ),
        weights=(
            "get t2w.zip (or t1w.zip), instance.zip and labeling.zip from the releases of its project on a connected "
            "machine, unpack each into a folder of its own below WEIGHTS (T2w_semantic_…, instance_sagittal_…, "
            "T2w_labeling_…), and state WEIGHTS"
        ),
    )

    def _default_weights(self, executable: Path) -> tuple[Path, ...]:
        return tuple(folder / "spineps" / "models" for folder in site_packages(executable))

    def _all_weights(self, weights: Path) -> tuple[Path, ...]:
        kinds = ("t2w_semantic", "t1w_semantic", "instance", "t2w_labeling")
        return tuple(folder for kind in kinds if (folder := _model(weights, kind)) is not None)

    def _weights_for(self, image: Image, weights: Path) -> tuple[Path, ...]:
        kinds = (_semantic(image), "instance", "t2w_labeling")
        found = [_model(weights, kind) for kind in kinds]
        missing = [kind for kind, folder in zip(kinds, found, strict=True) if folder is None]
        if missing:
            raise missing_weights(self.tool, [f"{kind}…/{_CONFIG}" for kind in missing])
        return tuple(folder for folder in found if folder is not None)

    def _require_readable(self, image: Image) -> None:
        super()._require_readable(image)
        if is_ct(image):
            raise InputError(
                "SPINEPS is used for MR alone here",
                expected="an MR volume",
                got="CT",
                hint="use totalsegmentator for CT",
            )

    def _input_name(self, image: Image) -> str:
        # the tool reads the kind of image from the name
        return f"sub-image_{'T1w' if image.contrast in _T1 else 'T2w'}.nii.gz"

    def _jobs(self, image: Image, source: Path, weights: tuple[Path, ...], folder: Path) -> Sequence[Job]:
        del image
        semantic, instance, labeling = weights
        models = ("-ms", str(semantic), "-mv", str(instance), "-ml", str(labeling))
        cpu = () if self._on_gpu else (self._cpu_option(),)
        return [
            Job(
                # -iic: whether the model suits the contrast is decided here, and told
                arguments=("sample", "-i", str(source), *models, "-dn", "derivatives_seg", "-iic", *cpu),
                environment={"SPINEPS_SEGMENTOR_MODELS": str(folder), "SPINEPS_NO_CITATION_REMINDER": "1"},
                folder=source.parent / "derivatives_seg",
                labels="**/*_seg-vert_msk.nii.gz",
                second="**/*_seg-spine_msk.nii.gz",
                convention=Convention.SPINEPS,
                empty_words=_EMPTY,
            )
        ]

    def _cpu_option(self) -> str:
        version = installed_version(self.tool, find_executable(self.tool, self._executable))
        return "-cpu" if version.startswith(("0.", "1.")) else "--cpu"

    def _decisions(self, image: Image, weights: tuple[Path, ...]) -> tuple[Decision, ...]:
        choice = Decision(what="model", choice=_semantic(image), because=f"contrast {image.contrast.value}")
        return (choice, weights_decision(weights))


def _semantic(image: Image) -> str:
    return "t1w_semantic" if image.contrast in _T1 else "t2w_semantic"


def _model(weights: Path, kind: str) -> Path | None:
    """Latest model folder of a kind; its configuration may lie deeper."""
    folders = [path for path in weights.iterdir() if path.is_dir() and path.name.lower().startswith(kind)]
    return next((path for path in sorted(folders, reverse=True) if any(path.rglob(_CONFIG))), None)
