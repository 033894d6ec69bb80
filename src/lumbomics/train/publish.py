"""From a finished run to the files that ship: weights, fitted temperature, card.

``python -m lumbomics.train.publish RUN DATA --to FOLDER`` with the folders of the run, of the images, and the one
that gets the weights.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from lumbomics.core.errors import InputError
from lumbomics.core.prediction import Tissue
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.segment.network.weights import CARD_NAME, WEIGHTS_NAME, Card, DataSource, Metric
from lumbomics.train.checkpoint import load
from lumbomics.train.config import TrainConfig, load_config
from lumbomics.train.division import held_out, slices_alone
from lumbomics.train.export import to_onnx
from lumbomics.train.network import TISSUES, UNet
from lumbomics.train.samples import PERHAPS_SACRUM, Sample
from lumbomics.train.validation import JUDGED, logits_of
from lumbomics.train.volumes import load_pair, patients, volume_sample

NAME, VERSION = "lumbar_mr", "1.1.0"
_SPIDER = (
    "van der Graaf JW et al., Lumbar spine segmentation in MR images: a dataset and a public benchmark, Sci Data "
    "2024;11:264, doi 10.1038/s41597-024-03090-w (SPIDER), CC BY 4.0; resampled, other slices labelled by this network"
)
_LIMITS = (
    "Trained on T2 SPACE slabs of 22 patients with masks; T1 and T2 masks are carried over from the same patients.",
    "The real masks hold no sacrum: it was learnt from phantoms alone and no real reference judged it.",
    "The canal follows SPIDER: it is drawn along the dural sac, without the fat behind it.",
    "Metal, laminectomy and scoliosis were learnt from drawn voids, defects and phantoms, not from operated patients.",
    "Lateral parts (transverse processes) beyond the 15 to 27 mm wide slabs were learnt from phantoms alone.",
    "Not for children, the cervical spine, CT, or axial and coronal stacks.",
)
_PIXELS = 3000


def publish(run: Path, data: Path, to: Path, config: TrainConfig) -> Card:
    """Write weights and card; metrics are those of the shipped file on the validation patients.

    Raises
    ------
    InputError
        If the run has no checkpoint.
    """
    state = load(run, channels=config.channels)
    if state is None:
        raise InputError("the run has no checkpoint", got=str(run), hint="run `make train` first")
    network = UNet(config.channels)
    network.load_state_dict(state["average"])
    network.eval()
    folder, rng = data / "spider-t2space", np.random.default_rng(config.seed)
    taught = [p for p in patients(folder) if p not in config.validation]
    offsets = fit_offsets(_pixels(network, _samples(folder, taught, config), rng))
    with torch.no_grad():
        network.head.bias[list(JUDGED)] += offsets
    content = to_onnx(network).SerializeToString()
    to.mkdir(parents=True, exist_ok=True)
    (to / WEIGHTS_NAME).write_bytes(content)
    temperature = fit_temperature(_pixels(network, _samples(folder, config.validation, config), rng))
    card = Card(
        name=NAME,
        version=VERSION,
        licence="Apache-2.0",
        data=_sources(data, config),
        limits=_LIMITS,
        spacing_mm=config.spacing_mm,
        temperature=round(temperature, 3),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    _write(card, to)
    measured = card.model_copy(update={"metrics": tuple(_metrics(data / "spider-t2space", to, config))})
    _write(measured, to)
    return measured


def fit_offsets(pixels: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """Offsets (3,) of the logits of vertebra, disc and canal that make the training masks likeliest.

    Crops that are bent, blurred and recoloured, and slices whose masks fit to a pixel or two, teach the network to draw
    thin structures too thick; on the images as they are this shows, and the offsets take it back (the bias of vector
    scaling, Guo et al., ICML 2017).
    """
    logits, labels = (torch.cat(part) for part in zip(*pixels, strict=True))

    def cost(offsets: NDArray[np.float64]) -> float:
        shifted = logits.clone()
        shifted[:, list(JUDGED)] += torch.from_numpy(offsets.astype(np.float32))
        return negative_log_likelihood(shifted, labels)

    found = minimize(cost, np.zeros(len(JUDGED)), method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-5})
    return torch.from_numpy(np.asarray(found.x, dtype=np.float32))


def fit_temperature(pixels: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """Temperature that makes the tissue probabilities likeliest (Guo et al., ICML 2017).

    Parameters
    ----------
    pixels
        Logits (n, 5) and labels (n,), values of Tissue or PERHAPS_SACRUM.
    """
    logits, labels = (torch.cat(part) for part in zip(*pixels, strict=True))
    return float(minimize_scalar(lambda t: negative_log_likelihood(logits / t, labels), bounds=(0.3, 4)).x)


def negative_log_likelihood(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean over pixels; either of background and sacrum is right where the mask leaves it open."""
    log_p = logits.log_softmax(1)
    joined = torch.logaddexp(log_p[:, Tissue.BACKGROUND], log_p[:, Tissue.SACRUM])
    perhaps = labels == PERHAPS_SACRUM
    picked = torch.where(perhaps, joined, log_p.gather(1, torch.where(perhaps, 0, labels)[:, None])[:, 0])
    return float(-picked.mean())


def _samples(folder: Path, who: Sequence[str], config: TrainConfig) -> Iterator[Sample]:
    return (volume_sample(folder, patient, spacing_mm=config.spacing_mm) for patient in who)


def _pixels(
    network: UNet, samples: Iterable[Sample], rng: np.random.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Logits and labels of some pixels of every slice."""
    for sample in samples:
        for logits, labels in zip(logits_of(network, sample), sample.labels, strict=True):
            some = rng.integers(labels.size, size=_PIXELS)
            picked = logits.reshape(TISSUES, -1)[:, some].T
            yield torch.from_numpy(picked), torch.from_numpy(labels.ravel()[some].astype(np.int64))


def _sources(data: Path, config: TrainConfig) -> tuple[DataSource, ...]:
    away = held_out(data, config)
    masked = set(patients(data / "spider-t2space"))
    return (
        DataSource(
            name="SPIDER, T2 SPACE volumes with masks",
            licence="CC BY 4.0",
            attribution=_SPIDER,
            patients=len(masked - away),
            use="masks of vertebrae, discs and canal; carried over to T1 and T2 slices of the same patients",
        ),
        DataSource(
            name="SPIDER, mid-sagittal slices without masks",
            licence="CC BY 4.0",
            attribution=_SPIDER,
            patients=len(set(slices_alone(data)) - away),
            use="T1, T2 and T2 SPACE, labelled by the network itself where it was sure",
        ),
        DataSource(
            name="Lumbomics phantoms",
            licence="Apache-2.0",
            attribution="made by this project",
            patients=config.phantoms,
            use="sacrum, lateral parts, scoliosis, slips, any contrast",
        ),
    )


def _metrics(folder: Path, weights: Path, config: TrainConfig) -> Iterator[Metric]:
    """Dice of the shipped file on the images' own voxels."""
    segmenter = BuiltinSegmenter(weights=weights)
    found: dict[Tissue, list[float]] = {tissue: [] for tissue in JUDGED}
    for patient in config.validation:
        image, labels = load_pair(folder, patient)
        drawn = segmenter.classify(image).labels
        for tissue in JUDGED:
            both = np.count_nonzero((drawn == tissue) & (labels.array == tissue))
            found[tissue].append(2 * both / (np.count_nonzero(drawn == tissue) + labels.voxels.get(int(tissue), 0)))
    for tissue, values in found.items():
        yield Metric(
            structure=tissue.name.lower(),
            contrast="T2 SPACE",
            data="SPIDER, patients never trained on; the temperature was fitted on them",
            n=len(values),
            mean=round(float(np.mean(values)), 4),
            sd=round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else None,
            worst=round(min(values), 4),
        )


def _write(card: Card, to: Path) -> None:
    text = yaml.safe_dump(card.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    (to / CARD_NAME).write_text(text, encoding="utf-8")


def main() -> None:
    """Read the command line and publish."""
    parser = argparse.ArgumentParser(prog="python -m lumbomics.train.publish", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=None)
    given = parser.parse_args()
    publish(given.run, given.data, given.to, load_config(given.config))


if __name__ == "__main__":
    main()
