"""Temporary folders: gone with the last one, swept after a process that was killed."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodewright import scratch

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nothing is swept on Windows")

OWNER = """
import signal
from nodewright import scratch
room = scratch.take("board")
(room / "flash.img").write_bytes(b"x")
print(room, flush=True)
signal.pause()
"""
HOUR_S = 3600


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "_house", scratch._House())  # as in a new process
    return tmp_path


@pytest.fixture
def owner(temporary: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process with a folder, made an hour ago."""
    child = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert child.stdout is not None
    root = Path(child.stdout.readline().strip()).parent
    age(root)
    yield child, root
    child.kill()
    child.communicate()


def age(root: Path) -> None:
    then_s = (root / "owner").stat().st_mtime - HOUR_S
    os.utime(root / "owner", (then_s, then_s))


def test_scratch__last_folder_given_back__nothing_is_left(temporary: Path) -> None:
    one, two = scratch.take("board"), scratch.take("broker")
    assert one.parent == two.parent and one.stat().st_mode & 0o777 == 0o700
    scratch.remove(one)
    assert not one.exists() and two.exists()
    scratch.remove(two)
    scratch.remove(two)
    assert list(temporary.iterdir()) == []
    with scratch.folder("offline") as again:
        assert again.is_dir()
    assert list(temporary.iterdir()) == []


def test_scratch__owner_was_killed__swept_by_the_next(
    owner: tuple[subprocess.Popen[str], Path],
) -> None:
    child, root = owner
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert (root / "owner").exists()
    with scratch.folder("board"):
        assert not root.exists()


def test_scratch__owner_lives__its_folder_stays(
    owner: tuple[subprocess.Popen[str], Path],
) -> None:
    _child, root = owner
    with scratch.folder("board") as mine:
        age(mine.parent)
        assert scratch.sweep() == []
        assert root.exists() and mine.exists()


def test_scratch__just_begun_and_not_locked_yet__stays(temporary: Path) -> None:
    young = temporary / "nodewright-young"
    young.mkdir()
    (young / "owner").touch()
    assert scratch.sweep() == []
    age(young)
    assert scratch.sweep() == [young]


def test_scratch__what_is_not_ours__stays(temporary: Path) -> None:
    mine = temporary / "nodewright-recordings"
    mine.mkdir()
    (mine / "pump.npy").touch()
    (temporary / "nodewright-notes").write_text("a file")
    target = temporary / "elsewhere"
    target.mkdir()
    (target / "owner").touch()
    age(target)
    (temporary / "nodewright-link").symlink_to(target)
    assert scratch.sweep() == []
    assert (mine / "pump.npy").exists() and (target / "owner").exists()
