"""How the patient was held, as far as the header says so."""

from __future__ import annotations

from lumbomics.core.measurement import Posture
from lumbomics.read.headers import SeriesHeaders
from lumbomics.read.patterns import matches

_STATED = (
    ("flexion", Posture.FLEXION),
    ("extension", Posture.EXTENSION),
    ("standing", Posture.STANDING),
    ("sitting", Posture.SITTING),
    ("prone", Posture.PRONE),
    ("supine", Posture.SUPINE),
)
_OF_POSITION = {"S": Posture.SUPINE, "P": Posture.PRONE}
_LYING_MODALITIES = frozenset({"MR", "CT", "PT", "NM"})


def posture_of(headers: SeriesHeaders) -> Posture:
    """Read the posture from the series' words, then from the patient position code.

    A radiograph's posture is known only where words state it. For cross-sectional images the code's last letter
    tells supine (HFS, FFS) from prone (HFP, FFP); decubitus codes stay unknown.
    """
    for group, posture in _STATED:
        if matches(group, headers.texts):
            upright_ct = posture is Posture.STANDING and headers.modality == "CT"
            return Posture.WEIGHT_BEARING_CT if upright_ct else posture
    code = headers.patient_position.upper()
    if headers.modality in _LYING_MODALITIES and len(code) == 3:
        return _OF_POSITION.get(code[-1], Posture.UNKNOWN)
    return Posture.UNKNOWN
