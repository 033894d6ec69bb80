"""Checkpoints: all that is needed to go on after a crash, and nothing half-written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lumbomics.core.errors import InputError

NAME = "checkpoint.pt"


def save(
    folder: Path,
    *,
    step: int,
    network: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    rng: np.random.Generator,
    channels: tuple[int, ...],
) -> None:
    """Write the state after ``step`` steps under a temporary name, then rename."""
    state = {
        "step": step,
        "network": network.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
        "numpy": rng.bit_generator.state,
        "torch": torch.get_rng_state(),
        "channels": list(channels),
    }
    unfinished = folder / f"{NAME}.part"
    with unfinished.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / NAME)


def load(folder: Path, *, channels: tuple[int, ...]) -> dict[str, Any] | None:
    """Read the last state, ``None`` where there is none.

    Raises
    ------
    InputError
        If it belongs to a network of another size.
    """
    path = folder / NAME
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if tuple(state["channels"]) != channels:
        raise InputError(
            "the checkpoint is of another network",
            expected=str(channels),
            got=str(state["channels"]),
            where=str(path),
            hint="use another folder, or delete the checkpoint to start again",
        )
    return state
