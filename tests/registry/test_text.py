# ruff: noqa: RUF001 (names as sources write them)
import pytest

from lumbomics.registry.text import (
    document_kind,
    family_name,
    find_doi,
    find_language,
    find_pmid,
    find_year,
    fold,
    markers_in,
    numbers_in,
    same_journal,
)


@pytest.mark.parametrize(
    "author", ["Müller, Jörg", "Mueller J", "Jörg Müller", "MÜLLER, J.", "Muller JA", "Müller J.-A."]
)
def test_all_spellings_of_one_name_give_one_family_name(author):
    assert family_name(author) == "muller"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("van der Berg, Anna", "Berg A"),
        ("García López, M", "Garcia Lopez M"),
        ("Sørensen, K", "Soerensen K"),
        ("Weiß É", "Weiss, Élodie"),
        ("O'Connor, P", "O’Connor P"),
        ("Yılmaz, A", "Yilmaz A"),
    ],
)
def test_particles_accents_and_apostrophes_do_not_part_a_family_name(one, other):
    assert family_name(one) == family_name(other)


def test_titles_lose_case_accents_markup_and_punctuation():
    assert fold("<i>In vivo</i> T<sub>2</sub>-Mapping: Étude №1") == "in vivo t2 mapping etude no1"


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("https://doi.org/10.1007/S00586-010-1234-5.", "10.1007/s00586-010-1234-5"),
        ("doi: 10.1016/S0140-6736(05)66780-7 [doi]", "10.1016/s0140-6736(05)66780-7"),
        ("(10.1000/abc)", "10.1000/abc"),
        ("https://dx.doi.org/10.1000%2Fabc", "10.1000/abc"),
        ("no identifier, 10.5 mm", ""),
    ],
)
def test_a_doi_is_found_in_all_its_dresses(text, doi):
    assert find_doi(text) == doi


def test_a_pmid_is_digits_only():
    assert find_pmid("PMID: 00123456") == "123456"
    assert find_pmid("S0140-6736") == ""
    assert find_pmid("12345678901") == ""


def test_years_and_languages_are_read_from_what_sources_write():
    assert find_year("2010/05/01/") == 2010
    assert find_year("Spring") is None
    assert find_year("120100") is None
    assert {find_language(x) for x in ("English", "eng", "EN", "English; French")} == {"eng"}
    assert find_language("Basque") == "basque"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("European Spine Journal", "Eur Spine J", True),
        ("Spine (Phila Pa 1976)", "Spine", True),
        ("AJNR Am J Neuroradiol", "American Journal of Neuroradiology", True),
        ("The Spine Journal", "Spine J", True),
        ("Spine", "The Spine Journal", False),
        ("European Spine Journal", "Global Spine Journal", False),
        ("Pain Medicine", "", None),
    ],
)
def test_abbreviated_journals_agree_with_whole_names_and_with_no_other(one, other, same):
    assert same_journal(one, other) is same
    assert same_journal(other, one) is same


def test_part_numbers_are_numbers_however_written():
    assert (
        numbers_in("imaging part i methods") == numbers_in("imaging part 1 methods") == numbers_in("imaging part one")
    )
    assert numbers_in("imaging of scars part ii") == {"2"}
    assert numbers_in("imaging of scars ii") == {"2"}
    assert numbers_in("i see no part") == frozenset()


def test_errata_and_letters_are_marked_and_ordinary_words_are_not():
    assert markers_in(fold("Erratum: MRI of scars")) == {"erratum"}
    assert markers_in(fold("Letter to the Editor concerning MRI of scars")) == {"comment"}
    assert markers_in(fold("Surgical correction of deformity: response to treatment")) == frozenset()


def test_the_kind_is_told_only_where_it_is_special():
    assert document_kind("JOUR; Conference Abstract", "Spine") == "abstract"
    assert document_kind("JOUR", "medRxiv") == "preprint"
    assert document_kind("Journal Article; Review", "Spine") == ""
