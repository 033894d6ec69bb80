"""Where an outside engine is installed, which version it is, and where its weights lie."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lumbomics.core.errors import SegmentationError

UNKNOWN = "unknown"
"""Version of a tool that does not tell it."""
NOT_INSTALLED = "not installed"
"""Version of a tool that is not there."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """What is known of an outside engine before it is looked for.

    Parameters
    ----------
    name
        The engine's short name.
    title
        Its own name, for messages.
    command
        The executable that its installation puts on the ``PATH``.
    distribution
        Name of its Python package.
    executable_variable
        Environment variable that may name the executable.
    weights_variables
        Environment variables that may name the folder of weights, ours first, then the tool's own.
    install
        What to do where it is missing: installation, licence.
    weights
        What to do where its weights are missing.
    """

    name: str
    title: str
    command: str
    distribution: str
    executable_variable: str
    weights_variables: tuple[str, ...]
    install: str
    weights: str


def find_executable(tool: Tool, stated: Path | None) -> Path:
    """Find the tool: the stated path, then the environment variable, then the ``PATH``.

    A path that is stated, by argument or variable, is used or refused; nothing else is tried in its stead.

    Raises
    ------
    SegmentationError
        If it is not there or may not be executed; says how to install it.
    """
    named = stated if stated is not None else _from_environment((tool.executable_variable,))
    if named is not None:
        found = shutil.which(named)
        if found is None:
            raise SegmentationError(
                f"{tool.title} is not where it was said to be",
                expected="an executable file",
                got=named.name,
                hint=f"give the full path of {tool.command!r}, or {tool.install}",
            )
        return Path(found)
    found = shutil.which(tool.command)
    if found is None:
        raise SegmentationError(
            f"{tool.title} is not installed",
            expected=f"{tool.command!r} on the PATH, or its path in {tool.executable_variable}",
            got="neither",
            hint=tool.install,
        )
    return Path(found)


def find_weights(tool: Tool, stated: Path | None, defaults: Iterable[Path]) -> Path:
    """Find the folder of weights: stated, then the environment variables, then the tool's own places.

    Raises
    ------
    SegmentationError
        If there is none; says where to get them.
    """
    named = stated if stated is not None else _from_environment(tool.weights_variables)
    places = [named] if named is not None else list(defaults)
    for place in places:
        if place.is_dir():
            return place.resolve()
    raise SegmentationError(
        f"the weights of {tool.title} are not there",
        expected=f"a folder, stated or in {' or '.join(tool.weights_variables)}",
        got="none" if named is None else f"no folder {named.name!r}",
        hint=tool.weights,
    )


def _from_environment(variables: Sequence[str]) -> Path | None:
    stated = (os.environ.get(variable, "") for variable in variables)
    return next((Path(value).expanduser() for value in stated if value), None)


def site_packages(executable: Path) -> tuple[Path, ...]:
    """Folders of the Python packages beside an executable of the same environment.

    The tool itself is not started for this: that takes seconds, and may write or send something.
    """
    prefix = executable.resolve().parent.parent
    return tuple(sorted([*prefix.glob("lib/python3*/site-packages"), *prefix.glob("Lib/site-packages")]))


def installed_version(tool: Tool, executable: Path) -> str:
    """Version that the tool's package states in its environment; ``unknown`` where it cannot be read."""
    for folder in site_packages(executable):
        for entry in folder.glob("*.dist-info"):
            name, _, version = entry.name.removesuffix(".dist-info").partition("-")
            if name.lower().replace("_", "-") == tool.distribution.lower() and version:
                return version
    return UNKNOWN


def fingerprint(folders: Iterable[Path]) -> str:
    """Eight hex digits over names and sizes of all files in folders of weights; other weights give others."""
    digest = hashlib.sha256()
    for folder in sorted(folders):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(f"{folder.name}/{file.relative_to(folder).as_posix()} {file.stat().st_size}\n".encode())
    return digest.hexdigest()[:8]
