"""Whether the label map can be believed."""

from lumbomics.segment.quality.assess import assess, assess_labels
from lumbomics.segment.quality.image import check_image
from lumbomics.segment.quality.settings import QualitySettings, default_settings
from lumbomics.segment.quality.withhold import nothing_usable, obstacle_of, withhold

__all__ = [
    "QualitySettings",
    "assess",
    "assess_labels",
    "check_image",
    "default_settings",
    "nothing_usable",
    "obstacle_of",
    "withhold",
]
