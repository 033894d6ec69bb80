"""The arithmetic of the scales: points of items to one score. Pure functions, no tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

POSITIVE_TO_DEG, SEVERE_TO_DEG = 70.0, 30.0
"""Leg pain below the knee at up to 70° is a positive sign; at 30° or less it is called severe."""


def add(points: Sequence[float], items: int, most: float) -> float:
    """Sum; missing items take the mean of those answered: ``mean × items``."""
    return sum(points) / len(points) * items if len(points) < items else sum(points)


def average(points: Sequence[float], items: int, most: float) -> float:
    """Mean of the answered items."""
    return sum(points) / len(points)


def percent(points: Sequence[float], items: int, most: float) -> float:
    """``100 × sum / (answered × most points of an item)``, the Oswestry percentage."""
    return 100 * sum(points) / (len(points) * most)


def highest(points: Sequence[float], items: int, most: float) -> float:
    """Largest answer."""
    return max(points)


def count_chosen(points: Sequence[float], items: int, most: float) -> float:
    """How many items are above zero."""
    return float(sum(point > 0 for point in points))


Kernel = Callable[[Sequence[float], int, float], float]
KERNELS: Mapping[str, Kernel] = {
    "value": average,
    "sum": add,
    "mean": average,
    "percent": percent,
    "max": highest,
    "count_chosen": count_chosen,
}


def slr_sign(angle_deg: float, site: str) -> str:
    """Straight leg raising: ``positive``, ``severe`` (30° or less) or ``negative``.

    Positive is leg pain below the knee at up to 70°; back pain alone is negative. The sign is sensitive, not specific.
    """
    if site != "leg" or angle_deg > POSITIVE_TO_DEG:
        return "negative"
    return "severe" if angle_deg <= SEVERE_TO_DEG else "positive"


def recovery_rate(before: float, after: float, *, full: float = 29) -> float | None:
    """Hirabayashi's recovery rate ``100 × (after − before) / (full − before)`` in %; ``None`` from a full score.

    Negative when the score fell; not comparable between patients who began close to the full score.
    """
    return None if before >= full else 100 * (after - before) / (full - before)


def relief(before: float, after: float) -> float | None:
    """Pain relief ``100 × (before − after) / before`` in %; ``None`` where there was no pain before."""
    return None if before <= 0 else 100 * (before - after) / before
