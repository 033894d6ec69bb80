"""Narrowness of canal, recesses and foramina, and what it does to the roots."""

from lumbomics.measure.stenosis import (
    central,
    conus,
    filum,
    foraminal,
    lateral,
    posterior,
    recess,
    redundant,
    rootlets,
)

__all__ = ["central", "conus", "filum", "foraminal", "lateral", "posterior", "recess", "redundant", "rootlets"]
