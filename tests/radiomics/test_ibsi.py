"""The digital phantom of the Image Biomarker Standardisation Initiative, through our interface."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Measurement
from lumbomics.radiomics import (
    Aggregation,
    Normalisation,
    RadiomicsSettings,
    Structure,
    extract_radiomics,
    load_features,
)
from lumbomics.read import read_nifti_image, read_nifti_labels

pytest.importorskip("zrad", reason="z-rad is not installed")
RealFile = Callable[[str], Path]


@pytest.fixture(scope="module")
def references(real_file: RealFile) -> list[dict[str, str]]:
    with real_file("ibsi/digital_phantom_reference_values.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def computed(real_file: RealFile) -> dict[str, float]:
    """Every value by IBSI's full tag, suffix of aggregation included."""
    image = read_nifti_image(real_file("ibsi/digital_phantom/phantom.nii.gz"))
    mask = read_nifti_labels(real_file("ibsi/digital_phantom/mask.nii.gz"))
    drawn = (mask.array > 0).astype(np.uint8)
    # The mask fills the image up to its edge, where shapes are withheld; a rim of one voxel makes it a whole shape.
    padded = np.pad(drawn, 1)
    grid = type(image.grid)(padded.shape, _moved(image.grid.affine))
    whole = Image(np.pad(image.array, 1, mode="constant"), grid)
    sac = Segmentation(spine=Labels(np.zeros(grid.shape, np.uint8), grid), dural_sac=Labels(padded, grid))
    return dict(_every(Image(image.array, image.grid), drawn, whole, sac))


def _moved(affine: np.ndarray) -> np.ndarray:
    moved = affine.copy()
    moved[:3, 3] -= affine[:3, :3].sum(axis=1)
    return moved


def _every(bare: Image, drawn: np.ndarray, whole: Image, sac: Segmentation) -> Iterator[tuple[str, float]]:
    tags = {feature.biomarker: feature for feature in load_features().values()}
    inside = Segmentation(
        spine=Labels(np.zeros(bare.grid.shape, np.uint8), bare.grid), dural_sac=Labels(drawn, bare.grid)
    )
    for aggregation in Aggregation:
        settings = RadiomicsSettings(
            aggregation=aggregation,
            bins=None,
            bin_width=1.0,
            intensity_range=(1.0, np.inf),
            normalisation=Normalisation.NONE,
            ivh_bins=None,
        )
        for image, labels, peaks in ((whole, sac, False), (bare, inside, True)):
            for result in extract_radiomics(image, labels, settings=settings, structures=(Structure.DURAL_SAC,)):
                feature = tags[result.biomarker]
                # A local peak averages what lies around the region, so it needs the image without the rim.
                if isinstance(result, Measurement) and (feature.family == "local_intensity") == peaks:
                    assert result.value is not None
                    directed = feature.family in {"glcm", "glrlm"}
                    textured = feature.family in {"glszm", "gldzm", "ngtdm", "ngldm"}
                    suffix = f"_{aggregation}" if directed else f"_{aggregation.dimension}" if textured else ""
                    yield feature.tag + suffix, result.value


@pytest.mark.realdata
def test_every_value_of_the_digital_phantom_is_reached(
    references: list[dict[str, str]], computed: dict[str, float]
) -> None:
    wrong = [
        f"{row['tag']}: {computed.get(row['tag'])} for {row['value']} ± {row['tolerance']}"
        for row in references
        if row["tag"] not in computed
        or abs(float(f"{computed[row['tag']]:.3g}") - float(row["value"])) > float(row["tolerance"]) + 1e-9
    ]
    assert len(references) == 482
    assert not wrong, "\n".join(wrong)


@pytest.mark.realdata
def test_tags_and_ids_are_those_of_the_standard(references: list[dict[str, str]]) -> None:
    assert {row["tag_base"]: row["ibsi_id"] for row in references} == {
        tag: feature.ibsi for tag, feature in load_features().items()
    }
