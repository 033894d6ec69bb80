"""What shapes a training run, read from one YAML file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lumbomics.core.errors import InputError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mix(_Strict):
    """Crops of each kind in one batch."""

    volume: int = Field(ge=1)
    """Slices of real volumes with real masks."""
    midsagittal: int = Field(ge=0)
    """Single slices of other contrasts: masks carried over from the volume, later pseudo-labels."""
    phantom: int = Field(ge=0)
    """Slices of phantoms."""


class TrainConfig(_Strict):
    """One training run.

    Parameters
    ----------
    seed
        Of every random choice.
    spacing_mm
        In-plane voxel size the network works on.
    crop
        Rows and columns of a training crop, multiples of 32.
    channels
        Feature channels of each stage of the U-Net.
    batch
        How many crops of each kind form a batch.
    steps
        Length of the run.
    learning_rate, weight_decay, warmup_steps, decay_share
        AdamW; constant rate after the warm-up, falling to zero over the last ``decay_share`` of the steps.
    average
        Decay of the moving average of the weights, which is what is kept.
    plain
        Share of the crops that keep their own contrast and noise.
    phantoms
        How many phantoms are painted for training.
    validation
        Patients (BIDS labels) never trained on.
    validate_every, checkpoint_every
        Steps between validations and between checkpoints.
    pseudo_from_step, pseudo_every
        From this step on unlabelled mid-sagittal slices take part with the network's own labels, made anew every
        ``pseudo_every`` steps.
    inherited_weight
        How often a slice with a carried-over mask stands in the pool beside each slice with the network's own labels.
    """

    seed: int
    spacing_mm: float = Field(gt=0.2, lt=2)
    crop: tuple[int, int]
    channels: tuple[int, ...]
    batch: Mix
    steps: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_steps: int = Field(ge=0)
    decay_share: float = Field(gt=0, le=1)
    average: float = Field(ge=0, lt=1)
    plain: float = Field(ge=0, le=1)
    phantoms: int = Field(ge=0)
    validation: tuple[str, ...]
    validate_every: int = Field(ge=1)
    checkpoint_every: int = Field(ge=1)
    pseudo_from_step: int = Field(ge=0)
    pseudo_every: int = Field(ge=1)
    inherited_weight: int = Field(ge=1)


def load_config(path: Path | None = None) -> TrainConfig:
    """Read a configuration, the shipped one where no path is given.

    Raises
    ------
    InputError
        If the file does not hold exactly the fields of :class:`TrainConfig`.
    """
    source = files("lumbomics.train").joinpath("config.yaml") if path is None else path
    try:
        return TrainConfig.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise InputError("not a training configuration", got=str(error), where=str(path or "config.yaml")) from error
