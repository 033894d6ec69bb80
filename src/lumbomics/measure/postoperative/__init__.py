"""The operated level: scar, recurrent herniation, clumped roots, collections, infection, metal."""

from lumbomics.measure.postoperative import (
    artifact,
    battered,
    clumping,
    collection,
    discitis,
    dura,
    enhancement,
    fibrosis,
    laminectomy,
    maturity,
    oedema,
    perineural,
    traction,
)

__all__ = [
    "artifact",
    "battered",
    "clumping",
    "collection",
    "discitis",
    "dura",
    "enhancement",
    "fibrosis",
    "laminectomy",
    "maturity",
    "oedema",
    "perineural",
    "traction",
]
