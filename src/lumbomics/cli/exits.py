"""Exit codes, and the one place where errors become text."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any, ParamSpec

import typer

from lumbomics.core.errors import FaultsError, InputError, LumbomicsError, OutputError

P = ParamSpec("P")


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    SOME_FAILED = 1
    """The batch went to its end; at least one visit failed and is named."""
    BAD_INPUT = 2
    """Nothing could be done with what was given; nothing was written."""
    CANNOT_WRITE = 3
    """The result could not be written (read-only, full)."""
    INTERRUPTED = 130


def exit_of_batch(failed: int, total: int) -> Exit:
    """Exit code of a batch of which ``failed`` of ``total`` came to nothing."""
    if failed == 0:
        return Exit.OK
    return Exit.BAD_INPUT if failed == total else Exit.SOME_FAILED


def exit_code(error: LumbomicsError) -> Exit:
    """Exit code that fits an error."""
    if isinstance(error, OutputError):
        return Exit.CANNOT_WRITE
    if isinstance(error, InputError):
        return Exit.BAD_INPUT
    if isinstance(error, FaultsError):
        return max((exit_code(fault) for fault in error.faults), default=Exit.BAD_INPUT)
    return Exit.SOME_FAILED


def reports_errors(command: Callable[P, Any]) -> Callable[P, None]:
    """Wrap a command so that our own errors print as one message and set the exit code.

    Anything else is a fault of ours and keeps its traceback.
    """

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except LumbomicsError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(exit_code(error)) from None
        except KeyboardInterrupt:
            typer.echo("interrupted: finished visits are kept, run the same command again to go on", err=True)
            raise typer.Exit(Exit.INTERRUPTED) from None
        raise typer.Exit(int(code or Exit.OK))

    return wrapped


def print_json(document: object) -> None:
    """Write one JSON document to standard output, for machines."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
