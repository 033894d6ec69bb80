import pytest

from lumbomics.core.errors import FaultsError, InputError
from lumbomics.registry.decision import Decision, Kind, Stage, pair_choices, read_decisions, standing
from lumbomics.registry.screening import Outcome, stand

LEAD = {"a": "a", "b": "a", "c": "c"}


def said(record, choice, *, by="anna", covers=(), stage=Stage.TITLE_ABSTRACT, kind=Kind.SCREENING, **more):
    at = f"2025-01-01T00:00:{said.count:02d}+00:00"
    said.count += 1
    return Decision(kind=kind, by=by, at=at, records=(record, *covers), choice=choice, stage=stage, **more)


said.count = 0


def pair(one, other, choice, by="anna"):
    return Decision(kind=Kind.PAIR, by=by, at="2025-01-01T00:00:00+00:00", records=(one, other), choice=choice)


def test_a_decision_survives_its_line():
    one = said("a", "exclude", covers=("b",), reason="design", note="„schön“\nzweite Zeile")
    assert one.to_line().count("\n") == 1
    assert read_decisions(one.to_line(), where="x") == (one,)


def test_every_broken_line_is_named_at_once():
    text = said("a", "include").to_line() + "{broken\n\n" + '{"kind": "screening"}\n'
    with pytest.raises(FaultsError, match=r"(?s)x, line 2.*x, line 4"):
        read_decisions(text, where="x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"choice": "maybe"},
        {"stage": None},
        {"stage": Stage.FULL_TEXT, "choice": "unsure"},
        {"records": ()},
        {"how": "third"},
        {"kind": Kind.PAIR, "stage": None, "choice": "same", "records": ("a", "a")},
        {"kind": Kind.RESOLUTION},
    ],
)
def test_what_does_not_fit_together_is_no_decision(wrong):
    right = {"kind": Kind.SCREENING, "by": "anna", "at": "t", "records": ("a",), "choice": "include"}
    with pytest.raises(InputError):
        Decision(**{**right, "stage": Stage.TITLE_ABSTRACT, **wrong})


def test_the_last_word_on_a_pair_counts_whichever_way_round():
    told, disputed = pair_choices([pair("a", "b", "same"), pair("b", "a", "different")])
    assert told == {("a", "b"): (False, "anna")}
    assert disputed == ()


def test_people_who_differ_keep_a_pair_apart_until_they_agree():
    words = [pair("a", "b", "same"), pair("a", "b", "different", by="ben")]
    assert pair_choices(words) == ({("a", "b"): (False, "anna, ben")}, (("a", "b"),))
    assert pair_choices([*words, pair("a", "b", "same", by="ben")]) == ({("a", "b"): (True, "anna, ben")}, ())


def test_decisions_on_two_records_merged_later_stand_only_where_they_agree():
    assert standing([said("a", "include"), said("b", "include")], LEAD)["a"].choice == "include"
    assert "a" not in standing([said("a", "include"), said("b", "exclude")], LEAD)
    again = [said("a", "include"), said("b", "exclude"), said("b", "exclude", covers=("a",))]
    assert standing(again, LEAD)["a"].choice == "exclude"


def test_a_merge_taken_back_leaves_the_decision_with_the_record_that_was_shown():
    apart = {"a": "a", "b": "b"}
    assert standing([said("b", "include", covers=("a",))], apart).keys() == {"b"}


def at_stage(*decisions, stage=Stage.TITLE_ABSTRACT):
    return stand(stage, ["a", "c"], ("anna", "ben"), decisions, LEAD)


def test_one_decision_awaits_the_other_and_two_that_agree_count():
    assert at_stage(said("a", "include"))["a"].outcome is Outcome.AWAITING
    both = at_stage(said("a", "exclude", reason="design"), said("b", "exclude", by="ben"))
    assert both["a"].outcome is Outcome.EXCLUDED
    assert both["c"].outcome is Outcome.AWAITING


def test_unsure_passes_at_title_and_abstract():
    assert at_stage(said("a", "include"), said("a", "unsure", by="ben"))["a"].outcome is Outcome.INCLUDED


def test_a_conflict_stays_until_it_is_resolved():
    words = [said("a", "include"), said("a", "exclude", by="ben", reason="design")]
    assert at_stage(*words)["a"].outcome is Outcome.CONFLICT
    settled = said("a", "exclude", by="cleo", kind=Kind.RESOLUTION, how="third", reason="outcome")
    found = at_stage(*words, settled)["a"]
    assert (found.outcome, found.reason) == (Outcome.EXCLUDED, "outcome")


def test_other_reasons_are_a_conflict_at_full_text_only():
    for stage, outcome in ((Stage.TITLE_ABSTRACT, Outcome.EXCLUDED), (Stage.FULL_TEXT, Outcome.CONFLICT)):
        words = [
            said("a", "exclude", reason=r, by=by, stage=stage) for r, by in (("design", "anna"), ("outcome", "ben"))
        ]
        assert at_stage(*words, stage=stage)["a"].outcome is outcome


def test_a_resolution_is_not_read_where_there_is_no_conflict():
    settled = said("a", "exclude", by="cleo", kind=Kind.RESOLUTION, how="third", reason="outcome")
    found = at_stage(said("a", "include"), said("a", "include", by="ben"), settled)["a"]
    assert found.outcome is Outcome.INCLUDED
