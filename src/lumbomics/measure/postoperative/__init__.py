"""The operated level: scar, recurrent herniation, clumped roots, collections, infection, metal."""

from lumbomics.measure.postoperative import (
    artifact,
    battered,
    clumping,
    collection,
    delamarter,
    discitis,
    dura,
    enhancement,
    fibrosis,
    laminectomy,
    maturity,
    oedema,
    pattern,
    perineural,
    traction,
)

__all__ = [
    "artifact",
    "battered",
    "clumping",
    "collection",
    "delamarter",
    "discitis",
    "dura",
    "enhancement",
    "fibrosis",
    "laminectomy",
    "maturity",
    "oedema",
    "pattern",
    "perineural",
    "traction",
]
