"""The header facts of one series that classification and reports use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lumbomics.core.visit import Plane

Facts = tuple[tuple[str, str | float], ...]

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-+*./()&")
_LONGEST_TEXT = 48


@dataclass(frozen=True, kw_only=True)
class SeriesHeaders:
    """What a header says about one volume, from DICOM or from a BIDS sidecar.

    Parameters
    ----------
    modality
        DICOM modality (``MR``, ``CT``, ``PT``, ``NM``, ``CR``, ``DX``); empty where stripped.
    plane
        Orientation of the slices, from geometry.
    echo_time_ms, repetition_time_ms, inversion_time_ms, flip_angle_deg, echo_train_length, b_value_s_mm2
        The physics; ``None`` where not stated.
    scanning_sequence, sequence_variant, scan_options, image_type
        DICOM code strings, upper case.
    acquisition
        ``2D`` or ``3D``; empty where not stated.
    contrast_agent
        Whether the header names an injected agent; ``None`` where it is silent.
    intrathecal
        Whether that agent went into the dural sac.
    slice_thickness_mm, slice_spacing_mm
        Thickness, and distance between slice centres.
    kernel, kvp, units, patient_position, view_position
        CT kernel and tube voltage, PET/NM unit code, position codes.
    field_strength_t, manufacturer, model, sequence_name
        The machine and its name for the sequence.
    bids_suffix
        Suffix of a BIDS file name (``T2w``); empty elsewhere.
    texts
        Series and protocol descriptions: may hold names, serve classification only, and go nowhere else.
    """

    modality: str = ""
    plane: Plane = Plane.UNKNOWN
    echo_time_ms: float | None = None
    repetition_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    echo_train_length: float | None = None
    b_value_s_mm2: float | None = None
    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    image_type: tuple[str, ...] = ()
    acquisition: str = ""
    contrast_agent: bool | None = None
    intrathecal: bool = False
    slice_thickness_mm: float | None = None
    slice_spacing_mm: float | None = None
    kernel: str = ""
    kvp: float | None = None
    units: str = ""
    patient_position: str = ""
    view_position: str = ""
    field_strength_t: float | None = None
    manufacturer: str = ""
    model: str = ""
    sequence_name: str = ""
    bids_suffix: str = ""
    texts: tuple[str, ...] = ()

    def facts(self, *, forbidden: frozenset[str] = frozenset()) -> Facts:
        """List the acquisition facts that may be passed on.

        Parameters
        ----------
        forbidden
            Words (lower case) that identify the person: a text that holds one is left out.
        """
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self) if f.name not in _NOT_PASSED_ON)
        plain = ((name, _plain(value)) for name, value in pairs)
        return tuple((name, value) for name, value in plain if value is not None and _harmless(value, forbidden))


_NOT_PASSED_ON = frozenset({"texts", "plane", "bids_suffix", "image_type", "intrathecal"})
_BIDS_SECONDS = {
    "echo_time_ms": "EchoTime",
    "repetition_time_ms": "RepetitionTime",
    "inversion_time_ms": "InversionTime",
}
_BIDS_NUMBERS = {
    "flip_angle_deg": "FlipAngle",
    "echo_train_length": "EchoTrainLength",
    "slice_thickness_mm": "SliceThickness",
    "slice_spacing_mm": "SpacingBetweenSlices",
    "kvp": "KVP",
    "field_strength_t": "MagneticFieldStrength",
}
_BIDS_TEXTS = {
    "modality": "Modality",
    "acquisition": "MRAcquisitionType",
    "kernel": "ConvolutionKernel",
    "units": "Units",
    "patient_position": "PatientPosition",
    "manufacturer": "Manufacturer",
    "model": "ManufacturersModelName",
    "sequence_name": "SequenceName",
}
_BIDS_CODES = {
    "scanning_sequence": "ScanningSequence",
    "sequence_variant": "SequenceVariant",
    "scan_options": "ScanOptions",
    "image_type": "ImageType",
}
_MODALITY_OF_SUFFIX = {"ct": "CT", "pet": "PT", "nm": "NM", "dx": "DX", "xray": "DX"}


def headers_from_sidecar(sidecar: Mapping[str, Any], *, suffix: str, plane: Plane) -> SeriesHeaders:
    """Take the facts from a BIDS sidecar (times in seconds, as BIDS has them)."""
    found: dict[str, Any] = {name: _times_1000(sidecar.get(key)) for name, key in _BIDS_SECONDS.items()}
    found |= {name: number(sidecar.get(key)) for name, key in _BIDS_NUMBERS.items()}
    found |= {name: str(sidecar.get(key) or "") for name, key in _BIDS_TEXTS.items()}
    found |= {name: codes(sidecar.get(key)) for name, key in _BIDS_CODES.items()}
    found["modality"] = found["modality"] or _MODALITY_OF_SUFFIX.get(suffix, "MR" if suffix else "")
    agent = sidecar.get("ContrastBolusIngredient")
    return SeriesHeaders(
        **found,
        plane=plane,
        bids_suffix=suffix,
        contrast_agent=None if agent is None else bool(agent),
        texts=tuple(str(sidecar[key]) for key in ("SeriesDescription", "ProtocolName") if key in sidecar),
    )


def number(value: Any) -> float | None:
    """Read a finite number, the first of a list; ``None`` where there is none."""
    first = value[0] if isinstance(value, list | tuple) and value else value
    try:
        result = float(first)
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def codes(value: Any) -> tuple[str, ...]:
    r"""Read code strings: one, several, or joined by backslash or underscore, in upper case."""
    if value is None or isinstance(value, int | float):
        return ()
    parts = value.replace("_", "\\").split("\\") if isinstance(value, str) else list(value)
    return tuple(text for text in (str(part).strip().upper() for part in parts) if text)


def _times_1000(value: Any) -> float | None:
    seconds = number(value)
    return None if seconds is None else seconds * 1000


def _plain(value: Any) -> str | float | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "\\".join(value) or None
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None else float(value)


def _harmless(value: str | float, forbidden: frozenset[str]) -> bool:
    if isinstance(value, float):
        return True
    lowered = value.lower()
    clean = len(value) <= _LONGEST_TEXT and set(value) <= _SAFE | {"\\"}
    return clean and not any(word in lowered for word in forbidden)
