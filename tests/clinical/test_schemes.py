"""The schemes and the catalogue's records say the same."""

from __future__ import annotations

import re

import pytest

from lumbomics.catalogue import load_instruments
from lumbomics.clinical import Answers, Place, Scale, known_columns, load_schemes, score
from lumbomics.clinical.columns import Role, meaning
from lumbomics.core.anatomy import Side
from lumbomics.core.errors import InputError

SCHEMES = load_schemes()
INSTRUMENTS = load_instruments()
SCALE_OF_RECORD = {("eq5d5l", "utility"): "utility", ("eq5d5l", "vas"): "vas", ("hads", "A"): "a", ("hads", "D"): "d",
                   ("slr", "total"): "angle", ("scs_response", "total"): "relief"}  # fmt: skip


def test_every_instrument_of_the_catalogue_has_a_scheme() -> None:
    assert set(SCHEMES) == set(INSTRUMENTS)


@pytest.mark.parametrize("name", [name for name, record in INSTRUMENTS.items() if record.items])
def test_scheme_has_as_many_items_as_the_record(name: str) -> None:
    # The record counts a question once that may be answered for several recalls, sides or as one EQ-5D state.
    several = {"nrs_back": 4, "nrs_leg": 4, "vas_pain": 3, "eq5d5l": 7, "slr": 3, "mpq": 21}
    assert len(SCHEMES[name].items) == several.get(name, INSTRUMENTS[name].items)


def test_ranges_are_those_of_the_records() -> None:
    checked = 0
    for name, record in INSTRUMENTS.items():
        for stated in record.ranges:
            if name == "vas_pain":
                continue
            scale = SCHEMES[name].scale(SCALE_OF_RECORD.get((name, stated.scale), stated.scale))
            assert (scale.low, scale.high) == (stated.low, stated.high), f"{name} {stated.scale}"
            checked += 1
    assert checked == 20
    assert {(one.low, one.high) for one in SCHEMES["vas_pain"].scales} == {(0, 100)}


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES.keys())
def test_extreme_answers_reach_the_ends_of_every_computed_scale(scheme: object) -> None:
    """Lowest and highest points of the items must span exactly the stated range: a lost or doubled item breaks it."""
    made = SCHEMES[scheme.id]  # type: ignore[attr-defined]
    for scale in made.scales:
        if scale.rule in {"sum", "mean", "percent", "max", "count_chosen"} and scale.low is not None:
            ends = {}
            for name, pick in (("low", min), ("high", max)):
                codes = {}
                for item in made.items:
                    if item.is_number and item.low is not None and item.high is not None and not item.sided:
                        options = (
                            [item.low, *item.values, item.high, item.low + 1] if item.whole else [item.low, item.high]
                        )
                        codes[item.id, None] = pick(options, key=item.counts)
                answers = Answers(
                    participant="01",
                    session="01",
                    instrument=made.id,
                    values=codes,
                    asked=frozenset(codes),
                    place=Place(file="t"),
                )
                ends[name] = next(one.value for one in score(answers) if one.subscale == scale.id)
            assert (ends["low"], ends["high"]) == (scale.low, scale.high), scale.id


def first_numbers(rule: str) -> float | None:
    found = re.search(r"\d+", rule)
    return float(found[0]) if found else None


@pytest.mark.parametrize("name", ["nrs_back", "odi", "paindetect", "dn4", "pcs", "hads"])
def test_bands_begin_where_the_records_categories_do(name: str) -> None:
    starts = {label: start for scale in SCHEMES[name].scales for label, start in scale.bands if label}
    for category in INSTRUMENTS[name].categories:
        begin = first_numbers(category.rule)
        if not category.rule.startswith("<"):
            assert starts[category.label] == begin, category.label
        else:
            assert starts[category.label] == min(starts.values()), category.label


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES.keys())
def test_every_column_name_that_is_shown_is_understood(scheme: object) -> None:
    made = SCHEMES[scheme.id]  # type: ignore[attr-defined]
    parts = []
    columns = list(known_columns(made))
    for column in columns:
        found = meaning(column, others=columns)
        assert found.instrument == made.id, column
        assert found.role in {Role.ITEM, Role.SCALE}
        parts.append((found.role, found.part, found.side))
    assert len(parts) == len(set(parts))
    assert {part for role, part, _ in parts if role is Role.ITEM} == {item.id for item in made.items}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("ODI 1", ("odi", "1", None)),
        ("odi_q01", ("odi", "1", None)),
        ("odi10", ("odi", "10", None)),
        ("odi_sex_life", ("odi", "8", None)),
        ("rmdq___24", ("rmdq", "24", None)),
        ("NRS leg left", ("nrs_leg", "total", Side.LEFT)),
        ("nrs_leg_worst_r", ("nrs_leg", "worst", Side.RIGHT)),
        ("eq5d_mo", ("eq5d5l", "mobility", None)),
        ("sf36_22", ("sf36_pcs", "22", None)),
        ("sf36_pcs", ("sf36_pcs", "total", None)),
        ("sf_mpq_2_3", ("sf_mpq_2", "3", None)),
        ("sf_mpq_2", ("sf_mpq_2", "total", None)),
        ("vas_leg_left_mm", ("vas_pain", "leg", Side.LEFT)),
        ("pcs", ("pcs", "total", None)),
        ("odi_6_months", (None, None, None)),
        ("sf361", (None, None, None)),
    ],
)
def test_column_names_as_people_write_them(column: str, expected: tuple[str | None, ...]) -> None:
    found = meaning(column)
    assert (found.instrument, found.part, found.side) == expected


def test_sf_mpq_2_is_the_second_item_beside_a_first() -> None:
    found = meaning("sf_mpq_2", others={"sf_mpq_1", "sf_mpq_2"})
    assert (found.instrument, found.part) == ("sf_mpq", "2")


def test_scoring_refuses_answers_that_are_not_permitted() -> None:
    wrong = Answers(participant="1", session="1", instrument="odi", values={("1", None): 6.0}, place=Place(file="t"))
    with pytest.raises(InputError, match=r"not permitted; expected a whole number 0 to 5; got 6\.0"):
        score(wrong)
    with pytest.raises(InputError, match="unknown instrument"):
        score(Answers(participant="1", session="1", instrument="oddi", place=Place(file="t")))


def test_bands_must_rise() -> None:
    with pytest.raises(ValueError, match="rising"):
        Scale(id="x", rule="sum", source="s", bands=(("b", 5), ("a", 1)))
