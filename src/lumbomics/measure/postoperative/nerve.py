"""The exiting root and its ganglion in the foramen, slice by slice, told from fat by their T1 signal."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import binary_dilation, distance_transform_edt, label

from lumbomics.core.anatomy import Side, vertebra_number
from lumbomics.core.examination import CanalTissue, Scan
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Reason
from lumbomics.core.sampling import sample_linear, sample_nearest
from lumbomics.measure.examined import T2_CONTRASTS, ExaminedSpine
from lumbomics.measure.geometry.frame import FloatArray
from lumbomics.measure.geometry.obstacle import NotMeasurableError
from lumbomics.measure.geometry.once import once
from lumbomics.measure.geometry.slices import Mask
from lumbomics.measure.postoperative.contrast import Regions, muscle_regions, showing, signal_of
from lumbomics.measure.postoperative.view import CanalSlice, LevelView, level_view

SHELL_MM = 2.0
_REACH_MM = 20.0
_LEAST_FAT = 30
_DARKEST = 0.6
_LEAST_ROOT_MM2 = 4.0


@dataclass(frozen=True, eq=False)
class ExitingRoot:
    """One exiting root.

    Parameters
    ----------
    view
        The slices.
    root, shell
        Pixels of the root, and those within 2 mm of it that are neither root nor bone nor disc.
    """

    view: LevelView = field(repr=False)
    root: Regions = field(repr=False)
    shell: Regions = field(repr=False)

    def area_mm2(self) -> float:
        """Mean cross-section over the slices that show the root."""
        areas = [one.area_mm2(mask) for one, mask in self.root if mask.any()]
        return float(np.mean(areas))


@once
def exiting_root(examined: ExaminedSpine, upper: str, lower: str, side: Side) -> ExitingRoot:
    """Find the root that leaves through a foramen.

    Pixels of the foramen's label whose T1 signal lies nearer to muscle than to epidural fat and not far below muscle
    (cortex, ligaments, vessels); the largest connected part in each slice.

    Raises
    ------
    NotMeasurableError
        Without a foramen label, without a T1 series that shows fat bright, or where nothing like a root is seen.
    """
    labels = examined.spine.segmentation.foramina
    value = 2 * vertebra_number(upper) + (1 if side is Side.RIGHT else 0)
    if labels is None or value not in labels.boxes:
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"the {side} foramen at {upper}-{lower} is not in the labels"
        )
    view = level_view(examined, upper, lower, contrasts=T2_CONTRASTS, half_height_mm=_REACH_MM)
    scan = showing(examined, view, Contrast.T1)
    low, high = _signal_range(examined, view, scan)
    root, shell = [], []
    for one in view.slices:
        inside = sample_nearest(labels.array, labels.grid, one.cut.points_mm) == value
        signal = _on_pixels(scan, one, _near(inside, one))
        found = _largest(inside & (signal > low) & (signal < high) & ~one.cut.obscured, one)
        root.append((one, found))
        shell.append((one, _shell(found, one) & _soft(examined, one) & ~one.cut.obscured))
    if not any(mask.any() for _, mask in root):
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"no root is seen in the {side} foramen at {view.level}"
        )
    return ExitingRoot(view, root, shell)


@once
def _signal_range(examined: ExaminedSpine, view: LevelView, scan: Scan) -> tuple[float, float]:
    """Lowest and highest T1 signal of a root: from 0.6 of muscle to midway between muscle and fat."""
    if scan.fat_suppressed:
        raise NotMeasurableError(Reason.NO_SUITABLE_SERIES, f"{scan.name} suppresses the fat that shows the root")
    muscle = np.concatenate([signal_of(scan, found) for found in muscle_regions(examined, view).values()])
    fat = signal_of(scan, [(one, one.tissue(CanalTissue.EPIDURAL_FAT)) for one in view.slices])
    # veins and sleeves lie among the fat of the map: its brighter part is fat
    bright = float(np.percentile(fat, 75)) if len(fat) >= _LEAST_FAT else 0.0
    if bright < 1.2 * np.median(muscle):
        raise NotMeasurableError(
            Reason.STRUCTURE_NOT_LABELLED, f"too little bright fat in the canal at {view.level} to tell a root from it"
        )
    return _DARKEST * float(np.median(muscle)), float((np.median(muscle) + bright) / 2)


def _on_pixels(scan: Scan, one: CanalSlice, where: Mask) -> FloatArray:
    """Signal (rows, columns) of another series at some pixels; 0 elsewhere and beyond the series."""
    values = np.zeros(where.shape)
    values[where] = np.nan_to_num(sample_linear(scan.image.array, scan.image.grid, one.cut.points_mm[where]))
    return values


def _near(mask: Mask, one: CanalSlice) -> Mask:
    return np.asarray(binary_dilation(mask, iterations=int(np.ceil(SHELL_MM / one.pixel_mm)))) if mask.any() else mask


def _largest(mask: Mask, one: CanalSlice) -> Mask:
    """Keep the largest connected part, nothing where it is below 4 mm²."""
    parts, count = label(mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    best = int(sizes.argmax())
    return np.asarray((parts == best) & bool(sizes[best] * one.cut.pixel_mm2 >= _LEAST_ROOT_MM2))


def _shell(root: Mask, one: CanalSlice) -> Mask:
    if not root.any():
        return root
    return np.asarray(~root & (distance_transform_edt(~root) * one.pixel_mm <= SHELL_MM))


def _soft(examined: ExaminedSpine, one: CanalSlice) -> Mask:
    """Pixels that are no vertebra, no disc and no canal in the label map."""
    spine = examined.spine.labels
    return np.asarray(sample_nearest(spine.array, spine.grid, one.cut.points_mm) == 0)
