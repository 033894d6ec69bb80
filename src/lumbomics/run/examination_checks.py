"""What can be wrong with the series of an examination: clipped, spoilt by metal, swapped, levels no slice meets."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from lumbomics.core.anatomy import CANAL, DISC_OFFSET, disc_levels
from lumbomics.core.errors import InputError
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Segmentation
from lumbomics.core.visit import Plane, Visit
from lumbomics.prepare.resample import resample_labels
from lumbomics.prepare.subtraction import subtract

_DRAWN_ON = (Contrast.T2, Contrast.T2_SPACE)
_CLIPPED_SHARE = 0.003
_NEAR_SPINE_MM = 40.0
_CHANGED_SDS = 5.0
_SWAPPED = 3.0
_LEAST_CHANGED_MM3 = 200.0
_SPOILT_SHARE = 1 / 3


def clipped(visit: Visit, names: Collection[str]) -> tuple[str, ...]:
    """Series whose greatest value is held by more than 0.3 % of all voxels: signals above it are lost."""
    found = []
    for series in visit.series:
        if series.name in names and (share := clipped_share(series.image.array)) > _CLIPPED_SHARE:
            words = f"{100 * share:.1f} % of its voxels hold the greatest value: bright signals are clipped"
            found.append(f"{series.name}: {words}, ratios to fat or fluid are too high")
    return tuple(found)


def clipped_share(array: np.ndarray) -> float:
    """Share of the voxels that hold the greatest value; 0 where all hold one."""
    top = array.max()
    if top == array.min():
        return 0.0
    return float((array == top).mean())


def swapped(scans: Sequence[Scan], segmentation: Segmentation) -> tuple[list[Scan], list[tuple[str, str]]]:
    """Leave out series after contrast agent that look like those before it.

    Vessels, veins and scar take up contrast agent: near the spine more tissue must be brighter in the later series
    than darker. Where three times as much is darker, the two were taken for each other.

    Returns
    -------
    The scans without the series in doubt, and these with the reason.
    """
    doubted = []
    for post in scans:
        if post.contrast is not Contrast.T1_POST:
            continue
        before = next(
            (
                s
                for s in scans
                if s.contrast is Contrast.T1 and s.plane is post.plane and s.fat_suppressed is post.fat_suppressed
            ),
            None,
        )
        if before is not None and _is_swapped(before, post, segmentation):
            why = (
                f"it is darker than {before.name} where contrast agent should brighten: the two look swapped, check "
                "which was taken first"
            )
            doubted += [
                (post.name, why),
                (before.name, f"it looks like the series after contrast agent, see {post.name}"),
            ]
    names = {name for name, _ in doubted}
    return [scan for scan in scans if scan.name not in names], doubted


def _is_swapped(before: Scan, post: Scan, segmentation: Segmentation) -> bool:
    try:
        change = subtract(post.image, before.image)
    except InputError:
        return False
    spine = resample_labels(segmentation.spine, post.image.grid).array > 0
    if not spine.any():
        return False
    low, high = np.argwhere(spine).min(axis=0), np.argwhere(spine).max(axis=0)
    reach = np.ceil(_NEAR_SPINE_MM / post.image.grid.spacing_mm).astype(int)
    box = tuple(slice(max(int(a - r), 0), int(b + r) + 1) for a, b, r in zip(low, high, reach, strict=True))
    difference = change.image.array[box][change.before.array[box] > 0]
    scatter = 1.4826 * float(np.median(np.abs(difference - np.median(difference))))
    brighter = float((difference > _CHANGED_SDS * scatter).sum()) * post.image.grid.voxel_volume_mm3
    darker = float((difference < -_CHANGED_SDS * scatter).sum()) * post.image.grid.voxel_volume_mm3
    return darker > max(_SWAPPED * brighter, _LEAST_CHANGED_MM3)


def spoilt(scans: Sequence[Scan], segmentation: Segmentation) -> tuple[str, ...]:
    """Series in which metal hides more than a third of the canal they show: most of what is asked of them is absent."""
    told = []
    for scan in scans:
        if scan.obscured is None or not scan.obscured.present:
            continue
        canal = resample_labels(segmentation.spine, scan.image.grid).array == CANAL
        share = float((scan.obscured.array[canal] > 0).mean()) if canal.any() else 0.0
        if share > _SPOILT_SHARE:
            words = f"metal hides {100 * share:.0f} % of the canal it shows: what lies there is not assessable"
            told.append(f"{scan.name}: {words}; series against metal (VAT, SEMAC, MAVRIC) or CT may show it")
    return tuple(told)


def missed_levels(examination: Examination) -> tuple[str, ...]:
    """Operated levels that no axial slice passes through, though there are axial series."""
    axial = [scan for scan in examination.scans if scan.plane is Plane.AXIAL]
    spine = examination.segmentation.spine
    centres = {
        level: spine.points_mm(DISC_OFFSET + above).mean(axis=0)
        for above, _, level in disc_levels(spine.vertebrae)
        if DISC_OFFSET + above in spine.present
    }
    told = []
    for level in dict.fromkeys(one.level for one in examination.operations):
        if level not in centres:
            told.append(f"{level} was operated, and its disc is not among the labels")
        elif axial and not any(_meets(scan, centres[level]) for scan in axial):
            told.append(f"{level} was operated, and no axial slice passes through it")
    return tuple(told)


def undrawn(examination: Examination, visit: Visit) -> tuple[str, ...]:
    """Tell that no axial T2 series can be used, where one was to be expected, and what was set aside."""
    axial = [scan for scan in examination.scans if scan.plane is Plane.AXIAL]
    if any(scan.contrast in _DRAWN_ON and not scan.fat_suppressed for scan in axial):
        return ()
    aside = "; ".join(f"{what}: {why}" for what, why in visit.set_aside)
    if not (axial or aside or examination.operations):
        return ()
    words = (
        "no axial T2 series can be used: tissue of the canal and muscles are not drawn, what rests on them is absent"
    )
    return (f"{words} (not used: {aside})" if aside else words,)


def _meets(scan: Scan, point_mm: np.ndarray) -> bool:
    index = scan.image.grid.to_index(point_mm)
    return bool(((index > -0.5) & (index < np.array(scan.image.grid.shape) - 0.5)).all())
