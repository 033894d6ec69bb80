"""pydicom's own collection of odd files: each gives a series or a clear fault, and no one is named."""

import re
from pathlib import Path

import pydicom
import pytest

from lumbomics.core.errors import LumbomicsError
from lumbomics.read import read_visit

FOLDER = Path(pydicom.__file__).parent / "data"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"})
READ = {
    "693_J2KI.dcm": (512, 512, 1),
    "CT_small.dcm": (128, 128, 1),
    "J2K_pixelrep_mismatch.dcm": (512, 512, 1),
    "MR_small.dcm": (64, 64, 1),
    "MR_small_RLE.dcm": (64, 64, 1),
    "MR_small_bigendian.dcm": (64, 64, 1),
    "MR_small_expb.dcm": (64, 64, 1),
    "MR_small_implicit.dcm": (64, 64, 1),
    "MR_small_jp2klossless.dcm": (64, 64, 1),
    "MR_small_jpeg_ls_lossless.dcm": (64, 64, 1),
    "MR_small_padded.dcm": (64, 64, 1),
    "examples_overlay.dcm": (484, 300, 1),
}


def names_in(path):
    """Words of the patient's name and identifier, as far as the file can be parsed at all."""
    try:
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        text = f"{dataset.get('PatientName', '')} {dataset.get('PatientID', '')}"
    except Exception:
        return []
    return [word for word in re.split(r"[\s^=,]+", text.lower()) if len(word) > 4]


@pytest.mark.filterwarnings("ignore:::pydicom")
def test_every_odd_file_gives_a_series_or_a_clear_fault_that_names_no_one():
    outcomes = {}
    for path in FILES:
        try:
            visit = read_visit(path)
        except LumbomicsError as error:
            said, outcomes[path.name] = str(error), None
        else:
            said = repr(
                (visit.participant, visit.set_aside, [(s.name, s.facts, s.faults, s.kind) for s in visit.series])
            )
            outcomes[path.name] = visit.series[0].image.grid.shape
        known = [word for word in names_in(path) if word in said.lower()]
        assert not known, path.name
    assert len(FILES) > 100
    assert {name: outcomes[name] for name in READ} == READ


@pytest.mark.parametrize("name", ["RLE", "bigendian", "expb", "implicit", "jp2klossless", "jpeg_ls_lossless", "padded"])
def test_one_picture_in_many_codings_has_the_same_values(name):
    plain, coded = (read_visit(FOLDER / "test_files" / f).series[0] for f in ("MR_small.dcm", f"MR_small_{name}.dcm"))
    assert (plain.image.array == coded.image.array).all()
    assert plain.image.grid.same_place(coded.image.grid)


def test_the_disc_with_several_patients_is_refused_with_their_number():
    with pytest.raises(LumbomicsError, match=r"expected 1 patient; got \d+ patients"):
        read_visit(FOLDER / "test_files" / "dicomdirtests")
