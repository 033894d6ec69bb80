"""Radiomic features behind a thin interface, as measurements with their settings."""

from lumbomics.radiomics.engine import require_engine
from lumbomics.radiomics.extract import extract_radiomics
from lumbomics.radiomics.features import Feature, families, features_of, load_features
from lumbomics.radiomics.normalise import Scale, chosen_normalisation, scale_of
from lumbomics.radiomics.perturb import Perturbation, draw_perturbations
from lumbomics.radiomics.regions import Structure, drawn_structures
from lumbomics.radiomics.settings import Aggregation, Interpolation, Normalisation, RadiomicsSettings
from lumbomics.radiomics.stability import Agreement, FeatureStability, judge_stability

__all__ = [
    "Aggregation",
    "Agreement",
    "Feature",
    "FeatureStability",
    "Interpolation",
    "Normalisation",
    "Perturbation",
    "RadiomicsSettings",
    "Scale",
    "Structure",
    "chosen_normalisation",
    "draw_perturbations",
    "drawn_structures",
    "extract_radiomics",
    "families",
    "features_of",
    "judge_stability",
    "load_features",
    "require_engine",
    "scale_of",
]
