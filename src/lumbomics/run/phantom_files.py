"""What a phantom's files are: paths, sidecars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class PhantomFiles:
    """What was written of one phantom.

    Parameters
    ----------
    seed
        Its seed.
    participant
        BIDS label.
    images, labels
        Files written.
    truth
        Table of true values.
    """

    seed: int
    participant: str
    images: tuple[Path, ...]
    labels: tuple[Path, ...]
    truth: Path

    def as_json(self) -> dict[str, object]:
        """Plain values for machines."""
        return {
            "seed": self.seed,
            "participant": self.participant,
            "images": [str(path) for path in self.images],
            "labels": [str(path) for path in self.labels],
            "truth": str(self.truth),
        }


def sidecar(facts: Iterable[tuple[str, str | float]]) -> dict[str, object]:
    """Acquisition facts by the names of ``Series.facts`` -> BIDS sidecar, in BIDS' units (seconds, tesla)."""
    given = dict(facts)
    result: dict[str, object] = {
        "Modality": "MR",
        "Manufacturer": "Lumbomics phantom",
        "MagneticFieldStrength": given["field_strength_t"],
        "RepetitionTime": float(given["repetition_time_ms"]) / 1000,
        "EchoTime": float(given["echo_time_ms"]) / 1000,
        "FlipAngle": given["flip_angle_deg"],
        "ScanningSequence": str(given["scanning_sequence"]).split("\\")[-1],
        "BodyPart": "LSPINE",
    }
    if "inversion_time_ms" in given:
        result["InversionTime"] = float(given["inversion_time_ms"]) / 1000
    if "contrast_agent" in given:
        result["ContrastBolusIngredient"] = "GADOLINIUM"
    if "scan_options" in given:
        result["ScanOptions"] = given["scan_options"]
    return result
