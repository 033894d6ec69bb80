from types import MappingProxyType

import pytest

from lumbomics.core.errors import OutputError, ReadError
from lumbomics.core.provenance import Decision, Provenance
from lumbomics.write import is_complete, read_run_manifest, write_run_manifest, write_text_atomic

INPUTS = {"a.dcm": "00"}
PROVENANCE = Provenance(
    software=MappingProxyType({"lumbomics": "0.1.0"}),
    inputs=MappingProxyType(INPUTS),
    decisions=(Decision(what="contrast", choice="T2w", because="TE 100 ms", confidence=0.9),),
    started="2026-01-01T00:00:00+00:00",
    finished="2026-01-01T00:01:00+00:00",
)


@pytest.fixture
def visit(tmp_path):
    made = [write_text_atomic("1", tmp_path / "a.tsv"), write_text_atomic("2", tmp_path / "anat" / "b.json")]
    write_run_manifest(tmp_path, provenance=PROVENANCE, files=made, options={"slab_mm": 10}, faults=["slice 3 missing"])
    return tmp_path


def test_the_record_comes_back_as_it_was(visit):
    record = read_run_manifest(visit)
    assert record.provenance == PROVENANCE
    assert record.faults == ("slice 3 missing",)
    # SHA-256 of the one-byte text "1", by sha256sum
    assert record.files["a.tsv"] == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
    assert set(record.files) == {"a.tsv", "anat/b.json"}


def test_a_visit_with_all_files_unchanged_is_complete(visit):
    assert is_complete(visit, inputs=INPUTS, options={"slab_mm": 10})


@pytest.mark.parametrize("question", [{"inputs": {"a.dcm": "01"}}, {"inputs": {}}, {"options": {"slab_mm": 8}}])
def test_other_inputs_or_options_make_a_visit_incomplete(visit, question):
    assert not is_complete(visit, **question)


def test_a_changed_or_missing_file_makes_a_visit_incomplete(visit):
    (visit / "anat" / "b.json").write_text("3")
    assert not is_complete(visit)
    (visit / "anat" / "b.json").unlink()
    assert not is_complete(visit)


@pytest.mark.parametrize("content", [None, "", "{}", '{"files": 3'])
def test_without_a_readable_record_a_visit_is_incomplete(tmp_path, content):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    assert not is_complete(tmp_path)
    with pytest.raises(ReadError):
        read_run_manifest(tmp_path)


def test_a_file_outside_the_visit_or_missing_is_refused(visit, tmp_path_factory):
    elsewhere = write_text_atomic("x", tmp_path_factory.mktemp("other") / "x")
    with pytest.raises(OutputError, match="outside"):
        write_run_manifest(visit, provenance=PROVENANCE, files=[elsewhere])
    with pytest.raises(OutputError, match="missing"):
        write_run_manifest(visit, provenance=PROVENANCE, files=[visit / "none"])
