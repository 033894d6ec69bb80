"""What all outside engines share: find the tool, run it shut in, take over what it drew."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from lumbomics.core.conventions import Convention, Conversion, Loss, to_segmentation
from lumbomics.core.errors import InputError, LabelError, SegmentationError
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.provenance import Decision
from lumbomics.segment.external.exchange import read_labels, require_square, write_image
from lumbomics.segment.external.sandbox import closed_environment, failure, private_folder, run
from lumbomics.segment.external.tool import (
    NOT_INSTALLED,
    Tool,
    find_executable,
    find_weights,
    fingerprint,
    installed_version,
)

_NOT_CROSS_SECTIONAL = {Contrast.RADIOGRAPH, Contrast.NM, Contrast.PET}
_DEVICES = ("auto", "cpu", "gpu")
DEFAULT_TIMEOUT_S = 3600.0
"""An outside engine on a CPU may well take half an hour."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a tool.

    Parameters
    ----------
    arguments
        Its command line after the executable.
    environment
        Variables of its own.
    labels
        Where it writes the instance (or only) map; may hold wildcards below ``folder``.
    folder
        Its output folder.
    convention
        What the numbers mean.
    second
        Where it writes the semantic map beside it; ``None`` where there is none.
    empty_words
        What it prints where it found no spine, beside an exit code other than 0.
    empty_sign
        What it leaves, without ``labels``, where it found no spine.
    """

    arguments: tuple[str, ...]
    folder: Path
    labels: str
    convention: Convention
    environment: Mapping[str, str] = field(default_factory=dict)
    second: str | None = None
    empty_words: tuple[str, ...] = ()
    empty_sign: str | None = None


class ExternalEngine(ABC):
    """An engine in an environment of its own, run as a program; implements ``Segmenter``.

    The tool gets the image as a nameless NIfTI file in a private folder that is removed afterwards. Its home, its
    caches and its weights (by links) lie in that folder too, its usage statistics are off and its network is closed.

    Parameters
    ----------
    executable
        Path of the tool; by default an environment variable, then the ``PATH``.
    weights
        Folder of its weights; by default environment variables, then the tool's own place. Nothing is downloaded.
    timeout_s
        Seconds after which it is stopped.
    device
        ``cpu``, ``gpu``, or ``auto``: a GPU where the machine has a driver for one.

    Raises
    ------
    InputError
        If the time is not positive or the device unknown.
    """

    tool: ClassVar[Tool]

    def __init__(
        self,
        *,
        executable: Path | str | None = None,
        weights: Path | str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        device: str = "auto",
    ) -> None:
        if not timeout_s > 0:
            raise InputError("the time an engine may take must be positive", expected="> 0 s", got=f"{timeout_s:g} s")
        if device not in _DEVICES:
            raise InputError("unknown device", expected=", ".join(_DEVICES), got=repr(device))
        self._executable = None if executable is None else Path(executable).expanduser()
        self._weights = None if weights is None else Path(weights).expanduser()
        self._timeout_s = float(timeout_s)
        self._device = device

    @property
    def name(self) -> str:
        """Short name."""
        return self.tool.name

    @property
    def version(self) -> str:
        """Version of the tool and a fingerprint of its weights; ``not installed`` where it is not found."""
        try:
            executable = find_executable(self.tool, self._executable)
        except SegmentationError:
            return NOT_INSTALLED
        version = installed_version(self.tool, executable)
        try:
            folders = self._all_weights(self._weights_folder(executable))
        except SegmentationError:
            return version
        return f"{version}+weights.{fingerprint(folders)}"

    def segment(self, image: Image) -> Prediction:
        """Draw the label maps of ``image``.

        Raises
        ------
        SegmentationError
            If the tool or its weights are missing, or it ends with a fault, too late or without a result.
        GridError
            If the image's lattice is sheared, or the result lies on another grid.
        LabelError
            If the result holds numbers that the tool's convention does not know.
        InputError
            If the tool does not read such images.
        """
        self._require_readable(image)
        executable = find_executable(self.tool, self._executable)
        weights = self._weights_for(image, self._weights_folder(executable))
        engine = f"{self.tool.title} {self.version}"
        with private_folder() as folder:
            source = folder / "input" / self._input_name(image)
            write_image(image, source)
            drawn = [
                self._run(executable, job, image, folder, engine) for job in self._jobs(image, source, weights, folder)
            ]
        return Prediction(
            segmentation=_joined(drawn, image, engine),
            engine=engine,
            decisions=(*self._decisions(image, weights), *_left_out(drawn)),
        )

    @abstractmethod
    def _all_weights(self, weights: Path) -> tuple[Path, ...]:
        """Folders of the models below ``weights`` that this engine may use."""

    @abstractmethod
    def _default_weights(self, executable: Path) -> tuple[Path, ...]:
        """Places where the tool itself keeps its weights."""

    @abstractmethod
    def _weights_for(self, image: Image, weights: Path) -> tuple[Path, ...]:
        """Folders of the models for this image; SegmentationError naming all that are missing."""

    @abstractmethod
    def _jobs(self, image: Image, source: Path, weights: tuple[Path, ...], folder: Path) -> Sequence[Job]:
        """List the runs to make; a structure is taken from the first that draws it."""

    @abstractmethod
    def _decisions(self, image: Image, weights: tuple[Path, ...]) -> tuple[Decision, ...]:
        """Choices made for this image."""

    def _input_name(self, image: Image) -> str:
        del image
        return "image.nii.gz"

    def _weights_folder(self, executable: Path) -> Path:
        return find_weights(self.tool, self._weights, self._default_weights(executable))

    def _require_readable(self, image: Image) -> None:
        if image.contrast in _NOT_CROSS_SECTIONAL:
            raise InputError(
                f"{self.tool.title} reads MR and CT alone", expected="an MR or CT volume", got=image.contrast.value
            )
        require_square(image.grid, title=self.tool.title)

    @property
    def _on_gpu(self) -> bool:
        return self._device == "gpu" or (self._device == "auto" and shutil.which("nvidia-smi") is not None)

    def _run(self, executable: Path, job: Job, image: Image, folder: Path, engine: str) -> Conversion | None:
        """Take over what one run drew; ``None`` where it saw no spine."""
        job.folder.mkdir(parents=True, exist_ok=True)
        title = self.tool.title
        code, output = run(
            [str(executable), *job.arguments],
            title=title,
            folder=folder,
            environment=closed_environment(folder, job.environment),
            timeout_s=self._timeout_s,
        )
        if code != 0:
            if any(words in output for words in job.empty_words):
                return None
            raise failure(title, code, output)
        path = _only(job.folder, job.labels)
        if path is None:
            if job.empty_sign is not None and _only(job.folder, job.empty_sign) is not None:
                return None
            raise _no_label_map(title, job.labels)
        return self._taken_over(path, job, image, engine)

    def _taken_over(self, path: Path, job: Job, image: Image, engine: str) -> Conversion | None:
        title = self.tool.title
        labels = read_labels(path, image.grid, title=title, source=engine)
        if not labels.present:
            return None
        second = None
        if job.second is not None:
            beside = _only(job.folder, job.second)
            if beside is None:
                raise _no_label_map(title, job.second)
            second = read_labels(beside, image.grid, title=title, source=engine)
        try:
            return to_segmentation(labels, job.convention, second=second)
        except LabelError as error:
            hint = f"this version of {title} may number otherwise than those that are supported; report both versions"
            raise LabelError(error.problem, expected=error.expected, got=error.got, where=engine, hint=hint) from error


def link_weights(folders: Iterable[Path], place: Path) -> Path:
    """Show folders of weights under ``place`` by links, so that the tool writes and deletes nothing beside them."""
    place.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        link = place / folder.name
        if not link.is_symlink():
            link.symlink_to(folder, target_is_directory=True)
    return place


def is_ct(image: Image) -> bool:
    """Tell whether the image is a CT."""
    return image.quantity is Quantity.HOUNSFIELD or image.contrast in {Contrast.CT, Contrast.CT_MYELOGRAPHY}


def weights_decision(weights: Iterable[Path]) -> Decision:
    """Record which weights were used, by the names of their folders."""
    return Decision(
        what="weights", choice=", ".join(folder.name for folder in weights), because="found in the folder of weights"
    )


def missing_weights(tool: Tool, missing: Sequence[str]) -> SegmentationError:
    """Error for weights that are not in the folder, all named at once."""
    return SegmentationError(
        f"weights of {tool.title} are missing from their folder",
        expected=", ".join(missing),
        got="no such folders",
        hint=tool.weights,
    )


def _no_label_map(title: str, pattern: str) -> SegmentationError:
    return SegmentationError(
        f"{title} wrote no label map",
        expected=f"a file {pattern}",
        got="exit code 0 and no such file",
        hint=f"check that its version is one that is supported; run {title} by hand on the same image",
    )


def _only(folder: Path, pattern: str) -> Path | None:
    return next(iter(sorted(folder.glob(pattern))), None)


def _joined(drawn: Sequence[Conversion | None], image: Image, engine: str) -> Segmentation:
    """One segmentation from all runs; a structure is taken from the first run that drew it, and never mended."""
    first, *others = [c.segmentation for c in drawn if c is not None] or [_empty(image, engine)]
    for other in others:
        first = replace(
            first, spine=_over(first.spine, other.spine), subregion=_over_parts(first.subregion, other.subregion)
        )
    return first


def _empty(image: Image, engine: str) -> Segmentation:
    return Segmentation(spine=Labels(np.zeros(image.grid.shape, np.uint8), image.grid, source=engine))


def _over(upper: Labels, lower: Labels) -> Labels:
    new = np.isin(lower.array, [value for value in lower.present if value not in upper.present])
    return replace(upper, array=np.where((upper.array == 0) & new, lower.array, upper.array))


def _over_parts(upper: Labels | None, lower: Labels | None) -> Labels | None:
    if upper is None or lower is None:
        return upper if lower is None else lower
    return _over(upper, lower)


def _left_out(drawn: Sequence[Conversion | None]) -> tuple[Decision, ...]:
    """Tell once for each reason what the tool drew and the project's maps do not hold."""
    reasons: dict[str, list[Loss]] = defaultdict(list)
    for conversion in drawn:
        for loss in conversion.losses if conversion is not None else ():
            reasons[loss.why].append(loss)
    nothing = () if any(c is not None for c in drawn) else (_SAW_NOTHING,)
    return (
        *nothing,
        *(
            Decision(what="structures not held", choice=", ".join(sorted({x.name for x in losses})), because=why)
            for why, losses in reasons.items()
        ),
    )


_SAW_NOTHING = Decision(what="label map", choice="empty", because="the engine saw no spine in the image")
