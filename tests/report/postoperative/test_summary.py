"""The words: made by rules, with the numbers behind them, and what could not be judged in the same place."""

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from importlib.resources import files

import pytest

from lumbomics.catalogue import load_quantities
from lumbomics.core.anatomy import Side
from lumbomics.core.measurement import Absent, Reason
from lumbomics.report.postoperative.summary import finds_something, summarise, summarise_canal
from lumbomics.report.postoperative.words import load_words


@pytest.fixture(scope="module")
def words():
    return load_words()


def rows_of(results, words, name):
    return [row for _, rows in summarise(results, "L4-L5", words) for row in rows if row.name == name]


def phrases_of(words):
    topics = (words.general, *words.summary)
    told = [phrase for topic in topics for line in topic.lines for phrase in line.phrases]
    return [*told, *words.root_values, *words.foramen_values]


def test_every_phrase_is_about_a_quantity_of_the_catalogue(words):
    known = set(load_quantities())
    lost = [
        (p.biomarker, p.method)
        for p in phrases_of(words)
        if not any(b == p.biomarker and fnmatchcase(m, p.method) for b, m in known)
    ]
    assert lost == []
    wheels = [
        (b, m.format(half=half))
        for w in words.wheels
        for b, m in (w.grade, w.more)
        for half in ("anterior", "posterior")
    ]
    chances = [(p.biomarker, p.probability) for p in phrases_of(words) if p.probability]
    assert set(wheels + chances) <= known


def test_no_word_names_a_cause_or_explains_pain():
    text = files("lumbomics.report.postoperative").joinpath("postoperative.yaml").read_text(encoding="utf-8")
    spoken = " ".join(line for line in text.splitlines() if not line.lstrip().startswith("#")).lower()
    assert not re.search(r"\b(caus\w*|pain\w*|responsible|explains?|due to|symptom\w*|because)\b", spoken)


def test_a_grade_is_told_in_words_with_side_number_method_and_probability(results, words):
    right, left = rows_of(results, words, "Epidural fibrosis in front")
    assert (right.side, left.side) == ("on the right", "on the left")
    assert right.finding == "Scar fills 50 to 75 % of the quadrant (Ross 3) (probability 0.87)"
    assert left.finding == "No epidural scar (Ross 0) (probability 0.87)"
    assert [(told.value, told.method) for told in right.values] == [("3", "ross_fibrosis_grade, anterior_epidural_max")]


def test_a_displaced_disc_is_told_in_the_words_of_fardon(made, words):
    found = [
        made("herniation_type", "fardon_2014_displaced_map", "{type}", value=2.0, category="extrusion"),
        made("herniation_zone", "fardon_2014", value=0.8, category="left subarticular, left central"),
        made("herniation_zone", "migration", "mm", value=-9.0, se=1.2, category="below the disc"),
        made("herniation_volume", "volume", "mm3", value=612.0, se=40.0),
    ]
    (row,) = rows_of(found, words, "Displaced disc")
    assert row.finding.startswith("Disc extrusion; zone: left subarticular, left central")
    assert "towards the feet" in row.finding
    assert "volume 612 ± 40 mm³" in row.finding
    assert finds_something(found, words)
    assert not finds_something(
        [made("herniation_type", "fardon_2014_displaced_map", "{type}", value=0, category="none")], words
    )


def test_mirrored_results_give_mirrored_words(results, words):
    other = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT, None: None}
    mirrored = [replace(result, side=other[result.side]) for result in results]
    one, two = (rows_of(found, words, "Epidural fibrosis in front") for found in (results, mirrored))
    assert [row.finding for row in one] == [row.finding for row in two][::-1]
    assert one[0].finding != one[1].finding


def test_what_could_not_be_judged_stands_among_the_findings_with_its_reason(results, words):
    (row,) = rows_of(results, words, "Dural sac")
    assert row.is_absent
    assert row.side == "on both sides"
    assert row.obstacles == ("Hidden by metal: metal spoils 64 % of the canal, 20 % are allowed",)


def test_sides_with_different_obstacles_are_told_apart(results, words):
    changed = [replace(r, detail="another") if isinstance(r, Absent) and r.side is Side.LEFT else r for r in results]
    assert [row.side for row in rows_of(changed, words, "Dural sac")] == ["on the right", "on the left"]


UNSEEN = (
    ("ross_fibrosis_grade", "anterior_epidural_max"),
    ("ross_fibrosis_grade", "posterior_epidural_max"),
    ("ross_fibrosis_sum", "scar_volume"),
)


def test_questions_without_an_answer_for_one_reason_share_a_row_and_are_all_counted(words):
    absent = [
        Absent(
            biomarker=biomarker, method=method, level="L4-L5", side=side, reason=Reason.NO_CONTRAST_SERIES,
            detail="the examination has no T1w_post_contrast series",
        )
        for biomarker, method in UNSEEN
        for side in (Side.LEFT, Side.RIGHT)
    ]  # fmt: skip
    ((_, (row,)),) = summarise(absent, "L4-L5", words)
    assert row.name == "Epidural fibrosis in front; epidural fibrosis behind; amount of scar"
    assert row.questions == 3
    assert row.side == "on both sides"


def test_what_does_not_exist_is_not_called_not_assessable(words):
    nothing = [
        Absent(
            biomarker="sac_traction", method="towards_tissue", level="L4-L5", side=Side.LEFT,
            reason=Reason.UNDEFINED, detail="no slice has more than 10 mm2 of epidural tissue",
        )
    ]  # fmt: skip
    (row,) = rows_of(nothing, words, "Dural sac")
    assert row.does_not_apply
    assert not row.is_absent
    assert "no slice has more" in row.obstacles[0]


def test_a_part_that_could_not_be_judged_is_told_beside_the_rest(made, words):
    found = [
        made("lateral_recess_height", "height", "mm", side=Side.LEFT, value=4.0, se=0.3),
        Absent(
            biomarker="bartynski_lateral_recess_grade", method="grade", level="L4-L5", side=Side.LEFT,
            reason=Reason.NO_SUITABLE_SERIES, detail="no axial T2 series",
        ),
    ]  # fmt: skip
    (row,) = rows_of(found, words, "Lateral recess")
    assert row.finding == "Height 4.0 ± 0.3 mm"
    assert row.obstacles == ("No suitable series: no axial T2 series",)


def test_a_technique_that_few_have_is_not_missed_but_told_where_it_is_there(made, words):
    missing = Absent(
        biomarker="mri_metal_artifact", method="corrected_canal_obscured", level="L4-L5",
        reason=Reason.NO_SUITABLE_SERIES, detail="no series with a metal technique",
    )  # fmt: skip
    assert rows_of([missing], words, "Series with a metal technique") == []
    found = [made("mri_metal_artifact", "corrected_canal_obscured", "%", value=12.0, se=1.0)]
    (row,) = rows_of(found, words, "Series with a metal technique")
    assert row.finding == "Share of the canal spoilt 12.0 ± 1.0 %"


def test_results_of_other_levels_are_left_out(results, words):
    assert summarise(results, "L3-L4", words) == []


def test_a_value_whose_error_reaches_the_next_step_says_so(made, words):
    band = {"below": 2.0, "text": "thin"}, {"text": "thick"}
    phrase = {"biomarker": "ligamentum_flavum_thickness", "method": "max_inscribed", "bands": band}
    line = {"name": "Flavum", "phrases": [phrase]}
    spoken = type(words).model_validate({**words.model_dump(), "summary": [{"title": "T", "lines": [line]}]})
    for value, text in ((1.0, "Thin"), (1.9, "Thin (its error reaches the next step)"), (3.0, "Thick")):
        found = [made("ligamentum_flavum_thickness", "max_inscribed", "mm", value=value, se=0.2)]
        ((_, (row,)),) = summarise(found, "L4-L5", spoken)
        assert row.finding == text


def test_what_belongs_to_no_level_is_told_once_with_its_place(made, words):
    found = [
        made("conus_level", "tip_position", "{level}", at=None, value=1.4, se=0.2, category="L1 middle third"),
        made("sedimentation_sign", "sign", "{flag}", at="L3", value=1.0, category="positive"),
        made("sedimentation_sign", "positive_probability", at="L3", value=0.9),
        made("sedimentation_sign", "sign", "{flag}", at="L2", value=0.0, category="negative"),
    ]
    ((_, rows),) = summarise_canal(found, words)
    told = {(row.name, row.side): row.finding for row in rows}
    assert told["Sedimentation of the roots", "at L3"].endswith("positive); probability of a positive sign 0.90")
    assert told["Sedimentation of the roots", "at L2"].endswith("(sedimentation sign negative)")
    assert "L1 middle third" in told["Conus", ""]
    assert [row.side for row in rows] == ["", "at L2", "at L3"]


@pytest.mark.parametrize(("category", "value", "notable"), [("A2", 0.0, False), ("B", 1.0, True), ("D", 3.0, True)])
def test_a_narrow_canal_is_a_finding_and_a_wide_one_is_none(made, words, category, value, notable):
    found = [made("schizas_grade", "grade", "{grade}", value=value, category=category)]
    assert finds_something(found, words) == notable


def test_a_displaced_disc_that_the_middle_slice_does_not_show_is_told_as_not_confirmed(made, words):
    drawn = made("herniation_type", "fardon_2014_displaced_map", "{type}", value=1.0, category="protrusion")
    seen, unseen = (made("herniation_type", "herniation_probability_midsagittal_t2", value=v) for v in (0.9, 0.02))
    (row,) = rows_of([drawn, unseen], words, "Displaced disc")
    assert "with probability 0.02" in row.doubt
    assert rows_of([drawn, seen], words, "Displaced disc")[0].doubt == ""
    nothing = replace(drawn, value=0.0, category="none")
    assert rows_of([nothing, unseen], words, "Displaced disc")[0].doubt == ""


def test_a_displaced_disc_amid_tissue_that_looks_like_scar_on_every_side_is_told_as_not_confirmed(made, words):
    drawn = made("herniation_type", "fardon_2014_displaced_map", "{type}", value=1.0, category="protrusion")
    sides = {
        (value, side): made("disc_vs_scar_pattern", "scar_probability", value=value, side=side)
        for value in (0.99, 0.95, 0.3)
        for side in (Side.LEFT, Side.RIGHT)
    }
    (row,) = rows_of([drawn, sides[0.99, Side.LEFT], sides[0.95, Side.RIGHT]], words, "Displaced disc")
    assert "looks like scar (probability 0.95)" in row.doubt
    (row,) = rows_of([drawn, sides[0.99, Side.LEFT], sides[0.3, Side.RIGHT]], words, "Displaced disc")
    assert row.doubt == ""


def test_a_category_less_likely_than_not_is_told_as_not_sure(made, words):
    grade = made("ross_fibrosis_grade", "anterior_epidural_max", side=Side.RIGHT, value=1.0, category="grade 1")
    said = [
        rows_of([grade, made("ross_fibrosis_grade", "anterior_epidural_max_probability", side=Side.RIGHT, value=p)],
                words, "Epidural fibrosis in front")[0].finding
        for p in (0.3, 0.6)
    ]  # fmt: skip
    assert [text[text.index("(prob") :] for text in said] == ["(probability 0.30, not sure)", "(probability 0.60)"]
