"""The exact value of every quantity, from the geometry and not from voxels.

Definitions are those of the catalogue's ``quantities/``; nothing here is shared with the measuring functions.
"""

from lumbomics.phantom.truth.everything import compute_truth

__all__ = ["compute_truth"]
