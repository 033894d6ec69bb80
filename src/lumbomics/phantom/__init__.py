"""Digital reference objects: patients with known truth, for tests, demos and training."""

from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.levels import Herniation, Zone
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.phantom import Phantom, make_phantom
from lumbomics.phantom.signal import SEQUENCES, Sequence

__all__ = [
    "SEQUENCES",
    "Acquisition",
    "Herniation",
    "Phantom",
    "PhantomParameters",
    "Sequence",
    "Zone",
    "make_phantom",
]
