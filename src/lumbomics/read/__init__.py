"""Bytes -> core; the only room that opens images."""

from lumbomics.read.bids import LabelCandidate
from lumbomics.read.classify import Override, classify
from lumbomics.read.headers import SeriesHeaders, headers_from_sidecar
from lumbomics.read.nifti import read_nifti_image, read_nifti_labels
from lumbomics.read.plane import plane_of
from lumbomics.read.posture import posture_of
from lumbomics.read.sources import SourceKind, VisitSource, find_visits
from lumbomics.read.visits import EVERY_SERIES, read_bids, read_visit

__all__ = [
    "EVERY_SERIES",
    "LabelCandidate",
    "Override",
    "SeriesHeaders",
    "SourceKind",
    "VisitSource",
    "classify",
    "find_visits",
    "headers_from_sidecar",
    "plane_of",
    "posture_of",
    "read_bids",
    "read_nifti_image",
    "read_nifti_labels",
    "read_visit",
]
