"""The same work on many things, on several processes or machines, through one tool: dask.distributed."""

from __future__ import annotations

import copyreg
import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from secrets import token_hex
from types import MappingProxyType
from typing import Any, TypeVar

from distributed import Client, KilledWorker, LocalCluster, as_completed
from distributed.comm import CommClosedError

from lumbomics import __version__
from lumbomics.core.errors import InputError, LumbomicsError

T = TypeVar("T")
R = TypeVar("R")

_TRIES = 2
"""How often a thing that raised is tried again: a worker thought dead may have been writing the same file."""
_SCHEDULER_WAIT_S = 20


@dataclass(frozen=True)
class Lost:
    """What stands in the place of a result when the processes that worked on it died, again and again."""

    why: str


@dataclass(frozen=True)
class _Sealed:
    """Work or a thing on its way; a scheduler's log or page shows nothing of it."""

    content: bytes = field(repr=False)


def each(
    work: Callable[[T], R],
    things: Sequence[T],
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> list[R | Lost]:
    """Apply ``work`` to every thing and give the results in the things' order.

    A worker that dies is replaced and its thing given to another. A thing whose workers died three times is ``Lost``:
    mostly it needs more memory than there is. ``work`` must therefore bear being started twice on the same thing, also
    while the first is still at it.

    Parameters
    ----------
    work
        Importable function, or a partial of one; it and the things must be picklable.
    things
        What to work on.
    jobs
        Processes on this machine; not looked at where ``scheduler`` is given.
    scheduler
        Address of a running dask scheduler, such as ``tcp://10.0.0.1:8786``.
    done
        Called with the number of things finished, after each.

    Raises
    ------
    InputError
        If ``jobs`` is no positive number, nobody answers at ``scheduler``, or a worker has another version.
    LumbomicsError
        If the scheduler is lost on the way; also whatever ``work`` raises every time.
    """
    if jobs < 1:
        raise InputError("number of processes makes no sense", expected="1 or more", got=str(jobs), where="jobs")
    sealed = _Sealed(pickle.dumps((__version__, work)))
    with _client(jobs, scheduler) as client:
        return _gather(client, sealed, [_Sealed(pickle.dumps(thing)) for thing in things], done)


def _gather(client: Any, work: _Sealed, things: Sequence[_Sealed], done: Callable[[int], None]) -> list[Any]:
    run = token_hex(4)
    futures = {
        client.submit(_apply, work, thing, key=f"visit-{run}-{number}", pure=False, retries=_TRIES): number
        for number, thing in enumerate(things)
    }
    results: dict[int, Any] = {}
    for future in as_completed(list(futures)):
        results[futures[future]] = _result(future)
        done(len(results))
    return [results[number] for number in range(len(things))]


def _result(future: Any) -> Any:
    try:
        return future.result()
    except KilledWorker:
        return Lost("the processes that worked on it died, each time; there may be too little memory")
    except (CancelledError, CommClosedError) as error:  # nobody cancels here but a client that lost its scheduler
        raise LumbomicsError(
            "the scheduler was lost",
            hint="what is finished is kept; start the scheduler again, then run the same command again",
        ) from error


def _apply(work: _Sealed, thing: _Sealed) -> Any:
    return _opened(work.content)(pickle.loads(thing.content))  # noqa: S301  our own bytes, from our own process


@lru_cache(maxsize=1)
def _opened(content: bytes) -> Callable[[Any], Any]:
    """Unpack the work, once a process: what it loads at the first thing (a network) serves the next ones."""
    version, work = pickle.loads(content)  # noqa: S301  our own bytes, from our own process
    if version != __version__:
        raise InputError(
            "the worker has another version of lumbomics",
            expected=version,
            got=__version__,
            hint="install the same version on all machines",
        )
    function: Callable[[Any], Any] = work
    return function


@contextmanager
def _client(jobs: int, scheduler: str | None) -> Iterator[Any]:
    if scheduler is not None:
        with _connected(scheduler) as client:
            yield client
        return
    cluster = LocalCluster(
        n_workers=jobs,
        threads_per_worker=1,
        dashboard_address=None,
        memory_limit=None,  # dask's own limit would end visits that this machine can hold
        silence_logs=logging.CRITICAL,
    )
    with cluster, Client(cluster) as client:
        yield client


def _connected(scheduler: str) -> Any:
    try:
        return Client(scheduler, timeout=_SCHEDULER_WAIT_S)
    except (OSError, ValueError) as error:  # nobody listens, or this is no address
        raise InputError(
            "no scheduler answers",
            expected="a running dask scheduler, such as tcp://10.0.0.1:8786",
            got=repr(scheduler),
            hint="start one with `dask scheduler`, and workers with `dask worker ADDRESS`",
        ) from error


def _frozen(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


# Read-only mappings stand in many of our types, and pickle does not know them.
copyreg.pickle(MappingProxyType, lambda mapping: (_frozen, (dict(mapping),)))
