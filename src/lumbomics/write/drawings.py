"""Drawn lines of the measurements as 3D Slicer markups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lumbomics.core.measurement import Drawing, Measurement, Result, Shape
from lumbomics.write.atomic import write_json_atomic

_SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
_TYPES = {Shape.POINTS: "Fiducial", Shape.LINE: "Line", Shape.POLYLINE: "Curve", Shape.POLYGON: "ClosedCurve"}
_RAS_TO_LPS = (-1.0, -1.0, 1.0)


def write_drawings(results: Sequence[Result], path: Path | str) -> Path:
    """Write every drawing of every measurement as one markups file (``.mrk.json``).

    3D Slicer and viewers that follow its schema open it beside the image. Coordinates are stored in LPS, as Slicer
    does by default, and the file says so; ours are RAS. Curves are piecewise linear, as they were measured.

    Parameters
    ----------
    results
        Absences are passed over: they have nothing to draw.
    path
        ``….mrk.json``.

    Raises
    ------
    OutputError
        As in ``atomic_path``.
    """
    markups = [
        _markup(result, drawing) for result in results if isinstance(result, Measurement) for drawing in result.drawings
    ]
    return write_json_atomic({"@schema": _SCHEMA, "markups": markups}, path, indented=False)


def _markup(result: Measurement, drawing: Drawing) -> dict[str, object]:
    place = " ".join(part for part in (result.level, result.side) if part)
    markup: dict[str, object] = {
        "type": _TYPES[drawing.shape],
        "name": " ".join(part for part in (result.biomarker, result.method, place) if part),
        "description": drawing.label,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": True,
        "controlPoints": [
            _point(number, [sign * float(x) for sign, x in zip(_RAS_TO_LPS, point, strict=True)], drawing.label)
            for number, point in enumerate(drawing.points_mm, start=1)
        ],
        "display": {"visibility": True, "pointLabelsVisibility": False},
    }
    if drawing.shape in {Shape.POLYLINE, Shape.POLYGON}:
        markup["curveType"] = "linear"
    return markup


def _point(number: int, position: list[float], label: str) -> dict[str, object]:
    return {"id": str(number), "label": label, "position": position, "positionStatus": "defined"}
