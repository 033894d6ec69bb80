import pytest

from lumbomics.registry.compare import Likeness, compare

TITLE = "Epidural fibrosis on contrast-enhanced MRI after lumbar discectomy: a cohort study"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": TITLE.upper() + "."},
        {"title": TITLE.replace(": ", " - ")},
        {"title": TITLE.replace("Epidural", "Epidral")},
        {"title": TITLE.replace("contrast-enhanced", "contrast enhanced").replace("after", "atfer"), "volume": ""},
        {"title": TITLE.replace("contrast-enhanced", "contrastenhanced"), "volume": ""},
        {"title": TITLE.replace("lumbar", "the lumbar"), "volume": ""},
        {"title": TITLE[:60] + "..."},
        {"authors": ("Mueller J",)},
        {"authors": ("Kim S", "Garcia Lopez M", "Muller J")},
        {"journal": "Eur Spine J", "year": 2011},
        {"journal": "", "volume": "", "start_page": ""},
        {"doi": "10.1000/x"},
    ],
)
def test_copies_as_sources_spoil_them_are_the_same(make, changes):
    assert compare(make(), make(**changes)).likeness is Likeness.SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"pmid": "1"}, {"pmid": "2"}),
        ({"title": TITLE + " part I"}, {"title": TITLE + " part II", "start_page": "130"}),
        ({"title": TITLE + ": 1-year results"}, {"title": TITLE + ": 2-year results", "start_page": ""}),
        ({}, {"title": "Erratum: " + TITLE}),
        ({}, {"title": "Letter to the editor: " + TITLE}),
        ({}, {"authors": ("Ross, J", "Masaryk, T"), "start_page": "9"}),
        ({}, {"year": 2016, "volume": "25", "start_page": "999"}),
        (
            {"doi": "10.1000/volume"},
            {"doi": "10.1000/volume", "title": "Something else altogether", "authors": ("Doe, J",)},
        ),
    ],
)
def test_traps_are_different(make, one, other):
    assert compare(make(**one), make(**other)).likeness is Likeness.DIFFERENT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"doi": "10.1101/1", "journal": "medRxiv", "volume": "", "start_page": ""}, {"doi": "10.1007/2"}),
        ({"kind": "Conference Abstract", "start_page": "S12"}, {}),
        ({"journal": "Global Spine Journal", "volume": "3", "start_page": "1"}, {}),
        ({"year": 2011, "volume": "20", "start_page": "77"}, {}),
        ({"year": None}, {}),
        ({"year": 2011, "journal": "", "volume": ""}, {}),
        ({"authors": (), "volume": ""}, {}),
        ({"title": "Low back pain", "volume": ""}, {"title": "Low back pain"}),
        ({"pmid": "1"}, {"pmid": "1", "title": "Quite another title, by a slip of the database", "volume": "3"}),
        ({"doi": "10.1000/x", "pmid": "1"}, {"doi": "10.1000/x", "pmid": "2"}),
        ({"doi": "10.1000/x"}, {"doi": "10.1000/x", "title": "Erratum: " + TITLE}),
        ({"title": "Narbengewebe im Spinalkanal nach Bandscheibenoperation"}, {}),
        ({"doi": "10.1000/abc.123"}, {"doi": "10.1000/abc.132"}),
        ({"title": TITLE + ". Part I"}, {}),
        ({"title": TITLE + " (327 patients)"}, {"title": TITLE + " (37 patients)"}),
        ({"title": TITLE + " in 2 of 5 discs"}, {"title": TITLE + " in 2 of"}),
        ({"start_page": "S12"}, {"start_page": "", "volume": ""}),
        ({}, {"authors": ("Ross, J", "Masaryk, T")}),
        ({}, {"authors": ("Ross, J", "Masaryk, T", "Kim, S"), "start_page": ""}),
        ({"title": TITLE + " in men", "volume": ""}, {"title": TITLE + " in women"}),
        ({"title": TITLE + " with metal", "volume": ""}, {"title": TITLE + " without metal"}),
        ({"title": TITLE + " of grade A", "volume": ""}, {"title": TITLE + " of grade B"}),
    ],
)
def test_what_may_be_either_is_left_to_a_person(make, one, other):
    assert compare(make(**one), make(**other)).likeness is Likeness.DOUBTFUL


def test_a_shared_pmid_or_doi_decides_over_spoilt_text(make):
    assert compare(make(pmid="7", doi="10.1/a"), make(pmid="7", doi="10.1/b", authors=())).likeness is Likeness.SAME
    spoilt = make(doi="10.1000/x", title="", authors=(), journal="", volume="", start_page="", year=None)
    verdict = compare(make(doi="10.1000/x"), spoilt)
    assert verdict.likeness is Likeness.SAME
    assert verdict.by_identifier


def test_a_cut_title_without_a_mark_is_never_merged_on_its_title(make):
    assert compare(make(), make(title=TITLE[:50])).likeness is Likeness.DOUBTFUL


def test_the_verdict_does_not_depend_on_which_record_comes_first(labelled):
    records, _ = labelled
    for one, other in zip(records[:400:3], records[1:401:3], strict=True):
        assert compare(one, other) == compare(other, one)
