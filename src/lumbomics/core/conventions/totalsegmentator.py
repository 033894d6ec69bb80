"""Class numbers of TotalSegmentator's tasks ``total``, ``total_mr`` and ``vertebrae_mr`` (version 2).

Source: the class map of TotalSegmentator (Wasserthal 2023, doi 10.1148/ryai.230024; Akinci D'Antonoli 2025,
doi 10.1148/radiol.241613), read from its published source code.
"""

from __future__ import annotations

_RIBS = " ".join(f"rib_{side}_{n}" for side in ("left", "right") for n in range(1, 13))
_CERVICAL = " ".join(f"vertebrae_C{n}" for n in range(7, 0, -1))
_THORACIC = " ".join(f"vertebrae_T{n}" for n in range(12, 0, -1))
_LUMBAR = " ".join(f"vertebrae_L{n}" for n in range(5, 0, -1))
_LIMBS = "humerus_left humerus_right scapula_left scapula_right clavicula_left clavicula_right"
_HIPS = "femur_left femur_right hip_left hip_right"
_MUSCLES = (
    "gluteus_maximus_left gluteus_maximus_right gluteus_medius_left gluteus_medius_right gluteus_minimus_left "
    "gluteus_minimus_right autochthon_left autochthon_right iliopsoas_left iliopsoas_right"
)
_UPPER_ABDOMEN = (
    "spleen kidney_right kidney_left gallbladder liver stomach pancreas adrenal_gland_right adrenal_gland_left"
)
_ILIAC_VESSELS = "iliac_artery_left iliac_artery_right iliac_vena_left iliac_vena_right"


def _numbered(words: str) -> dict[int, str]:
    return dict(enumerate(words.split(), start=1))


TOTAL = _numbered(
    f"{_UPPER_ABDOMEN} lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right lung_middle_lobe_right "
    "lung_lower_lobe_right esophagus trachea thyroid_gland small_bowel duodenum colon urinary_bladder prostate "
    f"kidney_cyst_left kidney_cyst_right sacrum vertebrae_S1 {_LUMBAR} {_THORACIC} {_CERVICAL} heart aorta "
    "pulmonary_vein brachiocephalic_trunk subclavian_artery_right subclavian_artery_left common_carotid_artery_right "
    "common_carotid_artery_left brachiocephalic_vein_left brachiocephalic_vein_right atrial_appendage_left "
    f"superior_vena_cava inferior_vena_cava portal_vein_and_splenic_vein {_ILIAC_VESSELS} {_LIMBS} {_HIPS} "
    f"spinal_cord {_MUSCLES} brain skull {_RIBS} sternum costal_cartilages"
)
"""Number -> class of the task ``total`` (CT)."""
TOTAL_MR = _numbered(
    f"{_UPPER_ABDOMEN} lung_left lung_right esophagus small_bowel duodenum colon urinary_bladder prostate sacrum "
    "vertebrae intervertebral_discs spinal_cord heart aorta inferior_vena_cava portal_vein_and_splenic_vein "
    f"{_ILIAC_VESSELS} {_LIMBS} {_HIPS} {_MUSCLES} brain"
)
"""Number -> class of the task ``total_mr``."""
VERTEBRAE_MR = _numbered(f"sacrum {_LUMBAR} {_THORACIC} {_CERVICAL}")
"""Number -> class of the task ``vertebrae_mr``."""
