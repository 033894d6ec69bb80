import numpy as np
import pytest
import torch

from lumbomics.core.prediction import Tissue
from lumbomics.train.publish import fit_offsets, fit_temperature, negative_log_likelihood
from lumbomics.train.samples import PERHAPS_SACRUM


def drawn(logits):
    """Labels whose frequencies are the softmax of the logits."""
    return torch.multinomial(logits.softmax(1), 1)[:, 0]


@pytest.fixture
def logits():
    torch.manual_seed(0)
    return 2 * torch.randn(20_000, 5) - torch.tensor([0, 0, 0, 0, 30.0])


def test_a_planted_temperature_is_found(logits):
    labels = drawn(logits)
    assert fit_temperature([(1.7 * logits, labels)]) == pytest.approx(1.7, abs=0.05)


def test_planted_offsets_are_found(logits):
    labels = drawn(logits)
    planted = torch.tensor([0.5, -0.8, 0.3])
    shifted = logits.clone()
    shifted[:, [Tissue.VERTEBRA, Tissue.DISC, Tissue.CANAL]] += planted
    assert np.allclose(fit_offsets([(shifted, labels)]).numpy(), -planted.numpy(), atol=0.1)


def test_where_the_mask_is_silent_the_sacrum_costs_nothing():
    logits = torch.tensor([[0.0, -20, -20, -20, 9.0]])
    assert negative_log_likelihood(logits, torch.tensor([PERHAPS_SACRUM])) < 1e-6
    assert negative_log_likelihood(logits, torch.tensor([int(Tissue.BACKGROUND)])) > 8
