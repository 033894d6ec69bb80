"""One image to its label map: ``lumbomics segment``, and the same for a series within a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lumbomics.core.errors import InputError, LumbomicsError
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.prediction import Prediction
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.core.visit import Plane, Series, Visit
from lumbomics.read import Override, find_visits, read_visit
from lumbomics.report.quality_picture import quality_picture
from lumbomics.run.choices import chosen_contrasts
from lumbomics.run.engines import BUILTIN, chosen_engine, load_engine, takes_any_modality
from lumbomics.run.quality_record import prediction_as_json
from lumbomics.segment.protocol import Segmenter
from lumbomics.segment.quality import assess, check_image
from lumbomics.write import write_bytes_atomic, write_image_nifti, write_labels_nifti

_PLANES = {Plane.SAGITTAL, Plane.ISOTROPIC, Plane.UNKNOWN}
_MR = {
    Contrast.T1,
    Contrast.T2,
    Contrast.STIR,
    Contrast.T1_POST,
    Contrast.PD,
    Contrast.DIXON_WATER,
    Contrast.DIXON_FAT,
    Contrast.BSSFP,
    Contrast.T2_SPACE,
    Contrast.UNKNOWN,
}
_NIFTI = (".nii.gz", ".nii")


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """What an engine made of one image, and what quality control says of it.

    Parameters
    ----------
    prediction
        ``None`` where the engine drew nothing, or nothing was asked of it; the report says why.
    report
        Verdict and findings.
    """

    prediction: Prediction | None
    report: QualityReport

    @property
    def segmentation(self) -> Segmentation | None:
        """The label maps, where there are any."""
        return None if self.prediction is None else self.prediction.segmentation

    def picture(self, image: Image) -> bytes:
        """PNG by which a person can judge it."""
        if self.prediction is None:
            return quality_picture(image, None, report=self.report)
        return quality_picture(
            image,
            self.prediction.segmentation,
            confidence=self.prediction.confidence,
            metal=self.prediction.metal,
            report=self.report,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentSummary:
    """What ``segment`` wrote.

    Parameters
    ----------
    series
        BIDS name of the series.
    files
        Everything written; the label map first.
    drawn
        Label maps and verdict.
    """

    series: str
    files: tuple[Path, ...]
    drawn: Drawn

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        prediction = self.drawn.prediction
        known: Mapping[str, Any] = {} if prediction is None else prediction_as_json(prediction, self.drawn.report)
        return {"series": self.series, "files": [str(path) for path in self.files], **known}


def segment(
    image: Path | str,
    *,
    out: Path | str,
    engine: str = BUILTIN,
    engine_path: Path | str | None = None,
    weights: Path | str | None = None,
    series: str | None = None,
    contrast: str | None = None,
    uncertainty: Path | str | None = None,
    qc: Path | str | None = None,
    force: bool = False,
) -> SegmentSummary:
    """Draw the label map of one image, check it, and write it with a record of how it came about.

    The map holds vertebrae, discs, cord and canal as numbered instances on the image's own grid. The sidecar names
    engine, version, level numbering, confidence of every structure, verdict, findings and decisions.

    Parameters
    ----------
    image
        NIfTI file, DICOM file or folder with the series.
    out
        Label map to write (``.nii.gz`` or ``.nii``); ``.json`` and ``.tsv`` beside it take the same stem.
    engine
        ``builtin``, ``totalspineseg``, ``spineps`` or ``totalsegmentator``.
    engine_path, weights
        As in ``load_engine``.
    series
        Which series of a folder, by its BIDS name, where several can be segmented.
    contrast
        Kind of the image (a value of Contrast), which a bare NIfTI file does not tell.
    uncertainty
        NIfTI file to write: probability per voxel that its label is wrong (built-in engine).
    qc
        PNG file to write: picture by which a person can judge the map.
    force
        Draw even where the image is no sagittal lumbar MR; the verdict says so all the same.

    Raises
    ------
    InputError
        If the image cannot be used; nothing is written then.
    SegmentationError
        If the engine is not there or ends with a fault.
    OutputError
        If a file cannot be written.
    """
    target = _target(out)
    name = chosen_engine(engine)
    if uncertainty is not None and name != BUILTIN:
        raise InputError("only the built-in engine tells its uncertainty", expected="--engine builtin", got=name)
    chosen = _only_series(_read(Path(image), contrast), name, series)
    picture = replace(chosen.image, contrast=chosen.kind.contrast)
    if not force:
        _require_fit(picture, name)
    drawer = load_engine(name, engine_path=engine_path, weights=weights)
    prediction = drawer.segment(picture)
    drawn = Drawn(prediction=prediction, report=_judged(prediction, picture, name))
    return SegmentSummary(series=chosen.name, files=_write(drawn, picture, target, uncertainty, qc), drawn=drawn)


def draw_series(series: Series, engine: Segmenter) -> Drawn:
    """Draw and check one series of a study; whatever stands in the way becomes the verdict's reason, never an error."""
    picture = replace(series.image, contrast=series.kind.contrast)
    unfit = check_image(picture, any_modality=takes_any_modality(engine.name))
    if unfit:
        return Drawn(prediction=None, report=QualityReport(verdict=Verdict.ARTIFACT, findings=unfit))
    try:
        prediction = engine.segment(picture)
    except LumbomicsError as error:
        refusal = Finding(check="engine", message=f"{engine.name}: {error}", verdict=Verdict.FAIL)
        return Drawn(prediction=None, report=QualityReport(verdict=Verdict.FAIL, findings=(refusal,)))
    return Drawn(prediction=prediction, report=_judged(prediction, picture, engine.name))


def why_not(series: Series, engine: str) -> str | None:
    """Why a series is not for this engine, by what it is said to be; ``None`` where it is."""
    if takes_any_modality(engine):
        suits = series.kind.contrast in _MR | {Contrast.CT}
        return None if suits else f"its kind is {series.kind.contrast}"
    if series.kind.contrast not in _MR:
        return f"its kind is {series.kind.contrast}, not an anatomical MR"
    if series.kind.plane not in _PLANES:
        return f"its slices are {series.kind.plane}, not sagittal"
    return None


def _judged(prediction: Prediction, image: Image, engine: str) -> QualityReport:
    return assess(prediction, image, any_modality=takes_any_modality(engine))


def _target(out: Path | str) -> Path:
    target = Path(out)
    if not target.name.endswith(_NIFTI):
        raise InputError("not the name of a NIfTI file", expected=".nii.gz or .nii", got=target.name, where="--out")
    return target


def _read(path: Path, contrast: str | None) -> Visit:
    visits = find_visits(path)
    if len(visits) > 1:
        raise InputError(
            "the path holds several visits", expected="one image", got=f"{len(visits)} visits", hint="give one series"
        )
    said = {} if contrast is None else chosen_contrasts((contrast,))
    return read_visit(visits[0], overrides={name: Override(contrast=kind) for name, kind in said.items()})


def _only_series(visit: Visit, engine: str, wanted: str | None) -> Series:
    names = ", ".join(series.name for series in visit.series)
    if wanted is not None:
        found = [series for series in visit.series if series.name == wanted]
        if not found:
            raise InputError("no such series", expected=names, got=wanted, where="--series")
        return found[0]
    if len(visit.series) == 1:
        return visit.series[0]
    reasons = {series.name: why_not(series, engine) for series in visit.series}
    fitting = [series for series in visit.series if reasons[series.name] is None]
    if len(fitting) == 1:
        return fitting[0]
    told = ", ".join(series.name for series in fitting) or "; ".join(f"{n}: {why}" for n, why in reasons.items())
    problem = "several series can be segmented" if fitting else "no series can be segmented"
    raise InputError(
        problem, expected="one sagittal lumbar MR", got=told, hint="name one (--series), or give its folder"
    )


def _require_fit(image: Image, engine: str) -> None:
    unfit = check_image(image, any_modality=takes_any_modality(engine))
    if unfit:
        raise InputError(
            "the image is not fit for this engine",
            expected="a sagittal or isotropic lumbar MR",
            got="; ".join(finding.message for finding in unfit),
            hint="give another series, or draw all the same (--force)",
        )


def _write(
    drawn: Drawn, image: Image, target: Path, uncertainty: Path | str | None, qc: Path | str | None
) -> tuple[Path, ...]:
    """Write the label map last: where it stands, everything that belongs to it does."""
    others: list[Path] = []
    if uncertainty is not None and drawn.prediction is not None and drawn.prediction.uncertainty is not None:
        others.append(write_image_nifti(drawn.prediction.uncertainty, uncertainty))
    if qc is not None:
        others.append(write_bytes_atomic(drawn.picture(image), qc))
    if drawn.prediction is None:
        return tuple(others)
    *companions, labels = write_labels_nifti(
        drawn.prediction.segmentation.spine,
        target,
        description="Vertebrae, discs, cord and canal as numbered instances",
        record=prediction_as_json(drawn.prediction, drawn.report),
    )
    return (labels, *companions, *others)
