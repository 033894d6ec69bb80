"""Header facts of one DICOM frame."""

from __future__ import annotations

from typing import Any

from lumbomics.core.visit import Plane
from lumbomics.read.dicom.frames import b_value
from lumbomics.read.dicom.view import FrameView, listed
from lumbomics.read.headers import SeriesHeaders, codes, number

_NUMBERS = {
    "repetition_time_ms": "RepetitionTime",
    "flip_angle_deg": "FlipAngle",
    "echo_train_length": "EchoTrainLength",
    "slice_thickness_mm": "SliceThickness",
    "kvp": "KVP",
    "field_strength_t": "MagneticFieldStrength",
}
_TEXTS = {
    "modality": "Modality",
    "acquisition": "MRAcquisitionType",
    "units": "Units",
    "patient_position": "PatientPosition",
    "view_position": "ViewPosition",
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
}
_DESCRIPTIONS = (
    "SeriesDescription",
    "ProtocolName",
    "SequenceName",
    "PulseSequenceName",
    "AcquisitionProtocolName",
    "PerformedProcedureStepDescription",
)


def headers_from_frame(one: FrameView, *, plane: Plane) -> SeriesHeaders:
    """Take the facts from a frame's functional groups and its object's header."""
    found: dict[str, Any] = {name: number(one.get(keyword)) for name, keyword in _NUMBERS.items()}
    found |= {name: _text(one, keyword) for name, keyword in _TEXTS.items()}
    return SeriesHeaders(
        **found,
        plane=plane,
        echo_time_ms=number(one.get("EffectiveEchoTime")) or number(one.get("EchoTime")),
        inversion_time_ms=number(one.get("InversionTime")) or number(one.get("InversionTimes")),
        b_value_s_mm2=b_value(one),
        slice_spacing_mm=_positive(one, "SpacingBetweenSlices"),
        scanning_sequence=_sequence(one),
        sequence_variant=_variant(one),
        scan_options=_options(one),
        image_type=codes(listed(one.get("FrameType") or one.get("ImageType"))),
        contrast_agent=_agent(one),
        intrathecal=_is_intrathecal(one),
        kernel="\\".join(str(part) for part in listed(one.get("ConvolutionKernel"))),
        sequence_name=_text(one, "SequenceName") or _text(one, "PulseSequenceName"),
        texts=tuple(text for text in (_text(one, keyword) for keyword in _DESCRIPTIONS) if text),
    )


def nominal_step_mm(one: FrameView) -> float | None:
    """Slice distance that the header states, else the slice thickness, else ``None``."""
    return _positive(one, "SpacingBetweenSlices") or _positive(one, "SliceThickness")


def _positive(one: FrameView, keyword: str) -> float | None:
    found = number(one.get(keyword))
    return abs(found) if found else None


def _text(one: FrameView, keyword: str) -> str:
    value = one.get(keyword)
    return "" if value is None else str(value).strip()


def _is_yes(one: FrameView, keyword: str) -> bool:
    return _text(one, keyword).upper() == "YES"


def _sequence(one: FrameView) -> tuple[str, ...]:
    """Classic code strings, or the same codes out of the enhanced keywords."""
    classic = codes(listed(one.get("ScanningSequence")))
    if classic:
        return classic
    echo = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}.get(_text(one, "EchoPulseSequence").upper(), ())
    planar = ("EP",) if _is_yes(one, "EchoPlanarPulseSequence") else ()
    inverted = ("IR",) if _is_yes(one, "InversionRecovery") else ()
    return (*echo, *planar, *inverted)


def _variant(one: FrameView) -> tuple[str, ...]:
    classic = codes(listed(one.get("SequenceVariant")))
    if classic:
        return classic
    steady = ("SS",) if _text(one, "SteadyStatePulseSequence").upper() not in {"", "NONE"} else ()
    spoiled = ("SP",) if _text(one, "Spoiling").upper() not in {"", "NONE"} else ()
    segmented = ("SK",) if _text(one, "SegmentedKSpaceTraversal").upper() not in {"", "SINGLE"} else ()
    return (*steady, *spoiled, *segmented)


def _options(one: FrameView) -> tuple[str, ...]:
    classic = codes(listed(one.get("ScanOptions")))
    suppression = _text(one, "SpectrallySelectedSuppression").upper()
    return (*classic, "FS") if suppression in {"FAT", "FAT_AND_WATER"} else classic


def _agent(one: FrameView) -> bool | None:
    named = _text(one, "ContrastBolusAgent") or _text(one, "ContrastBolusIngredient")
    if not named:
        return None
    return named.strip().lower() not in {"no", "none", "n", "ohne", "nein", "sans", "geen", "sin"}


def _is_intrathecal(one: FrameView) -> bool:
    return "intrathecal" in _text(one, "ContrastBolusRoute").lower()
