"""Digital reference objects: patients with known truth, for tests, demos and training."""

from lumbomics.phantom.levels import Herniation, Zone
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.phantom import Phantom, make_phantom

__all__ = ["Herniation", "Phantom", "PhantomParameters", "Zone", "make_phantom"]
