"""Worn and infected spines: discs by Pfirrmann, Modic changes, joints, ligament, epidural fat, muscles; exact truth.

Every part is a small dataclass of its own; :class:`Lesions` holds those of one spine as one
:class:`~lumbomics.phantom.Extra`, :func:`draw_lesions` draws them and :func:`make_worn_phantom` makes the phantom.
"""

from lumbomics.phantom.lesions.canal import Lipomatosis, ThickFlavum
from lumbomics.phantom.lesions.discs import DiscState, HighIntensityZone
from lumbomics.phantom.lesions.draw import draw_lesions, make_worn_phantom
from lumbomics.phantom.lesions.facets import FacetState
from lumbomics.phantom.lesions.infection import Discitis
from lumbomics.phantom.lesions.lesions import Lesions
from lumbomics.phantom.lesions.marrow import Endplate, EndplateDefect, Modic, ModicType
from lumbomics.phantom.lesions.muscles import MuscleState
from lumbomics.phantom.lesions.sections import canal_truth, muscle_truth

__all__ = [
    "DiscState",
    "Discitis",
    "Endplate",
    "EndplateDefect",
    "FacetState",
    "HighIntensityZone",
    "Lesions",
    "Lipomatosis",
    "Modic",
    "ModicType",
    "MuscleState",
    "ThickFlavum",
    "canal_truth",
    "draw_lesions",
    "make_worn_phantom",
    "muscle_truth",
]
