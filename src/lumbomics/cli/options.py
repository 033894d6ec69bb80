"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Second = Annotated[Path | None, typer.Option("--second", help="Semantic map beside an instance map.")]
LowestVertebra = Annotated[
    str | None, typer.Option("--lowest-vertebra", help="Lowest vertebra, where a convention counts from below.")
]
TopVertebra = Annotated[
    str | None, typer.Option("--top-vertebra", help="Uppermost vertebra, where a convention counts from above.")
]
SeenTransition = Annotated[
    str | None,
    typer.Option("--transition", help="Transitional anatomy that was seen: t13, lumbarised_s1, sacralised_l5."),
]
IgnoreUnknown = Annotated[
    bool, typer.Option("--ignore-unknown", help="Report label values the convention does not know, go on.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
