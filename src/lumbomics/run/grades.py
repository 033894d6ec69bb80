"""Grades of worn discs from one or two sagittal images, without a study around them: ``lumbomics grade``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lumbomics.core.errors import InputError
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Segmentation
from lumbomics.core.measurement import Context, Result
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, MeasureOptions, describe_spine, measure_examination
from lumbomics.measure.degeneration.align import aligned_by_levels
from lumbomics.measure.examined import T2_CONTRASTS
from lumbomics.read import read_nifti_image
from lumbomics.run.choices import chosen_contrast
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.segment.protocol import Segmenter
from lumbomics.write import write_measurements

GRADED = ("pfirrmann_disc_grade", "modic_type", "herniation_type", "high_intensity_zone")
"""Biomarkers that a sagittal slice shows."""


def grade_discs(
    t2: Path | str,
    *,
    t1: Path | str | None = None,
    contrast: str = "T2w",
    out: Path | str | None = None,
    weights: Path | str | None = None,
    minimum_numbering_confidence: float = 0.0,
    participant: str = "01",
    session: str = "01",
) -> tuple[Result, ...]:
    """Grade every disc of a sagittal T2 image, one slice or many.

    Labels come from the built-in network. A T1 image is laid over the T2 by the levels drawn in each, so neither file
    need state where it lies. Levels are counted from the lowest drawn disc, which is called L5-S1.

    Parameters
    ----------
    t2
        NIfTI file, sagittal.
    t1
        NIfTI file, sagittal, of the same patient; with it, marrow is graded from both.
    contrast
        ``T2w`` or ``T2w_SPACE``.
    out
        Table to write (``.tsv``).
    weights
        Folder of other network weights.
    minimum_numbering_confidence
        Values are Absent where the network is less sure of the level numbers. Here 0: grades are wanted by position.
    participant, session
        BIDS labels for the table.

    Returns
    -------
    tuple of Measurement or Absent
        Grades and findings of every disc.

    Raises
    ------
    InputError
        If an image cannot be used.
    SegmentationError
        If no spine is found.
    NotMeasurableError
        If the T1 image cannot be laid over the T2.
    OutputError
        If the table cannot be written.
    """
    kind = chosen_contrast(contrast)
    if kind not in T2_CONTRASTS:
        raise InputError("discs are graded on T2", expected="T2w or T2w_SPACE", got=contrast, where="contrast")
    segmenter = BuiltinSegmenter(weights=None if weights is None else Path(weights))
    image = replace(read_nifti_image(Path(t2)), contrast=kind)
    other = None if t1 is None else replace(read_nifti_image(Path(t1)), contrast=Contrast.T1)
    results = grade_images(image, other, segmenter, minimum_numbering_confidence=minimum_numbering_confidence)
    if out is not None:
        write_measurements(results, Path(out), participant=participant, session=session)
    return results


def grade_images(
    t2: Image, t1: Image | None, segmenter: Segmenter, *, minimum_numbering_confidence: float = 0.0
) -> tuple[Result, ...]:
    """Grade images that are already read; arguments and errors as in ``grade_discs``."""
    drawn = segmenter.segment(t2).segmentation
    scans = [Scan(name="T2", image=t2, plane=Plane.SAGITTAL)]
    if t1 is not None:
        scans.append(Scan(name="T1", image=_laid_over(t1, drawn, segmenter), plane=Plane.SAGITTAL))
    options = MeasureOptions(minimum_numbering_confidence=minimum_numbering_confidence)
    examined = ExaminedSpine(
        spine=describe_spine(drawn, options=options),
        examination=Examination(segmentation=drawn, scans=tuple(scans)),
    )
    context = Context(label_source=drawn.spine.source)
    return measure_examination(examined, only=GRADED, context=context)


def _laid_over(t1: Image, drawn: Segmentation, segmenter: Segmenter) -> Image:
    own = segmenter.segment(t1).segmentation.spine
    return replace(t1, grid=aligned_by_levels(own, drawn.spine))
