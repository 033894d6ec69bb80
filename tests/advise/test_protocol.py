"""Protocol check: what is there, too coarse, missing, forbidden, and what depends on facts."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.advise import (
    Availability,
    ProtocolReport,
    SeriesSummary,
    check_protocol,
    load_protocols,
    make_case,
    protocol_lines,
    summarise,
)
from lumbomics.catalogue import load_rules
from lumbomics.catalogue.conditions import condition_faults
from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.measurement import Posture
from lumbomics.core.visit import MetalTechnique, Plane, Series, SeriesKind

CLEAR = make_case(
    {"mr_status": "none", "egfr": 90, "pregnancy": False, "prior_contrast_reaction": False, "metal_near_roi": False}
)


def series(
    contrast: Contrast,
    plane: Plane = Plane.AXIAL,
    slice_mm: float | None = 4.0,
    in_plane_mm: float = 0.6,
    metal: MetalTechnique = MetalTechnique.NONE,
    posture: Posture = Posture.SUPINE,
) -> SeriesSummary:
    kind = SeriesKind(contrast=contrast, plane=plane, metal_technique=metal)
    return SeriesSummary(
        name=f"{plane}_{contrast}", kind=kind, posture=posture, slice_mm=slice_mm, in_plane_mm=in_plane_mm
    )


BEFORE, AFTER = series(Contrast.T1), series(Contrast.T1_POST)
T2 = (series(Contrast.T2), series(Contrast.T2, Plane.SAGITTAL))


def states(report: ProtocolReport) -> dict[str, Availability]:
    return {row.need: row.availability for row in report.rows}


def test_scar_or_disc_is_complete_with_both_contrasts_axial() -> None:
    report = check_protocol([*T2, BEFORE, AFTER], "scar_vs_disc", CLEAR)
    assert report.complete
    assert states(report)["MR with a metal-artefact technique"] is Availability.NOT_NEEDED
    assert {row.series for row in report.rows if row.need == "T1 axial after contrast"} == {(AFTER.name,)}


def test_a_missing_contrast_series_is_named_with_its_rule() -> None:
    report = check_protocol([*T2, BEFORE], "scar_vs_disc", CLEAR)
    (row,) = [row for row in report.rows if row.availability is Availability.MISSING]
    assert (row.need, row.rules) == ("T1 axial after contrast", ("G24", "G25"))
    assert not report.complete


def test_a_sagittal_series_is_no_axial_one() -> None:
    sagittal = series(Contrast.T1_POST, Plane.SAGITTAL)
    report = check_protocol([*T2, BEFORE, sagittal], "scar_vs_disc", CLEAR)
    assert states(report)["T1 axial after contrast"] is Availability.MISSING


def test_an_isotropic_volume_serves_every_plane() -> None:
    volume = series(Contrast.T1_POST, Plane.ISOTROPIC, 0.9, 0.8)
    assert states(check_protocol([volume], "scar_vs_disc", CLEAR))["T1 axial after contrast"] is Availability.PRESENT


@pytest.mark.parametrize(
    ("slice_mm", "in_plane_mm", "state"),
    [
        (4.5, 0.8, Availability.PRESENT),
        (4.6, 0.8, Availability.TOO_COARSE),
        (4.5, 0.9, Availability.TOO_COARSE),
        (None, 0.8, Availability.TOO_COARSE),
    ],
)
def test_resolution_is_checked_on_both_sides_of_the_limit(
    slice_mm: float, in_plane_mm: float, state: Availability
) -> None:
    coarse = series(Contrast.T1_POST, Plane.AXIAL, slice_mm, in_plane_mm)
    report = check_protocol([*T2, BEFORE, coarse], "scar_vs_disc", CLEAR)
    assert states(report)["T1 axial after contrast"] is state


def test_what_is_too_coarse_says_how_much() -> None:
    report = check_protocol([*T2, BEFORE, series(Contrast.T1_POST, slice_mm=6)], "scar_vs_disc", CLEAR)
    assert any("slice 6 mm, needed 4.5 mm" in row.detail for row in report.rows)


@pytest.mark.parametrize(
    ("metal", "state"),
    [(True, Availability.MISSING), (False, Availability.NOT_NEEDED), ("unknown", Availability.UNDECIDED)],
)
def test_metal_asks_for_a_metal_technique(metal: object, state: Availability) -> None:
    case = make_case({"mr_status": "MR Safe", "metal_near_roi": metal})
    assert (
        states(check_protocol([*T2, BEFORE, AFTER], "scar_vs_disc", case))["MR with a metal-artefact technique"]
        is state
    )


def test_a_metal_technique_that_is_there_is_found() -> None:
    semac = series(Contrast.STIR, metal=MetalTechnique.SEMAC)
    report = check_protocol([semac], "scar_vs_disc", make_case({"metal_near_roi": True}))
    assert states(report)["MR with a metal-artefact technique"] is Availability.PRESENT


def test_a_lying_film_does_not_judge_alignment() -> None:
    film = series(Contrast.RADIOGRAPH, Plane.PROJECTION)
    standing = series(Contrast.RADIOGRAPH, Plane.PROJECTION, posture=Posture.STANDING)
    assert not check_protocol([film], "alignment").complete
    assert check_protocol([standing], "alignment").complete


def test_a_gate_forbids_to_ask_for_contrast_and_nothing_else() -> None:
    case = make_case({"egfr": 20, "mr_status": "none", "metal_near_roi": False})
    found = states(check_protocol([*T2], "scar_vs_disc", case))
    assert found["T1 axial after contrast"] is Availability.FORBIDDEN
    assert found["T1 axial before contrast"] is Availability.MISSING


def test_an_unsafe_implant_turns_compression_to_ct_myelography() -> None:
    case = make_case({"mr_status": "MR Unsafe"})
    found = states(check_protocol([], "compression", case))
    assert found["T2 axial"] is Availability.FORBIDDEN
    assert found["CT myelography where MRI is contraindicated"] is Availability.MISSING
    myelography = series(Contrast.CT_MYELOGRAPHY, slice_mm=1.0)
    assert check_protocol([myelography], "compression", case).complete


def test_a_gate_that_is_not_passed_is_named_before_a_series_is_asked_for() -> None:
    report = check_protocol([], "scar_vs_disc")
    (row,) = [row for row in report.rows if row.need == "T1 axial after contrast"]
    assert row.availability is Availability.MISSING
    assert "clear G11 (state mr_status)" in row.detail
    assert "G25" in row.detail


def test_an_unknown_question_says_which_there_are() -> None:
    with pytest.raises(InputError, match="scar_vs_disc, alignment"):
        check_protocol([], "weather")


def test_every_protocol_names_rules_and_conditions_that_exist() -> None:
    book = load_rules()
    for protocol in load_protocols().values():
        ids = [need.id for need in protocol.needs]
        assert len(set(ids)) == len(ids)
        for need in protocol.needs:
            assert set(need.rules) <= set(book.rules)
            assert need.unless is None or need.unless in ids
            assert need.when is None or condition_faults(need.when, book.facts) == []
            assert need.actions <= set(book.actions)


def test_the_report_reads_as_lines_and_as_plain_values() -> None:
    report = check_protocol([BEFORE], "scar_vs_disc", CLEAR)
    text = "\n".join(protocol_lines(report))
    assert "missing" in text
    assert "settings (engineering default), no standard" in text
    assert report.to_dict()["rows"][2]["series"] == ("axial_T1w",)
    assert report.table()[3] == ("T1 axial before contrast", "present", "axial_T1w", "", "G24")
    assert {len(row) for row in report.table()} == {5}


def test_a_series_is_summed_up_by_its_grid() -> None:
    grid = Grid.from_spacing((4, 3, 5), (4.0, 0.5, 0.7))
    one = Series(
        name="a", image=Image(np.zeros((4, 3, 5)), grid, contrast=Contrast.T2), kind=SeriesKind(plane=Plane.SAGITTAL)
    )
    assert (summarise(one).slice_mm, summarise(one).in_plane_mm) == (pytest.approx(4.0), pytest.approx(0.7))
