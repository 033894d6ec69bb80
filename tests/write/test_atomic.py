import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lumbomics.core.errors import OutputError
from lumbomics.write import atomic_path, remove_unfinished, write_json_atomic, write_text_atomic


def test_a_file_appears_whole_and_alone(tmp_path):
    target = write_text_atomic("µ", tmp_path / "deep" / "note.txt")
    assert target.read_bytes() == "µ".encode()
    assert list(target.parent.iterdir()) == [target]


def test_the_temporary_file_keeps_every_extension_and_lies_in_the_same_folder(tmp_path):
    with atomic_path(tmp_path / "map.nii.gz") as temporary:
        temporary.write_bytes(b"x")
        assert temporary.name.endswith(".nii.gz")
        assert temporary.parent == tmp_path
        assert not (tmp_path / "map.nii.gz").exists()


@pytest.mark.parametrize("crash", [RuntimeError, KeyboardInterrupt])
def test_a_crash_in_the_middle_leaves_the_old_content_and_nothing_else(tmp_path, crash):
    target = write_text_atomic("old", tmp_path / "note.txt")

    def fail_half_way() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half of the n")
            raise crash

    with pytest.raises(crash):
        fail_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("code", "word"),
    [(errno.ENOSPC, "space"), (errno.EROFS, "permissions"), (errno.EACCES, "permissions"), (errno.EIO, "check")],
)
def test_a_refusing_disk_becomes_an_error_that_says_what_to_do(tmp_path, monkeypatch, code, word):
    def refuse(*_args, **_kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OutputError, match=word) as caught:
        write_text_atomic("x" * 100, tmp_path / "note.txt")
    assert str(tmp_path / "note.txt") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_a_folder_is_named_as_the_obstacle(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="file stands where a folder is needed"):
        write_text_atomic("x", tmp_path / "taken" / "note.txt")


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(tmp_path):
    program = (
        "import resource, sys\n"
        "from lumbomics.core.errors import OutputError\n"
        "from lumbomics.write import write_text_atomic\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n    write_text_atomic('x' * 100_000, sys.argv[1])\n"
        "except OutputError as error:\n    sys.exit(3 if 'free some space' in str(error) else 4)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "big.txt")], check=False)
    assert done.returncode == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="does not let us write"):
        write_text_atomic("x", tmp_path / "note.txt")


def test_what_a_killed_run_left_is_found_and_removed(tmp_path):
    kept = write_text_atomic("x", tmp_path / "a" / "note.txt")
    program = (
        "import os, sys\nfrom lumbomics.write import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n    temporary.write_text('half'); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a" / "map.nii.gz")], check=False)
    assert len(list(kept.parent.iterdir())) == 2
    removed = remove_unfinished(tmp_path)
    assert len(removed) == 1
    assert list(kept.parent.iterdir()) == [kept]


def test_json_refuses_numbers_that_json_does_not_know(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_json_atomic({"x": float("nan")}, tmp_path / "x.json")
    assert list(Path(tmp_path).iterdir()) == []
