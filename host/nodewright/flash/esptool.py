"""esptool as a process of its own, kept for the commands of one board.

It ends by itself, and its licence stays its own. To load it takes longer than to ask a chip what
it is: so one process runs a command a line, each as `python -m esptool` would.
"""

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from nodewright.flash.errors import FlashFailed
from nodewright.link.errors import Interrupted, PortBusy, PortDenied, PortMissing
from nodewright.link.repl import is_gone, why_closed

LET_GO_S = 6.0  # a port that was in use a moment ago
STUB_SENT, STUB_RUNS = "Uploading stub flasher", "Stub flasher running"
_UNOPENED = "Could not open"
_QUIET_S = 60.0  # a whole erase of 16 MB says nothing for so long
_STUB_S = 10.0  # for a stub to start; where it does not, esptool 5.6 waits for ever
_PIECE = 4096
_MOST_OUTPUT = 64 << 10
_TURN_S = 0.05
# esptool 5.6 writes out as hex what it would trace, each packet twice, though it does not trace:
# on a PC 45 ms of each 16 KB, while the line stands still.
_LOOP = """
import json, runpy, sys, traceback
import esptool.loader
if hasattr(esptool.loader, "HexFormatter"):
    esptool.loader.HexFormatter.__str__ = lambda self: ""
for line in sys.stdin:
    sys.argv = ["esptool", *json.loads(line)]
    code = 0
    try:
        runpy.run_module("esptool", run_name="__main__")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    print("\\n%s %d" % (MARK, code), flush=True)
"""


class Esptool:
    """Commands for the board at a port.  A context manager that leaves no process behind."""

    def __init__(self, port: str, asked: threading.Event) -> None:
        self._port, self._asked = port, asked
        self._mark = secrets.token_hex(8)  # a board could not know it
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._output = bytearray()
        self._heard: Callable[[str], None] = lambda _: None
        self._last_s = 0.0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def run(
        self, words: list[str], baud: int, heard: Callable[[str], None], state: str
    ) -> tuple[int, str]:
        """Run a command to its end: its status and what it printed.

        heard: gets what it prints as it comes; state: of the board, for who interrupts it.
        Raises PortMissing, PortDenied, PortBusy, Interrupted, FlashFailed.
        """
        until_s = time.monotonic() + LET_GO_S
        while True:
            code, told = self._once(words, baud, heard, state)
            if _UNOPENED not in told or time.monotonic() > until_s:
                return code, told
            time.sleep(0.1)  # somebody took it in between, for a look

    def _once(
        self, words: list[str], baud: int, heard: Callable[[str], None], state: str
    ) -> tuple[int, str]:
        check_port(self._port)
        if self._process is None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        self._output.clear()
        self._heard, self._last_s = heard, time.monotonic()
        line = ["--port", self._port, "--baud", str(baud), *words]
        with suppress(OSError):  # it has ended: its status says so
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()
        try:
            return self._wait(state)
        except BaseException:
            self._end()
            raise

    def _wait(self, state: str) -> tuple[int, str]:
        assert self._reader is not None and self._process is not None
        while True:
            told, mark, rest = self._told().rpartition(f"\n{self._mark} ")
            if mark and rest.endswith("\n"):
                if int(rest):
                    self._end()  # it keeps the port of a command that failed
                return int(rest), told
            if not self._reader.is_alive():
                told = self._told()
                code = self._process.wait(_QUIET_S)
                self._end()
                return code or 1, told
            self._reader.join(_TURN_S)
            if self._asked.is_set():
                raise Interrupted(self._port, state)
            quiet_s = time.monotonic() - self._last_s
            if quiet_s > _STUB_S and stub_fails(self._told()):
                self._process.kill()
            if quiet_s > _QUIET_S:
                raise FlashFailed(self._port, f"esptool said nothing for {_QUIET_S:.0f} s", state)

    def _told(self) -> str:
        return self._output.decode("utf-8", "replace")

    def _start(self) -> None:
        environment = {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"MARK = {self._mark!r}\n{_LOOP}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us to act on
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), _PIECE):
            self._last_s = time.monotonic()
            self._output.extend(data)
            del self._output[:-_MOST_OUTPUT]
            self._heard(data.decode("utf-8", "replace"))

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if self._reader is not None:
            self._reader.join()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def stub_fails(told: str) -> bool:
    """Whether a stub was sent and has not said that it runs."""
    return STUB_SENT in told and STUB_RUNS not in told


def check_port(port: str) -> None:
    """Raises PortMissing, PortDenied or PortBusy, which esptool says in many words.

    Numbers of pseudo-terminals are given anew at once: whoever asks after a virtual board that is
    gone holds another's port for a moment.
    """
    until_s = time.monotonic() + LET_GO_S
    while isinstance(error := why_closed(port), PortBusy) and time.monotonic() < until_s:
        time.sleep(0.1)
    if isinstance(error, PortMissing | PortDenied | PortBusy):
        raise error


def reason(port: str, told: str, code: int) -> str:
    """The one line of esptool's output that says what was wrong."""
    if is_gone(port):
        return "the port is gone: cable or supply"
    lines = [line.strip() for line in told.splitlines()]
    for line in reversed(lines):
        if "rror" in line:
            plain = "".join(c for c in line if c.isprintable())
            return plain.rpartition("occurred: ")[2].partition(" (")[0][:200]
    return f"esptool ended with status {code}"
