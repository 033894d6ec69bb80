"""A digital reference object: one patient's spine with known truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumbomics.core.anatomy import Numbering, NumberingSource
from lumbomics.core.errors import InputError
from lumbomics.core.examination import Examination
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.core.labels import Labels, Segmentation
from lumbomics.core.measurement import Result
from lumbomics.phantom.anatomy import FORAMINA, MUSCLE, SAC, SPINE, SUBREGION, Anatomy, bounding_box
from lumbomics.phantom.canalmap import NAMES, canal_tissue
from lumbomics.phantom.chain import disc_frame
from lumbomics.phantom.errorfield import smooth_field
from lumbomics.phantom.extra import Extra
from lumbomics.phantom.imaging import Acquisition, form_image
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.scene import Scene, build_scene
from lumbomics.phantom.shapes import Frame
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.truth import compute_truth
from lumbomics.phantom.visit import SOURCE, VisitProtocol, examine

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Phantom:
    """One phantom; make it with :func:`make_phantom`.

    Parameters
    ----------
    seed
        Number the random parts (parameters, texture, noise) come from.
    scene
        The body: spine, soft tissue, extras.
    """

    seed: int
    scene: Scene = field(repr=False)

    @property
    def anatomy(self) -> Anatomy:
        """The closed-form spine, extras built in."""
        return self.scene.anatomy

    @property
    def soft(self) -> SoftTissue:
        """Muscles, fat, vessels and skin around the spine."""
        return self.scene.soft

    @property
    def parameters(self) -> PhantomParameters:
        """What shaped the phantom."""
        return self.anatomy.parameters

    def segmentation(
        self,
        grid: Grid,
        *,
        boundary_sd_mm: float = 0.0,
        boundary_correlation_mm: float = 3.0,
        rng: np.random.Generator | None = None,
    ) -> Segmentation:
        """Sample every label map on ``grid``.

        Parameters
        ----------
        grid
            Any grid; structures outside it are cut off.
        boundary_sd_mm, boundary_correlation_mm
            Standard deviation and correlation length of a smooth random shift of all boundaries, an imagined
            segmentation's error; 0 for the exact geometry.
        rng
            Source of that error; needed where it is not 0.
        """
        if boundary_sd_mm < 0 or boundary_correlation_mm <= 0:
            raise InputError("boundary error cannot be negative", got=f"{boundary_sd_mm}, {boundary_correlation_mm}")
        if boundary_sd_mm > 0 and rng is None:
            raise InputError("a random boundary error needs a generator", hint="give rng=np.random.default_rng(seed)")
        error = None
        if boundary_sd_mm > 0 and rng is not None:
            error = smooth_field(grid, sd=boundary_sd_mm, correlation_mm=boundary_correlation_mm, rng=rng)
        maps = self.scene.label_maps(grid, error=error)

        def labels(name: str) -> Labels:
            return Labels(maps[name], grid, source=SOURCE, boundary_sd_mm=boundary_sd_mm)

        return Segmentation(
            spine=labels(SPINE),
            subregion=labels(SUBREGION),
            dural_sac=labels(SAC),
            foramina=labels(FORAMINA),
            muscle=labels(MUSCLE),
            numbering=Numbering(source=NumberingSource.PHANTOM, confidence=1.0, transition=self.parameters.transition),
        )

    def canal_tissue(self, grid: Grid) -> Labels:
        """Sample the exact map of :class:`~lumbomics.core.examination.CanalTissue` on ``grid``, by voxel centres."""
        array = canal_tissue(self.scene, self.scene.tissue(grid), self.scene.label_maps(grid))
        return Labels(array, grid, NAMES, SOURCE, 0.0)

    def examination(self, protocol: VisitProtocol | None = None) -> Examination:
        """Take the series of a visit after surgery, with true label, tissue, muscle and metal maps on each.

        Parameters
        ----------
        protocol
            Which series and how; sagittal T1, T2 and STIR and axial T2, T1 and T1 after contrast, 0.55 mm in plane
            and 4 mm thick in one straight stack, where not given.
        """
        return examine(self, protocol or VisitProtocol())

    def disc_frame(self, disc: str) -> Frame:
        """Frame of a disc: origin in its middle, right, anterior, superior; InputError if there is no such disc."""
        found = [disc_frame(upper, lower) for name, upper, lower in self.anatomy.pairs if name == disc]
        if not found:
            raise InputError("the phantom has no such disc", expected=", ".join(self.parameters.discs), got=disc)
        return found[0]

    def default_grid(
        self, spacing_mm: ArrayLike = 1.0, *, margin_mm: float = 8.0, rotation: ArrayLike | None = None
    ) -> Grid:
        """Return a grid that holds the whole spine.

        Parameters
        ----------
        spacing_mm
            One number or (3,) mm along the grid's axes.
        margin_mm
            Free space around the spine.
        rotation
            3 x 3 rotation of the grid's axes; the identity (RAS) where not given.
        """
        low, high = bounding_box(self.anatomy)
        return _grid_around(low - margin_mm, high + margin_mm, np.broadcast_to(spacing_mm, 3), rotation)

    def sagittal_grid(
        self,
        *,
        in_plane_mm: float = 0.6,
        thickness_mm: float = 4.0,
        slices: int = 15,
        rotation: ArrayLike | None = None,
    ) -> Grid:
        """Return a sagittal stack over the canal: slices from left to right, in plane to the front and the head."""
        low, high = bounding_box(self.anatomy)
        centre = float(self.anatomy.canal.points[:, 0].mean())
        half = thickness_mm * (slices - 1) / 2
        low = np.array([centre - half, low[1] - 40.0, low[2] + 20.0])
        high = np.array([centre + half + 0.01 * thickness_mm, high[1] + 25.0, high[2] + 5.0])
        return _grid_around(low, high, np.array([thickness_mm, in_plane_mm, in_plane_mm]), rotation)

    def axial_grid(
        self,
        disc: str | None = None,
        *,
        in_plane_mm: float = 0.5,
        thickness_mm: float = 4.0,
        slices: int = 5,
        width_mm: float = 180.0,
    ) -> Grid:
        """Return an axial stack through one disc and along it, or level and about L4 where none is named.

        Slices run from the feet to the head, rows to the front, columns to the right.
        """
        level = Frame(np.eye(3), self.anatomy.vertebra("L4").frame.origin_mm)
        frame = level if disc is None else self.disc_frame(disc)
        voxels = int(width_mm / in_plane_mm)
        half = np.array([width_mm / 2, width_mm * 0.62, thickness_mm * (slices - 1) / 2])
        spacing = (in_plane_mm, in_plane_mm, thickness_mm)
        origin = frame.to_world(-half)
        return Grid.from_spacing((voxels, voxels, slices), spacing, origin_mm=origin, axes=frame.rotation)

    def image(
        self,
        grid: Grid,
        contrast: Contrast = Contrast.T2,
        *,
        acquisition: Acquisition | None = None,
        rng: np.random.Generator | None = None,
    ) -> Image:
        """Form an MR or CT image.

        Parameters
        ----------
        grid
            Where; see :meth:`sagittal_grid`, :meth:`axial_grid`, :meth:`default_grid`.
        contrast
            T1, T1 after contrast agent, T2, T2 SPACE, STIR, PD or CT.
        acquisition
            Noise, texture, coil shading and blur; the usual ones where not given.
        rng
            Source of noise and texture; from the phantom's seed where not given.
        """
        source = self._draws(contrast) if rng is None else rng
        # before and after contrast agent it is the same tissue, and the same unevenness
        texture = self._draws(Contrast.T1) if rng is None and contrast is Contrast.T1_POST else None
        return form_image(self.scene, grid, contrast, acquisition or Acquisition(), source, texture)

    def _draws(self, contrast: Contrast) -> np.random.Generator:
        return np.random.default_rng([self.seed, list(Contrast).index(contrast)])

    def truth(self) -> tuple[Result, ...]:
        """Compute every quantity from the geometry; ``se`` is 0 and the label source ``phantom``."""
        further = [result for extra in self.scene.extras for result in extra.truth(self.scene)]
        return (*compute_truth(self.anatomy), *further)


def make_phantom(
    seed: int = 0, parameters: PhantomParameters | None = None, *, extras: Iterable[Extra] = ()
) -> Phantom:
    """Make a phantom.

    Parameters
    ----------
    seed
        Source of all that is random.
    parameters
        Shape of the spine; drawn from the seed where not given.
    extras
        Surgery, lesions, metal (see :mod:`lumbomics.phantom.extra`), in the order in which they act.
    """
    return Phantom(seed, build_scene(parameters or PhantomParameters.random(seed), tuple(extras)))


def _grid_around(low: FloatArray, high: FloatArray, spacing: FloatArray, rotation: ArrayLike | None) -> Grid:
    turn = np.eye(3) if rotation is None else np.asarray(rotation, dtype=np.float64)
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-6):
        raise InputError("the grid's axes must be a rotation", expected="3 x 3 orthonormal", got=str(turn.tolist()))
    ends = np.array([low, high])
    corners = np.array([[ends[i, 0], ends[j, 1], ends[k, 2]] for i, j, k in np.ndindex(2, 2, 2)]) @ turn
    first, last = corners.min(axis=0), corners.max(axis=0)
    shape = np.maximum(np.floor((last - first) / spacing).astype(int) + 1, 1)
    return Grid.from_spacing((int(shape[0]), int(shape[1]), int(shape[2])), spacing, origin_mm=turn @ first, axes=turn)
