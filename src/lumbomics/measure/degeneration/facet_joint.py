"""Facet joints on axial slices: fluid across the joint, joint space and overhanging bone, Weishaupt's grade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from scipy import ndimage

from lumbomics.core.anatomy import Side, vertebra_number
from lumbomics.core.examination import CanalTissue
from lumbomics.core.measurement import Drawing, Measurement, Reason, Result
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.core.visit import Plane
from lumbomics.measure.attempt import attempt, both, pair_level
from lumbomics.measure.degeneration.displaced import SIGNS
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine, examines
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.rays import voxel_extent_mm
from lumbomics.measure.geometry.slices import AxialSlice, Mask

EFFUSION, GRADE = "facet_joint_effusion", "facet_arthropathy_grade"
FLUID_SHARE = 0.5
"""Share of cerebrospinal fluid's signal above which a pixel of the joint counts as fluid; the record's."""
SUSPICIOUS_MM = 1.5
"""Width above which the record speaks of suspected instability (recalled, not checked)."""
NARROW_MM = 2.0
"""Joint space below this is narrowed (Weishaupt et al., Skeletal Radiol 1999;28:215)."""
USUAL_WIDTH_MM = 14.5
"""Width of a joint along itself without osteophytes; engineering default, adult."""
SMALL_MM, MODERATE_MM = 2.0, 4.0
"""Overhang at a margin up to which osteophytes are called small or moderate; engineering default."""
COARSEST_MM = 1.5
"""Largest voxel extent across the joint at which bone from labels tells its space."""
_STEP_MM = 0.1
_NEAR_MM = 4.0
_LEAST_PIXELS = 12
_LEAST_FLUID_PIXELS = 3
_OFF_MM = 0.6


@dataclass(frozen=True, eq=False)
class _Joint:
    """One facet joint on one slice.

    Parameters
    ----------
    cut
        The slice.
    middle_mm
        (3,) world point.
    along, across
        (3,) unit vectors in the slice; across points outwards, from the upper vertebra's process to the lower's.
    half_mm
        Half of its length along itself.
    """

    cut: AxialSlice = field(repr=False)
    middle_mm: FloatArray
    along: FloatArray
    across: FloatArray
    half_mm: float

    def lines_mm(self, reach: float) -> tuple[FloatArray, FloatArray]:
        """Points (lines, steps, 3) of lines across the joint, and their places along them (steps,)."""
        stations = np.linspace(-0.8 * self.half_mm, 0.8 * self.half_mm, 15)
        steps = np.arange(-reach, reach + _STEP_MM / 2, _STEP_MM)
        return (
            self.middle_mm + stations[:, None, None] * self.along + steps[None, :, None] * self.across,
            steps,
        )


def _at_joints(
    examined: ExaminedSpine, biomarker: str, methods: list[str], compute: Callable[[str, str, Side], Iterator[Result]]
) -> list[Result]:
    return [
        one
        for upper, lower in examined.spine.disc_pairs
        for side in SIGNS
        for one in attempt(
            biomarker, methods, partial(compute, upper, lower, side), level=pair_level(upper, lower), side=side
        )
    ]


@examines(EFFUSION)
def facet_joint_effusion(examined: ExaminedSpine) -> list[Result]:
    """Greatest width of fluid across every facet joint on axial T2.

    Joint fluid is found in the canal's tissue map. Lines across it at 15 places; the width on a line is the run through
    the fluid with more than half of the signal of cerebrospinal fluid (median of what is drawn as fluid in the canal on
    the same slice), found between pixels by linear interpolation. 0 where the map holds no joint fluid on that side.
    """

    def compute(upper: str, lower: str, side: Side) -> Iterator[Result]:
        pools = [pool for cut in _clear_cuts(examined, upper, lower, side) for pool in _pools(cut, side)]
        widths = [_fluid_width(pool) for pool in pools]
        value, line = max(widths, key=lambda found: found[0], default=(0.0, None))
        yield Measurement(
            biomarker=EFFUSION,
            method="max_width",
            unit="mm",
            level=pair_level(upper, lower),
            side=side,
            value=value,
            se=float(np.sqrt(2 * pools[0].cut.pixel_mm2 / 12)) if pools else None,
            category="suspicious for instability" if value > SUSPICIOUS_MM else "not widened",
            caution=f"above {SUSPICIOUS_MM} mm is a recalled limit; fluid thinner than a pixel is not seen",
            drawings=() if line is None else (Drawing.line(line[0], line[1], f"{side} facet joint fluid"),),
        )

    return _at_joints(examined, EFFUSION, ["max_width"], compute)


@examines(GRADE)
def facet_arthropathy_grade(examined: ExaminedSpine) -> list[Result]:
    """Joint space, overhanging bone and, from both, Weishaupt's grade of every facet joint, from the bone labels.

    ``joint_space``: median distance of the two processes across the joint. ``overhang``: bone beyond a joint of usual
    width (14.5 mm), per margin. ``grade``: 0 space 2 mm and more without overhang; 1 narrowed or overhang up to 2 mm; 2
    up to 4 mm; 3 more. Erosions and cysts are not seen. Human readers agree poorly (AC1 0.39). Absent where voxels are
    coarser than 1.5 mm across the joint, as sagittal series are.
    """

    def compute(upper: str, lower: str, side: Side) -> Iterator[Result]:
        joints = _joints(examined, upper, lower, side)
        yield from _graded(examined, joints, upper, lower, side)

    return _at_joints(examined, GRADE, ["joint_space", "overhang", "grade"], compute)


def _graded(examined: ExaminedSpine, joints: list[_Joint], upper: str, lower: str, side: Side) -> Iterator[Measurement]:
    grid = examined.spine.labels.grid
    extent = max(voxel_extent_mm(grid, axis) for joint in joints for axis in (joint.across, joint.along))
    if extent > COARSEST_MM:
        detail = f"voxels measure {extent:.1f} mm across the joint; at most {COARSEST_MM} mm shows its space"
        raise NotMeasurableError(Reason.RESOLUTION_TOO_COARSE, detail)
    spaces = np.concatenate([_spaces(examined, joint, upper, lower) for joint in joints])
    if len(spaces) < 5:
        raise NotMeasurableError(Reason.GEOMETRY_FAILED, f"the {side} joint's faces do not lie opposite each other")
    space = float(np.median(spaces))
    over = max(2 * joint.half_mm for joint in joints) - USUAL_WIDTH_MM
    overhang = max(over / 2, 0.0)
    error = examined.spine.error.drawing_sd_mm
    se = both(error, extent / np.sqrt(12))
    spur = 0 if overhang < 0.5 else 1 if overhang <= SMALL_MM else 2 if overhang <= MODERATE_MM else 3
    grade = max(spur, int(space < NARROW_MM))
    values = (
        ("joint_space", "mm", space, se, None),
        ("overhang", "mm", overhang, se, None),
        ("grade", "{grade}", float(grade), None, str(grade)),
    )
    for method, unit, value, spread, category in values:
        yield Measurement(
            biomarker=GRADE,
            method=method,
            unit=unit,
            level=pair_level(upper, lower),
            side=side,
            value=value,
            se=spread,
            category=category,
            caution="erosions and cysts are not seen; limits of osteophytes are engineering defaults",
        )


def _clear_cuts(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> tuple[AxialSlice, ...]:
    """Slices of the first axial T2 series through a disc; NotMeasurableError where metal spoils the joint's region."""
    examined.scan(*T2_CONTRASTS, plane=Plane.AXIAL)
    obstacle: NotMeasurableError | None = None
    for scan in examined.examination.of(T2_CONTRASTS, plane=Plane.AXIAL):
        try:
            cuts = examined.slices(scan, upper, lower)
        except NotMeasurableError as found:
            obstacle = obstacle or found
            continue
        spoilt = np.concatenate([cut.obscured[_region(cut, side)] for cut in cuts])
        examined.require_clear(spoilt, f"the {side} facet joint at {pair_level(upper, lower)}")
        return cuts
    raise obstacle or NotMeasurableError(Reason.FIELD_OF_VIEW, f"no slice passes through {upper}-{lower}")


def _region(cut: AxialSlice, side: Side) -> Mask:
    """Where a facet joint can lie on a slice: beside and behind the canal's front."""
    place, sign = cut.local_mm, SIGNS[side]
    return np.asarray((sign * place[..., 0] > 4.0) & (sign * place[..., 0] < 34.0) & (place[..., 1] < -20.0))


def _pools(cut: AxialSlice, side: Side) -> Iterator[_Joint]:
    """Pieces of drawn joint fluid on one side of a slice, each as a joint along its longest extent."""
    pieces, count = ndimage.label(cut.tissue(CanalTissue.FACET_FLUID) & _region(cut, side), structure=np.ones((3, 3)))
    for number in range(1, count + 1):
        mine = pieces == number
        if mine.sum() >= _LEAST_FLUID_PIXELS:
            yield _along(cut, mine)


def _along(cut: AxialSlice, mask: Mask) -> _Joint:
    """Joint through a piece of a slice, along its longest extent."""
    points = cut.points_mm[mask]
    middle = points.mean(axis=0)
    _, _, directions = np.linalg.svd(points - middle, full_matrices=False)
    along = directions[0]
    across = np.cross(cut.frame.superior, along)
    reach = (points - middle) @ along
    low, high = np.quantile(reach, [0.02, 0.98])
    return _Joint(cut, middle + (low + high) / 2 * along, along, across, float(high - low) / 2)


def _joints(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> list[_Joint]:
    """Describe a joint by its bones on every axial T2 slice on which both processes lie opposite each other."""
    cuts = _clear_cuts(examined, upper, lower, side)
    joints = [joint for cut in cuts if (joint := _joint(examined, cut, upper, lower, side)) is not None]
    if not joints:
        detail = f"no {side} facet joint is drawn at {pair_level(upper, lower)}"
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, detail)
    return joints


def _joint(examined: ExaminedSpine, cut: AxialSlice, upper: str, lower: str, side: Side) -> _Joint | None:
    labels = examined.spine.labels
    drawn = sample_nearest(labels.array, labels.grid, cut.points_mm)
    region = _region(cut, side)
    bones = [region & (drawn == vertebra_number(level)) for level in (upper, lower)]
    gap = _facing(bones, cut) & region
    if gap.sum() < _LEAST_PIXELS:
        return None
    found = _along(cut, gap)
    towards = cut.points_mm[bones[1]].mean(axis=0) - found.middle_mm
    return found if found.across @ towards > 0 else replace(found, across=-found.across)


def _facing(bones: list[Mask], cut: AxialSlice) -> Mask:
    """Pixels outside bone within 4 mm of both processes, nearly between them."""
    if not all(bone.any() for bone in bones):
        return np.zeros_like(bones[0])
    sampling = np.delete(cut.scan.image.grid.spacing_mm, cut.axis)
    first, second = (ndimage.distance_transform_edt(~bone, sampling=sampling) for bone in bones)
    free = ~(bones[0] | bones[1])
    close = free & (first < _NEAR_MM) & (second < _NEAR_MM)
    if not close.any():
        return np.asarray(close)
    # between the faces the two distances add up to the joint's space; beyond its margins they grow
    least = float(np.quantile((first + second)[close], 0.1))
    mask = close & (first + second < least + 1.5)
    pieces, count = ndimage.label(mask)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray(pieces == int(np.argmax(sizes)))


def _fluid_width(joint: _Joint) -> tuple[float, FloatArray]:
    """Greatest width of fluid across a joint, and the two ends of that line."""
    cut = joint.cut
    drawn = cut.signal[cut.tissue(CanalTissue.FLUID)]
    if len(drawn) < _LEAST_PIXELS:
        raise NotMeasurableError(Reason.STRUCTURE_NOT_LABELLED, f"no fluid is drawn in the canal on {cut.scan.name}")
    points, steps = joint.lines_mm(_NEAR_MM)
    profile = np.nan_to_num(sample_linear(cut.scan.image.array, cut.scan.image.grid, points))
    wet = profile > FLUID_SHARE * float(np.median(drawn))
    best, ends = 0.0, np.stack([joint.middle_mm, joint.middle_mm])
    for row, line in zip(wet, points, strict=True):
        pieces, count = ndimage.label(row)
        for number in range(1, count + 1):
            mine = np.flatnonzero(pieces == number)
            if np.abs(steps[mine]).min() < _OFF_MM and len(mine) * _STEP_MM > best:
                best, ends = len(mine) * _STEP_MM, line[[mine[0], mine[-1]]]
    return best, np.asarray(ends)


def _spaces(examined: ExaminedSpine, joint: _Joint, upper: str, lower: str) -> FloatArray:
    """Distance of both processes on every line across a joint that meets both."""
    points, steps = joint.lines_mm(6.0)
    labels = examined.spine.labels
    drawn = sample_nearest(labels.array, labels.grid, points)
    inner, outer = drawn == vertebra_number(upper), drawn == vertebra_number(lower)
    found = []
    for first, second in zip(inner, outer, strict=True):
        near = steps[first & (steps < 2.0)]
        far = steps[second & (steps > -2.0)]
        if len(near) and len(far) and far.min() > near.max():
            found.append(float(far.min() - near.max()) - _STEP_MM)
    return np.array(found)
