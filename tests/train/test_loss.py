import torch
from torch.nn import functional

from lumbomics.core.prediction import Tissue
from lumbomics.train.loss import loss
from lumbomics.train.samples import IGNORE, PERHAPS_SACRUM

SIZE = (1, 16, 16)
NO_METAL = torch.zeros(SIZE)


def certain(tissue, strength=12.0):
    logits = torch.zeros(1, 6, 16, 16)
    logits[:, tissue] = strength
    logits[:, 5] = -strength
    return logits


def full(tissue):
    return torch.full(SIZE, int(tissue))


def value(logits, labels):
    return float(loss(logits, labels, NO_METAL))


def test_sacrum_on_background_costs_nothing_where_the_mask_knows_no_sacrum():
    labels = full(PERHAPS_SACRUM)
    labels[:, :4] = Tissue.DISC
    logits = certain(Tissue.SACRUM)
    logits[:, :, :4] = certain(Tissue.DISC)[:, :, :4]
    assert value(logits, labels) < 0.01
    labels[labels == PERHAPS_SACRUM] = Tissue.BACKGROUND
    assert value(logits, labels) > 1


def test_a_disc_where_background_or_sacrum_is_costs():
    assert value(certain(Tissue.DISC), full(PERHAPS_SACRUM)) > 1


def test_unknown_pixels_have_no_gradient():
    logits = torch.randn(1, 6, 16, 16, requires_grad=True)
    labels = full(Tissue.DISC)
    labels[:, 8:] = IGNORE
    loss(logits, labels, NO_METAL).backward()
    assert logits.grad[:, :5, 8:].abs().max() == 0
    assert logits.grad[:, :5, :8].abs().max() > 0


def test_with_a_full_mask_the_first_part_is_the_usual_cross_entropy():
    torch.manual_seed(0)
    logits = torch.randn(1, 6, 16, 16)
    labels = torch.randint(0, 5, SIZE)
    metal = functional.binary_cross_entropy_with_logits(logits[:, 5], NO_METAL)
    p = logits[:, :5].softmax(1)
    onehot = functional.one_hot(labels, 5).permute(0, 3, 1, 2)
    axes = (0, 2, 3)
    dice = ((2 * (p * onehot).sum(axes) + 1) / (p.sum(axes) + onehot.sum(axes) + 1))[1:].mean()
    wanted = functional.cross_entropy(logits[:, :5], labels) + 1 - dice + 0.5 * metal
    assert abs(value(logits, labels) - float(wanted)) < 1e-5
