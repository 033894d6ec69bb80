"""The training run: steps, moving average, validation, checkpoints, log."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lumbomics.train.batches import Pool, make_batch
from lumbomics.train.checkpoint import load, save
from lumbomics.train.config import TrainConfig
from lumbomics.train.loss import loss
from lumbomics.train.network import UNet
from lumbomics.train.pseudo import label_slices
from lumbomics.train.samples import Sample
from lumbomics.train.validation import summary

_CLIP = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """Everything a run needs: the pool to learn from, slices without masks, and what is never learnt from."""

    pool: Pool
    unlabelled: Sequence[Sequence[Sample]]
    """Slices of one patient that lie on the same voxels, together."""
    validation: dict[str, Sequence[Sample]]


def rate(step: int, config: TrainConfig) -> float:
    """Learning rate: rising over the warm-up, constant, then falling linearly to zero."""
    rising = min((step + 1) / max(config.warmup_steps, 1), 1.0)
    falling = min((config.steps - step) / (config.decay_share * config.steps), 1.0)
    return config.learning_rate * min(rising, max(falling, 0.0))


def train(config: TrainConfig, data: Data, folder: Path, *, say: Callable[[str], None]) -> nn.Module:
    """Run, or go on from the last checkpoint in ``folder``; returns the averaged network.

    ``log.jsonl`` in ``folder`` gets one line every 50 steps and at each validation.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    network = UNet(config.channels).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    state = load(folder, channels=config.channels)
    first = 0
    if state is not None:
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        rng.bit_generator.state = state["numpy"]
        torch.set_rng_state(state["torch"])
        first = state["step"]
        say(f"going on from step {first}")
    pool = _with_pseudo(data, average, config) if first > config.pseudo_from_step else data.pool
    log = _Log(folder / "log.jsonl")
    for step in range(first, config.steps):
        if step >= config.pseudo_from_step and (step - config.pseudo_from_step) % config.pseudo_every == 0:
            pool = _with_pseudo(data, average, config)
        for group in optimiser.param_groups:
            group["lr"] = rate(step, config)
        log.add(_step(network, average, optimiser, pool, config, rng, step))
        done = step + 1
        if done % 50 == 0:
            say(log.flush(done))
        if done % config.validate_every == 0 or done == config.steps:
            say(log.write({"step": done, **{k: summary(average, s) for k, s in data.validation.items()}}))
        if done % config.checkpoint_every == 0 or done == config.steps:
            save(
                folder,
                step=done,
                network=network,
                average=average,
                optimiser=optimiser,
                rng=rng,
                channels=config.channels,
            )
    return average.eval()


def _step(
    network: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    pool: Pool,
    config: TrainConfig,
    rng: np.random.Generator,
    step: int,
) -> float:
    batch = make_batch(pool, config, rng)
    network.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(batch.inputs)
    value = loss(logits.float(), batch.labels, batch.metal)
    optimiser.zero_grad(set_to_none=True)
    value.backward()
    nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
    optimiser.step()
    _follow(average, network, min(config.average, (step + 1) / (step + 10)))
    return float(value.detach())


def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new.detach(), 1 - decay)
        else:
            kept.copy_(new)


def _with_pseudo(data: Data, average: nn.Module, config: TrainConfig) -> Pool:
    labelled = label_slices(average, data.unlabelled)
    return replace(data.pool, midsagittal=(*tuple(data.pool.midsagittal) * config.inherited_weight, *labelled))


class _Log:
    """Mean loss and speed since the last line, as JSON lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._losses: list[float] = []
        self._since = time.monotonic()

    def add(self, value: float) -> None:
        self._losses.append(value)

    def flush(self, step: int) -> str:
        now = time.monotonic()
        line = {
            "step": step,
            "loss": round(float(np.mean(self._losses)), 4),
            "seconds_a_step": round((now - self._since) / len(self._losses), 3),
        }
        self._losses, self._since = [], now
        return self.write(line)

    def write(self, line: Mapping[str, object]) -> str:
        text = json.dumps(line)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
        return text
