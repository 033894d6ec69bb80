import random
from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumbomics.registry.dedupe import deduplicate, ordered
from lumbomics.registry.parse import parse

TITLE = "Epidural fibrosis on contrast-enhanced MRI after lumbar discectomy: a cohort study"


def pairs(groups):
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def truth_pairs(truth):
    reports = {}
    for record, report in truth.items():
        reports.setdefault(report, []).append(record)
    return pairs(reports.values())


def reviewed(records, truth, decided=None):
    decided = dict(decided or {})
    result = deduplicate(records, decided)
    while result.doubts:
        decided |= {d.pair: (truth[d.pair[0]] == truth[d.pair[1]], "reviewer") for d in result.doubts}
        result = deduplicate(records, decided)
    return result, decided


def test_synthetic_exports_reach_the_stated_recall_and_precision(labelled):
    records, truth = labelled
    true = truth_pairs(truth)
    assert len(records) == 890
    assert len(true) > 500
    first = deduplicate(records)
    automatic = pairs(first.groups)
    assert len(automatic & true) / len(automatic) >= 0.995
    assert len(automatic & true) / len(true) >= 0.95
    assert len(first.doubts) <= 60
    last, _ = reviewed(records, truth)
    assert len(pairs(last.groups) & true) / len(true) >= 0.98
    assert len(pairs(last.groups) & true) / len(pairs(last.groups)) >= 0.995


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 300))
def test_the_order_of_the_records_changes_nothing(labelled, seed, size):
    records, _ = labelled
    some = random.Random(seed).sample(records, size)
    assert deduplicate(some) == deduplicate(sorted(some, key=lambda r: r.title)) == deduplicate(some[::-1])


@settings(max_examples=20, deadline=None)
@given(
    answers=st.lists(
        st.tuples(st.integers(0, 39), st.integers(0, 39), st.booleans()).filter(lambda t: t[0] != t[1]), max_size=12
    )
)
def test_whatever_people_decide_groups_part_the_records_and_obey_or_the_contradiction_is_told(labelled, answers):
    records = labelled[0][:40]
    decided = {ordered(records[a].id, records[b].id): (same, "anna") for a, b, same in answers}
    result = deduplicate(records, decided)
    members = [one for group in result.groups for one in group]
    assert sorted(members) == sorted(r.id for r in records)
    lead = result.lead
    for (one, other), (same, _) in decided.items():
        if not same:
            assert lead[one] != lead[other]
        elif not result.contradictions:
            assert lead[one] == lead[other]


def test_merging_is_transitive(make):
    one, two, three = make(doi="10.1000/x"), make(doi="10.1000/x", pmid="7"), make(pmid="7", title="")
    assert deduplicate([one, two, three]).groups == ((one.id, two.id, three.id),)


def test_a_decision_is_replayed_and_taking_it_back_restores_everything(labelled):
    records, truth = labelled
    before = deduplicate(records)
    pair = before.doubts[0].pair
    merged = deduplicate(records, {pair: (True, "anna")})
    assert merged.lead[pair[0]] == merged.lead[pair[1]]
    assert next(link for link in merged.links if link.pair == pair).by == "anna"
    assert pair not in [d.pair for d in merged.doubts]
    assert deduplicate(records, {}) == before
    assert truth.keys() == before.lead.keys()


def test_an_automatic_merge_is_undone_by_a_person(make):
    one, two = make(), make()
    assert len(deduplicate([one, two]).groups) == 1
    undone = deduplicate([one, two], {(one.id, two.id): (False, "anna")})
    assert len(undone.groups) == 2
    assert undone.doubts == ()


def test_a_record_without_identifier_never_bridges_two_papers(make):
    paper, preprint, bare = make(doi="10.1007/2"), make(doi="10.1101/1", volume="", start_page=""), make(volume="")
    result = deduplicate([paper, preprint, bare])
    assert len(result.groups) == 3
    assert len(result.doubts) == 3
    settled = deduplicate([paper, preprint, bare], {ordered(paper.id, bare.id): (True, "anna")})
    assert (paper.id, bare.id) in settled.groups
    assert [d.pair for d in settled.doubts] == [ordered(paper.id, preprint.id)]


def test_a_record_without_place_never_bridges_two_places(make):
    paper, abstract, bare = make(), make(volume="20", start_page="400"), make(volume="", start_page="")
    result = deduplicate([paper, abstract, bare])
    assert len(result.groups) == 3
    assert len(result.doubts) == 3


def test_a_cut_title_never_bridges_two_parts(make):
    cut = make(title=TITLE + ", pa...", start_page="")
    parts = make(title=TITLE + ", part I"), make(title=TITLE + ", part II", start_page="140")
    result = deduplicate([*parts, cut])
    assert len(result.groups) == 3
    assert len(result.doubts) == 2


def test_a_doi_shared_by_two_pmids_merges_none_of_them(make):
    one, two, three = make(doi="10.1000/x", pmid="1"), make(doi="10.1000/x", pmid="2"), make(doi="10.1000/x")
    result = deduplicate([one, two, three])
    assert len(result.groups) == 3
    assert {d.pair for d in result.doubts} == set(combinations((one.id, two.id, three.id), 2))


def test_decisions_that_cannot_all_hold_are_told_and_not_followed(make):
    one, two, three = (make(title=t, authors=()) for t in ("Alpha beta gamma", "Delta epsilon zeta", "Eta theta iota"))
    decided = {(one.id, two.id): (True, "anna"), (two.id, three.id): (True, "ben"), (one.id, three.id): (False, "cleo")}
    result = deduplicate([one, two, three], decided)
    assert len(result.groups) == 3
    assert len(result.contradictions) == 1
    assert "cleo" in result.contradictions[0]


def test_a_shared_pmid_finds_records_that_share_nothing_else(make):
    bare = make(pmid="7", title="", authors=(), volume="", year=None)
    assert len(deduplicate([make(pmid="7"), bare]).groups) == 1


def test_a_year_apart_and_wrong_letters_at_both_ends_are_still_found(make):
    spoilt = make(title=TITLE.replace("Epidural", "Epidral").replace("study", "stdy"), year=2011, volume="")
    assert len(deduplicate([make(), spoilt]).groups) == 1


def test_one_answer_settles_two_groups(make):
    article = [make(doi="10.1007/2", pmid="5"), make(doi="10.1007/2")]
    preprint = [make(doi="10.1101/1", volume="", start_page="") for _ in range(2)]
    result = deduplicate([*article, *preprint])
    assert len(result.groups) == 2
    assert len(result.doubts) == 1
    assert deduplicate([*article, *preprint], {result.doubts[0].pair: (False, "anna")}).doubts == ()


def test_wrong_letters_swapped_authors_and_lost_years_are_still_found(make):
    copies = [
        make(title=TITLE.replace("Epidural", "Epidral")),
        make(authors=("Kim S", "Mueller J")),
        make(title=TITLE.upper(), journal="Eur Spine J"),
        make(year=2011),
    ]
    assert len(deduplicate([make(), *copies]).groups) == 1


@pytest.mark.slow
def test_no_record_of_twenty_thousand_is_lost(exports):
    records = []
    for export in exports.make_exports(3, records=20_000):
        records += parse(export.content, batch=export.database.lower(), today=date(2025, 1, 1)).records
    groups = deduplicate(records).groups
    assert sorted(id_ for group in groups for id_ in group) == sorted(record.id for record in records)


def test_a_repeated_export_doubles_no_report(labelled):
    records, _ = labelled
    again = [replace(r, id=f"again-{r.id}", batch="again") for r in records[:200]]
    first, both = deduplicate(records[:200]), deduplicate([*records[:200], *again])
    whole = {r.id for r in records[:200] if r.doi or r.pmid}
    assert {i for i in whole if both.lead[f"again-{i}"] != both.lead[i]} <= {i for d in both.doubts for i in d.pair}
    assert len(both.groups) >= len(first.groups)
