"""The operated canal: removed bone, scar, displaced disc, adherent roots, fluid; with exact truth.

Every part is an :class:`~lumbomics.phantom.Extra` of its own; :class:`Postoperative` holds those of one level, and
:func:`make_postoperative` draws a patient.
"""

from lumbomics.phantom.postoperative.arachnoid import Arachnoiditis, Delamarter
from lumbomics.phantom.postoperative.bone import BoneDefect
from lumbomics.phantom.postoperative.collection import BloodAge, Collection, Haematoma
from lumbomics.phantom.postoperative.courses import RedundantRoots, Tether
from lumbomics.phantom.postoperative.draw import Kind, draw_state, make_postoperative
from lumbomics.phantom.postoperative.fragment import DiscFragment, Displacement
from lumbomics.phantom.postoperative.nerve import InflamedJoints, InflamedRoot
from lumbomics.phantom.postoperative.plug import ScarPlug
from lumbomics.phantom.postoperative.sac import SacShift
from lumbomics.phantom.postoperative.scar import EpiduralScar, Quadrant
from lumbomics.phantom.postoperative.state import Postoperative
from lumbomics.phantom.postoperative.tissues import ScarTissue, Vessels

__all__ = [
    "Arachnoiditis",
    "BloodAge",
    "BoneDefect",
    "Collection",
    "Delamarter",
    "DiscFragment",
    "Displacement",
    "EpiduralScar",
    "Haematoma",
    "InflamedJoints",
    "InflamedRoot",
    "Kind",
    "Postoperative",
    "Quadrant",
    "RedundantRoots",
    "SacShift",
    "ScarPlug",
    "ScarTissue",
    "Tether",
    "Vessels",
    "draw_state",
    "make_postoperative",
]
