"""What the engine itself says: confidence of each structure, metal, level numbers."""

from __future__ import annotations

import numpy as np

from lumbomics.core.image import Image
from lumbomics.core.labels import Labels, spine_name
from lumbomics.core.prediction import Prediction
from lumbomics.core.quality import Finding
from lumbomics.segment.quality.settings import QualitySettings

CONFIDENCE = "confidence"
METAL = "metal"
NUMBERING = "numbering"


def check_confidence(prediction: Prediction, limits: QualitySettings) -> list[Finding]:
    """Structures that the engine is too unsure of: no number is taken from them."""
    present = set(prediction.segmentation.spine.present)
    return [
        Finding(
            check=CONFIDENCE,
            message=f"{spine_name(value) or value} is {100 * sure:.0f} % sure, "
            f"{100 * limits.least_confidence:.0f} % are asked for",
            structures=(value,),
            excludes=True,
        )
        for value, sure in sorted(prediction.confidence.items(), key=lambda item: item[1])
        if sure < limits.least_confidence and value in present
    ]


def check_metal(prediction: Prediction, limits: QualitySettings) -> list[Finding]:
    """Structures that lie in metal artefact; a large share leaves a structure out."""
    if prediction.metal is None:
        return []
    labels = prediction.segmentation.spine
    shares = {value: metal_share(labels, prediction.metal, value) for value in labels.present}
    return [
        Finding(
            check=METAL,
            message=f"{100 * share:.0f} % of {spine_name(value) or value} lie in metal artefact",
            structures=(value,),
            excludes=share > limits.metal_share,
        )
        for value, share in sorted(shares.items(), key=lambda item: -item[1])
        if share > limits.metal_remark
    ]


def metal_share(labels: Labels, metal: Image, value: int) -> float:
    """Mean probability of metal over a structure's voxels and over the metal that swallowed them.

    Metal erases the label it lies in: unlabelled metal within the structure's bounding box counts as the structure's.
    """
    box = labels.boxes[value]
    inside = labels.array[box] == value
    probability = np.asarray(metal.array[box], dtype=np.float64)
    swallowed = (labels.array[box] == 0) & (probability > 0.5)
    counted = inside | swallowed
    return float(probability[counted].mean())


def check_numbering(prediction: Prediction, limits: QualitySettings) -> list[Finding]:
    """Level numbers that are not sure: told; the measuring code withholds what needs them."""
    sure = prediction.segmentation.numbering.confidence
    if sure is None or sure >= limits.numbering_remark:
        return []
    message = f"the level numbers are {100 * sure:.0f} % sure"
    return [Finding(check=NUMBERING, message=message)]
