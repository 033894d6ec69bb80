import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from types import MappingProxyType

import numpy as np
import pytest

from lumbomics.core.grid import Grid
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Absent, Context, Measurement, Reason
from lumbomics.core.provenance import Decision, Provenance
from lumbomics.core.visit import Visit
from lumbomics.report import Profile, compose_report
from lumbomics.report.text import MINUS, value_text

VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Collects tags, attributes and text; complains about tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data + " "

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(visit_and_results):
    visit, results = visit_and_results
    curve = Profile(
        name="Canal area",
        unit="mm²",
        station_mm=np.arange(5.0),
        values=np.ones(5),
        marks=(("L3-L4", 2.0),),
    )
    provenance = Provenance(
        software=MappingProxyType({"lumbomics": "9.9"}),
        inputs=MappingProxyType({"acq-sag_T2w": "ab" * 32}),
        decisions=(Decision(what="posture", choice="supine", because="stated", by="operator", confidence=0.5),),
        started="2026-01-02T03:04:05+00:00",
    )
    return compose_report(
        visit, results, profiles={"acq-sag_T2w": [curve]}, provenance=provenance, faults=["the disc was full"]
    )


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_the_page_is_whole(page):
    assert page.open == []


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(html, page):
    names = {name for name, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "video", "base", "form"}
    assert all(attrs["src"].startswith("data:image/png;base64,") for attrs in page.all("img"))
    assert all(attrs["href"].startswith("#") for attrs in page.all("a"))
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert not re.search(r"@import|url\(|https?://", html)


def test_every_link_within_the_page_leads_somewhere(page):
    targets = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert {attrs["href"][1:] for attrs in page.all("a")} <= targets


def test_every_number_measured_stands_on_the_page(visit_and_results, html):
    cells = [
        unescape(re.sub(r"<[^>]+>.*", "", cell)).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", html, re.S)
    ]
    for result in visit_and_results[1]:
        if isinstance(result, Measurement):
            assert any(cell.startswith(value_text(result)) for cell in cells), result


def test_values_are_rounded_with_their_error_and_interval(html):
    assert f"{MINUS}12.3 ± 1.1" in html
    assert f"95 % CI {MINUS}14.5 to {MINUS}10.1 %" in html
    assert "43.2 ± 1.5°" in html
    assert re.search(r">0\.0 ± 0\.6<", html), "minus zero is printed as zero"


def test_left_and_right_stand_under_their_own_heading(html):
    table = html[html.index("Disc levels, foramina") :]
    row = re.search(r"<th scope=\"row\">L3-L4</th>(.*?)</tr>", table, re.S).group(1)
    assert re.findall(r"[\d.]+ ± [\d.]+", row) == ["18.2 ± 0.9", "20.8 ± 0.9"]
    assert table.index(">left<") < table.index(">right<")


def test_absences_are_listed_with_reason_obstacle_and_places(page):
    text = " ".join(page.text.split())
    assert "Structure not labelled (2)" in text
    assert "the disc is cut by the image's edge Intervertebral disc volume: L3-L4, L4-L5" in text
    assert "Outside the field of view (1)" in text


def test_a_value_outside_its_range_is_said_in_plain_words_and_never_called_abnormal(page):
    text = " ".join(page.text.split())
    assert f"Slip , quoted: {MINUS}5.0 to 5.0 % (adults; Meyerding 1932; Taillard ratio (recalled" in text
    assert f"L3-L4: {MINUS}12.3 ± 1.1 %, outside the quoted range (unverified)" in text
    assert "L4-L5: 97 ± 4 mm², outside the quoted range, by less than its error (unverified)" in text
    assert "abnormal" not in text.lower()
    assert "patholog" not in text.lower()


def test_a_standing_range_is_not_held_against_a_supine_value(page):
    assert "21.4 to 64.6°: asymptomatic adults, standing (unverified)" in " ".join(page.text.split())
    assert "Lordosis L1-L5 , quoted" not in page.text


def test_the_notice_the_numbering_and_the_provenance_are_there(page):
    text = " ".join(page.text.split())
    assert text.count("not a medical device") >= 2
    assert "assuming that the lowest vertebra above the sacrum is L5 (confidence 80%, alternative" in text
    assert "lumbomics 9.9" in text
    assert "ab" * 32 in text
    assert "the disc was full" in text
    assert "slice 4 of 18 is missing" in text
    assert "localiser: three slices in three planes" in text
    assert "echo time 102 ms" in text


def test_every_picture_says_what_it_shows_and_every_table_heading_its_scope(page):
    pictures = page.all("img")
    assert len(pictures) == 4
    assert all(len(attrs["alt"]) > 25 for attrs in pictures)
    assert all(attrs.get("scope") for attrs in page.all("th"))


def test_every_quantity_shown_is_defined_with_its_source(page):
    text = " ".join(page.text.split())
    assert "divided by that width, mean over a 10 mm mid-sagittal slab" in text
    assert "Schonstrom 1985/1988 thresholds (recalled, not yet checked)" in text


def test_text_from_outside_cannot_become_markup(visit_and_results):
    visit, _ = visit_and_results
    evil = "<script>alert(1)</script>"
    series = replace(visit.series[0], name=evil, faults=(evil,), segmentation=None)
    absent = Absent(biomarker=evil, reason=Reason.UNDEFINED, detail=evil, level=evil, context=Context(series=evil))
    value = Measurement(
        biomarker=evil, method=evil, unit=evil, category=evil, caution=evil, context=Context(series=evil)
    )
    page = compose_report(replace(visit, series=(series,), set_aside=((evil, evil),)), [absent, value], faults=[evil])
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 8


def test_a_report_of_absences_alone_is_honest(visit_and_results):
    visit, _ = visit_and_results
    missing = [
        Absent(
            biomarker="slip_percent", method="endplate_corner", level=level, reason=Reason.STRUCTURE_NOT_LABELLED,
            detail="no lumbar vertebra is labelled", context=Context(series="acq-sag_T2w"),
        )
        for level in ("L4-L5", "L5-S1")
    ]  # fmt: skip
    page = Page(compose_report(replace(visit, series=(replace(visit.series[0], segmentation=None),)), missing))
    text = " ".join(page.text.split())
    assert "0 values measured, 2 not assessable" in text
    assert "Nothing could be measured in this series" in text
    assert "no lumbar vertebra is labelled Slip percentage (signed) (Slip): L4-L5, L5-S1" in text
    assert page.all("img") == []


@pytest.mark.parametrize(("count", "folded"), [(40, False), (41, True)])
def test_a_long_list_of_values_is_folded_up_and_a_short_one_is_not(count, folded):
    values = [
        Measurement(biomarker="x", method=f"m{n}", unit="1", level="L4-L5", value=n, context=Context(series="s"))
        for n in range(count)
    ]
    page = compose_report(Visit(participant="X7"), values)
    assert ("<details>" in page) == folded
    assert page.count('title="m') == count


def test_labels_without_an_image_are_still_drawn(visit_and_results):
    visit, results = visit_and_results
    bare = Visit(participant="X7", session="02")
    page = Page(compose_report(bare, results, segmentations={"acq-sag_T2w": visit.series[0].segmentation}))
    text = " ".join(page.text.split())
    assert "Only labels were given" in text
    assert "No image series" in text
    assert len(page.all("img")) == 3


def test_an_empty_label_map_gives_a_page_without_pictures(visit_and_results):
    visit, _ = visit_and_results
    series = visit.series[0]
    empty = Labels(np.zeros(series.image.grid.shape, dtype=np.uint8), series.image.grid)
    page = compose_report(replace(visit, series=(replace(series, segmentation=Segmentation(spine=empty)),)), [])
    assert "No vertebra is labelled in this series" in page
    assert "<img" not in page


def test_one_sagittal_slice_is_not_shown_from_the_feet(visit_and_results):
    visit, _ = visit_and_results
    whole = visit.series[0].segmentation.spine
    _, rows, columns = whole.array.shape
    shift = np.eye(4)
    shift[0, 3] = 8
    one = Labels(whole.array[8:9], Grid((1, rows, columns), whole.grid.affine @ shift))
    maps = {"acq-sag_T2w": Segmentation(spine=one)}
    titles = [
        picture["alt"] for picture in Page(compose_report(Visit(participant="X7"), [], segmentations=maps)).all("img")
    ]
    assert titles
    assert not [title for title in titles if "Axial" in title]


def test_nothing_that_could_lead_back_to_a_person_is_printed(visit_and_results):
    visit, results = visit_and_results
    series = visit.series[0]
    framed = Grid(series.image.grid.shape, series.image.grid.affine, "1.2.840.99.7.6.5")
    image = replace(series.image, grid=framed)
    named = replace(series, image=image, segmentation=None, facts=(("InstitutionName", "Hospital of Nowhere"),))
    page = compose_report(replace(visit, series=(named,)), results)
    assert "1.2.840.99" not in page
    assert "Nowhere" not in page


def test_the_same_visit_gives_the_same_bytes(visit_and_results):
    visit, results = visit_and_results
    alone = replace(visit, series=(replace(visit.series[0], segmentation=None),))
    assert compose_report(alone, results) == compose_report(alone, results)
