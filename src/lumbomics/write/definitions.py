"""What each written quantity is, for the sidecar of the table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from lumbomics.core.measurement import Result


def describe_quantities(results: Sequence[Result]) -> list[dict[str, object]]:
    """List every (biomarker, method) that occurs with its unit and exact definition, in order of first appearance."""
    pairs = dict.fromkeys((result.biomarker, result.method) for result in results)
    return [_described(biomarker, method) for biomarker, method in pairs]


def _described(biomarker: str, method: str | None) -> dict[str, object]:
    known = _quantities().get((biomarker, method or ""), {})
    return {"Biomarker": biomarker, "Method": method or "n/a"} | {
        key.title(): known[key] for key in ("unit", "definition") if key in known
    }


@cache
def _quantities() -> dict[tuple[str, str], dict[str, Any]]:
    text = files("lumbomics.catalogue").joinpath("records/quantities.yaml").read_text(encoding="utf-8")
    return {(entry["biomarker"], entry["method"]): entry for entry in yaml.safe_load(text)["quantities"]}
