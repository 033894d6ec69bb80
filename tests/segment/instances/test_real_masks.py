"""Semantic masks of real patients, whose discs a radiologist counted."""

from __future__ import annotations

import csv

import nibabel
import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.segment.instances import split

# a thin lowest disc steep to the line, the same drawn in two pieces, a scoliosis that leaves the middle slice
PATIENTS = ("034", "078", "234")


@pytest.mark.realdata
@pytest.mark.parametrize("patient", PATIENTS)
def test_as_many_discs_are_found_as_were_graded(tools, real_file, patient: str) -> None:
    _, semantic = tools
    with real_file("spider-midsag/gradings.csv").open() as table:
        graded = sum(int(row["Patient"]) == int(patient) for row in csv.DictReader(table))
    mask = nibabel.load(real_file(f"spider-t2space/sub-{patient}_dseg.nii.gz"))
    array = np.asarray(mask.dataobj).astype(np.uint8)
    result = split(semantic(array, Grid(array.shape, mask.affine))).segmentation
    assert len(result.spine.discs) == graded
    assert result.spine.vertebrae[-1] == 24
    assert result.numbering.confidence > 0.9
