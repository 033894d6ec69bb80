"""Implants of an operated spine and the artefact they make in MR images: void, pile-up, distortion."""

from lumbomics.phantom.metal.distort import Axes, Displaced, displace
from lumbomics.phantom.metal.draw import draw_metal
from lumbomics.phantom.metal.extent import MetalExtent, metal_extent
from lumbomics.phantom.metal.field import field_offset_ppm
from lumbomics.phantom.metal.implants import SUSCEPTIBILITY_PPM, Ball, Cage, Kind, Lead, Material, Rod, Screws
from lumbomics.phantom.metal.metal import Metal
from lumbomics.phantom.metal.technique import MetalSequence

__all__ = [
    "SUSCEPTIBILITY_PPM",
    "Axes",
    "Ball",
    "Cage",
    "Displaced",
    "Kind",
    "Lead",
    "Material",
    "Metal",
    "MetalExtent",
    "MetalSequence",
    "Rod",
    "Screws",
    "displace",
    "draw_metal",
    "field_offset_ppm",
    "metal_extent",
]
