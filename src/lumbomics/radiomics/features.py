"""The list of features: names and ids of the Image Biomarker Standardisation Initiative."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

from lumbomics.core.errors import InputError

PREFIX = "radiomics_"
"""What the biomarker id of every feature starts with."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature of IBSI 1 (Zwanenburg 2020, doi 10.1148/radiol.2020191145).

    Parameters
    ----------
    tag
        IBSI's short name without aggregation, such as ``cm_joint_max``.
    family
        Group of features that are computed together.
    ibsi
        Four-character id in the IBSI nomenclature.
    name
        In words.
    unit
        UCUM; ``intensity`` (``intensity2``, ``mm3.intensity``) stands for the unit of the image after normalisation,
        ``ivh`` for that of the intensity-volume histogram.
    zero
        Whether the feature is a ratio that means something only where intensity 0 does.
    """

    tag: str
    family: str
    ibsi: str
    name: str
    unit: str = "1"
    zero: bool = False

    @property
    def biomarker(self) -> str:
        """Id in the measurement table."""
        return PREFIX + self.tag


@cache
def load_features() -> MappingProxyType[str, Feature]:
    """All features by tag, in IBSI's order."""
    text = files("lumbomics.radiomics").joinpath("features.yaml").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            tag: Feature(tag=tag, family=family, **entry)
            for family, entries in yaml.safe_load(text).items()
            for tag, entry in entries.items()
        }
    )


@cache
def families() -> tuple[str, ...]:
    """Names of the feature families, in IBSI's order."""
    return tuple(dict.fromkeys(feature.family for feature in load_features().values()))


def features_of(chosen: Collection[str]) -> tuple[Feature, ...]:
    """Features of the families named; all where none is named; InputError if one is unknown."""
    unknown = sorted(set(chosen) - set(families()))
    if unknown:
        raise InputError("unknown feature family", expected=", ".join(families()), got=", ".join(unknown))
    return tuple(f for f in load_features().values() if not chosen or f.family in chosen)
