"""One label map to a table: ``lumbomics measure``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lumbomics.core.errors import GridMismatchError
from lumbomics.core.image import Image
from lumbomics.core.measurement import Context, Result
from lumbomics.core.visit import Visit
from lumbomics.measure import measure
from lumbomics.read import read_nifti_image
from lumbomics.run.choices import chosen_contrast, chosen_convention, chosen_posture, chosen_transition
from lumbomics.run.labels import LabelInput, load_labels
from lumbomics.write import write_measurements


def measure_labels(
    labels: Path,
    *,
    convention: str,
    out: Path,
    image: Path | None = None,
    second: Path | None = None,
    lowest_vertebra: str | None = None,
    top_vertebra: str | None = None,
    transition: str | None = None,
    ignore_unknown: bool = False,
    contrast: str | None = None,
    posture: str | None = None,
    biomarker: Sequence[str] = (),
    participant: str = "01",
    session: str = "01",
) -> tuple[Result, ...]:
    """Measure one label map and write the table.

    Parameters
    ----------
    labels
        NIfTI label map.
    convention
        What its numbers mean.
    out
        Table to write (``.tsv``); its sidecar takes the same stem.
    image
        Image the labels were drawn on; needed by signal measurements only.
    second
        Semantic map beside an instance map.
    lowest_vertebra, top_vertebra
        Lowest or uppermost vertebra, where a convention counts from there.
    transition
        Transitional anatomy that was seen (a value of Transition).
    ignore_unknown
        Leave out label values that the convention does not know instead of refusing them.
    contrast
        Kind of the image (a value of Contrast), which a bare NIfTI file does not tell.
    posture
        How the patient was held (a value of Posture).
    biomarker
        Catalogue ids; all where empty.
    participant, session
        BIDS labels for the table.

    Returns
    -------
    tuple of Measurement or Absent
        One for every quantity, level and side.

    Raises
    ------
    InputError
        If an input cannot be used; nothing is written then.
    OutputError
        If the table cannot be written.
    """
    visit = Visit(participant=participant, session=session)
    given = LabelInput(
        path=labels,
        convention=chosen_convention(convention),
        second=second,
        lowest_vertebra=lowest_vertebra,
        top_vertebra=top_vertebra,
        transition=chosen_transition(transition),
        ignore_unknown=ignore_unknown,
    )
    loaded = load_labels(given, visit)[0]
    picture = None if image is None else _image_of(image, contrast)
    if picture is not None and not picture.grid.shares_lattice(loaded.segmentation.spine.grid):
        raise GridMismatchError(
            "label map and image do not share their voxels",
            expected=picture.grid.describe(),
            got=loaded.segmentation.spine.grid.describe(),
            where="label map",
            hint="resample the label map to the image (nearest neighbour), or give the image it was drawn on",
        )
    context = Context(posture=chosen_posture(posture), label_source=loaded.segmentation.spine.source)
    results = measure(loaded.segmentation, image=picture, only=tuple(biomarker) or None, context=context)
    write_measurements(results, out, participant=participant, session=session)
    return results


def _image_of(path: Path, contrast: str | None) -> Image:
    image = read_nifti_image(path)
    return Image(image.array, image.grid, image.quantity, chosen_contrast(contrast))
