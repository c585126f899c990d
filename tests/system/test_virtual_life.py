"""How long virtual boards live: no longer than who started them, and no process more."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nodewright.interpreter import Interpreter, InterpreterError, find_interpreter
from nodewright.virtual import BoardFailed, VirtualBoard
from system.virtual_rig import WAIT_S, board, facts, image

_BUSY = "print('nodewright: done')\nwhile True: pass\n"
_DEAF = """
print("nodewright: done")
while True:
    try:
        while True: pass
    except BaseException: pass
"""

_PARENT = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from system.virtual_rig import board, facts
boards = [board({_DEAF!r}) for _ in range(3)]
for one in boards:
    one.start()
for one in boards:
    facts(one)
print(*(one.pid for one in boards), flush=True)
time.sleep(600)
"""


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended: whoever inherited it has not looked yet.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_parent__killed_outright__no_board_survives_it(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # nobody is left to clear up its folders
    )
    assert parent.stdout is not None
    pids: list[int] = []
    try:
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 3
        assert all(_lives(pid) for pid in pids)
        parent.kill()
        parent.wait()
        _wait_until(lambda: not any(_lives(pid) for pid in pids), f"alive: {pids}")
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
        for pid in filter(_lives, pids):
            os.kill(pid, 9)


def test_stop__busy_program__ends_within_a_second_and_leaves_no_file() -> None:
    with board(_DEAF) as virtual:
        facts(virtual)
        pid, folder = virtual.pid, virtual.folder
        assert folder.exists()
        began_s = time.monotonic()
        virtual.stop()
        assert time.monotonic() - began_s < 5  # 1 s, on a host that has time
        assert not _lives(pid)
        assert not folder.exists()
        virtual.stop()


def test_stop__at_once_after_start__leaves_no_process() -> None:
    for _ in range(5):
        virtual = board(_BUSY)
        virtual.start()
        pid = virtual.pid
        virtual.stop()
        assert not _lives(pid)


def test_boards__fifty_in_one_process__one_thread_serves_them_all() -> None:
    before = threading.active_count()
    boards = [board("print('nodewright: done')\n", name=f"n{n}") for n in range(50)]
    try:
        for virtual in boards:
            virtual.start()
        for virtual in boards:
            facts(virtual)
        assert threading.active_count() <= before + 1
        assert len({virtual.port for virtual in boards}) == 50
    finally:
        for virtual in boards:
            virtual.stop()


def test_board__no_more_descriptors_after_stop_than_before_start() -> None:
    with board(_BUSY) as virtual:  # what is made once a process is made now
        facts(virtual)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        with board("import machine\nprint('nodewright: done')\nmachine.soft_reset()") as virtual:
            facts(virtual)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_board__process_dies_of_a_fault__failure_names_the_signal() -> None:
    with (
        board("import os\nos.system('kill -SEGV $PPID')\n") as virtual,
        pytest.raises(BoardFailed, match="SIGSEGV"),
    ):
        virtual.wait_for("never", WAIT_S)


def test_board__interpreter_that_is_gone__board_failed() -> None:
    good = find_interpreter()
    gone = Interpreter(("/nowhere/micropython",), *list(vars(good).values())[1:])
    broken = VirtualBoard(image({}), board("")._spec, gone, 100_000)
    with pytest.raises((BoardFailed, OSError)):
        broken.start()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("/nowhere/micropython", "no such program"),
        (sys.executable, "is cpython, not MicroPython"),
        ("/bin/false", "is no MicroPython"),
    ],
)
def test_find_interpreter__what_is_none__error_names_the_cure(given: str, says: str) -> None:
    with pytest.raises(InterpreterError, match="NODEWRIGHT_MICROPYTHON") as error:
        find_interpreter(given)
    assert says in str(error.value)


def test_find_interpreter__variable__is_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = find_interpreter()
    monkeypatch.setenv("NODEWRIGHT_MICROPYTHON", packaged.command[0])
    assert find_interpreter() == packaged
    assert packaged.mpy_version[0] == 6
    assert packaged.word_bits in (32, 64)
    monkeypatch.setenv("NODEWRIGHT_MICROPYTHON", "/nowhere/micropython")
    with pytest.raises(InterpreterError):
        find_interpreter()
