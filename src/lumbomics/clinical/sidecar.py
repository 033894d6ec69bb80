"""The BIDS sidecar of a phenotype table: units and levels of its columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lumbomics.clinical.notes import Notes
from lumbomics.clinical.score import Place


def read_sidecar(path: Path, notes: Notes) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Units and level codes by column; both empty where there is no sidecar. A broken sidecar is a fault."""
    if not path.is_file():
        return {}, {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        notes.fault(Place(file=path.name), "sidecar is no JSON", got=str(error))
        return {}, {}
    columns: dict[str, dict[str, Any]] = {
        name: one for name, one in (content.items() if isinstance(content, dict) else ()) if isinstance(one, dict)
    }
    units = {name: str(one["Units"]) for name, one in columns.items() if "Units" in one}
    levels = {
        name: tuple(map(str, one["Levels"])) for name, one in columns.items() if isinstance(one.get("Levels"), dict)
    }
    return units, levels
