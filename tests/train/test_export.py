import numpy as np
import onnxruntime
import torch

from lumbomics.train.export import to_onnx
from lumbomics.train.network import UNet


def lived_in(channels=(4, 8, 8)):
    """A network whose normalisation is not the identity."""
    torch.manual_seed(3)
    network = UNet(channels)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.5)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
    return network.eval()


def outputs(network, half):
    session = onnxruntime.InferenceSession(to_onnx(network, half=half).SerializeToString())
    slices = np.random.default_rng(0).normal(size=(2, 3, 32, 24)).astype(np.float32)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(slices)).numpy()
    return session.run(["logits"], {"slices": slices})[0], wanted


def test_the_exported_graph_computes_what_the_network_computes():
    found, wanted = outputs(lived_in(), half=False)
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()


def test_half_precision_weights_change_the_logits_by_less_than_a_percent():
    found, wanted = outputs(lived_in(), half=True)
    assert 0 < np.abs(found - wanted).max() < 0.01 * np.abs(wanted).max()
