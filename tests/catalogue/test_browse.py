"""Listing and describing biomarkers."""

from __future__ import annotations

import pytest

from lumbomics.catalogue import describe_biomarker, list_biomarkers, load_quantities
from lumbomics.core.errors import CatalogueError


def test_the_list_counts_what_is_implemented_by_group() -> None:
    listing = list_biomarkers(implemented={"disc_height", "pelvic_tilt", "dice"})
    assert (listing.total, listing.implemented) == (141, 3)
    assert {group.id: group.implemented for group in listing.groups if group.implemented} == {
        "alignment_motion": 2,
        "ai_reproducibility": 1,
    }


def test_only_implemented_leaves_the_rest_and_empty_groups_out() -> None:
    listing = list_biomarkers(implemented={"disc_height"}, only_implemented=True)
    assert [entry.record.id for group in listing.groups for entry in group.entries] == ["disc_height"]


def test_one_group_can_be_listed() -> None:
    listing = list_biomarkers(group="scs")
    assert ([group.id for group in listing.groups], listing.total) == (["scs"], 11)


def test_a_description_holds_the_exact_quantities_of_its_biomarker() -> None:
    description = describe_biomarker("slip_percent")
    expected = [quantity for (biomarker, _), quantity in load_quantities().items() if biomarker == "slip_percent"]
    assert list(description.quantities) == expected
    assert {quantity.unit for quantity in expected} == {"%", "mm"}


def test_plain_data_tells_which_numbers_are_unverified() -> None:
    data = describe_biomarker("bony_canal_dimensions", implemented={"bony_canal_dimensions"}).to_dict()
    assert data["implemented"] is True
    assert {row["unverified"] for row in data["thresholds"]} == {True}
    assert {row["unverified"] for row in data["reference_intervals"]} == {False}


@pytest.mark.parametrize(("given", "meant"), [("disc_hieght", "disc_height"), ("Lordosis", "segmental_lordosis")])
def test_an_unknown_id_suggests_the_nearest(given: str, meant: str) -> None:
    with pytest.raises(CatalogueError, match="unknown biomarker") as caught:
        describe_biomarker(given)
    assert meant in str(caught.value.hint)


def test_an_id_like_no_other_points_to_the_list() -> None:
    with pytest.raises(CatalogueError, match="lists all"):
        describe_biomarker("qqqqqq")


def test_an_unknown_group_is_an_error() -> None:
    with pytest.raises(CatalogueError, match="unknown group"):
        list_biomarkers(group="scz")
