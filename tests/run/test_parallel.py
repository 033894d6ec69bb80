"""Work on several processes: order, dying workers, faults; the main job gives the same files as on one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import psutil
import pytest
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError

from lumbomics.core.errors import InputError, LumbomicsError, OutputError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Image
from lumbomics.run.outcome import Status
from lumbomics.run.parallel import Lost, _result, each
from lumbomics.run.pipeline import run
from lumbomics.write import is_complete, write_dicom_series, write_image_nifti

pytestmark = pytest.mark.filterwarnings("default")  # dask's own

WORK = """
import os, signal
from pathlib import Path
from lumbomics.core.errors import OutputError

def dies(thing, folder, deaths):
    '''Name itself in a file; thing 2 takes its process with it, as often as told.'''
    mark = Path(folder) / f"{thing}-{os.getpid()}"
    mark.touch()
    if thing == 2 and len(list(Path(folder).glob("2-*"))) <= deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return thing * 10

def cannot_write(thing):
    raise OutputError("no room", where=str(thing))

def content(mapping):
    return dict(mapping)
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that the workers, too, can import."""
    (tmp_path / "code").mkdir()
    name = f"work_{tmp_path.name.replace('-', '_')}"
    (tmp_path / "code" / f"{name}.py").write_text(WORK, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "code")
    return import_module(name)


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(work: Any, tmp_path: Path) -> None:
    counted: list[int] = []
    results = each(partial(work.dies, folder=tmp_path, deaths=1), range(6), jobs=2, done=counted.append)
    assert results == [0, 10, 20, 30, 40, 50]
    assert counted == [1, 2, 3, 4, 5, 6]
    assert len(list(tmp_path.glob("2-*"))) == 2


@pytest.mark.slow
def test_a_thing_that_kills_every_worker_is_lost_alone(work: Any, tmp_path: Path) -> None:
    results = each(partial(work.dies, folder=tmp_path, deaths=99), range(4), jobs=1)
    assert [isinstance(result, Lost) for result in results] == [False, False, True, False]


def test_what_the_work_raises_every_time_comes_back_as_it_was(work: Any) -> None:
    with pytest.raises(OutputError, match="no room") as told:
        each(work.cannot_write, ["a"], jobs=1)
    assert told.value.where == "a"


def test_read_only_mappings_travel(work: Any) -> None:
    assert each(work.content, [MappingProxyType({"a": 1})], jobs=1) == [{"a": 1}]


def test_no_process_and_a_silent_address_are_refused() -> None:
    with pytest.raises(InputError, match="1 or more"):
        each(abs, [1], jobs=0)
    with pytest.raises(InputError, match="dask scheduler"):
        each(abs, [1], scheduler="nonsense://x")


def dataset(folder: Path, subjects: int) -> Path:
    """A BIDS dataset of tiny images, no two alike."""
    for number in range(1, subjects + 1):
        image = Image(np.full((6, 5, 4), number, dtype=np.int16), Grid.from_spacing((6, 5, 4), (1, 1, 4)))
        place = folder / f"sub-{number:02d}" / "anat" / f"sub-{number:02d}_acq-sag_T2w.nii.gz"
        place.parent.mkdir(parents=True)
        write_image_nifti(image, place)
    (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}', encoding="utf-8")
    return folder


def same_but_for_times(one: Path, other: Path) -> bool:
    """Whether two derivatives hold the same bytes, times in records and reports and the reports' hashes aside."""
    return contents(one) == contents(other)


def contents(root: Path) -> dict[str, Any]:
    return {p.relative_to(root).as_posix(): timeless(p) for p in sorted(root.rglob("*")) if p.is_file()}


def timeless(path: Path) -> Any:
    if path.name.endswith("_report.html"):
        return re.sub(r"<dt>(Started|Finished)</dt><dd>[^<]*</dd>", "", path.read_text(encoding="utf-8"))
    if path.name != "run.json":
        return path.read_bytes()
    record = json.loads(path.read_text(encoding="utf-8"))
    record["files"] = {name: digest for name, digest in record["files"].items() if not name.endswith("_report.html")}
    return {key: value for key, value in record.items() if key not in {"started", "finished"}}


def test_two_processes_write_the_same_files_as_one(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", 3)
    alone = run(source, out=tmp_path / "one", engine="none")
    seen: list[int] = []
    both = run(source, out=tmp_path / "two", engine="none", jobs=2, progress=lambda done, *_: seen.append(done))
    assert [o.visit for o in both.outcomes] == [o.visit for o in alone.outcomes]
    assert {o.status for o in both.outcomes} == {Status.DONE}
    assert same_but_for_times(tmp_path / "one", tmp_path / "two")
    assert len(contents(tmp_path / "two")) > 10
    assert seen[-1] == 3
    again = run(source, out=tmp_path / "two", engine="none", jobs=2)
    assert {o.status for o in again.outcomes} == {Status.SKIPPED}
    assert all(is_complete(folder) for folder in (tmp_path / "two").glob("sub-*/ses-*"))


def test_dicom_visits_are_found_again_by_the_worker(tmp_path: Path) -> None:
    image = Image(np.arange(6 * 5 * 4, dtype=np.int16).reshape(6, 5, 4), Grid.from_spacing((6, 5, 4), (1, 1, 4)))
    for name in ("sub-01", "sub-02"):
        write_dicom_series(image, tmp_path / "in" / name, patient_id=name)
    summary = run(tmp_path / "in", out=tmp_path / "out", engine="none", jobs=2)
    assert {o.visit: o.status for o in summary.outcomes} == {
        "sub-01_ses-01": Status.DONE,
        "sub-02_ses-01": Status.DONE,
    }


def test_visits_that_would_share_a_folder_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", 2)
    with pytest.raises(InputError, match="sub-07_ses-01"):
        run(source, out=tmp_path / "out", engine="none", participant="07")
    assert not (tmp_path / "out").exists()


def start(source: Path, out: Path, **changed: Any) -> subprocess.Popen[str]:
    """The main job in a process of its own."""
    given = {"out": str(out), "engine": "none"} | changed
    code = (
        f"from lumbomics.run.pipeline import run\nprint([o.status for o in run({str(source)!r}, **{given!r}).outcomes])"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def await_(what: Callable[[], Any], seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.02)
    raise TimeoutError


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_writes_what_one_process_writes(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", 12)
    run(source, out=tmp_path / "one", engine="none")
    job = start(source, tmp_path / "two", jobs=2)
    await_(lambda: list((tmp_path / "two").rglob("run.json")))
    workers = [
        child for child in psutil.Process(job.pid).children(recursive=True) if "spawn_main" in " ".join(child.cmdline())
    ]
    workers[-1].kill()
    told, errors = job.communicate(timeout=400)
    # a visit whose worker died between writing it and saying so is found finished
    assert told.count("DONE") >= 11, errors
    assert told.count("DONE") + told.count("SKIPPED") == 12, errors
    assert same_but_for_times(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
def test_a_run_whose_scheduler_is_killed_ends_with_an_error_and_goes_on_from_there(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", 40)
    run(source, out=tmp_path / "one", engine="none")
    address = tmp_path / "scheduler.json"
    python = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    scheduler = subprocess.Popen(
        [*python, "--scheduler-file", str(address), "--no-dashboard", "--port", "0", "--host", "127.0.0.1"]
    )
    await_(address.exists)
    python = [sys.executable, "-m", "distributed.cli.dask_worker"]
    options = ["--scheduler-file", str(address), "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    options += ["--death-timeout", "60"]  # also how long it may take to start on a busy machine
    worker = subprocess.Popen([*python, *options])
    try:
        place = json.loads(address.read_text(encoding="utf-8"))["address"]
        job = start(source, tmp_path / "two", scheduler=place)
        await_(lambda: list((tmp_path / "two").rglob("run.json")))
        scheduler.kill()
        _, errors = job.communicate(timeout=300)
        assert job.returncode != 0
        assert "the scheduler was lost" in errors
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    finished = len(list((tmp_path / "two").rglob("run.json")))
    assert 0 < finished < 40
    again = run(source, out=tmp_path / "two", engine="none")
    assert sum(o.status is Status.SKIPPED for o in again.outcomes) >= finished - 1
    assert same_but_for_times(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize(
    "noticed",
    [FutureCancelledError("visit-1", "scheduler-connection-lost"), CommClosedError("Stream is closed")],
    ids=["cancelled", "closed"],
)
def test_a_result_that_is_lost_with_its_scheduler_is_told_as_that(noticed: Exception) -> None:
    class Gone:
        """A future whose scheduler is gone: what is raised depends on which message the client was waiting for."""

        def result(self) -> Any:
            raise noticed

    with pytest.raises(LumbomicsError, match="the scheduler was lost"):
        _result(Gone())
