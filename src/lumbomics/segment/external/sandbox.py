"""Run an outside engine shut in: a private folder, no network, no statistics, an end after a stated time."""

from __future__ import annotations

import os
import re
import signal
import site
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lumbomics.core.errors import SegmentationError

# Python settings of this environment would be taken for the tool's own.
_LEFT_OUT = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "NO_PROXY", "no_proxy")
# Nothing listens on the discard port: whatever goes through a proxy ends here, downloads and statistics alike.
_NOWHERE = "http://127.0.0.1:9"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY")
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][^\s'\"\\/:,;()\[\]]+)+[\\/]?")
_TAIL_BYTES = 20_000
_TAIL_LINES = 3
_TAIL_LETTERS = 300


@contextmanager
def private_folder() -> Iterator[Path]:
    """Make an empty folder that only this user may enter (mode 0700), removed at the end with all that is in it."""
    # a tool that was stopped by force may still be writing for a moment: what it leaves must not hide the cause
    with tempfile.TemporaryDirectory(prefix="lumbomics-", ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


def closed_environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Environment variables for a tool: caches and home in ``folder``, the network closed, telemetry off.

    Parameters
    ----------
    folder
        The private folder.
    settings
        The tool's own variables.
    """
    home = folder / "home"
    home.mkdir(exist_ok=True)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    # packages installed for the user alone are found through the home folder, which is another one here
    environment.setdefault("PYTHONUSERBASE", site.getuserbase())
    environment |= {name: str(home) for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    environment |= {name: str(scratch) for name in ("TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR")}
    environment |= {name: _NOWHERE for proxy in _PROXIES for name in (proxy, proxy.lower())}
    environment |= {
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "WANDB_MODE": "disabled",
    }
    environment |= {f"nnUNet_{part}": str(scratch) for part in ("raw", "preprocessed", "results")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    return environment | dict(settings)


def run(
    command: Sequence[str], *, title: str, folder: Path, environment: Mapping[str, str], timeout_s: float
) -> tuple[int, str]:
    """Run a command in ``folder`` to its end.

    Returns
    -------
    code
        Its exit code.
    output
        The end of what it printed.

    Raises
    ------
    SegmentationError
        If it cannot be started, or has not ended after ``timeout_s`` seconds (then it is stopped with its children).
    """
    record = folder / "printed.txt"
    with record.open("wb") as handle:
        process = _start(command, title, folder, environment, handle.fileno())
        try:
            code = process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise SegmentationError(
                f"{title} did not end in time and was stopped",
                expected=f"an end within {timeout_s:g} s",
                got=_told(_tail(record)),
                hint="allow it more time, run it on a machine with a GPU, or use the built-in engine",
            ) from error
        finally:
            _stop(process)
    return code, _tail(record)


def _start(
    command: Sequence[str], title: str, folder: Path, environment: Mapping[str, str], output: int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the arguments are a list, made here; no shell reads them
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise SegmentationError(
            f"{title} cannot be started",
            expected="an executable program",
            got=error.strerror or type(error).__name__,
            where=Path(command[0]).name,
            hint="start it once by hand with --help; install it anew if that fails",
        ) from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the process and its children, if it still runs."""
    if process.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _tail(record: Path) -> str:
    return record.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace")


def failure(title: str, code: int, output: str) -> SegmentationError:
    """Error for a tool that ended with an exit code other than 0; tells its last words without any path."""
    return SegmentationError(
        f"{title} ended with a fault",
        expected="exit code 0",
        got=f"exit code {code}; its last words: {_told(output)}",
        hint=f"run {title} by hand on the same image to see all it prints; check its weights and its memory",
    )


def _told(output: str) -> str:
    """Last lines of an output for a message: no paths, for they may name people, and not too much."""
    lines = [line.strip() for line in _PATH.sub("…", output).splitlines() if line.strip()]
    return " | ".join(lines[-_TAIL_LINES:])[-_TAIL_LETTERS:] or "nothing printed"
