"""Numbers and names as a reader sees them."""

from __future__ import annotations

from collections.abc import Iterable

from lumbomics.catalogue import UNITS, load_biomarkers, load_quantities
from lumbomics.core.anatomy import VERTEBRA_NUMBERS, rank
from lumbomics.core.measurement import Measurement
from lumbomics.report.composition import load_composition

MINUS = "\N{MINUS SIGN}"
_MOST_DECIMALS = 4
_DECIMALS = {"deg": 1, "mm": 1, "%": 1, "1": 2, "mm2": 0, "mm3": 0, "mo": 1}


def number_text(value: float, unit: str, *, decimals: int | None = None) -> str:
    """Round to the digits that a unit deserves, with a true minus sign (``-0.0`` reads ``0.0``)."""
    text = f"{value:.{decimals_of(unit) if decimals is None else decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", MINUS)


def decimals_of(unit: str, *, se: float | None = None) -> int:
    """Decimals for a unit, more where a standard error would else be rounded to nothing."""
    decimals = 0 if unit.startswith("{") else _DECIMALS.get(unit, 2)
    while se and round(se, decimals) == 0 and decimals < _MOST_DECIMALS:
        decimals += 1
    return decimals


def unit_label(unit: str) -> str:
    """Show a unit to a reader; the code itself where the catalogue does not list it."""
    return UNITS.get(unit, unit)


def unit_heading(unit: str) -> str:
    """Show the unit under a column's heading; what is merely counted or graded has none."""
    return "" if unit.startswith("{") else unit_label(unit) or "ratio"


def with_unit(text: str, unit: str) -> str:
    """Set number and unit as usual: ``12.0°``, ``9.1 mm``, ``0.64``."""
    label = "" if unit.startswith("{") else unit_label(unit)
    return f"{text}{label}" if label in {"", "°"} else f"{text} {label}"


def value_text(measurement: Measurement, *, unit: bool = False, decimals: int | None = None) -> str:
    """Value with its standard error, and unit where wanted: ``9.1 ± 0.3 mm``; a category in words behind it."""
    if measurement.value is None:
        return measurement.category or ""
    if decimals is None:
        decimals = decimals_of(measurement.unit, se=measurement.se)
        # a grade is whole, a mean of grades and the error of a grade are not
        if measurement.unit.startswith("{") and any(n % 1 for n in (measurement.value, measurement.se or 0.0)):
            decimals = max(decimals, 1)
    text = number_text(measurement.value, measurement.unit, decimals=decimals)
    told = measurement.category in (None, text)
    if measurement.se is not None:
        text += f" ± {number_text(measurement.se, measurement.unit, decimals=decimals)}"
    text = with_unit(text, measurement.unit) if unit else text
    return text if told else f"{text} ({measurement.category})"


def short_value(measurement: Measurement) -> str:
    """Name, value and unit for a picture: ``Slip 12.3 ± 1.0 %``; a category on a line of its own."""
    name = load_composition().heading(measurement.biomarker, measurement.method)
    text = f"{name or quantity_name(measurement.biomarker, measurement.method)} {value_text(measurement, unit=True)}"
    return text.replace(" (", "\n(") if measurement.category else text


def interval_text(measurement: Measurement) -> str | None:
    """95 % confidence interval with unit, ``None`` where unknown."""
    if measurement.interval is None:
        return None
    decimals = decimals_of(measurement.unit, se=measurement.se)
    low, high = (number_text(end, measurement.unit, decimals=decimals) for end in measurement.interval)
    return with_unit(f"{low} to {high}", measurement.unit)


def biomarker_name(biomarker: str) -> str:
    """Name of a biomarker in the catalogue; its id in words where it has no record."""
    record = load_biomarkers().get(biomarker)
    return record.name if record else biomarker.replace("_", " ")


def quantity_name(biomarker: str, method: str) -> str:
    """Name of a quantity: its heading in a table, else its biomarker's, with the method where that has several."""
    heading = load_composition().full_heading(biomarker, method)
    if heading:
        return heading
    methods = {other for name, other in load_quantities() if name == biomarker}
    name = biomarker_name(biomarker)
    return name if methods <= {method} else f"{name}: {method.replace('_', ' ')}"


def level_order(level: str | None) -> tuple[int, str]:
    """Sort key: whole spine first, then from head to tail."""
    upper = (level or "").split("-")[0]
    return (rank(VERTEBRA_NUMBERS[upper]) + 1 if upper in VERTEBRA_NUMBERS else 0, level or "")


def list_text(items: Iterable[str]) -> str:
    """Join words with commas."""
    return ", ".join(items)


def source_text(mark: str) -> str:
    """Show a source mark to a reader, unverified ones named as such."""
    kind, _, rest = mark.partition(":")
    if kind in {"memory, verify", "verify"}:
        return f"{rest.strip()} (recalled, not yet checked)"
    if kind == "seed":
        return f"Witkam 2022, text lines {rest.replace('L', '')}"
    return rest.strip() or mark
