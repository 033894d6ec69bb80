"""Label maps against reference label maps: overlap, distance, detection, level numbers."""

from lumbomics.evaluate.compare import DETECTION_METRICS, Comparison, compare_maps
from lumbomics.evaluate.components import split_components
from lumbomics.evaluate.grids import onto_grid
from lumbomics.evaluate.instances import Detection, Instances, Match, Matching, match_instances
from lumbomics.evaluate.masks import OVERLAP_METRICS, compare_masks, score_masks
from lumbomics.evaluate.numbering import level_accuracy, level_shifts
from lumbomics.evaluate.scores import CaseScores, Metric, Missing, Structure, StructureScores
from lumbomics.evaluate.summary import Interval, Summary, bootstrap_interval, summarise
from lumbomics.evaluate.surface import SurfaceDistances, surface_distances

__all__ = [
    "DETECTION_METRICS",
    "OVERLAP_METRICS",
    "CaseScores",
    "Comparison",
    "Detection",
    "Instances",
    "Interval",
    "Match",
    "Matching",
    "Metric",
    "Missing",
    "Structure",
    "StructureScores",
    "Summary",
    "SurfaceDistances",
    "bootstrap_interval",
    "compare_maps",
    "compare_masks",
    "level_accuracy",
    "level_shifts",
    "match_instances",
    "onto_grid",
    "score_masks",
    "split_components",
    "summarise",
    "surface_distances",
]
