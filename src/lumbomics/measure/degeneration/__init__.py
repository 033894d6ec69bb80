"""Worn discs, endplates and facet joints, and displaced disc material."""

from lumbomics.measure.degeneration import (
    facet_joint,
    herniation,
    high_intensity,
    modic,
    pfirrmann,
    transitional,
    zones,
)

__all__ = ["facet_joint", "herniation", "high_intensity", "modic", "pfirrmann", "transitional", "zones"]
