"""Sagittal alignment: lordosis as a whole, by segment and in its lower part, and the slope of the sacrum."""

from __future__ import annotations

from collections.abc import Iterator

from lumbomics.core.image import Image
from lumbomics.core.measurement import Absent, Drawing, Measurement, Reason, Result
from lumbomics.measure.attempt import at_discs, attempt, both, endplate_drawing, pair_level
from lumbomics.measure.geometry.endplate import Endplate
from lumbomics.measure.geometry.frame import Frame
from lumbomics.measure.geometry.orientation import WORLD_ANTERIOR
from lumbomics.measure.geometry.spine import SpineGeometry
from lumbomics.measure.registry import implements

_LINE = "endplate_line_midsagittal"
_LEAST_LORDOSIS_DEG = 5.0
_NOT_STANDING = "Equals the standing sacral slope only in standing images."


def lordotic_angle_deg(upper: Endplate, lower: Endplate, plane: Frame) -> float:
    """Angle between two endplate lines projected onto a sagittal plane, positive when they open to the front.

    Parameters
    ----------
    upper, lower
        The upper and the lower endplate.
    plane
        Frame whose right axis is the plane's normal.
    """
    return plane.sagittal_angle_deg(upper.direction) - plane.sagittal_angle_deg(lower.direction)


def angle_se_deg(upper: Endplate, lower: Endplate) -> float:
    """Return the standard error of the angle between two endplate lines whose errors are independent."""
    return both(upper.angle_se_deg, lower.angle_se_deg)


def _two_lines(upper: Endplate, lower: Endplate, names: tuple[str, str]) -> tuple[Drawing, Drawing]:
    return endplate_drawing(upper, names[0]), endplate_drawing(lower, names[1])


@implements("lumbar_lordosis_l1_s1")
def lumbar_lordosis_l1_s1(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Angle between the superior endplate lines of L1 and S1 in the sagittal plane of L1 to S1, lordosis positive."""
    del image

    def compute() -> Iterator[Result]:
        first, last = spine.vertebra("L1").superior, spine.vertebra("S1").superior
        yield Measurement(
            biomarker="lumbar_lordosis_l1_s1",
            method=_LINE,
            unit="deg",
            value=lordotic_angle_deg(first, last, spine.common_frame("L1", "S1")),
            se=angle_se_deg(first, last),
            drawings=_two_lines(first, last, ("L1 superior endplate", "S1 superior endplate")),
        )

    return attempt("lumbar_lordosis_l1_s1", [_LINE], compute)


@implements("lumbar_lordosis_l1_l5")
def lumbar_lordosis_l1_l5(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Angle between the superior endplate line of L1 and the inferior one of L5, lordosis positive."""
    del image

    def compute() -> Iterator[Result]:
        first, last = spine.vertebra("L1").superior, spine.vertebra("L5").require_inferior()
        yield Measurement(
            biomarker="lumbar_lordosis_l1_l5",
            method=_LINE,
            unit="deg",
            value=lordotic_angle_deg(first, last, spine.common_frame("L1", "L5")),
            se=angle_se_deg(first, last),
            drawings=_two_lines(first, last, ("L1 superior endplate", "L5 inferior endplate")),
        )

    return attempt("lumbar_lordosis_l1_l5", [_LINE], compute)


@implements("segmental_lordosis")
def segmental_lordosis(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Angle of each disc, and of each motion segment, in the segment's sagittal plane; lordosis positive."""
    del image
    return at_discs(spine, "segmental_lordosis", ("disc_angle", "motion_segment"), _segment_angles)


def _segment_angles(spine: SpineGeometry, upper: str, lower: str) -> Iterator[Result]:
    above, last, plane = spine.vertebra(upper), spine.vertebra(lower).superior, spine.segment(upper, lower)
    lines = (("disc_angle", above.require_inferior(), "inferior"), ("motion_segment", above.superior, "superior"))
    for method, first, face in lines:
        yield Measurement(
            biomarker="segmental_lordosis",
            method=method,
            level=pair_level(upper, lower),
            unit="deg",
            value=lordotic_angle_deg(first, last, plane),
            se=angle_se_deg(first, last),
            drawings=_two_lines(first, last, (f"{upper} {face} endplate", f"{lower} superior endplate")),
        )


@implements("distal_lordosis_l4_s1")
def distal_lordosis_l4_s1(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Angle between the superior endplate lines of L4 and S1, and its share of the whole lordosis (LDI)."""
    del image

    def angle() -> Iterator[Result]:
        upper, lower = spine.vertebra("L4").superior, spine.vertebra("S1").superior
        yield Measurement(
            biomarker="distal_lordosis_l4_s1",
            method=_LINE,
            unit="deg",
            value=lordotic_angle_deg(upper, lower, spine.common_frame("L1", "S1")),
            se=angle_se_deg(upper, lower),
            drawings=_two_lines(upper, lower, ("L4 superior endplate", "S1 superior endplate")),
        )

    return [
        *attempt("distal_lordosis_l4_s1", [_LINE], angle),
        *attempt("distal_lordosis_l4_s1", ["lordosis_distribution_index"], lambda: [_distribution_index(spine)]),
    ]


def _distribution_index(spine: SpineGeometry) -> Result:
    """100 x distal / whole lordosis; both share S1's line, whose error enters once, with its own weight."""
    first, middle, last = (spine.vertebra(level).superior for level in ("L1", "L4", "S1"))
    plane = spine.common_frame("L1", "S1")
    whole, distal = lordotic_angle_deg(first, last, plane), lordotic_angle_deg(middle, last, plane)
    if whole < _LEAST_LORDOSIS_DEG:
        return Absent(
            biomarker="distal_lordosis_l4_s1",
            method="lordosis_distribution_index",
            reason=Reason.UNDEFINED,
            detail=f"the whole lordosis is {whole:.1f} deg, below {_LEAST_LORDOSIS_DEG:.0f} deg the index says nothing",
        )
    share = distal / whole
    spread = both(share * first.angle_se_deg, middle.angle_se_deg, (1 - share) * last.angle_se_deg)
    return Measurement(
        biomarker="distal_lordosis_l4_s1",
        method="lordosis_distribution_index",
        unit="%",
        value=100 * share,
        se=100 * spread / whole,
        drawings=(
            endplate_drawing(first, "L1 superior endplate"),
            *_two_lines(middle, last, ("L4 superior endplate", "S1 superior endplate")),
        ),
    )


@implements("sacral_slope")
def sacral_slope(spine: SpineGeometry, image: Image | None = None) -> list[Result]:
    """Slope of the superior endplate of S1 against the image's axial plane, down to the front positive."""
    del image
    method = "endplate_line_to_image_axial"

    def compute() -> Iterator[Result]:
        sacrum = spine.vertebra("S1")
        plate, plane = sacrum.superior, sacrum.frame
        level_line = 0.5 * plate.length_mm * WORLD_ANTERIOR
        yield Measurement(
            biomarker="sacral_slope",
            method=method,
            unit="deg",
            value=plane.sagittal_angle_deg(WORLD_ANTERIOR) - plane.sagittal_angle_deg(plate.direction),
            se=plate.angle_se_deg,
            caution=_NOT_STANDING,
            drawings=(
                endplate_drawing(plate, "S1 superior endplate"),
                Drawing.line(plate.middle_mm - level_line, plate.middle_mm + level_line, "image's axial plane"),
            ),
        )

    return attempt("sacral_slope", [method], compute)
