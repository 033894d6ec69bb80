"""The operated level: scar, recurrent herniation, clumped roots, collections, infection, metal."""

from lumbomics.measure.postoperative import (
    clumping,
    enhancement,
    fibrosis,
    maturity,
    traction,
)

__all__ = ["clumping", "enhancement", "fibrosis", "maturity", "traction"]
