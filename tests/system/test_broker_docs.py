"""docs/broker.md works as written, on free ports and with another folder for /etc."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nodewright.broker import find_mosquitto
from nodewright.ports import free_port
from system.identity_rig import needs_mosquitto
from system.mqtt_rig import HOST, wait_until

pytestmark = needs_mosquitto
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "broker.md"
LIMIT_S = 60.0


def blocks() -> list[tuple[str, str]]:
    """(what the fence says, the block) of each."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^```([\w ]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who types what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.install = free_port(), folder / "etc" / "north"
        self.background: list[subprocess.Popen[str]] = []
        self.said: dict[str, str] = {}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._env = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "200"}

    def follow(self) -> None:
        for kind, block in blocks():
            if kind == "conf":
                continue
            if kind == "toml":
                self._edit(self._here(block))
                continue
            for line in block.splitlines() if kind != "sh elsewhere" else ():
                words = shlex.split(self._here(line))
                if words[0] == "cd":
                    self.folder = self.folder / words[1]
                elif kind == "sh background":
                    self._start(words)
                else:
                    self._run(line, words)

    def end(self) -> None:
        for process in reversed(self.background):
            with suppress(OSError):
                process.send_signal(signal.SIGINT)
            process.communicate(timeout=LIMIT_S)

    def _here(self, text: str) -> str:
        text = text.replace("8883", str(self.port))
        if "--check" in text:
            text += f" --plain-port {free_port()}"
        return text.replace("/etc/mosquitto/north", str(self.install))

    def _edit(self, block: str) -> None:
        path = self.folder / "fleet.toml"
        text = path.read_text()
        table = re.search(r"^\[brokers\.main\]\n(?:.+\n)+", text, re.MULTILINE)
        assert table is not None
        # Quicker than each 10 s, which is for pumps and not for tests.
        text = text.replace(table[0], block).replace('every = "10s"', 'every = "2s"')
        path.write_text(text)

    def _start(self, words: list[str]) -> None:
        process = subprocess.Popen(
            words, cwd=self.folder, env=self._env, stdout=subprocess.PIPE, text=True
        )
        self.background.append(process)
        if words[1] == "broker":
            wait_until(self._answers, "the broker listens", LIMIT_S)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((HOST, self.port), 1):
            return True
        return False

    def _run(self, line: str, words: list[str]) -> None:
        if shutil.which(words[0], path=self._env["PATH"]) is None:
            return  # mosquitto_sub is a package of its own
        told = subprocess.run(
            words,
            cwd=self.folder,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert told.returncode == 0, f"{line}\n{told.stdout}{told.stderr}"
        self.said[line] = told.stdout + told.stderr


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    try:
        yield made
    finally:
        made.end()


def test_docs_broker__followed__works_to_the_end(reader) -> None:
    reader.follow()
    said = {line.split(" ", 2)[1]: text for line, text in reader.said.items()}
    assert "north/pump-1 report" in said["watch"]
    assert any("doors as they should be" in text for text in reader.said.values())
    assert any("0 missing" in text for text in reader.said.values())
    assert "1 certificate revoked" in said["revoke"]
    # What was written for another machine runs from where it is carried to.
    reader.end()
    reader.background.clear()
    shutil.copytree(reader.folder / "broker", reader.install)
    conf = reader.install / "mosquitto.conf"
    text = conf.read_text()
    assert f"{reader.install}/broker.key" in text
    found = checked(reader, conf, text)
    assert "doors as they should be" in found
    # So does a mosquitto that has a listener of its own, with the lines of the page.
    (block,) = [block for kind, block in blocks() if kind == "conf"]
    before, mark, after = reader._here(block).partition("# after its last listener\n")
    assert mark
    other = f"persistence_location {reader.install}/\nlistener {free_port()} {HOST}\n"
    after = after.replace(f"listener {reader.port}\n", f"listener {reader.port} {HOST}\n")
    text = before + other + "allow_anonymous true\n" + after
    found = checked(reader, reader.install / "site.conf", text)
    assert "doors as they should be" in found


def checked(reader: Reader, conf: Path, text: str) -> str:
    """What --check says of a mosquitto with this configuration."""
    conf.write_text(("user root\n" if os.geteuid() == 0 else "") + text)
    process = subprocess.Popen(
        [str(find_mosquitto()), "-c", conf], stderr=subprocess.DEVNULL, text=True
    )
    try:
        wait_until(reader._answers, "mosquitto listens", LIMIT_S)
        line = "nodewright broker --check mqtts://127.0.0.1:8883"
        reader._run(line, shlex.split(reader._here(line)))
    finally:
        process.kill()
        process.wait()
    return reader.said[line]
