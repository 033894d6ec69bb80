"""Every Python block and every console command in the documentation runs as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(text: str) -> list[str]:
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize(
    "page", [p for p in PAGES if blocks(p)], ids=lambda p: p.relative_to(ROOT).as_posix().replace("/", "-")
)
def test_every_block_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for language, text in blocks(page):
        steps = [[sys.executable, "-c", text]] if language == "python" else [["bash", "-c", c] for c in commands(text)]
        for step in steps:
            done = subprocess.run(step, cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"{step[-1]}\n{done.stdout}\n{done.stderr}"
