"""What a phantom may have beyond a plain spine: surgery, lesions, metal. One class, one method a stage.

A new kind of pathology is a frozen dataclass (``eq=False``, so that phantoms can be cached) that derives from
:class:`Extra` and overrides the stages it has a part in. :func:`~lumbomics.phantom.make_phantom` takes any number of
them as ``extras=(...)``; they act in that order. The stages, in the order in which a phantom is made and imaged:

1. ``build``: change the closed form itself (add or cut :class:`~lumbomics.phantom.anatomy.Layer` s of bone, reshape the
   canal, move the roots). Label maps, images and truth all follow from it. A layer that sets the spine map to 0 takes
   bone away; the tissue left there is ``Tissue.REMOVED`` until ``paint`` says otherwise.
2. ``relabel``: change sampled label maps (``spine``, ``subregion``, ``foramina``, ``dural_sac``, ``muscle``) where the
   closed form cannot say it.
3. ``paint``: change tissue numbers, on a raster finer than the image's. New numbers are 64 to 95 for the canal's
   contents and 96 to 127 for bone, disc, joint, muscle and metal.
4. ``properties``: what the new numbers send back (and, with an :class:`~lumbomics.phantom.signal.Injection`, how much
   contrast agent they take up), ``canal``: which :class:`~lumbomics.core.examination.CanalTissue` they are.
5. ``form``: change the formed signal, before blur, coil shading and noise; ``obscured``: the map of what that spoilt.
6. ``truth`` and ``operations``: what is exactly known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.examination import CanalTissue, Operation
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Result
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties

if TYPE_CHECKING:
    from lumbomics.phantom.imaging import Acquisition
    from lumbomics.phantom.scene import Scene

Numbers = NDArray[np.uint8]


class Extra:
    """Nothing extra; override the stages that differ. ``relabel`` and ``paint`` change their arrays in place."""

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Return the closed form with this in it."""
        return anatomy

    def relabel(self, maps: MutableMapping[str, Numbers], anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Change label maps (i, j, k) on ``grid`` in place."""

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Change tissue numbers (i, j, k) on ``grid`` in place; ``anatomy`` is the finished one."""

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """Properties of the numbers painted; ``injection`` is ``None`` without contrast agent."""
        return {}

    def canal(self) -> Mapping[int, CanalTissue]:
        """Which canal tissue the numbers painted are; a number left out is decided by where it lies."""
        return {}

    def form(
        self,
        values: NDArray[np.float32],
        grid: Grid,
        contrast: Contrast,
        acquisition: Acquisition,
        anatomy: Anatomy,
    ) -> NDArray[np.float32]:
        """Return the signal (i, j, k) as this lets it arrive in the picture."""
        return values

    def obscured(self, grid: Grid, contrast: Contrast, acquisition: Acquisition, anatomy: Anatomy) -> Numbers | None:
        """Map of :class:`~lumbomics.core.examination.Obscured` (i, j, k), ``None`` where nothing is spoilt."""
        return None

    def truth(self, scene: Scene) -> Iterable[Result]:
        """Yield what is exactly known; ``scene`` is the finished body, all extras in it."""
        return ()

    def operations(self) -> tuple[Operation, ...]:
        """Tell what was operated, where and when."""
        return ()
