"""What each written quantity is, for the sidecar of the table."""

from __future__ import annotations

from collections.abc import Sequence

from lumbomics.catalogue import BiomarkerRecord, Quantity, ReferenceInterval, load_biomarkers, load_quantities
from lumbomics.core.measurement import Result


def describe_quantities(results: Sequence[Result]) -> list[dict[str, object]]:
    """List every (biomarker, method) that occurs with unit, exact definition, source and reference intervals.

    An absence without a method stands for the biomarker as a whole. What the catalogue does not know is listed by its
    name alone.
    """
    pairs = dict.fromkeys((result.biomarker, result.method) for result in results)
    return [_described(biomarker, method) for biomarker, method in pairs]


def _described(biomarker: str, method: str | None) -> dict[str, object]:
    record = load_biomarkers().get(biomarker)
    quantity = load_quantities().get((biomarker, method or ""))
    named: dict[str, object] = {"Biomarker": biomarker, "Method": method or "n/a"}
    return named | _exact(quantity) | _background(record, method)


def _exact(quantity: Quantity | None) -> dict[str, object]:
    return {} if quantity is None else {"Units": quantity.unit, "Definition": quantity.definition}


def _background(record: BiomarkerRecord | None, method: str | None) -> dict[str, object]:
    if record is None:
        return {}
    intervals = [_interval(interval) for interval in record.reference_intervals if interval.method == method]
    content: dict[str, object] = {
        "Name": record.name,
        "Version": record.version,
        "Sources": list(record.sources),
        "Caveats": list(record.caveats),
    }
    return content | ({"ReferenceIntervals": intervals} if intervals else {})


def _interval(interval: ReferenceInterval) -> dict[str, object]:
    return interval.model_dump(exclude_none=True, mode="json") | {"unverified": interval.is_unverified}
