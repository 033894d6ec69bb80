"""All structures of a phantom in painting order; what is painted later wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import CANAL, CORD, DISC_OFFSET, Side
from lumbomics.core.labels import Subregion
from lumbomics.phantom.canal import Canal, build_canal
from lumbomics.phantom.cauda import Cauda, build_cauda
from lumbomics.phantom.chain import Vertebra, build_chain
from lumbomics.phantom.disc import disc_solid, foramen_solid, herniation_solids
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.posterior import SIDES, posterior_elements
from lumbomics.phantom.sacrum import sacral_bodies, sacral_masses
from lumbomics.phantom.shapes import Solid

FloatArray = NDArray[np.float64]

SPINE, SUBREGION, FORAMINA, SAC = "spine", "subregion", "foramina", "dural_sac"
MUSCLE, DISPLACED = "muscle", "displaced"
"""Maps that only some calls sample: the muscles, and disc material beyond its disc's outline."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One structure and the label values it paints.

    Parameters
    ----------
    solid
        Its shape.
    values
        Map name -> value.
    over
        Values of the spine map it may replace; ``None`` for all.
    """

    solid: Solid = field(repr=False)
    values: dict[str, int]
    over: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The closed-form spine: vertebrae, canal and the layers around it.

    Parameters
    ----------
    parameters
        What it was built from.
    chain
        Vertebrae, T10 first.
    canal
        Canal, dural sac and cord; painted between ``arches`` and ``fronts``.
    arches
        Posterior elements and sacral masses.
    fronts
        Discs, herniations, bodies and foramina.
    cauda
        Courses of the roots in the sac.
    """

    parameters: PhantomParameters
    chain: tuple[Vertebra, ...] = field(repr=False)
    canal: Canal = field(repr=False)
    arches: tuple[Layer, ...] = field(repr=False)
    fronts: tuple[Layer, ...] = field(repr=False)
    cauda: Cauda = field(repr=False)

    @property
    def pairs(self) -> tuple[tuple[str, Vertebra, Vertebra], ...]:
        """Disc name, upper and lower vertebra of every disc, from the top."""
        return tuple((f"{upper.name}-{lower.name}", upper, lower) for upper, lower in pairwise(self.chain))

    def vertebra(self, name: str) -> Vertebra:
        """Return the vertebra of that name."""
        return next(v for v in self.chain if v.name == name)


def build_anatomy(parameters: PhantomParameters) -> Anatomy:
    """Build every structure from the parameters."""
    chain = build_chain(parameters)
    canal = build_canal(chain, parameters)
    arches, fronts = tuple(_arches(chain, parameters)), tuple(_fronts(chain, parameters))
    return Anatomy(parameters, chain, canal, arches, fronts, build_cauda(canal))


def _arches(chain: tuple[Vertebra, ...], parameters: PhantomParameters) -> list[Layer]:
    sacrum = chain[-1]
    layers = [Layer(solid, {SPINE: sacrum.number, SUBREGION: part}) for part, solid in sacral_masses(sacrum)]
    neighbours = zip(chain, (None, *chain[:-1]), (*chain[1:], None), strict=True)
    for vertebra, above, below in neighbours:
        parts = posterior_elements(vertebra, above, below, parameters)
        layers += [Layer(solid, {SPINE: vertebra.number, SUBREGION: part}) for part, solid in parts]
    return layers


def _fronts(chain: tuple[Vertebra, ...], parameters: PhantomParameters) -> list[Layer]:
    layers: list[Layer] = []
    open_places = (0, CANAL, CORD)
    for upper, lower in pairwise(chain):
        values = {SPINE: DISC_OFFSET + upper.number, SUBREGION: int(Subregion.DISC)}
        layers.append(Layer(disc_solid(upper, lower), values, open_places))
        extruded = herniation_solids(upper, lower, parameters)
        layers += [Layer(solid, {**values, SAC: 0, DISPLACED: 1}, open_places) for solid in extruded]
    for vertebra in chain[:-1]:
        solid = vertebra.body.solid(vertebra.frame)
        layers.append(Layer(solid, {SPINE: vertebra.number, SUBREGION: Subregion.CORPUS}))
    sacrum = chain[-1]
    layers += [Layer(solid, {SPINE: sacrum.number, SUBREGION: part}) for part, solid in sacral_bodies(sacrum)]
    for upper, lower in pairwise(chain):
        for side, sign in SIDES:
            value = 2 * upper.number + (1 if side is Side.RIGHT else 0)
            layers.append(Layer(foramen_solid(upper, lower, sign), {FORAMINA: value}, (0,)))
    return layers


def bounding_box(anatomy: Anatomy) -> tuple[FloatArray, FloatArray]:
    """World corners (3,) of the box that holds all layers."""
    corners = np.vstack([layer.solid.corners_mm for layer in (*anatomy.arches, *anatomy.fronts)])
    return corners.min(axis=0), corners.max(axis=0)
