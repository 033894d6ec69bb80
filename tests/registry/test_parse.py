import pytest

from lumbomics.core.errors import ReadError

RIS = """1.
TY  - JOUR
T1  - Epidural fibrosis on MRI
A1  - Müller, Jörg
A1  - Kim, S.
Y1  - 2010/05/01/
JF  - European Spine Journal
VL  - 19
SP  - 0123-130
UR  - https://doi.org/10.1007/ABC
N1  - PMID: 123
LA  - English
N2  - A long abstract
that goes on.
ER  -

2.
TY  - JOUR
TI  - A record without an end
TY - CONF
TI - With a single blank
PY - 2011
ER -
stray words
"""


def test_ris_gives_every_field_under_one_name(read):
    record = read(RIS).records[0]
    assert record.title == "Epidural fibrosis on MRI"
    assert record.authors == ("Müller, Jörg", "Kim, S.")
    assert (record.year, record.volume, record.start_page) == (2010, "19", "123")
    assert (record.doi, record.pmid, record.language) == ("10.1007/abc", "123", "eng")
    assert record.abstract == "A long abstract that goes on."
    assert (record.id, record.line) == ("b-0001", 2)


def test_a_ris_record_without_an_end_is_set_aside_with_its_line_and_costs_no_other(read):
    parsed = read(RIS)
    assert [r.title for r in parsed.records] == ["Epidural fibrosis on MRI", "With a single blank"]
    assert [(f.line, f.lost) for f in parsed.faults] == [(18, True), (24, False)]
    assert "ER" in parsed.faults[0].problem


def test_ids_count_the_places_in_the_file_so_that_a_lost_record_shifts_none(read):
    assert [r.id for r in read(RIS).records] == ["b-0001", "b-0003"]


NBIB = """
PMID- 20000001
OWN - NLM
TI  - Recurrent disc herniation and
      scar on MRI.
PG  - 11-9
LID - 10.1000/xyz [doi]
FAU - García López, María
AU  - García López M
LA  - eng
PT  - Journal Article
PT  - Comparative Study
DP  - 2012 Mar-Apr
JT  - Spine
PMID- 20000002
TI  - Second, with no blank line before
AU  - Kim S
BROKEN

PMID- abc
TI  - No number

PMID- 20000004
TI  - Fourth
AU  - Kim S
COIS- The authors declare none.
CI  -
"""


def test_nbib_joins_lines_and_finds_doi_kinds_and_short_authors(read):
    first, last = read(NBIB).records
    assert first.title == "Recurrent disc herniation and scar on MRI."
    assert (first.pmid, first.doi, first.year, first.start_page) == ("20000001", "10.1000/xyz", 2012, "11")
    assert first.authors == ("García López, María",)
    assert first.kind == "Journal Article; Comparative Study"
    assert last.authors == ("Kim S",)


def test_nbib_records_with_a_broken_line_or_number_are_set_aside(read):
    assert [(f.line, f.lost) for f in read(NBIB).faults] == [(18, True), (20, True)]


BIBTEX = r"""@string{esj = "European Spine Journal"}
@article{a1, title={Fibrosis in {MRI} of the {S}pine}, author={M{\"u}ller, J. and Garc{\'i}a, B and others},
  year=2010, journal=esj, doi={10.1/x}, pages={12--19}}
@article{a1, title={Another under the same key}, author={Kim, S}, year=2011}
@article{broken, title={no end
@article{a3, title={Twice a year}, year={2012}, year={2013}}
@misc{a4, title = "Last", month=jan, eprint={77}, eprinttype={pubmed}}
"""


def test_bibtex_decodes_latex_strings_and_names(read):
    with pytest.raises(ReadError):
        read(BIBTEX, file_format="ris")
    first = read(BIBTEX.replace("10.1/x", "10.1000/x")).records[0]
    assert first.title == "Fibrosis in MRI of the Spine"
    assert first.authors == ("Müller, J.", "García, B")
    assert (first.journal, first.doi, first.start_page) == ("European Spine Journal", "10.1000/x", "12")


def test_bibtex_keys_given_twice_lose_nothing_and_broken_entries_are_named(read, caplog):
    parsed = read(BIBTEX)
    assert [r.title for r in parsed.records][1:] == ["Another under the same key", "Last"]
    assert parsed.records[-1].pmid == "77"
    assert [(f.line, f.lost) for f in parsed.faults] == [(5, True), (6, True)]
    assert not caplog.records


def test_tables_of_three_databases_are_understood(read):
    pubmed = 'PMID,Title,Authors,Journal/Book,Publication Year,DOI\n5,"A, b","Kim S, Lee JH.",Spine,2010,10.1000/q\n'
    scopus = 'Authors,Title,Year,Source title,Page start,DOI\n"Kim, S. (57); Lee, J.",T,2011,Spine,0045,\n'
    german = "Title;Author;Year\nDie Narbe;Anna Müller and Jörg Weiß;2012\n"
    assert read(pubmed).records[0].authors == ("Kim S", "Lee JH")
    assert (read(pubmed).records[0].title, read(pubmed).records[0].pmid) == ("A, b", "5")
    assert (read(scopus).records[0].authors, read(scopus).records[0].start_page) == (("Kim, S.", "Lee, J"), "45")
    assert read(german.encode("latin-1")).records[0].authors == ("Anna Müller", "Jörg Weiß")


def test_a_quotation_mark_left_open_costs_one_row_and_not_the_rest(read):
    parsed = read('Title,Year\n"One",2001\n"Two,2002\nThree,2003\n"Four\nlines",2004\nFive,2005\n')
    titles = [r.title for r in parsed.records]
    assert titles[0] == "One"
    assert {"Three", "Five"} <= set(titles)
    assert parsed.faults[0].line == 3
    assert parsed.faults[0].lost


def test_a_row_with_a_cell_too_many_is_set_aside(read):
    parsed = read("Title,Year\nOne,2001\nTwo,2002,x\nThree,2003\n")
    assert [r.line for r in parsed.records] == [2, 4]
    assert [(f.line, f.lost) for f in parsed.faults] == [(3, True)]


def test_a_table_without_a_known_column_is_refused_with_what_it_has(read):
    with pytest.raises(ReadError, match="Colour"):
        read("Colour,Shape\nred,round\n")


def test_records_without_title_and_identifier_are_set_aside_and_a_missing_title_is_told(read):
    parsed = read("Title,DOI\n,\nGood,\n,10.1000/x\n,\n")
    assert len(parsed.records) == 2
    assert [(f.line, f.lost) for f in parsed.faults] == [(4, False)]
    parsed = read("TY  - JOUR\nAU  - Kim\nER  -\nTY  - JOUR\nTI  - Good\nER  -\n")
    assert [(f.line, f.lost) for f in parsed.faults] == [(1, True)]


def test_a_year_in_the_future_is_told_and_kept(read):
    parsed = read("Title,Year\nNow,2026\nLater,2031\n")
    assert [r.year for r in parsed.records] == [2026, 2031]
    assert [f.line for f in parsed.faults] == [3]
    assert "2031" in parsed.faults[0].problem


def test_nothing_readable_is_an_error_that_names_what_was_tried(read):
    with pytest.raises(ReadError, match="no record could be read as ris"):
        read("TY  - JOUR\nTI  - cut")
    with pytest.raises(ReadError, match="unknown format"):
        read("x", file_format="docx")


def test_mixed_encodings_in_an_export_are_reported_and_every_name_is_right(read):
    one = "TY  - JOUR\nTI  - Eins\nAU  - Müller, J\nER  -\n".encode()
    two = "TY  - JOUR\nTI  - Zwei\nAU  - Weiß, É\nER  -\n".encode("latin-1")
    parsed = read(one + one + two)
    assert [r.authors[0] for r in parsed.records] == ["Müller, J", "Müller, J", "Weiß, É"]
    assert [f.line for f in parsed.faults] == [11]
