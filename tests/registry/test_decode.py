import pytest

from lumbomics.core.errors import ReadError
from lumbomics.registry.decode import decode

TEXT = "Müller, Jörg\r\nGarcía\nÉtude — “Rückenmark”\n"
LINES = TEXT.replace("\r\n", "\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_every_usual_encoding_gives_the_same_text_without_a_fault(encoding):
    decoded = decode(TEXT.encode(encoding))
    assert decoded.text == LINES
    assert decoded.faults == ()


def test_latin_1_letters_are_read_as_such():
    assert decode("Müller\nGarcía".encode("latin-1")).text == "Müller\nGarcía"


def test_mixed_encodings_are_read_line_by_line_and_named():
    content = "Müller\nplain\nGarcía\n".encode() + "Björk\n".encode("latin-1")
    decoded = decode(content)
    assert decoded.text == "Müller\nplain\nGarcía\nBjörk\n"
    assert [(f.line, "mixed" in f.problem, f.lost) for f in decoded.faults] == [(4, True, False)]


def test_a_byte_order_mark_does_not_hide_lines_in_another_encoding():
    decoded = decode("Müller\nGarcía\n".encode("utf-8-sig") + "Björk\n".encode("latin-1"))
    assert decoded.text == "Müller\nGarcía\nBjörk\n"
    assert [f.line for f in decoded.faults] == [3]


def test_a_file_cut_within_a_letter_keeps_all_before_it():
    decoded = decode("eins\nzwei".encode("utf-16")[:-1])
    assert decoded.text == "eins\nzwe\ufffd"
    assert [f.line for f in decoded.faults] == [2]


def test_damage_from_before_is_named_and_left_as_it_is():
    decoded = decode("MÃ¼ller\nM\ufffdller\nMüller".encode())
    assert decoded.text == "MÃ¼ller\nM\ufffdller\nMüller"
    assert [f.line for f in decoded.faults] == [1, 2]


def test_a_byte_that_no_letter_has_is_reported_and_not_dropped():
    decoded = decode(b"a\nM\x81ller \xfc\n")
    assert decoded.text == "a\nM\ufffdller ü\n"
    assert [f.line for f in decoded.faults] == [2]


def test_a_stated_encoding_is_used_or_refused_with_the_line():
    assert decode("Müller".encode("cp850"), encoding="cp850").text == "Müller"
    with pytest.raises(ReadError, match="line 2"):
        decode("a\nMüller".encode("latin-1"), encoding="utf-8")
    with pytest.raises(ReadError, match="unknown encoding"):
        decode(b"a", encoding="klingon")


@pytest.mark.parametrize("content", [b"", b" \r\n\t", b"\x00\x00"])
def test_an_empty_file_is_refused(content):
    with pytest.raises(ReadError, match="empty"):
        decode(content)
