"""Questionnaires, treatments and dates: reading them, checking them, scoring them.

Item wordings and proprietary algorithms are not included: an EQ-5D-5L value set is the user's, SF-36 is scored as
RAND-36, its norm-based components are taken as entered. Birth dates and days stay in this room.
"""

from __future__ import annotations

from lumbomics.clinical.cells import DateOrder
from lumbomics.clinical.columns import known_columns
from lumbomics.clinical.gather import ClinicalData, Reader, gather, read_columns
from lumbomics.clinical.notes import Note, Notes, Weight
from lumbomics.clinical.redcap import Codebook, read_codebook
from lumbomics.clinical.response import responses
from lumbomics.clinical.rules import recovery_rate, relief
from lumbomics.clinical.scheme import Item, Scale, Scheme, load_schemes
from lumbomics.clinical.score import Answers, NoScore, Place, Score, ScoreStatus
from lumbomics.clinical.scoring import score, score_all
from lumbomics.clinical.sessions import SessionFacts
from lumbomics.clinical.tables import (
    PhenotypeTable,
    describe_instrument,
    fact_tables,
    read_scores,
    score_tables,
)
from lumbomics.clinical.treatment import Event, Exposure, Operation, Treatment, exposure_at
from lumbomics.clinical.valueset import STATES, ValueSet, read_value_set

__all__ = [
    "STATES",
    "Answers",
    "ClinicalData",
    "Codebook",
    "DateOrder",
    "Event",
    "Exposure",
    "Item",
    "NoScore",
    "Note",
    "Notes",
    "Operation",
    "PhenotypeTable",
    "Place",
    "Reader",
    "Scale",
    "Scheme",
    "Score",
    "ScoreStatus",
    "SessionFacts",
    "Treatment",
    "ValueSet",
    "Weight",
    "describe_instrument",
    "exposure_at",
    "fact_tables",
    "gather",
    "known_columns",
    "load_schemes",
    "read_codebook",
    "read_columns",
    "read_scores",
    "read_value_set",
    "recovery_rate",
    "relief",
    "responses",
    "score",
    "score_all",
    "score_tables",
]
