"""Label numbers of other tools and data sets, to and from the project's own maps."""

from lumbomics.core.conventions.convention import Convention, Conversion, ConvertedLabels, Loss
from lumbomics.core.conventions.reading import to_segmentation
from lumbomics.core.conventions.tables import names_of
from lumbomics.core.conventions.writing import from_segmentation

__all__ = [
    "Convention",
    "Conversion",
    "ConvertedLabels",
    "Loss",
    "from_segmentation",
    "names_of",
    "to_segmentation",
]
