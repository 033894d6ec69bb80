"""The record of one biomarker: what it is, how it is computed, what is known about it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lumbomics.catalogue._record import Confidence, Identifier, Record, Text
from lumbomics.catalogue.marks import Basis, SourceMark, is_unverified
from lumbomics.catalogue.units import Unit
from lumbomics.core.measurement import Z_95, Posture

Modality = Literal["XR", "CT", "MR", "NM", "PT", "clinical", "any"]
DataType = Literal["continuous", "ordinal", "nominal", "count", "binary", "image"]
Version = Annotated[str, Field(pattern=r"^[1-9]\d*$")]


class Threshold(Record):
    """A limit or grade rule and where it comes from."""

    label: Text
    rule: Text
    basis: Basis

    @property
    def is_unverified(self) -> bool:
        """Whether the limit is only an engineering default or recalled from memory."""
        return is_unverified(self.basis)

    @property
    def is_configurable(self) -> bool:
        """Whether users may set another limit; true exactly for what nobody verified."""
        return self.is_unverified


class ReferenceInterval(Record):
    """Values expected in a stated population: limits, or a mean with its standard deviation.

    It says what is usual, not what is healthy; unverified intervals are never cut-offs.
    """

    method: Identifier
    level: str | None = None
    sex: Literal["male", "female"] | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: Annotated[float, Field(gt=0)] | None = None
    population: Text
    posture: Posture | None = None
    source: SourceMark
    confidence: Confidence

    @model_validator(mode="after")
    def _limits_or_moments(self) -> Self:
        limits, moments = (self.low, self.high) != (None, None), (self.mean, self.sd) != (None, None)
        if limits == moments:
            raise ValueError("expected either low and/or high, or mean and sd")
        if moments and (self.mean is None or self.sd is None):
            raise ValueError("mean and sd belong together")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must lie below high")
        return self

    @property
    def is_unverified(self) -> bool:
        """Whether the numbers were recalled and not checked against their source."""
        return is_unverified(self.source)

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Lower and upper limit; mean ± 1.96 sd where moments are given, ``None`` for an open end."""
        if self.mean is None or self.sd is None:
            return self.low, self.high
        return self.mean - Z_95 * self.sd, self.mean + Z_95 * self.sd


class BiomarkerRecord(Record):
    """One biomarker of the catalogue.

    ``version`` rises when the definition or the computation changes and is written beside every measured value;
    ``review_lines`` says where the review speaks of it, or that it does not.
    """

    id: Identifier
    version: Version
    group: Identifier
    name: Text
    modality: Annotated[tuple[Modality, ...], Field(min_length=1)]
    sequence: Text
    site: Text
    level_wise: bool
    side_wise: bool
    units: Annotated[tuple[Unit, ...], Field(min_length=1)]
    data_type: DataType
    definition: Text
    algorithm: Annotated[tuple[Text, ...], Field(min_length=1)]
    inputs: Annotated[tuple[Text, ...], Field(min_length=1)]
    normal_range: Text
    thresholds: tuple[Threshold, ...] = ()
    reference_intervals: tuple[ReferenceInterval, ...] = ()
    reproducibility: Text
    fbss_meaning: Text
    caveats: Annotated[tuple[Text, ...], Field(min_length=1)]
    sources: Annotated[tuple[SourceMark, ...], Field(min_length=1)]
    review_lines: Text
    definition_confidence: Confidence

    def intervals_for(
        self, method: str, *, level: str | None = None, sex: str | None = None
    ) -> tuple[ReferenceInterval, ...]:
        """Find the reference intervals that apply to a method at a level for a sex.

        An interval without level or sex applies to all; one with a sex only where that sex is given.
        """
        return tuple(
            interval
            for interval in self.reference_intervals
            if interval.method == method and interval.level in (None, level) and interval.sex in (None, sex)
        )
