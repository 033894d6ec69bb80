import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lumbomics.core.errors import InputError
from lumbomics.core.prediction import Tissue
from lumbomics.train.batches import Pool
from lumbomics.train.config import load_config
from lumbomics.train.loop import Data, rate, train
from lumbomics.train.network import UNet
from lumbomics.train.pseudo import SURE, label_slices
from lumbomics.train.samples import IGNORE, Sample
from lumbomics.train.validation import dice


@pytest.fixture
def config():
    small = {"crop": (32, 32), "channels": (4, 8), "steps": 6, "validate_every": 3, "checkpoint_every": 2}
    return load_config().model_copy(update=small)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    labels = np.zeros((4, 48, 48), dtype=np.uint8)
    labels[:, 10:30, 10:30] = Tissue.VERTEBRA
    slices = (labels + 0.1 * rng.normal(size=labels.shape)).astype(np.float16)
    one = Sample(name="a", slices=slices, labels=labels, spacing_mm=2.0)
    return Data(
        pool=Pool(volumes=[one], midsagittal=[], phantoms=[]), unlabelled=[], validation={"T2 SPACE": [one], "T1w": []}
    )


def run(config, data, folder):
    folder.mkdir(exist_ok=True)
    return train(config, data, folder, say=lambda text: None).state_dict()


def test_a_run_that_is_stopped_and_goes_on_ends_as_one_that_was_not(config, data, tmp_path):
    whole = run(config, data, tmp_path / "whole")
    (tmp_path / "stopped").mkdir()
    with pytest.raises(KeyboardInterrupt):
        train(config, data, tmp_path / "stopped", say=_StopAfter(4))
    resumed = run(config, data, tmp_path / "stopped")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


class _StopAfter:
    """Interrupts at the second validation, after the checkpoint of step 4 was written."""

    def __init__(self, step):
        self.step = step

    def __call__(self, text):
        if text.startswith("{") and json.loads(text)["step"] > self.step:
            raise KeyboardInterrupt


def test_a_checkpoint_of_another_network_is_refused(config, data, tmp_path):
    run(config, data, tmp_path / "run")
    with pytest.raises(InputError, match="another network"):
        run(config.model_copy(update={"channels": (4, 16)}), data, tmp_path / "run")


def test_the_log_holds_the_dice_of_each_contrast(config, data, tmp_path):
    run(config, data, tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 6
    assert set(lines[-1]["T2 SPACE"]) == {"vertebra", "disc", "canal"}


def test_the_rate_rises_stays_and_falls_to_zero():
    config = load_config()
    assert rate(0, config) < rate(config.warmup_steps, config) == config.learning_rate
    assert rate(config.steps // 2, config) == config.learning_rate
    assert rate(config.steps, config) == 0


def test_pseudo_labels_are_kept_only_where_the_network_is_sure(data):
    torch.manual_seed(0)
    network = UNet((4, 8))
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.zero_()
    stack = data.pool.volumes[0]
    one = replace(stack, slices=stack.slices[:1], labels=stack.labels[:1])
    unsure = label_slices(network, [[one]])
    assert (unsure[0].labels == IGNORE).all()
    with torch.no_grad():
        network.head.bias[Tissue.DISC] = 8.0
    assert SURE < 1
    assert (label_slices(network, [[one]])[0].labels == Tissue.DISC).all()


def test_dice_leaves_unknown_pixels_out(data):
    network = UNet((4, 8))
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.zero_()
        network.head.bias[Tissue.DISC] = 8.0
    labels = np.full((4, 48, 48), IGNORE, dtype=np.uint8)
    labels[:, :10] = Tissue.DISC
    labels[:, 10:15] = Tissue.CANAL
    one = data.pool.volumes[0]
    judged = Sample(name="b", slices=one.slices, labels=labels, spacing_mm=2.0)
    found = dice(network, judged)
    assert found["disc"] == pytest.approx(2 * 10 / 25)
    assert found["canal"] == 0
