"""The serial port of a virtual board: the real mpremote works on it as on a board's."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from system.virtual_rig import WAIT_S, board, facts, mpremote

_FOREVER = """
import time
print("nodewright: done")
while True: time.sleep_ms(1)
"""


def test_mpremote__files__listed_copied_there_and_back(tmp_path: Path) -> None:
    sent, back = tmp_path / "sent.bin", tmp_path / "back.bin"
    sent.write_bytes(bytes(range(256)) * 40)  # every byte that a terminal might change
    with board(_FOREVER) as virtual:
        facts(virtual)
        assert "main.py" in mpremote(virtual, "resume", "fs", "ls")
        mpremote(virtual, "resume", "fs", "cp", str(sent), ":sent.bin")
        mpremote(virtual, "resume", "fs", "cp", ":sent.bin", str(back))
        assert virtual.boots == 1
    assert back.read_bytes() == sent.read_bytes()


def test_mpremote__exec_on_a_running_program__interrupts_it() -> None:
    main = "state = 7" + _FOREVER
    with board(main) as virtual:
        facts(virtual)
        assert mpremote(virtual, "resume", "exec", "print(state * 6)").strip() == "42"
        assert any("KeyboardInterrupt" in line for line in virtual.lines)
        assert virtual.boots == 1


def test_mpremote__without_resume__soft_resets_into_the_raw_repl() -> None:
    """As on a board: boot.py runs, main.py does not, and what was in memory is gone."""
    with board("state = 7" + _FOREVER, boot="started = 1\n") as virtual:
        facts(virtual)
        told = mpremote(virtual, "exec", "print(started, 'state' in globals())")
        assert told.strip() == "1 False"
        assert virtual.boots == 2
        assert "MPY: soft reboot" in virtual.lines


def test_mpremote__reset__board_boots_its_program_anew() -> None:
    main = "import machine\nprint('nodewright: cause is=%d' % machine.reset_cause())" + _FOREVER
    with board(main) as virtual:
        facts(virtual)
        mpremote(virtual, "resume", "reset")
        virtual.wait_for("cause", WAIT_S, lambda event: event.facts["is"] == "2")
        assert "main.py" in mpremote(virtual, "resume", "fs", "ls")


def test_mpremote__error_in_exec__told_with_its_traceback() -> None:
    with board(_FOREVER) as virtual:
        facts(virtual)
        with pytest.raises(subprocess.CalledProcessError) as failed:
            mpremote(virtual, "resume", "exec", "1/0")
        assert "ZeroDivisionError" in failed.value.stdout + failed.value.stderr


def test_mpremote__ten_times_while_booting__always_gets_through() -> None:
    """Ctrl-C may come at any moment, also while the process starts."""
    with board(_FOREVER, restarts_per_minute=100) as virtual:
        for _ in range(10):
            assert mpremote(virtual, "exec", "print(6 * 7)").strip() == "42"
            virtual.reset()


def test_serial__port_that_nobody_reads__board_runs_on() -> None:
    main = """
for n in range(5000):
    print("line %d of a talkative program" % n)
print("nodewright: done")
"""
    with board(main) as virtual:
        facts(virtual)
        assert "line 4999 of a talkative program" in virtual.lines
        assert mpremote(virtual, "resume", "exec", "print(n)").strip() == "4999"


def test_serial__output_of_a_program_that_resets__nothing_is_lost() -> None:
    main = """
import machine
if machine.reset_cause() == machine.PWRON_RESET:
    for n in range(2000): print("nodewright: n is=%d" % n)
    machine.reset()
print("nodewright: done")
"""
    seen: list[str] = []
    with board(main, on_line=seen.append) as virtual:
        facts(virtual)
    numbers = [line for line in seen if line.startswith("nodewright: n ")]
    assert numbers == [f"nodewright: n is={n}" for n in range(2000)]


def test_serial__plain_bytes__echoed_once_by_the_repl_and_not_changed() -> None:
    with board("print('nodewright: done')\n") as virtual:
        facts(virtual)
        port = os.open(virtual.port, os.O_RDWR | os.O_NOCTTY)
        try:
            answer = _talk(port, b"print(6*7, '\\x41')\r", b"42 A\n")
        finally:
            os.close(port)
    assert answer.count(b"print(6*7") == 1


def _talk(port: int, typed: bytes, until: bytes) -> bytes:
    """What comes back until the answer is there; a watchdog ends it when it never does."""
    stop = threading.Timer(WAIT_S, os.close, [port])
    stop.start()
    try:
        os.write(port, typed)
        heard = b""
        while until not in heard:
            heard += os.read(port, 1024)
        return heard
    finally:
        stop.cancel()
