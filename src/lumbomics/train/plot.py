"""The course of a run as a picture: ``python -m lumbomics.train.plot LOG.jsonl PICTURE.png``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def plot(log: Path, picture: Path) -> None:
    """Draw loss and held-out Dice over the steps.

    Parameters
    ----------
    log
        ``log.jsonl`` of a run; where a run was resumed from an earlier step, the later lines count.
    picture
        File to write.
    """
    lines = {}
    for text in log.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        lines[line["step"], "loss" in line] = line
    losses = [line for (_, is_loss), line in sorted(lines.items()) if is_loss]
    checks = [line for (_, is_loss), line in sorted(lines.items()) if not is_loss]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    left.plot([line["step"] for line in losses], [line["loss"] for line in losses])
    left.set(xlabel="step", ylabel="loss", yscale="log")
    contrasts = [name for name in (checks[-1] if checks else {}) if name != "step" and checks[-1][name]]
    for contrast, style in zip(contrasts, ("-", "--", ":"), strict=False):
        for number, structure in enumerate(checks[-1][contrast]):
            shown = [line for line in checks if line.get(contrast)]
            values = [line[contrast][structure]["mean"] for line in shown]
            right.plot(
                [line["step"] for line in shown], values, style, color=f"C{number}", label=f"{structure}, {contrast}"
            )
    right.set(xlabel="step", ylabel="Dice, patients never trained on", ylim=(0.5, 1))
    right.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(picture, dpi=120)
    plt.close(figure)


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(prog="python -m lumbomics.train.plot", description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("picture", type=Path)
    given = parser.parse_args()
    plot(given.log, given.picture)


if __name__ == "__main__":
    main()
