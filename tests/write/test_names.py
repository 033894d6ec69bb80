from pathlib import Path

import pytest

from lumbomics.core.errors import InputError
from lumbomics.core.visit import Visit
from lumbomics.write import bids_path, visit_path

VISIT = Visit(participant="01", session="03")


def test_the_sources_suffix_moves_into_acq():
    path = bids_path("out", VISIT, "acq-sag_T2w", seg="spine", desc="auto")
    name = "sub-01_ses-03_acq-sagT2w_space-orig_seg-spine_desc-auto_dseg.nii.gz"
    assert path == Path("out/sub-01/ses-03/anat") / name


def test_entities_are_brought_into_the_order_of_bids():
    path = bids_path("out", VISIT, "run-2_acq-sag_ce-gadolinium_T1w", space=None, label="canal", suffix="mask")
    assert path.name == "sub-01_ses-03_acq-sagT1w_ce-gadolinium_run-2_label-canal_mask.nii.gz"


@pytest.mark.parametrize("series", ["", "a b", "<script>", "../x_T2w", "acq-sag_", "task-rest_bold"])
def test_names_outside_bids_are_refused(series):
    with pytest.raises(InputError):
        bids_path("out", VISIT, series, seg="spine")


def test_an_entity_with_a_stroke_is_refused():
    with pytest.raises(InputError, match="desc"):
        bids_path("out", VISIT, "T2w", desc="by-hand")


def test_files_of_the_whole_visit_lie_in_its_folder():
    assert visit_path("out", VISIT, "report.html") == Path("out/sub-01/ses-03/sub-01_ses-03_report.html")
