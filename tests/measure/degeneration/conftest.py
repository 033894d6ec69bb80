"""A drawn spine in one sagittal slice: blocks, discs of stated height and signal, a canal; everything known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, DISC_OFFSET
from lumbomics.core.examination import Examination, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.visit import Plane
from lumbomics.measure import ExaminedSpine, MeasureOptions, describe_spine

FloatArray = NDArray[np.float64]
BONE, FLUID, FAR = 100.0, 400.0, 30.0


@dataclass(frozen=True)
class Column:
    """Five discs between six blocks, L1 to S1, stacked along z; anterior is +y.

    Parameters
    ----------
    height, nucleus, slip, bulge
        By disc from L1-L2 to L5-S1: mm; signal of the nucleus; forward shift of everything above, mm; mm behind the
        line between the corners.
    patches
        Changed marrow: (disc index, "upper" or "lower", T1 factor, T2 factor, depth mm).
    spot
        Disc index with a bright spot in the posterior annulus, ``None`` for none.
    """

    height: tuple[float, ...] = (9.0, 9.0, 10.0, 10.0, 9.0)
    nucleus: tuple[float, ...] = (260.0, 260.0, 260.0, 260.0, 260.0)
    slip: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    bulge: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    patches: tuple[tuple[int, str, float, float, float], ...] = ()
    spot: int | None = None
    depth_mm: float = 34.0
    body_mm: float = 26.0
    pixel_mm: float = 0.6
    turn_deg: float = 0.0
    gain: float = 1.0
    numbers: tuple[int, ...] = field(default=(20, 21, 22, 23, 24, 26), repr=False)

    def draw(self) -> tuple[Labels, dict[Contrast, Image]]:
        """Label map and images of one slice 4 mm thick."""
        size = int(260 / self.pixel_mm)
        grid = Grid.from_spacing((1, size, size), (4.0, self.pixel_mm, self.pixel_mm), origin_mm=(0.0, -130, -130))
        y, z = self._upright(grid)
        labels = np.zeros(y.shape, dtype=np.uint8)
        t1, t2 = np.full(y.shape, FAR), np.full(y.shape, FAR)
        half = self.depth_mm / 2
        canal = np.abs(y + half + 12.0) < 7.0
        labels[canal], t2[canal], t1[canal] = CANAL, FLUID, 30.0
        top, front = 95.0, float(sum(self.slip))
        for at, number in enumerate(self.numbers):
            bottom = top - self.body_mm
            block = (np.abs(y - front) <= half) & (z <= top) & (z > bottom)
            labels[block], t1[block], t2[block] = number, BONE, BONE
            if at < len(self.height):
                top = self._disc(at, number, bottom, front, (y, z), labels, t1, t2)
                front -= self.slip[at]
        self._marrow((y, z), labels, t1, t2)
        rng = np.random.default_rng(1)
        noisy = {c: a * np.exp(0.04 * rng.standard_normal(a.shape)) for c, a in ((Contrast.T1, t1), (Contrast.T2, t2))}
        images = {c: Image(self.gain * a[None], grid, contrast=c) for c, a in noisy.items()}
        return Labels(labels[None], grid, boundary_sd_mm=0.0), images

    def examined(self, *, t1: bool = True) -> ExaminedSpine:
        """The slice as an examination."""
        labels, images = self.draw()
        segmentation = Segmentation(spine=labels)
        kept = [c for c in images if t1 or c is Contrast.T2]
        scans = tuple(Scan(name=c.value, image=images[c], plane=Plane.SAGITTAL) for c in kept)
        options = MeasureOptions(minimum_numbering_confidence=0.0)
        return ExaminedSpine(
            spine=describe_spine(segmentation, options=options),
            examination=Examination(segmentation=segmentation, scans=scans),
        )

    def with_(self, **changes: object) -> Column:
        """The same with changes."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def _upright(self, grid: Grid) -> tuple[FloatArray, FloatArray]:
        points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))[0]
        turn = np.radians(self.turn_deg)
        y, z = points[..., 1], points[..., 2]
        return y * np.cos(turn) + z * np.sin(turn), z * np.cos(turn) - y * np.sin(turn)

    def _disc(
        self,
        at: int,
        number: int,
        top: float,
        front: float,
        place: tuple[FloatArray, FloatArray],
        labels: NDArray[np.uint8],
        t1: FloatArray,
        t2: FloatArray,
    ) -> float:
        """Draw a disc below a block; returns its lower edge."""
        y, z = place
        bottom, half = top - self.height[at], self.depth_mm / 2
        middle = front - self.slip[at] / 2
        inside = (z <= top) & (z > bottom) & (y <= middle + half) & (y >= middle - half - self.bulge[at])
        labels[inside], t1[inside], t2[inside] = number + DISC_OFFSET, 60.0, 60.0
        core = inside & (np.abs(y - middle) < 0.55 * half) & (np.abs(z - (top + bottom) / 2) < 0.4 * self.height[at])
        t2[core] = self.nucleus[at]
        if self.spot == at:
            spot = np.hypot(y - (middle - half + 2.2), z - (top + bottom) / 2) < 1.3
            t2[spot] = FLUID
        return bottom

    def _marrow(
        self, place: tuple[FloatArray, FloatArray], labels: NDArray[np.uint8], t1: FloatArray, t2: FloatArray
    ) -> None:
        for at, endplate, one, two, reach in self.patches:
            number = self.numbers[at if endplate == "upper" else at + 1]
            z = place[1]
            disc = labels == self.numbers[at] + DISC_OFFSET
            edge = z[disc].max() if endplate == "upper" else z[disc].min()
            ill = (labels == number) & (np.abs(z - edge) < reach)
            t1[ill], t2[ill] = one * BONE, two * BONE


@pytest.fixture(scope="session")
def column() -> Column:
    """A healthy column."""
    return Column()
