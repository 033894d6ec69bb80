"""``python -m lumbomics.train DATA --out FOLDER``: train, or go on where a run stopped."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lumbomics.train.assemble import assemble
from lumbomics.train.config import load_config
from lumbomics.train.loop import train


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m lumbomics.train", description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds spider-t2space and spider-midsag")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints, log and painted phantoms")
    parser.add_argument("--config", type=Path, default=None, help="YAML file; the shipped one where not given")
    given = parser.parse_args()
    config = load_config(given.config)
    given.out.mkdir(parents=True, exist_ok=True)
    data = assemble(given.data, config, given.out, say=_say)
    train(config, data, given.out, say=_say)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
