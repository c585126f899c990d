"""A `nodewright` process whose children and files can be found afterwards."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT_S = 60.0
_TOKEN = "NODEWRIGHT_TEST_TOKEN"


class Command:
    """One run of the command line in a session and a temporary folder of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._token = f"{_TOKEN}={uuid.uuid4().hex}"
        self._folder = folder
        name, _, value = self._token.partition("=")
        environment = {**os.environ, name: value, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
        environment.pop("NODEWRIGHT_MICROPYTHON", None)
        self.child = subprocess.Popen(
            [sys.executable, "-m", "nodewright", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            start_new_session=True,
        )
        # Whatever hangs in a test hangs for so long only.
        self._watchdog = threading.Timer(WAIT_S, self.child.kill)
        self._watchdog.start()

    def until(self, text: str) -> str:
        """Read its output up to a line with this text, and return that line."""
        assert self.child.stdout is not None
        seen = []
        for line in self.child.stdout:
            seen.append(line)
            if text in line:
                return line
        assert self.child.stderr is not None
        raise AssertionError(f"no {text!r} in {seen}; it said {self.child.stderr.read()}")

    def end(self, how: signal.Signals | None = None) -> tuple[int, str, str]:
        """Send it a signal, or none, and wait.  Returns (exit code, stdout, stderr)."""
        if how is not None:
            self.child.send_signal(how)
        out, err = self.child.communicate()
        self._watchdog.cancel()
        return self.child.returncode, out, err

    def json(self) -> tuple[int, dict[str, Any]]:
        """Its exit code, and the one object that it printed."""
        code, out, err = self.end()
        assert err == "", err
        assert out.count("\n") == 1
        return code, json.loads(out)

    def processes(self) -> list[str]:
        """The living processes that it, or a child of it, started."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and self._token.encode() in (
                    folder / "environ"
                ).read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it ended meanwhile
        return found

    def assert_nothing_left(self, *, files: bool = True, within_s: float = 0.0) -> None:
        """No process of it lives, and its temporary folder is empty."""
        deadline = time.monotonic() + within_s
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.02)  # not our children: there is no event to await
        assert self.processes() == []
        if files:
            assert [path.name for path in self._folder.iterdir()] == []


@contextmanager
def command(folder: Path, *words: str) -> Iterator[Command]:
    """A `Command` that is killed at the latest when the test is over."""
    running = Command(folder, *words)
    try:
        yield running
    finally:
        running._watchdog.cancel()
        if running.child.poll() is None:
            running.child.kill()
            running.child.communicate()
