"""Which levels get a part, and what stands in it."""

import re
from dataclasses import replace
from html import unescape

import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import Operation, Surgery
from lumbomics.core.measurement import Absent, Measurement, Reason
from lumbomics.core.visit import Visit
from lumbomics.report import compose_report
from lumbomics.report.postoperative import ExaminedVisit, compare_visits, postoperative_sections
from lumbomics.report.postoperative.figures.foramina import Foramen
from lumbomics.report.postoperative.pictures import shown_parts
from lumbomics.report.postoperative.words import load_words
from lumbomics.report.text import value_text


@pytest.fixture(scope="module")
def part(examination, results):
    return postoperative_sections(examination, results)


def titles(page):
    return [picture.title.split(": ")[1] for picture in page.pictures]


def test_an_operated_level_gets_its_part_with_all_pictures(part):
    (page,) = part.pages
    assert page.level == "L4-L5"
    assert page.operations == ("Discectomy on the right, 8.0 months before this examination",)
    assert titles(page) == [
        "from the side",
        "canal before and after contrast medium",
        "epidural fibrosis by quadrant",
        "dural sac and roots",
        "foramina",
        "muscles beside the spine",
    ]
    assert page.notes == ()
    assert part.notes == ()


def test_findings_and_what_could_not_be_judged_are_counted(part):
    (page,) = part.pages
    assert page.not_judged == 1
    assert page.judged == sum(bool(row.finding) for _, rows in page.summary for row in rows) > 5


def test_findings_and_open_questions_head_the_part(part, html):
    (page,) = part.pages
    assert [(row.name, row.side) for row in page.findings] == [("Epidural fibrosis in front", "on the right")]
    assert [row.name for row in page.unanswered] == ["Dural sac"]
    head = html[html.index('class="twin"') : html.index("<thead>")]
    assert "Epidural fibrosis in front on the right:</strong> scar fills 50 to 75 %" in head
    assert "Dural sac on both sides:</strong> Hidden by metal" in head


def test_no_finding_is_told_with_what_could_not_be_judged(examination, results):
    rest = [r for r in results if not (isinstance(r, Measurement) and r.biomarker.startswith("ross"))]
    html = compose_report(Visit(participant="X7"), rest, examination=examination)
    assert "No finding among the 3 questions that could be judged; 1 could not be." in html


def test_a_caution_that_came_with_many_values_is_told_once(examination, results):
    early = [replace(r, caution="scar is not mature") if isinstance(r, Measurement) else r for r in results]
    part = postoperative_sections(examination, early)
    assert part.pages[0].cautions == ("scar is not mature",)
    page = compose_report(Visit(participant="X7"), early, examination=examination)
    table = page[page.index('id="operated-L4-L5"') : page.index('id="series-1"')]
    assert table.count("scar is not mature") == 1


def test_without_contrast_medium_the_part_says_so(examine, results):
    found = examine(contrasts=("acq-ax_T2w", "acq-ax_T1w"))
    (page,) = postoperative_sections(found, results).pages
    assert any("scar and disc cannot be told apart" in note for note in page.notes)


def test_fat_suppression_on_one_side_only_is_told(examine, results):
    (page,) = postoperative_sections(examine(suppressed=("acq-ax_ce-gadolinium_T1w",)), results).pages
    assert any("a subtraction would show fat" in note for note in page.notes)


def test_a_stack_that_misses_the_level_leaves_words_and_no_picture(examine, results):
    (page,) = postoperative_sections(examine(bottom_z=20.0), results).pages
    assert titles(page) == ["from the side", "epidural fibrosis by quadrant", "foramina"]
    assert any("No axial slice passes through L4-L5" in note for note in page.notes)


def test_unknown_operations_show_the_levels_with_a_finding_and_say_that_nobody_told(examine, results):
    part = postoperative_sections(examine(operations=()), results)
    assert [page.level for page in part.pages] == ["L4-L5"]
    assert part.pages[0].operations == ("Operation not told",)
    assert "was not told" in part.notes[0]


def test_nothing_told_and_nothing_found_is_no_all_clear(examine):
    part = postoperative_sections(examine(operations=()), [])
    assert part.pages == ()
    assert "must not be read as" in part.notes[0]


def test_an_operated_level_that_is_not_labelled_is_named_not_dropped(examine, results):
    found = examine(operations=(Operation(level="L5-S1", kind=Surgery.FUSION),))
    (page,) = postoperative_sections(found, results).pages
    assert page.level == "L5-S1"
    assert page.operations == ("Fusion, date not told",)
    assert page.notes == ("L5-S1 is not among the labelled levels: nothing can be shown of it.",)


def test_series_left_out_are_told_with_their_reason(examine, results):
    found = examine(left_out=(("acq-ax_ce-gadolinium_T1w", "another date"),))
    assert "acq-ax_ce-gadolinium_T1w: another date" in postoperative_sections(found, results).notes[0]


def test_two_visits_show_pictures_and_the_error_of_the_difference(examination, made):
    before = [made("sac_traction", "towards_tissue", "mm", side=Side.RIGHT, value=1.0, se=0.3)]
    after = [made("sac_traction", "towards_tissue", "mm", side=Side.RIGHT, value=2.0, se=0.4)]
    found = compare_visits(
        ExaminedVisit(examination=examination, results=before),
        ExaminedVisit(examination=examination, results=after),
        "L4-L5",
    )
    (change,) = found.changes
    assert (change.previous, change.present, change.difference) == ("1.0 ± 0.3 mm", "2.0 ± 0.4 mm", "1.0 ± 0.5 mm")
    assert change.verdict == "beyond 1.96 standard errors", "1.0 > 1.96 x 0.5 = 0.98"
    assert found.picture is not None
    assert found.notes == ()


def test_other_methods_sides_and_definitions_are_not_compared(examination, made):
    one = made("sac_traction", "towards_tissue", "mm", side=Side.RIGHT, value=1.0)
    others = [
        replace(one, method="another"), replace(one, side=Side.LEFT), replace(one, definition_version="2"),
        replace(one, level="L3-L4"),
    ]  # fmt: skip
    visits = [ExaminedVisit(examination=examination, results=found) for found in ([one], others)]
    assert compare_visits(*visits, "L4-L5").changes == ()


def test_visits_without_a_common_series_have_no_picture_and_say_so(examine, results):
    earlier, later = examine(contrasts=("acq-ax_T2w",)), examine(contrasts=("acq-ax_T1w",))
    found = compare_visits(
        ExaminedVisit(examination=earlier, results=results), ExaminedVisit(examination=later, results=results), "L4-L5"
    )
    assert found.picture is None
    assert "no series of the same kind" in found.notes[0]


@pytest.fixture(scope="module")
def html(examination, results):
    previous = ExaminedVisit(examination=examination, results=results)
    visit = Visit(participant="X7")
    return compose_report(visit, results, examination=examination, previous=previous)


def test_the_report_holds_the_part_with_every_number_and_its_method(html, results, part):
    table = html[html.index('id="operated-L4-L5"') : html.index('id="series"')]
    text = unescape(re.sub(r"<[^>]+>", " ", table))
    told = [value for _, rows in part.pages[0].summary for row in rows for value in row.values]
    assert len(told) == 7
    for value in told:
        assert value.value in text
        assert value.method in text
    fibrosis = next(r for r in results if r.method == "anterior_epidural_max" and r.side is Side.RIGHT)
    assert value_text(replace(fibrosis, category=None)) in text


def test_not_assessable_stands_in_the_column_of_findings(html):
    row = re.search(r'<tr class="unjudged"><th scope="row">Dural sac on both sides</th>\s*<td>(.*?)</td>', html, re.S)
    assert "Not assessable" in row.group(1)
    assert "Hidden by metal" in row.group(1)


def test_the_part_of_two_visits_has_one_more_picture_and_a_table(html):
    assert "this visit beside the previous one" in html
    assert "This visit beside the previous one" in html


def test_a_series_measured_with_the_labels_of_another_says_so(html, examination, results):
    assert "No vertebra is labelled in this series" not in html
    assert "the labels of another series of the visit" in html
    assert "No vertebra is labelled in this series" in compose_report(Visit(participant="X7"), results)


def test_without_an_examination_the_report_is_as_before(results):
    html = compose_report(Visit(participant="X7"), results)
    assert 'id="operated"' not in html


def test_what_could_be_judged_in_part_heads_the_part_beside_what_could_not(examination, results):
    absent = Absent(
        biomarker="herniation_volume",
        method="volume",
        level="L4-L5",
        reason=Reason.RESOLUTION_TOO_COARSE,
        detail="slices too thick",
    )
    drawn = Measurement(
        biomarker="herniation_type",
        method="fardon_2014_displaced_map",
        unit="{type}",
        level="L4-L5",
        value=1.0,
        category="protrusion",
        caution="rests on a drawing",
    )
    (page,) = postoperative_sections(examination, [*results, drawn, absent]).pages
    assert "Displaced disc" in [row.name for row in page.partial]
    html = compose_report(Visit(participant="01"), [*results, drawn, absent], examination=examination)
    box = re.search(r'<div class="unjudged">.*?</div>', html, re.DOTALL)[0]
    assert "Displaced disc, in part:" in box
    found = re.search(r'<div class="judged">.*?</div>', html, re.DOTALL)[0]
    assert "rests on a drawing" in found


def _caption(page, title):
    return next(shown for shown in page.pictures if shown.title.endswith(title)).caption


def test_the_caption_of_the_foramina_says_what_was_measured_and_which_are_shown(examination, results):
    (page,) = postoperative_sections(examination, results).pages
    assert "both foramina" in _caption(page, "foramina")
    assert "Orange" in _caption(page, "foramina")
    one = [r for r in results if r.biomarker != "lee_foraminal_grade" or r.side is Side.RIGHT]
    (page,) = postoperative_sections(examination, one).pages
    assert "the right foramen" in _caption(page, "foramina")
    assert "both" not in _caption(page, "foramina")


def test_the_caption_names_no_colour_of_what_was_not_measured():
    shown = shown_parts([], [Foramen(side=Side.LEFT, slice=None)], load_words())
    assert "Orange" not in shown["measured"]
    assert "Nothing was measured" in shown["measured"]
    assert "left foramen" in shown["foramina"]


def test_the_wheel_explains_hatching_only_where_there_is_some(examination, results):
    (page,) = postoperative_sections(examination, results).pages
    assert "Hatched" not in _caption(page, "quadrant")
    fewer = [r for r in results if not (r.method or "").startswith("anterior_epidural") or r.side is Side.RIGHT]
    (page,) = postoperative_sections(examination, fewer).pages
    assert "Hatched" in _caption(page, "quadrant")
