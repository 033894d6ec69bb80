"""What a series is: contrast from physics first and words second, plane, metal technique; each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from lumbomics.core.image import Contrast
from lumbomics.core.provenance import Decision
from lumbomics.core.visit import MetalTechnique, Plane, SeriesKind
from lumbomics.read.headers import SeriesHeaders
from lumbomics.read.naming import DIXON_BASE
from lumbomics.read.patterns import matches

_WATER = frozenset({"W", "WATER"})
_FAT = frozenset({"F", "FAT"})
_SUPPRESSED = frozenset({"FS", "SFS", "FATSAT", "SPIR", "SPAIR", "FAT_SAT"})
_MAPS = frozenset({"ADC", "EADC", "FA", "TENSOR"})
_NATURALLY_SUPPRESSED = frozenset({Contrast.STIR, Contrast.DIXON_WATER})
_DIXON_SUBJECTS = frozenset({Contrast.T1, Contrast.T2, Contrast.PD, Contrast.T1_POST, Contrast.UNKNOWN})
_TECHNIQUES = (
    ("mavric", MetalTechnique.MAVRIC),
    ("semac", MetalTechnique.SEMAC),
    ("vat", MetalTechnique.VAT),
)


@dataclass(frozen=True, kw_only=True)
class Override:
    """What the operator says a series is; ``None`` leaves a part to the software."""

    contrast: Contrast | None = None
    plane: Plane | None = None
    metal_technique: MetalTechnique | None = None
    fat_suppressed: bool | None = None


@dataclass(frozen=True)
class _Guess:
    contrast: Contrast
    confidence: float
    because: str


def classify(headers: SeriesHeaders, override: Override | None = None) -> SeriesKind:
    """Name a series' contrast, plane and metal technique.

    Physics (echo, repetition and inversion time, sequence codes, b-value) decides the contrast where the header
    states it; words and BIDS suffixes confirm it, narrow it (T2 -> T2 SPACE), or contradict it, which lowers the
    confidence and is named. Where physics is silent, words decide. What neither knows is ``unknown``.

    Agreement: confidence 1 - (1 - p)(1 - t). Contradiction: p(1 - t) / (p(1 - t) + t(1 - p)), for confidences p of
    physics and t of the words, taken as independent.

    Parameters
    ----------
    headers
        The header's facts.
    override
        The operator's word, which wins part by part.
    """
    guess = _contrast(headers)
    guess, extra = _refined(guess, headers)
    suppressed, suppression = _fat_suppression(guess.contrast, headers)
    technique, metal = _metal(headers)
    decisions = [
        Decision(what="contrast", choice=guess.contrast, because=guess.because, confidence=round(guess.confidence, 3)),
        *extra,
        Decision(what="plane", choice=headers.plane, because="geometry of the slices"),
        *suppression,
        *metal,
    ]
    kind = SeriesKind(
        contrast=guess.contrast,
        plane=headers.plane,
        metal_technique=technique,
        fat_suppressed=suppressed,
        kernel=headers.kernel or None,
        confidence=round(guess.confidence, 3),
        decisions=tuple(decisions),
    )
    return kind if override is None else _overridden(kind, override)


def _overridden(kind: SeriesKind, override: Override) -> SeriesKind:
    said = {name: value for name, value in vars(override).items() if value is not None}
    decisions = tuple(
        Decision(
            what=name.replace("_", " "),
            choice=str(value),
            because="stated by the operator",
            by="operator",
            confidence=1.0,
        )
        for name, value in said.items()
    )
    kept = tuple(one for one in kind.decisions if one.what not in {d.what for d in decisions})
    confidence = 1.0 if override.contrast is not None else kind.confidence
    return replace(kind, **said, confidence=confidence, decisions=(*decisions, *kept))


@cache
def rules() -> Mapping[str, Any]:
    """Load the rules in ``rules/contrast.yaml``."""
    text = files("lumbomics.read").joinpath("rules/contrast.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def _contrast(headers: SeriesHeaders) -> _Guess:
    if headers.modality in rules()["modalities"]:
        return _of_modality(headers)
    physics = _by_physics(headers) if headers.modality in {"MR", ""} else None
    words = _by_suffix(headers) or _by_words(headers)
    return _combined(physics, words)


def _of_modality(headers: SeriesHeaders) -> _Guess:
    contrast = Contrast(rules()["modalities"][headers.modality])
    because = f"modality {headers.modality}"
    if contrast is Contrast.CT and headers.intrathecal:
        return _Guess(Contrast.CT_MYELOGRAPHY, 0.97, f"{because}, agent given intrathecally")
    if contrast is Contrast.CT and matches("myelography", headers.texts):
        return _Guess(Contrast.CT_MYELOGRAPHY, 0.85, f"{because}, the series' name says myelography")
    return _Guess(contrast, 0.99, because)


def _by_physics(headers: SeriesHeaders) -> _Guess | None:
    for rule in rules()["rules"]:
        if _holds(rule, headers):
            return _Guess(
                Contrast(rule["contrast"]), float(rule["confidence"]), f"{rule['because']} ({_physics(headers)})"
            )
    return None


def _holds(rule: Mapping[str, Any], headers: SeriesHeaders) -> bool:
    inside = all(_in_range(_value(headers, name), *ends) for name, ends in rule.get("ranges", {}).items())
    present = all(_codes(headers, name) & set(wanted) for name, wanted in rule.get("any", {}).items())
    absent = not any(_codes(headers, name) & set(barred) for name, barred in rule.get("none", {}).items())
    return inside and present and absent


def _in_range(value: float | None, low: float | None, high: float | None) -> bool:
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _value(headers: SeriesHeaders, name: str) -> float | None:
    if name == "echo_share":
        echo, repetition = headers.echo_time_ms, headers.repetition_time_ms
        return echo / repetition if echo and repetition else None
    value: float | None = getattr(headers, name)
    return value


def _codes(headers: SeriesHeaders, name: str) -> set[str]:
    value = getattr(headers, name)
    return {value} if isinstance(value, str) else set(value)


def _physics(headers: SeriesHeaders) -> str:
    named = (
        ("TE", headers.echo_time_ms, "ms"),
        ("TR", headers.repetition_time_ms, "ms"),
        ("TI", headers.inversion_time_ms, "ms"),
        ("b", headers.b_value_s_mm2, "s/mm2"),
    )
    return ", ".join(f"{name} {value:.4g} {unit}" for name, value, unit in named if value is not None)


def _by_suffix(headers: SeriesHeaders) -> _Guess | None:
    known = rules()["suffixes"].get(headers.bids_suffix)
    if known is None:
        return None
    narrower = _by_words(headers)
    allowed = rules()["narrows"].get(known[0], ())
    if narrower is not None and narrower.contrast in allowed:
        return narrower
    return _Guess(Contrast(known[0]), float(known[1]), f"BIDS suffix {headers.bids_suffix}")


def _by_words(headers: SeriesHeaders) -> _Guess | None:
    for group, contrast, confidence in rules()["words"]:
        if matches(group, headers.texts):
            return _Guess(Contrast(contrast), float(confidence), f"the series' name says {group.replace('_', ' ')}")
    return None


def _combined(physics: _Guess | None, words: _Guess | None) -> _Guess:
    if physics is None or words is None:
        return physics or words or _Guess(Contrast.UNKNOWN, 0.0, "the header states neither timing nor a telling name")
    p, t = physics.confidence, words.confidence
    both = f"{physics.because}; {words.because}"
    if words.contrast == physics.contrast:
        return _Guess(physics.contrast, 1 - (1 - p) * (1 - t), both)
    if words.contrast in rules()["narrows"].get(physics.contrast, ()):
        narrower = physics if physics.contrast is Contrast.T2_SPACE or physics.contrast is Contrast.STIR else words
        return _Guess(narrower.contrast, min(p, t), both)
    doubt = p * (1 - t) / (p * (1 - t) + t * (1 - p))
    return _Guess(physics.contrast, doubt, f"{physics.because}; but {words.because}, which contradicts it")


def _refined(guess: _Guess, headers: SeriesHeaders) -> tuple[_Guess, tuple[Decision, ...]]:
    """Post-contrast, Dixon parts and diffusion maps: what timing cannot tell."""
    if guess.contrast is Contrast.DWI and _is_diffusion_map(headers):
        return replace(guess, contrast=Contrast.UNKNOWN, because="map computed from diffusion series"), ()
    if guess.contrast is Contrast.T1:
        guess, agent = _post_contrast(guess, headers)
    else:
        agent = ()
    if guess.contrast in _DIXON_SUBJECTS:
        part, because = _dixon_part(headers)
        if part is not None:
            base = Decision(what=DIXON_BASE, choice=guess.contrast, because=guess.because)
            return _Guess(part, 0.93, because), (base, *agent)
    return guess, agent


def _is_diffusion_map(headers: SeriesHeaders) -> bool:
    return bool(_MAPS & set(headers.image_type)) or matches("diffusion_map", headers.texts) is not None


def _post_contrast(guess: _Guess, headers: SeriesHeaders) -> tuple[_Guess, tuple[Decision, ...]]:
    native = matches("no_contrast_agent", headers.texts) is not None
    said = matches("post_contrast", headers.texts) is not None and not native
    if not (headers.contrast_agent or said):
        return guess, ()
    reasons = ["the header names an agent"] if headers.contrast_agent else []
    reasons += ["the series' name says post contrast"] if said else []
    share = 0.97 if len(reasons) == 2 else 0.85
    if headers.contrast_agent and native:
        share, reasons = 0.5, [*reasons, "but the series' name says native, which contradicts it"]
    because = f"{guess.because}; {', '.join(reasons)}"
    decision = Decision(what="contrast agent", choice="given", because=", ".join(reasons), confidence=share)
    return _Guess(Contrast.T1_POST, guess.confidence * share, because), (decision,)


def _dixon_part(headers: SeriesHeaders) -> tuple[Contrast | None, str]:
    types = set(headers.image_type[2:])
    if types & _WATER:
        return Contrast.DIXON_WATER, "picture type says water"
    if types & _FAT:
        return Contrast.DIXON_FAT, "picture type says fat"
    if not matches("dixon", headers.texts) or types & {"IN_PHASE", "OPP_PHASE", "OUT_PHASE", "IP", "OP"}:
        return None, ""
    if matches("dixon_phase", headers.texts):
        return None, ""
    if matches("dixon_water", headers.texts):
        return Contrast.DIXON_WATER, "the series' name says Dixon water"
    if matches("dixon_fat", headers.texts):
        return Contrast.DIXON_FAT, "the series' name says Dixon fat"
    return None, ""


def _fat_suppression(contrast: Contrast, headers: SeriesHeaders) -> tuple[bool, tuple[Decision, ...]]:
    if contrast in _NATURALLY_SUPPRESSED:
        because = f"{contrast} nulls fat"
    elif _SUPPRESSED & set(headers.scan_options):
        because = "scan options name fat suppression"
    elif (
        headers.modality in {"MR", ""}
        and contrast is not Contrast.DIXON_FAT
        and matches("fat_suppressed", headers.texts)
    ):
        because = "the series' name says fat suppressed"
    else:
        return False, ()
    return True, (Decision(what="fat suppressed", choice="yes", because=because),)


def _metal(headers: SeriesHeaders) -> tuple[MetalTechnique, tuple[Decision, ...]]:
    texts = (*headers.texts, headers.sequence_name, *headers.scan_options, *headers.image_type, headers.kernel)
    candidates = (("ct_mar", MetalTechnique.CT_MAR),) if headers.modality == "CT" else _TECHNIQUES
    for group, technique in candidates:
        if matches(group, texts):
            because = f"the header says {technique}"
            return technique, (Decision(what="metal technique", choice=technique, because=because),)
    return MetalTechnique.NONE, ()
