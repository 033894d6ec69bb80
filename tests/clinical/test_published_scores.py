"""Scores against worked examples and tables that others published; each test says what it rests on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lumbomics.clinical import STATES, NoScore, Score, ScoreStatus, ValueSet, load_schemes, recovery_rate, relief
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError

Fill = Callable[..., dict[tuple[str, Side | None], Score]]


def items(values: str) -> dict[str, float]:
    """Answers ``1``, ``2`` … from digits; a dot is a missing answer."""
    return {str(number): float(one) for number, one in enumerate(values, start=1) if one != "."}


def test_oswestry_instructions_give_32_percent_of_ten_and_35_5_of_nine_sections(fill: Fill) -> None:
    # Read: the instructions printed with the index, 16/50 = 32 % and, with a section missed, 16/45 = 35.5 %.
    ten = fill("odi", items("2222211112"))["total", None]
    nine = fill("odi", items("22222211.2"))["total", None]
    assert (ten.value, ten.status, ten.category) == (32.0, ScoreStatus.OK, "moderate")
    assert nine.value == pytest.approx(35.5, abs=0.06)
    assert (nine.status, nine.missing_items) == (ScoreStatus.PRORATED, ("9",))


def test_oswestry_needs_eight_sections(fill: Fill) -> None:
    assert fill("odi", items("22222222.."))["total", None].value == 40.0
    lacking = fill("odi", items("2222222..."))["total", None]
    assert (lacking.value, lacking.reason, lacking.missing_items) == (None, NoScore.MISSING_ITEMS, ("8", "9", "10"))


@pytest.mark.parametrize(
    ("answers", "band"),
    [("0000000000", "minimal"), ("2222222222", "moderate"), ("3333333333", "severe"), ("4444444444", "crippled"),
     ("5555555555", "bed-bound or exaggerating"), ("1111111111", "minimal"), ("5500000000", "minimal"),
     ("5510000000", "moderate")],
)  # fmt: skip
def test_oswestry_bands_are_those_of_fairbank(fill: Fill, answers: str, band: str) -> None:
    assert fill("odi", items(answers))["total", None].category == band


def test_roland_morris_counts_yes_and_takes_no_blank_for_no(fill: Fill) -> None:
    # Read: Kent and Lauridsen, no standard method for unanswered questions; recovered at 2 or less (catalogue).
    assert fill("rmdq", items("1" * 17 + "0" * 7))["total", None].value == 17
    assert fill("rmdq", items("11" + "0" * 22))["total", None].category == "recovered"
    assert fill("rmdq", items("111" + "0" * 21))["total", None].category is None
    assert fill("rmdq", items("1" * 17 + "0" * 6))["total", None].reason is NoScore.MISSING_ITEMS


def test_dn4_is_neuropathic_from_4_of_10_and_3_of_7(fill: Fill) -> None:
    # Recalled: Bouhassira 2005.
    four, three = fill("dn4", items("1110000001")), fill("dn4", items("1100000001"))
    assert (four["total", None].value, four["total", None].category) == (4, "neuropathic (10 items)")
    assert (four["interview", None].value, four["interview", None].category) == (3, "neuropathic (interview)")
    assert three["total", None].category is None
    assert three["interview", None].category is None


@pytest.mark.parametrize(
    ("sensory", "pattern", "radiation", "total", "band"),
    [
        ("0000000", 2, 0, -1, "neuropathic unlikely"),
        ("5555555", 3, 1, 38, "neuropathic likely (> 90 %)"),
        ("5520000", 1, 0, 12, "neuropathic unlikely"),
        ("5530000", 1, 0, 13, "uncertain"),
        ("5550000", 4, 1, 18, "uncertain"),
        ("5551000", 4, 1, 19, "neuropathic likely (> 90 %)"),
    ],
)
def test_paindetect_spans_minus_1_to_38_with_bands_at_12_and_19(
    fill: Fill, sensory: str, pattern: int, radiation: int, total: int, band: str
) -> None:
    # Read: NINDS common data elements, -1 to 38, unlikely to 12, likely from 19. Catalogue: points of patterns.
    made = fill("paindetect", {**items(sensory), "pattern": pattern, "radiation": radiation})["total", None]
    assert (made.value, made.category) == (total, band)


def test_pain_catastrophizing_subscales_take_their_own_items(fill: Fill) -> None:
    # Recalled: Sullivan 1995, rumination 8-11, magnification 6, 7, 13, helplessness 1-5, 12.
    made = fill("pcs", {str(n): 4 if n in {8, 9, 10, 11} else 1 if n in {6, 7, 13} else 0 for n in range(1, 14)})
    values = {name: made[name, None].value for name in ("rumination", "magnification", "helplessness", "total")}
    assert values == {"rumination": 16, "magnification": 3, "helplessness": 0, "total": 19}
    assert fill("pcs", items("4444444000000"[:13]))["total", None].category is None
    assert fill("pcs", items("4444444200000"))["total", None].category == "clinically relevant"


@pytest.mark.parametrize(("points", "band"), [(7, "normal"), (8, "borderline"), (10, "borderline"), (11, "case")])
def test_hads_bands_begin_at_8_and_11(fill: Fill, points: int, band: str) -> None:
    # Read: 0-7 normal, 8-10 borderline, 11-21 case; odd items anxiety, even items depression.
    codes = [3] * (points // 3) + [points % 3] + [0] * 7
    odd = dict(zip(("1", "3", "5", "7", "9", "11", "13"), codes, strict=False))
    made = fill("hads", {**odd, **{str(n): 0 for n in range(2, 15, 2)}})
    assert (made["a", None].value, made["a", None].category) == (points, band)
    assert (made["d", None].value, made["d", None].category) == (0, "normal")


def test_hads_half_rule_takes_the_mean_of_four_and_refuses_three(fill: Fill) -> None:
    # Read: Bell 2016, half rule with the subscale's own mean: four items with 8 points make 14 of 21.
    made = fill("hads", {"1": 2, "3": 2, "5": 2, "7": 2, "2": 1, "4": 1, "6": 1})
    assert (made["a", None].value, made["a", None].status) == (14, ScoreStatus.PRORATED)
    assert made["d", None].reason is NoScore.MISSING_ITEMS


RAND_TABLE = {
    (1, 2, 20, 22, 34, 36): [100, 75, 50, 25, 0],
    (3, 4, 5, 6, 7, 8, 9, 10, 11, 12): [0, 50, 100],
    (13, 14, 15, 16, 17, 18, 19): [0, 100],
    (21, 23, 26, 27, 30): [100, 80, 60, 40, 20, 0],
    (24, 25, 28, 29, 31): [0, 20, 40, 60, 80, 100],
    (32, 33, 35): [0, 25, 50, 75, 100],
}
"""Read: RAND 36-Item Health Survey 1.0, step 1, item numbers and recoded values."""


def test_rand36_recodes_every_answer_as_its_table_says() -> None:
    scheme = load_schemes()["sf36_pcs"]
    checked = 0
    for numbers, values in RAND_TABLE.items():
        for number in numbers:
            item = scheme.item(str(number))
            assert (item.low, item.high) == (1, len(values))
            assert [item.counts(code) for code in range(1, len(values) + 1)] == values
            checked += 1
    assert checked == 36


def test_rand36_worked_example_of_energy_gives_46_7(fill: Fill) -> None:
    # Read: items 23, 27, 29 answered 4, 3, 3 and 31 left blank make (40 + 60 + 40) / 3 = 46.7.
    energy = fill("sf36_pcs", {"23": 4, "27": 3, "29": 3})["energy_fatigue", None]
    assert energy.value == pytest.approx(46.7, abs=0.05)
    assert energy.missing_items == ("31",)


def test_rand36_scales_average_their_items(fill: Fill) -> None:
    top_first = (1, 2, 20, 21, 22, 23, 26, 27, 30, 34, 36)
    best = {n: 1 if n in top_first else 3 if n < 13 else 2 if n < 20 else 6 if n < 32 else 5 for n in range(1, 37)}
    made = fill("sf36_pcs", {str(number): code for number, code in best.items()})
    assert {one.value for one in made.values()} == {100.0}
    assert len(made) == 9
    worse = fill("sf36_pcs", {**{str(n): c for n, c in best.items()}, "21": 6})
    assert worse["pain", None].value == 50
    assert worse["social_functioning", None].value == 100


ENGLAND = {
    "mobility": [0, 0.058, 0.076, 0.207, 0.274],
    "self_care": [0, 0.050, 0.080, 0.164, 0.203],
    "usual_activities": [0, 0.050, 0.063, 0.162, 0.184],
    "pain": [0, 0.063, 0.084, 0.276, 0.335],
    "anxiety": [0, 0.078, 0.104, 0.285, 0.289],
}
"""Recalled: decrements of Devlin 2018; its abstract (read) gives -0.285 for 55555 and 0.950 for 11211."""


def england() -> ValueSet:
    columns = list(ENGLAND.values())
    worth = {s: 1 - sum(one[int(level) - 1] for one, level in zip(columns, s, strict=True)) for s in STATES}
    return ValueSet(name="England, Devlin 2018", utilities={s: round(v, 3) for s, v in worth.items()})


@pytest.mark.parametrize(("state", "utility"), [("55555", -0.285), ("11211", 0.950), ("11111", 1.0)])
def test_eq5d_utility_is_that_of_the_supplied_value_set(fill: Fill, state: str, utility: float) -> None:
    answers = dict(zip(ENGLAND, map(float, state), strict=True))
    made = fill("eq5d5l", {**answers, "vas": 70}, value_set=england())
    assert made["utility", None].value == pytest.approx(utility)
    assert made["utility", None].detail == "value set England, Devlin 2018"
    assert made["state", None].category == state
    assert made["vas", None].value == 70


def test_eq5d_has_no_utility_without_a_value_set(fill: Fill) -> None:
    made = fill("eq5d5l", dict.fromkeys(ENGLAND, 1))
    assert (made["utility", None].value, made["utility", None].reason) == (None, NoScore.NO_VALUE_SET)
    assert made["state", None].category == "11111"


def test_sf_mpq_2_subscales_take_their_own_descriptors(fill: Fill) -> None:
    # Recalled: Dworkin 2009, order of the 22 descriptors; the subscales' words are those of the catalogue.
    words = {
        "continuous": "throbbing cramping gnawing aching heavy tender",
        "intermittent": "shooting stabbing sharp splitting electric_shock piercing",
        "neuropathic": "hot_burning cold_freezing light_touch itching tingling numbness",
        "affective": "tiring_exhausting sickening fearful punishing_cruel",
    }
    scheme = load_schemes()["sf_mpq_2"]
    for scale, named in words.items():
        assert {scheme.item(one).names[0] for one in scheme.scale(scale).of} == set(named.split())
    made = fill("sf_mpq_2", {item.id: 10 if item.id in scheme.scale("affective").of else 1 for item in scheme.items})
    assert [made[name, None].value for name in words] == [1, 1, 1, 10]
    assert made["total", None].value == pytest.approx((18 + 40) / 22)


def test_mcgill_ranks_add_up_to_the_published_maxima(fill: Fill) -> None:
    # Read: the published list of 78 words in 20 classes; catalogue: 42, 14, 5, 17, 78.
    scheme = load_schemes()["mpq"]
    made = fill("mpq", {item.id: item.high for item in scheme.items})
    names = ("sensory", "affective", "evaluative", "miscellaneous", "total", "words_chosen", "present_pain")
    assert [made[name, None].value for name in names] == [42, 14, 5, 17, 78, 20, 5]
    none = fill("mpq", {item.id: 1 if item.id == "16" else 0 for item in scheme.items})
    assert (none["words_chosen", None].value, none["evaluative", None].value) == (1, 1)


def test_short_mcgill_separates_11_sensory_and_4_affective_words(fill: Fill) -> None:
    made = fill("sf_mpq", {**items("3" * 11 + "0" * 4), "vas": 42.5, "ppi": 2})
    values = [made[name, None].value for name in ("sensory", "affective", "total", "vas", "present_pain")]
    assert values == [33, 0, 33, 42.5, 2]


def test_joa_domains_reach_29_and_fall_to_minus_6(fill: Fill) -> None:
    # Catalogue: subjective 0-9, signs 0-6, daily life 0-14, bladder -6-0; points an item recalled.
    scheme = load_schemes()["joa_lbp"]
    full = fill("joa_lbp", {item.id: item.high for item in scheme.items})
    assert [full[name, None].value for name in ("subjective", "signs", "adl", "bladder", "total")] == [9, 6, 14, 0, 29]
    least = fill("joa_lbp", {item.id: item.low for item in scheme.items})
    assert least["total", None].value == -6
    lacking = fill("joa_lbp", {item.id: item.high for item in scheme.items if item.id != "gait"})
    assert lacking["total", None].missing_items == ("gait",)
    assert lacking["signs", None].value == 6
    unasked = fill("joa_lbp", {item.id: item.high for item in scheme.items if item.id != "bladder"})
    assert unasked["total", None].missing_items == ("bladder",)
    with pytest.raises(InputError, match="one of -6, -3, 0"):
        fill("joa_lbp", {"bladder": -4})


def test_recovery_rate_is_hirabayashis() -> None:
    # Recalled: (post - pre) / (29 - pre). Xia 2008 (abstract): 14.8 to 21.6 is 47.9 %; the mean rate given is 48.1 %.
    assert recovery_rate(14.8, 21.6) == pytest.approx(48.1, abs=0.5)
    assert recovery_rate(9, 29) == 100
    assert recovery_rate(14, 10) == pytest.approx(-26.67, abs=0.01)
    assert recovery_rate(29, 20) is None


def test_relief_is_the_share_of_the_pain_before() -> None:
    assert relief(8, 4) == 50
    assert relief(4, 6) == -50
    assert relief(0, 0) is None


def test_comi_takes_the_worse_pain_and_averages_five_domains(fill: Fill) -> None:
    # Read: higher of the two pains; answers 1-5 give 0, 2.5, 5, 7.5, 10; disability the mean of social and work.
    answers = {
        "back": 4,
        "leg": 8,
        "function": 3,
        "symptom_well_being": 5,
        "quality_of_life": 2,
        "social": 1,
        "work": 5,
    }
    made = fill("comi", answers)
    domains = ("pain", "function", "symptom_well_being", "quality_of_life", "disability")
    assert [made[name, None].value for name in domains] == [8, 5, 10, 2.5, 5]
    assert made["total", None].value == pytest.approx(6.1)
    worst = {"back": 10, "leg": 0, **dict.fromkeys(list(answers)[2:], 5)}
    assert fill("comi", worst)["total", None].value == 10
    assert fill("comi", {**answers, "leg": 0})["pain", None].value == 4


@pytest.mark.parametrize(("answer", "band"), [(1, "responder"), (2, "responder"), (3, None), (7, None)])
def test_global_impression_of_1_or_2_is_a_response(fill: Fill, answer: int, band: str | None) -> None:
    assert fill("pgic", {"total": answer})["total", None].category == band


@pytest.mark.parametrize(("pain", "band"), [(0, "none"), (3, "mild"), (4, "moderate"), (6, "moderate"), (7, "severe")])
def test_numeric_rating_bands_begin_at_1_4_and_7(fill: Fill, pain: int, band: str) -> None:
    assert fill("nrs_back", {"total": pain})["total", None].category == band


@pytest.mark.parametrize(
    ("angle", "site", "sign"),
    [(45, "leg", "positive"), (70, "leg", "positive"), (71, "leg", "negative"), (30, "leg", "severe"),
     (31, "leg", "positive"), (45, "back", "negative")],
)  # fmt: skip
def test_straight_leg_raising_needs_leg_pain_up_to_70_degrees(fill: Fill, angle: int, site: str, sign: str) -> None:
    made = fill("slr", {"angle": angle, "site": site})
    assert (made["sign", None].category, made["angle", None].value) == (sign, angle)
