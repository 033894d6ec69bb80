import stat
import threading

import pytest

from lumbomics.core.errors import InputError, OutputError, ReadError
from lumbomics.read import read_visit
from lumbomics.read.identity import pseudonym


def test_labels_count_up_and_stay(tmp_path):
    key = tmp_path / "keys" / "patients.tsv"
    assert [pseudonym(name, key) for name in ("A", "B", "A", "C", "B")] == ["01", "02", "01", "03", "02"]


def test_the_file_is_its_owner_s_alone_and_names_no_one(tmp_path):
    key = tmp_path / "patients.tsv"
    pseudonym("Muster^Maria", key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "muster" not in key.read_text().lower()


def test_two_files_hash_the_same_patient_differently(tmp_path):
    for name in ("a.tsv", "b.tsv"):
        pseudonym("A", tmp_path / name)
    first, second = ((tmp_path / name).read_text().splitlines()[2] for name in ("a.tsv", "b.tsv"))
    assert first != second


def test_runs_side_by_side_give_each_patient_one_label(tmp_path):
    key, labels = tmp_path / "patients.tsv", {}

    def enter(number):
        labels[number] = pseudonym(f"patient {number % 6}", key)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(labels.values())) == [f"{number:02d}" for number in range(1, 7)]
    assert all(labels[number] == labels[number % 6] for number in labels)
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("text", ["", "something else\n", "# salt 12\npatient_hmac_sha256\tparticipant\n"])
def test_a_file_of_another_kind_is_not_overwritten(tmp_path, text):
    key = tmp_path / "patients.tsv"
    key.write_text(text)
    with pytest.raises(ReadError, match="not a key file"):
        pseudonym("A", key)
    assert key.read_text() == text


def test_a_broken_row_is_refused(tmp_path):
    key = tmp_path / "patients.tsv"
    pseudonym("A", key)
    key.write_text(key.read_text() + "half a row\n")
    with pytest.raises(ReadError, match="row of the key file"):
        pseudonym("B", key)


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="key file"):
        pseudonym("A", tmp_path / "file" / "patients.tsv")


def test_the_visit_takes_its_label_from_the_key_file(t2_series, tmp_path):
    folder, _, _ = t2_series
    key = tmp_path / "patients.tsv"
    pseudonym("someone else", key)
    assert read_visit(folder, key_file=key).participant == "02"
    assert read_visit(folder, key_file=key).participant == "02"
    assert read_visit(folder, key_file=key, participant="P7", session="pre").prefix == "sub-P7_ses-pre"
    assert read_visit(folder).participant == "01"


def test_a_label_that_is_no_bids_label_is_refused(t2_series):
    with pytest.raises(InputError, match="BIDS label"):
        read_visit(t2_series[0], participant="a b")
