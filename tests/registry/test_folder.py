import multiprocessing
import os
from datetime import date
from pathlib import Path

import pytest
import yaml

from lumbomics.core.errors import FaultsError, InputError, OutputError, ReadError
from lumbomics.registry.decision import Decision, Kind, Stage, read_decisions
from lumbomics.registry.record import Search, Source
from lumbomics.registry.screening import Outcome
from lumbomics.registry.settings import Settings, settings_from
from lumbomics.run import registry as library
from lumbomics.run import registry_files as files
from lumbomics.run.registry_flow import agreement, draw, export, flow

TITLES = (
    "Scar on MRI after discectomy",
    "Metal artefacts in CT of the spine",
    "Stimulation for leg pain",
    "Muscle fat and outcome",
)
PUBMED = Search(source=Source.DATABASE, database="PubMed", query="scar", searched=date(2025, 1, 2), languages=("eng",))
TA, FT = Stage.TITLE_ABSTRACT, Stage.FULL_TEXT


def ris(titles, **tags):
    extra = "".join(f"{tag}  - {value}\n" for tag, value in tags.items())
    return "".join(f"TY  - JOUR\nTI  - {t}\nAU  - Kim, S\nPY  - 2010\nJO  - Spine\n{extra}ER  -\n" for t in titles)


@pytest.fixture
def folder(tmp_path):
    settings = Settings(title="Scars & stimulators", screeners=("anna", "ben"))
    return library.create_registry(tmp_path / "reg", settings).folder


@pytest.fixture
def bring(folder, tmp_path):
    def imported(text, search=PUBMED, name="export.ris", **options):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return library.import_export(folder, path, search, **options)

    return imported


@pytest.fixture
def filled(folder, bring):
    """Registry of four reports; gives their ids by title."""
    bring(ris(TITLES))
    return {record.title: record.id for record in library.open_registry(folder).records.values()}


def both(folder, record, choices, *, stage=TA, reasons=("", "")):
    for who, choice, reason in zip(("anna", "ben"), choices, reasons, strict=True):
        library.screen(folder, record, choice, stage=stage, screener=who, reason=reason)


def test_importing_twice_changes_no_byte(folder, bring):
    first = bring(ris(TITLES))
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    again = bring(ris(TITLES))
    assert again.already
    assert again.batch == first.batch
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_ids_are_the_same_in_every_registry(bring, tmp_path, folder):
    bring(ris(TITLES))
    other = library.create_registry(tmp_path / "other", library.open_registry(folder).settings).folder
    library.import_export(other, tmp_path / "export.ris", PUBMED)
    assert library.open_registry(other).records == library.open_registry(folder).records


def test_a_batch_records_its_hash_count_search_and_faults(folder, bring):
    batch = bring(ris(TITLES) + "TY  - JOUR\nTI  - cut").batch
    plain = yaml.safe_load((folder / "batches" / f"{batch.id}.yaml").read_text())
    assert plain["sha256"].startswith(batch.id.split("-")[1])
    assert (plain["records"], plain["file"], plain["format"]) == (4, "export.ris", "ris")
    assert plain["search"]["query"] == "scar"
    assert plain["search"]["languages"] == ["eng"]
    assert plain["search"]["searched"] == "2025-01-02"
    assert [(f["line"], f["lost"]) for f in plain["faults"]] == [(25, True)]
    assert files.read_batches(folder) == (batch,)


def test_the_same_file_under_another_search_is_refused(bring):
    bring(ris(TITLES))
    with pytest.raises(InputError, match="imported before as pubmed-"):
        bring(ris(TITLES), Search(source=Source.DATABASE, database="Embase"))


def test_a_search_in_the_future_is_refused(bring):
    with pytest.raises(InputError, match="future"):
        bring(ris(TITLES), Search(source=Source.DATABASE, database="PubMed", searched=date(2999, 1, 1)))


def test_a_checked_file_leaves_nothing(folder, bring):
    assert bring(ris(TITLES), check_only=True).batch.records == 4
    assert library.open_registry(folder).batches == ()


def test_a_repaired_export_stands_for_the_broken_one(folder, bring):
    broken = bring(ris(TITLES[:2]) + "TY  - JOUR\nTI  - cut").batch
    bring(ris(TITLES[:3]), name="repaired.ris", supersedes=broken.id)
    assert len(library.open_registry(folder).records) == 3
    with pytest.raises(InputError, match="no such batch"):
        bring(ris(TITLES), name="x.ris", supersedes="nothing-000000")


def test_limits_of_language_and_year_mark_reports_and_remove_none(folder, bring):
    plain = yaml.safe_load((folder / "registry.yaml").read_text())
    plain["limits"] = {"languages": ["eng"], "from_year": 2011, "to_year": None}
    (folder / "registry.yaml").write_text(yaml.safe_dump(plain))
    bring(
        ris(TITLES[:1], LA="German")
        + ris(TITLES[1:2], LA="English").replace("2010", "2012")
        + ris(TITLES[2:3]).replace("2010", "2012")
    )
    told = sorted(library.outside(folder).values())
    assert told == ["language ger and year 2010", "language unknown"]
    assert flow(folder).databases.screened == 3


def test_one_screener_sees_nothing_of_the_other(folder, filled):
    before = library.screening_queue(folder, TA, "ben")
    for record in filled.values():
        library.screen(folder, record, "exclude", stage=TA, screener="anna", reason="design")
    (folder / "screening" / "title_abstract.anna.jsonl").write_text("not even readable")
    assert library.screening_queue(folder, TA, "ben") == before
    assert len(before) == 4


def test_a_queue_shrinks_with_the_screeners_own_decisions(folder, filled):
    library.screen(folder, filled[TITLES[0]], "unsure", stage=TA, screener="anna")
    assert [r.title for r in library.screening_queue(folder, TA, "anna")] == list(TITLES[1:])


def test_full_text_comes_after_title_and_abstract_and_needs_a_reason(folder, filled):
    record = filled[TITLES[0]]
    with pytest.raises(InputError, match="not to be screened at full_text"):
        library.screen(folder, record, "include", stage=FT, screener="anna")
    both(folder, record, ("include", "unsure"))
    assert [r.id for r in library.screening_queue(folder, FT, "ben")] == [record]
    for reason in ("", "boredom"):
        with pytest.raises(InputError, match="no such reason"):
            library.screen(folder, record, "exclude", stage=FT, screener="anna", reason=reason)
    with pytest.raises(InputError, match="only an exclusion"):
        library.screen(folder, record, "include", stage=FT, screener="anna", reason="design")


def test_a_decision_may_change_until_both_have_decided(folder, filled):
    record = filled[TITLES[0]]
    library.screen(folder, record, "exclude", stage=TA, screener="anna", reason="design")
    library.screen(folder, record, "include", stage=TA, screener="anna")
    library.screen(folder, record, "include", stage=TA, screener="ben")
    assert agreement(folder, TA).both_keep == 1
    with pytest.raises(InputError, match="both screeners have decided"):
        library.screen(folder, record, "exclude", stage=TA, screener="anna", reason="design")


def test_only_the_two_screeners_screen_and_only_known_records(folder, filled):
    with pytest.raises(InputError, match="not a screener"):
        library.screen(folder, filled[TITLES[0]], "include", stage=TA, screener="cleo")
    with pytest.raises(InputError, match="no such record"):
        library.screen(folder, "pubmed-0", "include", stage=TA, screener="anna")


def test_a_conflict_is_settled_by_a_third_or_by_consensus_and_kappa_keeps_it(folder, filled):
    one, two = filled[TITLES[0]], filled[TITLES[1]]
    both(folder, one, ("include", "exclude"))
    both(folder, two, ("exclude", "include"))
    assert {c.report for c in library.conflicts(folder, TA)} == {one, two}
    with pytest.raises(InputError, match="third person"):
        library.resolve(folder, one, "include", stage=TA, by="anna", consensus=False)
    with pytest.raises(InputError, match="third person"):
        library.resolve(folder, one, "include", stage=TA, by="cleo", consensus=True)
    library.resolve(folder, one, "include", stage=TA, by="cleo", consensus=False)
    library.resolve(folder, two, "exclude", stage=TA, by="ben", consensus=True, reason="outcome")
    assert library.conflicts(folder, TA) == ()
    assert [r.id for r in library.screening_queue(folder, FT, "anna")] == [one]
    assert (agreement(folder, TA).first_only, agreement(folder, TA).second_only) == (1, 1)
    with pytest.raises(InputError, match="do not disagree"):
        library.resolve(folder, filled[TITLES[2]], "include", stage=TA, by="cleo", consensus=False)


def test_the_whole_way_adds_up_and_is_drawn(folder, bring, tmp_path):
    bring(ris(TITLES))
    bring(ris(TITLES[:2]), Search(source=Source.DATABASE, database="Embase"), name="e.ris")
    hand = Search(source=Source.CROSS_REFERENCE, database="Ross 1996")
    bring(ris([TITLES[0], "Only in a reference list"]), hand, name="h.ris")
    first = {r.title: r.id for r in reversed(library.open_registry(folder).records.values())}
    library.note_report(folder, first[TITLES[3]], Kind.REMOVAL, "removed", by="anna", reason="retracted")
    left = [first[t] for t in (*TITLES[:3], "Only in a reference list")]
    both(folder, left[2], ("exclude", "exclude"))
    for record in (left[0], left[1], left[3]):
        both(folder, record, ("include", "include"))
    library.note_report(folder, left[1], Kind.RETRIEVAL, "not_retrieved", by="ben")
    for record in (left[0], left[3]):
        both(folder, record, ("include", "include"), stage=FT)
        library.note_report(folder, record, Kind.STUDY, "Ross trial", by="anna")
    counts = draw(folder, tmp_path / "flow.svg")
    assert dict(counts.databases.sources) == {"PubMed": 4, "Embase": 2}
    assert (counts.databases.duplicates, counts.databases.removed) == (2, (("retracted", 1),))
    assert (counts.databases.screened, counts.databases.title_excluded, counts.databases.not_retrieved) == (3, 1, 1)
    assert dict(counts.others.sources) == {"Ross 1996 (citation searching)": 2}
    assert (counts.others.duplicates, counts.others.included, counts.databases.included) == (1, 1, 1)
    assert (counts.studies, counts.reports, counts.finished) == (1, 2, True)
    assert "Scars &amp; stimulators" in (tmp_path / "flow.svg").read_text()
    assert counts.notes == ("PubMed: search limited in the source to languages eng",)


def test_a_report_included_and_then_found_not_to_be_retrieved_is_not_counted_as_included(folder, filled):
    record = filled[TITLES[0]]
    both(folder, record, ("include", "include"))
    both(folder, record, ("include", "include"), stage=FT)
    assert flow(folder).reports == 1
    library.note_report(folder, record, Kind.RETRIEVAL, "not_retrieved", by="ben")
    counts = flow(folder)
    assert (counts.reports, counts.studies, counts.databases.not_retrieved) == (0, 0, 1)


def test_a_removal_can_be_taken_back_and_needs_a_reason(folder, filled):
    record = filled[TITLES[0]]
    with pytest.raises(InputError, match="reason"):
        library.note_report(folder, record, Kind.REMOVAL, "removed", by="anna")
    library.note_report(folder, record, Kind.REMOVAL, "removed", by="anna", reason="retracted")
    assert flow(folder).databases.screened == 3
    library.note_report(folder, record, Kind.REMOVAL, "restored", by="ben")
    assert flow(folder).databases.screened == 4


def test_a_pair_decision_is_replayed_after_a_later_import(folder, bring):
    bring(ris([TITLES[0]]))
    bring(
        ris([TITLES[0]]).replace("Spine", "Pain Medicine"),
        Search(source=Source.DATABASE, database="Scopus"),
        name="s.ris",
    )
    (doubt,) = library.open_registry(folder).groups.doubts
    library.decide_pair(folder, *doubt.pair, same=True, by="anna")
    bring(ris(TITLES[1:]), name="more.ris")
    groups = library.open_registry(folder).groups
    assert doubt.pair in groups.groups
    assert groups.doubts == ()
    library.decide_pair(folder, *doubt.pair, same=False, by="anna")
    assert doubt.pair not in library.open_registry(folder).groups.groups


def test_what_is_derived_can_be_deleted(folder, filled):
    before = library.open_registry(folder).groups
    for path in (folder / "derived").iterdir():
        path.unlink()
    assert library.open_registry(folder).groups == before
    assert (folder / "derived" / "groups.tsv").read_text().count("\n") == 1 + len(filled)


def hammer(folder, screener, records):
    for record in records:
        library.screen(Path(folder), record, "include", stage=TA, screener=screener)


def append_many(folder, number):
    for count in range(200):
        decision = Decision(
            kind=Kind.STUDY,
            by="anna",
            at="2025-01-01T00:00:00+00:00",
            records=(f"w{number}-{count}",),
            choice="é" * 700,
        )
        files.append_decision(Path(folder), decision)


def together(*jobs):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=target, args=args) for target, *args in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0


def test_two_screeners_at_once_lose_nothing(folder, bring):
    bring(ris([f"Paper {'abcdefghijklmnop'[i]} about {i} things" for i in range(12)]))
    records = [r.id for r in library.screening_queue(folder, TA, "anna")]
    together((hammer, str(folder), "anna", records), (hammer, str(folder), "ben", records[::-1]))
    assert agreement(folder, TA).both_keep == len(records) == 12


def test_two_windows_of_one_person_tear_no_line(folder):
    together((append_many, str(folder), 1), (append_many, str(folder), 2))
    found = read_decisions((folder / "decisions" / "anna.jsonl").read_text(encoding="utf-8"), where="x")
    assert {d.records[0] for d in found} == {f"w{n}-{c}" for n in (1, 2) for c in range(200)}


def test_a_line_torn_by_a_crash_is_told_and_the_next_one_is_whole(folder, filled):
    library.screen(folder, filled[TITLES[0]], "include", stage=TA, screener="anna")
    path = folder / "screening" / "title_abstract.anna.jsonl"
    path.write_bytes(path.read_bytes() + b'{"kind": "scr')
    with pytest.raises(FaultsError, match="line 2"):
        library.screening_queue(folder, TA, "anna")
    decision = Decision(kind=Kind.SCREENING, by="anna", at="t", records=("x",), choice="include", stage=TA)
    files.append_decision(folder, decision)
    assert path.read_text().split("\n")[2] == decision.to_line().strip()


def test_a_changed_records_file_is_noticed(folder, filled):
    path = next((folder / "records").iterdir())
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ReadError, match="was changed"):
        _ = library.open_registry(folder).records
    assert len(filled) == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_told(folder, filled):
    (folder / "decisions").mkdir()
    (folder / "decisions").chmod(0o500)
    with pytest.raises(OutputError):
        library.note_report(folder, filled[TITLES[0]], Kind.STUDY, "x", by="anna")


def test_a_file_where_the_folder_should_be_is_told(folder, filled):
    (folder / "decisions").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        library.note_report(folder, filled[TITLES[0]], Kind.STUDY, "x", by="anna")


def test_names_that_would_leave_the_folder_are_refused(folder, filled):
    for name in ("../../x", "Anna B.", "", "a/b"):
        with pytest.raises(InputError, match="short name"):
            library.note_report(folder, filled[TITLES[0]], Kind.STUDY, "x", by=name)


def test_decisions_come_from_a_table_with_every_fault_told(folder, filled, tmp_path):
    table = tmp_path / "mine.tsv"
    first, second = filled[TITLES[0]], filled[TITLES[1]]
    table.write_text(
        f"record\tdecision\treason\n{first}\tinclude\n{second}\texclude\tdesign\n{second}\tinclude\nnone\tinclude\n\t\n"
    )
    done, faults = library.screen_table(folder, table, stage=TA, screener="anna")
    assert done == 2
    assert "twice" in str(faults[0])
    assert ["line 4" in str(faults[0]), "line 5" in str(faults[1])] == [True, True]
    assert len(library.screening_queue(folder, TA, "anna")) == 2
    table.write_text("id,decision\n")
    with pytest.raises(ReadError, match="columns record"):
        library.screen_table(folder, table, stage=TA, screener="anna")


def test_exports_can_be_imported_again_and_hold_what_was_chosen(folder, filled, tmp_path):
    both(folder, filled[TITLES[0]], ("include", "include"))
    both(folder, filled[TITLES[1]], ("exclude", "exclude"))
    assert export(folder, tmp_path / "kept.ris", only=Outcome.INCLUDED, stage=TA) == 1
    assert export(folder, tmp_path / "all.csv") == 4
    other = library.create_registry(tmp_path / "other", library.open_registry(folder).settings).folder
    search = Search(source=Source.PERSONAL_LIBRARY, database="shelf")
    library.import_export(other, tmp_path / "kept.ris", search)
    library.import_export(other, tmp_path / "all.csv", search)
    records = library.open_registry(other).records.values()
    assert sorted(r.title for r in records) == sorted([TITLES[0], *TITLES])
    assert all(r.authors == ("Kim, S",) and r.year == 2010 for r in records)
    with pytest.raises(InputError, match=r"\.csv or \.ris"):
        export(folder, tmp_path / "x.docx")


def test_a_cell_that_a_spreadsheet_would_run_is_disarmed(folder, bring, tmp_path):
    bring(ris(['=HYPERLINK("http://x")']))
    export(folder, tmp_path / "all.csv")
    assert "'=HYPERLINK" in (tmp_path / "all.csv").read_text()


def test_a_folder_without_registry_and_a_second_creation_are_refused(folder, tmp_path):
    with pytest.raises(ReadError, match="no registry here"):
        library.open_registry(tmp_path)
    with pytest.raises(InputError, match="already"):
        library.create_registry(folder, library.open_registry(folder).settings)


def test_settings_name_all_their_faults_at_once():
    wrong = {"title": "", "screeners": ["anna", "anna"], "full_text_reasons": {"Wrong One": "x"}, "colour": 1}
    with pytest.raises(FaultsError) as caught:
        settings_from(wrong, where="registry.yaml")
    assert len(caught.value.faults) == 4
