"""What has changed: in one patient, in a group, over all visits."""

from lumbomics.analyse.change.importance import (
    ClinicalChanges,
    Importance,
    ImportantDifference,
    clinical_change,
    important_difference,
)
from lumbomics.analyse.change.individual import (
    IndividualChanges,
    MeasurementError,
    Verdict,
    individual_change,
    reliable_change_index,
)
from lumbomics.analyse.change.mixed import FixedEffect, MixedModel, mixed_course
from lumbomics.analyse.change.paired import PairedChange, PairedChanges, paired_change
from lumbomics.analyse.change.timeline import patient_timeline
from lumbomics.analyse.change.visits import VisitPair, pairs_around_event, pairs_of_sessions

__all__ = [
    "ClinicalChanges",
    "FixedEffect",
    "Importance",
    "ImportantDifference",
    "IndividualChanges",
    "MeasurementError",
    "MixedModel",
    "PairedChange",
    "PairedChanges",
    "Verdict",
    "VisitPair",
    "clinical_change",
    "important_difference",
    "individual_change",
    "mixed_course",
    "paired_change",
    "pairs_around_event",
    "pairs_of_sessions",
    "patient_timeline",
    "reliable_change_index",
]
