"""What the marks, words and conventions of the records mean."""

from __future__ import annotations

from collections.abc import Mapping

from lumbomics.catalogue._record import Confidence, Identifier, Record, Text


class Meta(Record):
    """Explanations that hold for all records."""

    title: Text
    version: Text
    scope: Text
    review: Text
    marks: Mapping[Text, Text]
    confidence: Mapping[Confidence, Text]
    rule_for_defaults: Text
    versions: Text
    conventions: Mapping[Identifier, Text]
    groups: Mapping[Identifier, Text]
    evidence_questions: Mapping[Identifier, Text]
