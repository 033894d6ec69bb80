"""Digital reference objects: patients with known truth, for tests, demos and training."""

from lumbomics.phantom.extra import Extra
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.levels import Herniation, Zone
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.phantom import Phantom, make_phantom
from lumbomics.phantom.signal import SEQUENCES, Injection, Sequence
from lumbomics.phantom.visit import VisitProtocol, facts_of

__all__ = [
    "SEQUENCES",
    "Acquisition",
    "Extra",
    "Herniation",
    "Injection",
    "Phantom",
    "PhantomParameters",
    "Sequence",
    "VisitProtocol",
    "Zone",
    "facts_of",
    "make_phantom",
]
