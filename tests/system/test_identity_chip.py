"""The id of a chip, asked of a running MicroPython through its serial port."""

import json
import os
import subprocess
import sys
import time
import tty

import pytest

from nodewright.pki import chip
from nodewright.pki.errors import ChipSilent
from system.identity_rig import make
from system.virtual_rig import WAIT_S, board, facts

_MAIN = """
import time
print("nodewright: done")
while True: time.sleep_ms(1)
"""


def test_read__a_board_whose_program_runs__tells_its_id_and_runs_again() -> None:
    with board(_MAIN, unique_id="e6614c311b7e6f2a") as virtual:
        facts(virtual)
        boots = virtual.boots
        assert chip.read(virtual.port) == "e6614c311b7e6f2a"
        deadline_s = time.monotonic() + WAIT_S
        while virtual.boots == boots and time.monotonic() < deadline_s:
            virtual.wait_for("done", WAIT_S)
        assert virtual.boots == boots + 1
        assert chip.read(virtual.port) == "e6614c311b7e6f2a"


def test_read__a_mac_address__of_six_bytes() -> None:
    with board(_MAIN, unique_id="240ac4123456") as virtual:
        facts(virtual)
        assert chip.read(virtual.port) == "240ac4123456"


def test_read__no_port_or_nobody_there__said_in_time(tmp_path, monkeypatch, capfd) -> None:
    with pytest.raises(ChipSilent, match="cannot be opened"):
        chip.read(str(tmp_path / "no-such-port"))
    (tmp_path / "a-file").write_text("")
    with pytest.raises(ChipSilent):
        chip.read(str(tmp_path / "a-file"))
    monkeypatch.setattr(chip, "_ANSWER_S", 0.3)
    monkeypatch.setattr(chip, "_SILENT_S", 0.1)
    ours, theirs = os.openpty()
    try:
        with pytest.raises(ChipSilent, match="nothing that is understood"):
            chip.read(os.ttyname(theirs))
    finally:
        os.close(ours)
        os.close(theirs)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "said", [b"x" * 99, b"raw REPL; CTRL-B to exit\r\n>", b"raw REPL; CTRL-B to exit\r\n>R\x01"]
)
def test_read__something_else_at_the_port__refused_in_time(monkeypatch, capfd, said) -> None:
    monkeypatch.setattr(chip, "_ANSWER_S", 0.3)
    monkeypatch.setattr(chip, "_SILENT_S", 0.1)
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        os.write(ours, said)
        with pytest.raises(ChipSilent):
            chip.read(os.ttyname(theirs))
    finally:
        os.close(ours)
        os.close(theirs)
    assert capfd.readouterr() == ("", "")


def test_provision__with_the_port_of_a_board__binds_to_its_chip(tmp_path) -> None:
    folder = make(tmp_path / "f")

    def provision(node: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nodewright", "provision", node, "--dir", folder, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    with board(_MAIN, unique_id="e6614c311b7e6f2a") as virtual:
        facts(virtual)
        done = provision("pump-1", "--port", virtual.port, "--json")
        assert json.loads(done.stdout)["unique_id"] == "e6614c311b7e6f2a"
        taken = provision("pump-2", "--port", virtual.port)
    assert taken.returncode == 2
    assert "chip e6614c311b7e6f2a is that of node pump-1" in taken.stderr
    assert provision("pump-2", "--port", "/dev/null-such").returncode == 1
    both = provision("pump-2", "--port", "x", "--unique-id", "y")
    assert both.returncode == 2
