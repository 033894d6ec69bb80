"""Quoted ranges beside a value, with their source, and plain words where the value lies outside."""

from __future__ import annotations

from dataclasses import dataclass

from lumbomics.catalogue import ReferenceInterval, load_biomarkers
from lumbomics.core.measurement import Context, Measurement, Posture
from lumbomics.report.text import number_text, source_text, with_unit

OUTSIDE = "outside the quoted range"
_WITHIN_ERROR = "outside the quoted range, by less than its error"


@dataclass(frozen=True, kw_only=True)
class Range:
    """A quoted range, ready to print.

    Parameters
    ----------
    limits
        ``> 100 mm²``, ``5.0 to 9.0 mm``.
    population, posture
        Who, and how they were held (``None``: any).
    source
        Where it stands.
    unverified
        Whether it was recalled and not checked.
    """

    limits: str
    population: str
    posture: Posture | None
    source: str
    unverified: bool

    @property
    def words(self) -> str:
        """One line: limits, population, posture, source."""
        held = f", {self.posture}" if self.posture else ""
        return f"{self.limits} ({self.population}{held}; {self.source})"


def quoted_ranges(biomarker: str, method: str, unit: str, *, level: str | None) -> tuple[Range, ...]:
    """Ranges in the catalogue for a quantity at a level, for any sex."""
    return tuple(_printed(interval, unit) for interval in _intervals(biomarker, method, level))


def remark(measurement: Measurement) -> str | None:
    """Plain words where a value lies outside a range of its own posture; ``None`` where there is nothing to say."""
    found = [
        _compared(measurement, interval)
        for interval in _intervals(measurement.biomarker, measurement.method, measurement.level)
        if _comparable(interval, measurement.context)
    ]
    words = [text for text in found if text is not None]
    return words[0] if words else None


def _intervals(biomarker: str, method: str, level: str | None) -> tuple[ReferenceInterval, ...]:
    record = load_biomarkers().get(biomarker)
    return record.intervals_for(method, level=level) if record else ()


def _comparable(interval: ReferenceInterval, context: Context) -> bool:
    return interval.posture in (None, context.posture)


def _compared(measurement: Measurement, interval: ReferenceInterval) -> str | None:
    low, high = interval.bounds
    value, margin = measurement.value, measurement.interval
    if value is None or not ((low is not None and value < low) or (high is not None and value > high)):
        return None
    touches = margin is not None and not (
        (low is not None and margin[1] < low) or (high is not None and margin[0] > high)
    )
    words = _WITHIN_ERROR if touches else OUTSIDE
    return f"{words} (unverified)" if interval.is_unverified else words


def _printed(interval: ReferenceInterval, unit: str) -> Range:
    return Range(
        limits=_limits(*interval.bounds, unit),
        population=interval.population,
        posture=interval.posture,
        source=source_text(interval.source),
        unverified=interval.is_unverified,
    )


def _limits(low: float | None, high: float | None, unit: str) -> str:
    if low is None or high is None:
        sign, bound = ("<", high) if low is None else (">", low)
        return f"{sign} {with_unit(number_text(bound or 0.0, unit), unit)}"
    return with_unit(f"{number_text(low, unit)} to {number_text(high, unit)}", unit)
