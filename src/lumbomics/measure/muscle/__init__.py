"""Paraspinal muscles: size and fat."""

from lumbomics.measure.muscle.area import paraspinal_csa
from lumbomics.measure.muscle.fat import goutallier_grade, paraspinal_fat_fraction

__all__ = ["goutallier_grade", "paraspinal_csa", "paraspinal_fat_fraction"]
