"""Drawing on axial series: tissue of the canal and paraspinal muscles, from the labels of a sagittal one."""

from lumbomics.segment.axial.canal import draw_canal_tissue
from lumbomics.segment.axial.drawn import DrawnTissue
from lumbomics.segment.axial.muscle import draw_muscles

__all__ = ["DrawnTissue", "draw_canal_tissue", "draw_muscles"]
