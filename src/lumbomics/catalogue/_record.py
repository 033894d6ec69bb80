"""What all records share: frozen, complete, no unknown fields, texts that say something."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
"""snake_case."""
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Confidence = Literal["high", "medium", "low"]


class Record(BaseModel):
    """Base of everything read from the catalogue's files."""

    model_config = ConfigDict(frozen=True, extra="forbid")
