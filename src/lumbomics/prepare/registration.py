"""Rigid registration of one image to another: how the moving image must move, how sure that is, or why it is refused.

Rigid motion is right for one bony spine on one day. Between visits the spine bends: the motion then fits the box it
was found in, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import InputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.prepare.borders import Agreement
from lumbomics.prepare.matching import Matching
from lumbomics.prepare.rigid import checked_rigid, halfway, inverse, moved, rms_distance_mm, rotation_deg

FloatArray = NDArray[np.float64]

_LEAST_SLICES = 3
_TWO_LEVELS_MM = 45.0
_AGAIN_MM = (12.0, 24.0, 24.0)
_NUDGE_MM, _NUDGE_DEG = 1.5, 1.0
_KINDS = MappingProxyType({Contrast.T1_POST: Contrast.T1, Contrast.T2_SPACE: Contrast.T2})
_UNSEEN_MM2 = 6.0
"""Error that a region of 1 mm thickness would have; on phantoms 0.1 mm at 60 mm and 0.3 mm at 20 mm."""


class Refusal(StrEnum):
    """Why a registration is not to be used."""

    FLAT = "flat"
    """An image holds one value, or next to nothing."""
    TOO_FEW_SLICES = "too_few_slices"
    AMBIGUOUS = "ambiguous"
    """So short a stack looks alike at one level and the next: its place cannot be searched for."""
    OVERLAP = "overlap"
    """The images share too little space."""
    UNRELATED = "unrelated"
    """The best fit is no better than chance: other body, other part of it, or noise."""
    INCONSISTENT = "inconsistent"
    """Parts of the image ask for different motions."""
    MIRRORED = "mirrored"
    """Its mirror image fits better: left and right look swapped in one of the two."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the borders of one body reach.

    Parameters
    ----------
    gain
        By how much their directions agree better at the optimum than 5 mm beside it, as a factor.
    likeness
        Correlation of their strengths.
    """

    gain: float
    likeness: float


@dataclass(frozen=True, kw_only=True)
class RegistrationOptions:
    """Choices of the search and the limits of acceptance; engineering defaults, found on phantoms.

    Parameters
    ----------
    search
        Look for the start among shifts up to ``reach_mm``; without, the headers' geometry is the start.
    reach_mm
        Shifts tried to the right, to the front and upwards, mm.
    widths_mm
        Sharpness of the layers, coarse to fine.
    samples
        Points compared on each layer.
    least_overlap
        Share of the smaller volume (fixed box, moving image) that both must cover.
    least_alike, least, least_dark_fat
        What two images of one contrast must reach (before and after contrast agent count as one), two of different
        contrasts, and two of which one has dark fat, which takes many borders away.
    mirrored_gain
        Gain from which a mirror image may be told.
    most_inconsistent_mm
        How far apart the motions of two halves, or of the ways there and back, may lie.
    clear_side
        By how much borders must agree better one way than mirrored left to right to tell the sides, as a factor.
    """

    search: bool = False
    reach_mm: tuple[float, float, float] = (24.0, 48.0, 60.0)
    widths_mm: tuple[float, ...] = (6.0, 3.0, 1.5)
    samples: int = 20_000
    least_overlap: float = 0.15
    least_alike: Limits = Limits(gain=1.4, likeness=0.65)
    least: Limits = Limits(gain=1.36, likeness=0.58)
    least_dark_fat: Limits = Limits(gain=1.33, likeness=0.5)
    mirrored_gain: float = 1.3
    most_inconsistent_mm: float = 4.0
    clear_side: float = 1.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Registration:
    """How a moving image lies in a fixed one's space.

    Parameters
    ----------
    motion
        4 x 4 rigid, maps points of the moving image (RAS+ mm) to the fixed image's space.
    error_mm
        Estimated root mean square error over the box; ``None`` where refused before it was known.
    gain
        Agreement of borders at the optimum over its mean 5 mm beside.
    likeness
        Correlation of the strengths of borders at the optimum.
    side_gain
        Agreement of borders over that of the image mirrored left to right, each at its best; below 1 the mirror image
        fits better. ``None`` where refused before it was known.
    side_checked
        Whether the anatomy tells that left is left: the image as it is fits clearly better than its mirror image.
        Where it is not, a body so even that both fit alike, the sides rest on the headers alone.
    overlap
        Share of the smaller volume (fixed box, moving image) that both cover.
    inconsistency_mm
        Root mean square distance between the motions that two halves, or the ways there and back, ask for; the larger.
    centre_mm
        (3,) middle of the box in the fixed image's space.
    refusal, reason
        Why it is not to be used, and the same in words; ``None`` and empty where it is accepted.
    """

    motion: FloatArray = field(repr=False)
    error_mm: float | None = None
    gain: float = 0.0
    likeness: float = 0.0
    side_gain: float | None = None
    side_checked: bool = False
    overlap: float = 0.0
    inconsistency_mm: float | None = None
    centre_mm: FloatArray = field(default_factory=lambda: np.zeros(3), repr=False)
    refusal: Refusal | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "motion", checked_rigid(self.motion))

    @property
    def accepted(self) -> bool:
        """Whether the motion may be used."""
        return self.refusal is None

    @property
    def shift_mm(self) -> float:
        """How far the middle of the box moves."""
        return float(np.linalg.norm(moved(inverse(self.motion), self.centre_mm) - self.centre_mm))

    @property
    def rotation_deg(self) -> float:
        """By how much the moving image turns."""
        return rotation_deg(self.motion)

    def place(self, grid: Grid, *, frame: str | None = None) -> Grid:
        """Lay a grid of the moving image into the fixed image's space; voxels stay as they are.

        Parameters
        ----------
        grid
            Grid of the moving image or of a label map drawn on it.
        frame
            Frame of reference of the fixed image.

        Raises
        ------
        InputError
            If the registration was refused.
        """
        if self.refusal is not None:
            raise InputError(
                "a refused registration moves nothing",
                expected="an accepted one",
                got=f"{self.refusal}: {self.reason}",
                hint="leave the series out, or register it by hand",
            )
        return Grid(grid.shape, self.motion @ grid.affine, frame)


def register(
    moving: Image, fixed: Image, *, about_mm: ArrayLike | None = None, options: RegistrationOptions | None = None
) -> Registration:
    """Find the rigid motion that lays ``moving`` into the space of ``fixed``.

    Mutual information (Mattes 2003) is maximised coarse to fine, from ``moving`` to ``fixed`` and from ``fixed`` to
    ``moving``; the answer lies halfway, because each way alone is drawn to where its own interpolation blurs most.
    Both images are first blurred to one sharpness, so that thick slices across each other are the ordinary case. The
    search is deterministic: one thread, fixed seeds.

    Parameters
    ----------
    moving, fixed
        Images of one body, of any contrast and orientation; at least three slices each.
    about_mm
        (n, 3) RAS+ mm in the fixed image: the motion is found in their bounding box and 20 mm about it. Default: the
        whole fixed image.
    options
        Search and limits.

    Returns
    -------
    The motion with its error and quality figures; refused, with the reason, where the images do not belong together, or
    where one shows left what the other shows right.

    Raises
    ------
    InputError
        If an image holds NaN or infinity, or ``about_mm`` is no list of points.
    """
    chosen = options or RegistrationOptions()
    for what, image in (("moving", moving), ("fixed", fixed)):
        if image.array.dtype.kind == "f" and not np.isfinite(image.array).all():
            raise InputError("an image holds NaN or infinity", expected="finite values", where=f"{what} image")
    points = _checked_points(about_mm)
    unfit = _unfit(moving, fixed) or (_ambiguous(moving.grid) if chosen.search else None)
    return unfit or _registered(moving, fixed, points, chosen)


def _checked_points(about_mm: ArrayLike | None) -> FloatArray | None:
    if about_mm is None:
        return None
    points = np.asarray(about_mm, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or not len(points):
        raise InputError("no list of points", expected="(n, 3) mm", got=str(points.shape), where="about_mm")
    return points


def _unfit(moving: Image, fixed: Image) -> Registration | None:
    for what, image in (("moving", moving), ("fixed", fixed)):
        low, high = np.percentile(image.array, (1, 99))
        if high <= low:
            return _refused(Refusal.FLAT, f"the {what} image holds next to one value alone")
        slices = min(image.grid.shape)
        if slices < _LEAST_SLICES:
            words = f"the {what} image has {slices} slice(s), {_LEAST_SLICES} are needed to find a motion"
            return _refused(Refusal.TOO_FEW_SLICES, words)
    return None


def _ambiguous(grid: Grid) -> Registration | None:
    up = int(np.argmax(np.abs(grid.axes[2])))
    height_mm = float(grid.shape[up] * grid.spacing_mm[up])
    if height_mm >= _TWO_LEVELS_MM:
        return None
    words = f"a stack {height_mm:.0f} mm high may show one level or the next, {_TWO_LEVELS_MM:.0f} mm are needed"
    return _refused(Refusal.AMBIGUOUS, words)


def _refused(refusal: Refusal, reason: str) -> Registration:
    return Registration(motion=np.eye(4), refusal=refusal, reason=reason)


def _registered(moving: Image, fixed: Image, about_mm: FloatArray | None, options: RegistrationOptions) -> Registration:
    def match(start: FloatArray, widths_mm: tuple[float, ...]) -> Matching:
        samples = options.samples
        return Matching(fixed, moving, about_mm=about_mm, start=start, widths_mm=widths_mm, samples=samples)

    def searched(start: FloatArray, reach_mm: tuple[float, float, float]) -> Registration:
        best = match(start, options.widths_mm[:2]).searched(reach_mm)
        return _from(match(best, options.widths_mm), best, options)

    start = np.eye(4)
    if options.search:
        start[:3, 3] = moving.grid.centre_mm - fixed.grid.centre_mm
        return searched(start, options.reach_mm)
    found = _from(match(start, options.widths_mm), start, options)
    if found.refusal is not Refusal.UNRELATED or _ambiguous(moving.grid):
        return found
    # a patient who moved far may have been led to the next level
    again = searched(start, _AGAIN_MM)
    return again if again.accepted else found


def _from(match: Matching, start: FloatArray, options: RegistrationOptions) -> Registration:
    if match.overlap(start) < options.least_overlap:
        return _apart(match, start, options)
    found = match.forward()
    if found is None or match.overlap(found) < options.least_overlap:
        return _apart(match, start if found is None else found, options)
    return _judged(match, found, options)


def _apart(match: Matching, motion: FloatArray, options: RegistrationOptions) -> Registration:
    overlap = match.overlap(motion)
    words = f"the images share {100 * overlap:.0f} % of the smaller one, {100 * options.least_overlap:.0f} % are needed"
    return replace(_refused(Refusal.OVERLAP, words), overlap=overlap)


def _judged(match: Matching, forward: FloatArray, options: RegistrationOptions) -> Registration:
    """Tell whether the best fit is better than chance and than that of the mirror image, and how sure it is."""
    shared = match.shared_mm(forward)
    here, mirror = match.agreement(forward), match.mirrored(forward)
    found = Registration(
        motion=inverse(forward),
        gain=here.gain,
        likeness=here.place,
        side_gain=here.direction / mirror.direction,
        side_checked=here.direction > options.clear_side * mirror.direction,
        overlap=match.overlap(forward),
        centre_mm=shared.mean(axis=0),
    )
    if mirror.gain >= options.mirrored_gain and mirror.direction > options.clear_side * here.direction:
        times = f"{mirror.direction / here.direction:.2f} times as well"
        words = f"mirrored left to right it fits {times}: left and right look swapped in one of the two series"
        return replace(found, refusal=Refusal.MIRRORED, reason=words)
    if words := _strange(here, _limits(match.contrasts, options)):
        return replace(found, refusal=Refusal.UNRELATED, reason=words)
    return _consistent(match, forward, shared, found, options)


def _consistent(
    match: Matching, forward: FloatArray, shared_mm: FloatArray, found: Registration, options: RegistrationOptions
) -> Registration:
    """Lay the answer halfway between both ways, with the error that halves and ways tell; refused where they differ."""
    halves, backward = match.halves(forward), match.backward(_nudged(forward, found.centre_mm))
    if halves is None or backward is None:
        return replace(found, refusal=Refusal.INCONSISTENT, reason="a part of the image fits nowhere")
    apart = max(rms_distance_mm(*halves, shared_mm), rms_distance_mm(forward, backward, shared_mm))
    found = replace(found, inconsistency_mm=apart)
    if apart > options.most_inconsistent_mm:
        limit = options.most_inconsistent_mm
        words = f"parts of the image ask for motions {apart:.1f} mm apart, {limit:g} mm are allowed"
        return replace(found, refusal=Refusal.INCONSISTENT, reason=words)
    motion = inverse(halfway(forward, backward, found.centre_mm))
    return replace(found, motion=motion, error_mm=_error_mm(halves, (forward, backward), shared_mm))


def _limits(contrasts: tuple[Contrast, Contrast], options: RegistrationOptions) -> Limits:
    kinds = {_KINDS.get(contrast, contrast) for contrast in contrasts}
    if Contrast.STIR in kinds and len(kinds) > 1:
        return options.least_dark_fat
    return options.least_alike if len(kinds) == 1 and Contrast.UNKNOWN not in kinds else options.least


def _strange(agreement: Agreement, least: Limits) -> str:
    """Say why borders do not agree as those of one body do; empty where they do."""
    if agreement.gain < least.gain:
        found = f"borders agree {agreement.gain:.2f} times as well as beside, {least.gain} times are needed"
    elif agreement.place < least.likeness:
        found = f"the likeness of borders is {agreement.place:.2f}, {least.likeness} is needed"
    else:
        return ""
    return f"{found}: another body, another part of it, or too much noise"


def _error_mm(
    halves: tuple[FloatArray, FloatArray], ways: tuple[FloatArray, FloatArray], shared_mm: FloatArray
) -> float:
    """Estimate the error of the answer from what halves and ways disagree about.

    Two halves with independent errors e√2 differ by 2e, and their mean has half of that; the two ways share what the
    noise does, and differ by what interpolation does. What halves and ways share is seen by neither: it grows as the
    shared region gets thinner, whose turn is then hardly known.
    """
    by_halves = rms_distance_mm(*halves, shared_mm) / 4
    by_ways = rms_distance_mm(*ways, shared_mm) / 2
    thickness_mm = np.sqrt(12 * np.linalg.eigvalsh(np.cov(shared_mm.T))[0])
    unseen = _UNSEEN_MM2 / max(thickness_mm, 1.0)
    return float(np.sqrt(by_halves**2 + by_ways**2 + unseen**2))


def _nudged(motion: FloatArray, centre_mm: FloatArray) -> FloatArray:
    """Motion a little beside another, so that the way back must find its own end."""
    turn = Rotation.from_rotvec(np.full(3, np.radians(_NUDGE_DEG))).as_matrix()
    aside = np.eye(4)
    aside[:3, :3] = turn
    aside[:3, 3] = centre_mm - turn @ centre_mm + _NUDGE_MM
    return np.asarray(motion @ aside)
