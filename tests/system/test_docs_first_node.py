"""docs/first-node.md, followed: every command runs; where it says board, a virtual one stands."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from host import runtime_rig
from nodewright import boards
from nodewright.ports import free_port
from nodewright.validate.time_server import TimeServer
from system.identity_rig import needs_mosquitto
from system.make_rig import at_port
from system.mqtt_rig import HOST, wait_until

pytestmark = [
    needs_mosquitto,
    pytest.mark.skipif(os.name != "posix", reason="virtual boards have ports on POSIX"),
]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-node.md"
TEXT = PAGE.read_text(encoding="utf-8")
LIMIT_S = 100.0
CHIP = "e6614c311b7e6f2a"


def blocks() -> list[tuple[str, str]]:
    """(what the fence says, the block) of each."""
    return re.findall(r"^```([\w ]+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who types what the page says, and has a board on a pseudo-terminal alone."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self._port = free_port()
        self._clock = stack.enter_context(TimeServer())
        self._board = ""
        self.said: dict[str, str] = {}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        home = {"NODEWRIGHT_HOME": str(folder / "home"), "NODEWRIGHT_DRIVES": str(folder)}
        self._env = {**os.environ, **home, "PATH": path, "NO_COLOR": "1", "COLUMNS": "200"}
        self._env.pop("NODEWRIGHT_PASSPHRASE", None)

    def follow(self) -> None:
        for kind, block in blocks():
            if kind == "toml":
                self._edit(self._here(block))
                continue
            if kind == "sh board":
                self._plug_in()
            for line in block.splitlines():
                words = shlex.split(self._here(line))
                if words[0] == "cd":
                    self.folder = self.folder / words[1]
                elif kind == "sh background":
                    self._start(words)
                else:
                    self._run(line, words)

    def _here(self, text: str) -> str:
        """Addresses of a plant as those of this computer, a board's port as the virtual one's."""
        for old, new in (
            ("192.168.1.20", HOST),
            ("0.0.0.0", HOST),
            ("8883", str(self._port)),
            ("162.159.200.1", f"{HOST}:{self._clock.port}"),
            ("/media/me/RPI-RP2", self._board),
        ):
            text = text.replace(old, new)
        return text

    def _edit(self, block: str) -> None:
        head = block.splitlines()[0]
        path = self.folder / "fleet.toml"
        text = path.read_text()
        table = re.search(rf"^{re.escape(head)}\n(?:(?!\n|\[[a-z]).*\n)+", text, re.MULTILINE)
        assert table is not None, head
        text = text.replace(table[0], block).replace('every = "10s"', 'every = "2s"')
        path.write_text(text)

    def _plug_in(self) -> None:
        board = at_port(self.folder, "pump-1", CHIP)
        self._board = self._stack.enter_context(board).port

    def _start(self, words: list[str]) -> None:
        process = subprocess.Popen(
            words, cwd=self.folder, env=self._env, stdout=subprocess.DEVNULL, text=True
        )
        self._stack.callback(_end, process)
        wait_until(self._answers, "the broker listens", LIMIT_S)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((HOST, self._port), 1):
            return True
        return False

    def _run(self, line: str, words: list[str]) -> None:
        if words[1:3] == ["runtime", "add"]:
            (self.folder / words[3]).write_bytes(runtime_rig.rp2("pico_w"))
        told = subprocess.run(
            words,
            cwd=self.folder,
            env=self._env,
            input="a password of a Wi-Fi\n",
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert told.returncode == 0, f"{line}\n{told.stdout}{told.stderr}"
        self.said[line] = told.stdout + told.stderr


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT_S)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with ExitStack() as stack:
        yield Reader(tmp_path, stack)


@pytest.mark.timeout(300)
def test_docs_first_node__followed__ends_with_values_and_a_certificate(reader) -> None:
    reader.follow()
    said = reader.said
    assert "pump-1 at a virtual board measures right" in said["nodewright make pump-1 --virtual"]
    made = said["nodewright make pump-1 --port /media/me/RPI-RP2"]
    assert f"pump-1 at {reader._board} measures right" in made
    verified = said["nodewright verify validation/pump-1.html"]
    assert "genuine; pump-1 passed" in verified
    assert re.search(rf"node +pump-1, pico_w, chip {CHIP}", verified)
    watched = said["nodewright watch --fleet . --lines --count 3"]
    assert "plant/pump-1" in watched
    assert said["nodewright ask plant/pump-1 on-demand --fleet ."]


def test_docs_first_node__its_commands__are_those_of_the_program() -> None:
    from nodewright.cli.app import COMMANDS

    lines = [
        line for kind, block in blocks() if kind.startswith("sh") for line in block.splitlines()
    ]
    named = {line.split()[1] for line in lines if line.startswith("nodewright ")}
    named |= {words.split()[0] for words in re.findall(r"`nodewright ([^`]+)`", TEXT)}
    assert {"new", "make", "verify", "watch"} <= named <= set(COMMANDS)


@pytest.mark.parametrize(("column", "name", "int1"), [(1, "pico_w", 15), (2, "esp32", 4)])
def test_docs_first_node__its_pins__are_those_of_the_board(column, name, int1) -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TEXT.splitlines()
        if line.startswith(("| SDA", "| SCL", "| INT1"))
    ]
    pins = [int(re.sub(r"\D", "", row[column])) for row in rows]
    board = boards.load(name)
    bus = next(one for one in board.i2c if one.id == 0)
    assert pins == [bus.sda, bus.scl, int1]
    assert int1 in board.pins


def test_docs_first_node__an_esp32_as_it_says__is_a_good_fleet(tmp_path) -> None:
    from nodewright.fleet import template
    from nodewright.fleet.check import check

    template.create(tmp_path / "plant", "plant")
    file = tmp_path / "plant" / "fleet.toml"
    text = file.read_text().replace('board = "virtual"', 'board = "esp32"')
    file.write_text(text.replace("int1 = 15 ", "int1 = 4 "))
    assert [str(finding) for finding in check(tmp_path / "plant").errors] == []
