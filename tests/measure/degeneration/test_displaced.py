"""Displaced disc material on one phantom with two fragments whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Absent, Measurement, Reason, Result
from lumbomics.measure import ExaminedSpine, describe_spine, measure_examination
from lumbomics.phantom import PhantomParameters, make_phantom
from lumbomics.phantom.levels import Zone
from lumbomics.phantom.postoperative.fragment import DiscFragment, Displacement
from lumbomics.phantom.visit import VisitProtocol

PROTRUDED, LOOSE, SOUND = "L4-L5", "L3-L4", "L2-L3"
IDS = ("herniation_volume", "herniation_zone", "msu_classification", "herniation_type")
Found = dict[tuple[str, str], Result]


@pytest.fixture(scope="module")
def found() -> Found:
    """A left subarticular protrusion at L4-L5, a right sequestration above L3-L4, nothing at L2-L3."""
    fragments = (
        DiscFragment(level=PROTRUDED, zone=Zone.SUBARTICULAR, side=Side.LEFT, size_mm=7.0),
        DiscFragment(
            level=LOOSE,
            zone=Zone.SUBARTICULAR,
            side=Side.RIGHT,
            kind=Displacement.SEQUESTRATION,
            size_mm=7.0,
            migration_mm=12.0,
            order=1,
        ),
    )
    phantom = make_phantom(2, PhantomParameters(), extras=fragments)
    levels = (SOUND, LOOSE, PROTRUDED)
    protocol = VisitProtocol(levels=levels, sagittal=(), axial=(Contrast.T2,), angled=True, slices=7, in_plane_mm=0.8)
    fine = phantom.segmentation(phantom.sagittal_grid(in_plane_mm=1.2, slices=25, thickness_mm=2.5))
    spine = ExaminedSpine(
        spine=describe_spine(fine), examination=replace(phantom.examination(protocol), segmentation=fine)
    )
    return {(r.level or "", f"{r.biomarker}/{r.method}"): r for r in measure_examination(spine, only=IDS)}


def measured(found: Found, level: str, key: str) -> Measurement:
    result = found[level, key]
    assert isinstance(result, Measurement), result
    return result


def test_a_left_subarticular_protrusion_is_seen_as_one(found: Found) -> None:
    kind = measured(found, PROTRUDED, "herniation_type/fardon_2014_displaced_map").category
    assert kind in {"protrusion", "extrusion"}
    zone = measured(found, PROTRUDED, "herniation_zone/fardon_2014").category or ""
    assert zone.startswith("left")
    assert "right" not in zone


def test_its_depth_and_volume_have_the_size_of_the_fragment(found: Found) -> None:
    assert 3.5 < (measured(found, PROTRUDED, "herniation_volume/depth").value or 0.0) < 9.5
    assert 60 < (measured(found, PROTRUDED, "herniation_volume/volume").value or 0.0) < 1500
    assert 0 < (measured(found, PROTRUDED, "herniation_volume/canal_occupation").value or 0.0) < 60


def test_without_a_fragment_nothing_is_displaced_and_zones_are_undefined(found: Found) -> None:
    assert measured(found, SOUND, "herniation_type/fardon_2014_displaced_map").category == "none"
    assert measured(found, SOUND, "herniation_volume/volume").value == 0
    zone = found[SOUND, "herniation_zone/fardon_2014"]
    assert isinstance(zone, Absent)
    assert zone.reason is Reason.UNDEFINED


def test_a_fragment_on_its_way_to_the_head_is_sequestrated_and_above(found: Found) -> None:
    assert measured(found, LOOSE, "herniation_type/fardon_2014_displaced_map").category == "sequestration"
    assert measured(found, LOOSE, "herniation_zone/migration").category == "above the disc"
    assert (measured(found, LOOSE, "herniation_zone/fardon_2014").category or "").startswith("right")
