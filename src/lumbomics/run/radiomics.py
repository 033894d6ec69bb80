"""Radiomic features of one image: ``lumbomics radiomics``."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lumbomics import __version__
from lumbomics.analyse.reliability import intraclass_correlation
from lumbomics.core.errors import InputError, did_you_mean
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Context, Measurement, Result
from lumbomics.core.visit import Visit
from lumbomics.radiomics import (
    Aggregation,
    FeatureStability,
    Interpolation,
    Normalisation,
    RadiomicsSettings,
    Structure,
    chosen_normalisation,
    draw_perturbations,
    extract_radiomics,
    judge_stability,
    load_features,
    require_engine,
    scale_of,
)
from lumbomics.radiomics.features import PREFIX
from lumbomics.read import read_nifti_image
from lumbomics.run.choices import chosen_contrast, chosen_convention, chosen_posture, chosen_transition
from lumbomics.run.labels import LabelInput, load_labels
from lumbomics.write import hash_file, write_json_atomic, write_measurements, write_text_atomic

Progress = Callable[[int, int, str], None]
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, kw_only=True, eq=False)
class Radiomics:
    """What an extraction found.

    Parameters
    ----------
    results
        Every feature of every region, as Measurement or Absent.
    stability
        Agreement of every feature over the repetitions; empty without repetitions.
    files
        What was written.
    """

    results: tuple[Result, ...] = field(repr=False)
    stability: tuple[FeatureStability, ...] = field(default=(), repr=False)
    files: tuple[Path, ...] = ()


def measure_radiomics(
    image: Path,
    *,
    labels: Path,
    convention: str,
    out: Path,
    second: Path | None = None,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
    transition: str | None = None,
    ignore_unknown: bool = False,
    contrast: str | None = None,
    posture: str | None = None,
    structure: Sequence[str] = (),
    family: Sequence[str] = (),
    aggregation: str = Aggregation.ALL_SLICES_MERGED,
    bins: int | None = None,
    bin_width: float | None = None,
    intensity_range: tuple[float, float] | None = None,
    outlier_sd: float | None = None,
    spacing: float | None = None,
    interpolation: str = Interpolation.LINEAR,
    normalisation: str | None = None,
    repetitions: int = 0,
    seed: int = 0,
    participant: str = "01",
    session: str = "01",
    progress: Progress | None = None,
) -> Radiomics:
    """Compute radiomic features of one image and write the table.

    Parameters
    ----------
    image
        NIfTI image. A CT (``contrast`` CT) is taken to hold HU; anything else arbitrary units.
    labels
        Label map on the image's voxels.
    convention
        What its numbers mean.
    out
        Table to write (``.tsv``). Its sidecar takes the same stem, the settings stand in ``…_settings.json``, the
        stability of features in ``…_stability.tsv``.
    second, lowest_vertebra, top_vertebra, transition, ignore_unknown
        As in ``measure``.
    contrast, posture
        Kind of the image and how the patient was held.
    structure
        Regions (values of Structure); all that are drawn where empty.
    family
        Feature families; all where empty.
    aggregation
        ``2D_avg``, ``2D_comb``, ``2_5D_avg``, ``2_5D_comb``, ``3D_avg`` or ``3D_comb``, as IBSI names them.
    bins, bin_width, intensity_range, outlier_sd, spacing, interpolation, normalisation
        As in RadiomicsSettings; 32 bins where neither ``bins`` nor ``bin_width`` is given.
    repetitions
        Times image and mask are disturbed to judge which features are stable; 0 leaves that out.
    seed
        Of the disturbances.
    participant, session
        BIDS labels for the table.
    progress
        Called with (done, total, what is done now).

    Raises
    ------
    InputError, FaultsError
        If z-rad is not installed or an input cannot be used; nothing is written then.
    OutputError
        If a file cannot be written.
    """
    require_engine()
    settings = RadiomicsSettings(
        aggregation=_chosen(Aggregation, aggregation, "aggregation"),
        bins=32 if bins is None and bin_width is None else bins,
        bin_width=bin_width,
        intensity_range=intensity_range,
        outlier_sd=outlier_sd,
        spacing_mm=spacing,
        interpolation=_chosen(Interpolation, interpolation, "interpolation"),
        normalisation=None if normalisation is None else _chosen(Normalisation, normalisation, "normalisation"),
        families=tuple(family),
    )
    structures = tuple(_chosen(Structure, word, "structure") for word in structure)
    if repetitions < 0:
        raise InputError("repetitions cannot be negative", expected="0 or more", got=str(repetitions))
    given = LabelInput(
        path=labels,
        convention=chosen_convention(convention),
        second=second,
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        transition=chosen_transition(transition),
        ignore_unknown=ignore_unknown,
    )
    segmentation = load_labels(given, Visit(participant=participant, session=session))[0].segmentation
    picture = _image_of(image, chosen_contrast(contrast))
    context = Context(posture=chosen_posture(posture), label_source=segmentation.spine.source)
    runs = _repeated(picture, segmentation, settings, structures, context, repetitions, seed, progress)
    stability = judge_stability({participant: runs}, agreement=agreement_icc) if repetitions else ()
    described = _described(picture, segmentation, settings) | {
        "inputs": {path.name: hash_file(path) for path in (image, labels, second) if path is not None},
        "repetitions": repetitions,
        "seed": seed,
    }
    files = [*write_measurements(runs[0], out, participant=participant, session=session)]
    files.append(write_json_atomic(described, out.with_name(f"{out.stem}_settings.json")))
    if stability:
        files.append(write_text_atomic(_stability_table(stability), out.with_name(f"{out.stem}_stability.tsv")))
    return Radiomics(results=runs[0], stability=stability, files=tuple(files))


def agreement_icc(values: NDArray[np.float64], owners: Sequence[str]) -> tuple[float, float | None]:
    """ICC(2,1) over repetitions with the lower end of its 95 % interval, by patients where there are several."""
    clusters = list(owners) if len(set(owners)) > 1 else None
    found = intraclass_correlation(values, clusters=clusters, resamples=1000).form("ICC(2,1)")
    return found.value, found.ci_low


def _repeated(
    image: Image,
    segmentation: Segmentation,
    settings: RadiomicsSettings,
    structures: tuple[Structure, ...],
    context: Context,
    repetitions: int,
    seed: int,
    progress: Progress | None,
) -> list[tuple[Result, ...]]:
    """Extract once from the image as it is, then from every disturbance of it."""
    disturbances = [None, *(draw_perturbations(repetitions, seed=seed) if repetitions else ())]

    def within(number: int) -> Progress | None:
        if progress is None:
            return None
        return lambda done, total, what: progress(number * total + done, total * len(disturbances), what)

    return [
        extract_radiomics(
            image,
            segmentation,
            settings=settings,
            structures=structures,
            context=context,
            perturbation=disturbance,
            progress=within(number),
        )
        for number, disturbance in enumerate(disturbances)
    ]


def _image_of(path: Path, contrast: Contrast) -> Image:
    """Read an image; a NIfTI file says nothing of its unit, and CT comes in HU."""
    image = replace(read_nifti_image(path), contrast=contrast)
    ct = contrast in {Contrast.CT, Contrast.CT_MYELOGRAPHY} and image.quantity is Quantity.ARBITRARY
    return replace(image, quantity=Quantity.HOUNSFIELD) if ct else image


def _described(image: Image, segmentation: Segmentation, settings: RadiomicsSettings) -> dict[str, Any]:
    """Everything that is needed to compute the same features again."""
    scale = scale_of(image, segmentation, chosen_normalisation(image, settings.normalisation))
    return {
        "software": {"lumbomics": __version__, "z-rad": require_engine()},
        "standard": "Image Biomarker Standardisation Initiative 1, doi 10.1148/radiol.2020191145",
        "settings": settings.as_json(),
        "normalisation": {entry.name: getattr(scale, entry.name) for entry in fields(scale)},
        "voxels": image.grid.describe(),
        "features": {
            feature.biomarker: {"ibsi": feature.ibsi, "family": feature.family, "name": feature.name}
            for feature in load_features().values()
            if not settings.families or feature.family in settings.families
        },
        "research_only": True,
    }


def _stability_table(stability: Sequence[FeatureStability]) -> str:
    columns = [entry.name for entry in fields(FeatureStability)]
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    table.writerow(["icc_2_1" if c == "value" else "icc_2_1_low" if c == "low" else c for c in columns])
    for row in stability:
        cells = [getattr(row, column) for column in columns]
        table.writerow(["n/a" if c is None else str(c).lower() if isinstance(c, bool) else c for c in cells])
    return text.getvalue()


def radiomics_as_json(found: Radiomics) -> dict[str, Any]:
    """Give counts, kept features and files as plain values: what ``--json`` prints."""
    measured = [result for result in found.results if isinstance(result, Measurement)]
    return {
        "measured": len(measured),
        "absent": len(found.results) - len(measured),
        "features": len({result.biomarker for result in found.results}),
        "regions": len({(r.method, r.level, r.side) for r in found.results}),
        "kept": sorted(f"{s.method}: {s.biomarker.removeprefix(PREFIX)}" for s in found.stability if s.kept),
        "judged": len(found.stability),
        "files": [path.name for path in found.files],
    }


def _chosen(kinds: type[E], word: str, what: str) -> E:
    values = [kind.value for kind in kinds]
    if word not in values:
        hint = did_you_mean(word, values, most=2)
        raise InputError(f"unknown {what}", expected=", ".join(values), got=repr(word), hint=hint)
    return kinds(word)
